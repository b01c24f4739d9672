//! Sends the requests of an agent's own tools.
//!
//! The address was fixed by whoever wrote the agent's file; private networks need the same permission as every other upstream.

use crate::{
    base::secret::{ExposeSecret as _, SecretString},
    dialogue::tools::http::HttpRequest,
    net::{
        address::BaseUrl,
        http::{self, NoClient, Timeouts},
    },
    ports::http_tool::{HttpToolError, HttpTools},
};
use futures_util::future::BoxFuture;
use reqwest::{Client, Method, Response, Url};
use serde_json::Value;
use std::{collections::BTreeMap, fmt, sync::Mutex, sync::PoisonError, time::Duration};
use tokio::time::timeout;

/// How long a request may take: less than a tool may.
const PATIENCE: Duration = Duration::from_secs(8);
/// How much of an answer is read, in bytes.
const LONGEST: usize = 16 << 10;

/// Sends requests over one client for each host.
pub struct Sender {
    secrets: BTreeMap<String, SecretString>,
    allow_private: bool,
    clients: Mutex<BTreeMap<String, Client>>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

impl Sender {
    /// Sends with the operator's secrets, by their names; to private networks only if allowed.
    pub fn new(secrets: BTreeMap<String, SecretString>, allow_private: bool) -> Self {
        Self { secrets, allow_private, clients: Mutex::default() }
    }

    fn client(&self, base: &BaseUrl) -> Result<Client, NoClient> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(base.as_str()) {
            return Ok(client.clone());
        }
        let client = http::client(base, Timeouts::default())?;
        clients.insert(base.as_str().to_owned(), client.clone());
        Ok(client)
    }

    async fn ask(&self, request: HttpRequest) -> Result<Value, HttpToolError> {
        let not_set_up = |why: String| HttpToolError::NotSetUp(why);
        let base: BaseUrl = request.origin.parse().map_err(|error| not_set_up(format!("{error}")))?;
        base.permit(self.allow_private).map_err(|error| not_set_up(error.to_string()))?;
        let client = self.client(&base).map_err(|error| not_set_up(error.to_string()))?;
        let method: Method = request.method.parse().map_err(|_| not_set_up("no such method".to_owned()))?;
        let mut asks =
            client.request(method, address(&base, &request)).header("idempotency-key", &request.key);
        if let Some(name) = &request.secret {
            let secret =
                self.secrets.get(name).ok_or_else(|| not_set_up(format!("TOOL_SECRET_{name} is not set")))?;
            asks = asks.bearer_auth(secret.expose_secret());
        }
        if let Some(body) = &request.body {
            asks = asks.json(body);
        }
        let answer = asks.send().await.map_err(|error| HttpToolError::NoAnswer(http::innermost(&error)))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(match status.as_u16() {
                status if status >= 500 => HttpToolError::NoAnswer(format!("HTTP {status}")),
                status => HttpToolError::Refused(status),
            });
        }
        read(answer).await
    }
}

impl HttpTools for Sender {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<Value, HttpToolError>> {
        Box::pin(async move {
            let late = || HttpToolError::NoAnswer("no answer in time".to_owned());
            timeout(PATIENCE, self.ask(request)).await.unwrap_or_else(|_| Err(late()))
        })
    }
}

/// Encodes what stands in the path and in the query: none of it becomes another part of the address.
fn address(base: &BaseUrl, request: &HttpRequest) -> Url {
    let mut url = base.http("/");
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(&request.path);
    }
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    url
}

async fn read(mut answer: Response) -> Result<Value, HttpToolError> {
    let mut body = Vec::new();
    while let Some(chunk) =
        answer.chunk().await.map_err(|error| HttpToolError::NoAnswer(http::innermost(&error)))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(HttpToolError::NoAnswer(format!("the answer is longer than {LONGEST} bytes")));
        }
    }
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    Ok(serde_json::from_slice(&body).unwrap_or_else(|_| text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tls;
    use serde_json::json;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
        task::JoinHandle,
    };

    /// A server that takes one request, and answers so.
    async fn server(answer: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let is_whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request);
                let length = text
                    .to_lowercase()
                    .split_once("content-length: ")
                    .map(|(_, rest)| rest.split_once('\r').unwrap().0.parse::<usize>().unwrap());
                text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or(0))
            };
            while !is_whole(&request) {
                socket.read_buf(&mut request).await.unwrap();
            }
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        (origin, heard)
    }

    fn request(origin: String, method: &str, path: &[&str]) -> HttpRequest {
        HttpRequest {
            origin,
            method: method.to_owned(),
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            query: Vec::new(),
            body: None,
            secret: None,
            key: "k1".to_owned(),
        }
    }

    fn sender() -> Sender {
        tls::install();
        Sender::new([("SHOP".to_owned(), "s3cret".into())].into(), false)
    }

    #[tokio::test]
    async fn values_are_encoded_in_path_and_query() {
        let (origin, heard) = server("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"ok\":true}").await;
        let query = vec![("caller".to_owned(), "+5491155500199&admin=1".to_owned())];
        let request =
            HttpRequest { query, ..request(origin, "GET", &["orders", "../../admin?x=1#y", "a b"]) };
        assert_eq!(sender().send(request).await, Ok(json!({ "ok": true })));
        let heard = heard.await.unwrap();
        let line = heard.lines().next().unwrap();
        assert_eq!(
            line,
            "GET /orders/..%2F..%2Fadmin%3Fx=1%23y/a%20b?caller=%2B5491155500199%26admin%3D1 HTTP/1.1"
        );
    }

    #[tokio::test]
    async fn a_change_carries_its_key_its_secret_and_its_body_and_no_redirect_is_followed() {
        let (origin, heard) =
            server("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
        let request = HttpRequest {
            body: Some(json!({ "order": "A7" })),
            secret: Some("SHOP".to_owned()),
            ..request(origin, "POST", &["cancel"])
        };
        assert_eq!(sender().send(request).await, Err(HttpToolError::Refused(302)));
        let heard = heard.await.unwrap();
        for part in [
            "POST /cancel HTTP/1.1",
            "idempotency-key: k1",
            "authorization: Bearer s3cret",
            "{\"order\":\"A7\"}",
        ] {
            assert!(heard.contains(part), "{heard}");
        }
    }

    #[tokio::test]
    async fn what_is_not_set_up_is_not_asked() {
        let unset = HttpRequest {
            secret: Some("OTHER".to_owned()),
            ..request("http://127.0.0.1:1".to_owned(), "GET", &[])
        };
        let told = sender().send(unset).await;
        assert_eq!(told, Err(HttpToolError::NotSetUp("TOOL_SECRET_OTHER is not set".to_owned())));
        let private = sender().send(request("http://10.0.0.7".to_owned(), "GET", &["x"])).await;
        assert!(matches!(private, Err(HttpToolError::NotSetUp(_))), "{private:?}");
    }
}
