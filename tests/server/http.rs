//! A plain HTTP client that can also misbehave.

use super::{
    phone::sign,
    rig::{API_TOKEN, PUBLIC, Rig, soon},
};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The code of the error in the body.
    pub(crate) fn error(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// Sends bytes as they are and reads until the server closes.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer and close before it has read everything.
    stream.write_all(request).await.ok();
    answer(&mut stream).await
}

pub(crate) async fn answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    soon(stream.read_to_end(&mut bytes)).await.ok();
    // Some files come compressed.
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub(crate) async fn request<C>(rig: &Rig<C>, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut text = format!("{line} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "host") {
        text.push_str("host: 10.1.2.3:8080\r\n");
    }
    for (name, value) in headers {
        text.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    raw(rig.address, format!("{text}\r\n{body}").as_bytes()).await
}

pub(crate) async fn get<C>(rig: &Rig<C>, path: &str, headers: &[(&str, &str)]) -> Answer {
    request(rig, &format!("GET {path}"), headers, "").await
}

pub(crate) async fn post_signed<C>(rig: &Rig<C>, path: &str, form: &[(String, String)]) -> Answer {
    post_with(rig, path, form, &sign(&format!("https://{PUBLIC}{path}"), form)).await
}

pub(crate) async fn post_with<C>(
    rig: &Rig<C>,
    path: &str,
    form: &[(String, String)],
    signature: &str,
) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("x-twilio-signature", signature)];
    request(rig, &format!("POST {path}"), &headers, &encode(form)).await
}

pub(crate) async fn api<C>(rig: &Rig<C>, line: &str) -> Answer {
    request(rig, line, &[("authorization", &format!("Bearer {API_TOKEN}"))], "").await
}

pub(crate) fn encode(form: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}
