//! What a call sounded like, whole or in parts (RFC 9110 §14).

use super::calls::find;
use crate::web::{
    access::Access,
    extract::{Asked, Sid},
    problem::Problem,
    state::Web,
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use std::{
    ffi::OsStr,
    io::{self, SeekFrom},
    num::NonZeroU8,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};

/// So much of a file is read at a time.
const CHUNK: u64 = 64 * 1024;

/// The ending of recordings.
const RECORDING: &str = "opus";

/// Which recording of a call is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// The media socket, from 1, of a call that had several (`sockets`): each has a recording of its own.
    #[param(value_type = Option<u8>, minimum = 1)]
    socket: Option<NonZeroU8>,
}

/// The recording of a call, as Ogg/Opus.
///
/// The caller is on the left, the agent as heard on the right; 4 kB a second. Of a live call it is what there is so far.
/// `Range: bytes=…` gets one part of it.
#[utoipa::path(
    get, path = "/api/calls/{sid}/recording", operation_id = "listenToCall", tag = "calls",
    params(
        ("sid" = String, Path, description = "The telephone network's identifier of the call."),
        Of,
        ("Range" = Option<String>, Header, description = "The part that is wanted, such as `bytes=0-65535`."),
    ),
    responses(
        (status = 200, content_type = "audio/ogg", body = Vec<u8>, description = "All of it."),
        (status = 206, content_type = "audio/ogg", body = Vec<u8>, description = "The part."),
        (status = 404, description = "No call of this workspace, or it has no recording."),
        (status = 416, description = "The recording is shorter; `Content-Range` tells how long it is."),
    )
)]
pub(super) async fn listen(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Sid(sid): Sid,
    Asked(Of { socket }): Asked<Of>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let [path, _] = find(&web, &access, &sid).await?.files;
    let first = PathBuf::from(path.ok_or(Problem::NO_RECORDING)?);
    let path = match socket.map_or(1, NonZeroU8::get) {
        1 => first,
        later => first.with_file_name(format!("{sid}-{later}.{RECORDING}")),
    };
    let opened = open(&web.parts.files, &path).await.map_err(|error| {
        tracing::error!(code = "RECORDING", call.sid = %sid, %error, "a recording can't be read");
        Problem::BROKEN
    })?;
    let (file, length) = opened.ok_or_else(|| Problem::NO_RECORDING.because("Its file is gone."))?;
    access.note(&web, "call.listen", sid.as_str()).await?;
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    // We give no validators, so that no client can mean the file that lies here.
    let range = range.filter(|_| !headers.contains_key(header::IF_RANGE));
    let (status, part) = match Part::of(range, length) {
        Part::All => (StatusCode::OK, 0..length),
        Part::Only(part) => (StatusCode::PARTIAL_CONTENT, part),
        Part::None => {
            let whole = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return Ok((whole, Problem::NO_SUCH_PART).into_response());
        }
    };
    let mut answer = (status, body(file, &part).await.map_err(|_| Problem::BROKEN)?).into_response();
    let mut tell = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().insert(name, value);
        }
    };
    tell(header::CONTENT_TYPE, "audio/ogg".to_owned());
    tell(header::ACCEPT_RANGES, "bytes".to_owned());
    tell(header::CONTENT_LENGTH, (part.end - part.start).to_string());
    tell(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{sid}.opus\""));
    if status == StatusCode::PARTIAL_CONTENT {
        tell(header::CONTENT_RANGE, format!("bytes {}-{}/{length}", part.start, part.end - 1));
    }
    Ok(answer)
}

/// The file and how long it is.
async fn open(folder: &Path, path: &Path) -> io::Result<Option<(File, u64)>> {
    let Some(path) = below(folder, path).await? else { return Ok(None) };
    let file = File::open(path).await?;
    let length = file.metadata().await?.len();
    Ok(Some((file, length)))
}

/// Where the recording really lies; `None` where it is gone, is no recording, or does not lie below the folder, whatever the path
/// in the database is.
async fn below(folder: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
    let found = async { io::Result::Ok((fs::canonicalize(folder).await?, fs::canonicalize(path).await?)) };
    let (folder, file) = match found.await {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_ours = file.starts_with(folder) && file.extension().and_then(OsStr::to_str) == Some(RECORDING);
    Ok((is_ours && fs::metadata(&file).await?.is_file()).then_some(file))
}

/// Which bytes are wanted.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    All,
    Only(Range<u64>),
    /// There are none there.
    None,
}

impl Part {
    /// What the header asks for. One that makes no sense, or asks for several parts, is as good as none (RFC 9110 §14.2).
    fn of(header: Option<&str>, length: u64) -> Self {
        let asked = header.and_then(|header| header.strip_prefix("bytes=")?.trim().split_once('-'));
        let Some((first, last)) = asked else { return Self::All };
        match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first > last => Self::All,
            (Ok(first), Ok(_)) if first >= length => Self::None,
            (Ok(first), Ok(last)) => Self::Only(first..length.min(last.saturating_add(1))),
            (Ok(first), Err(_)) if last.is_empty() && first >= length => Self::None,
            (Ok(first), Err(_)) if last.is_empty() => Self::Only(first..length),
            (Err(_), Ok(last)) if first.is_empty() && (last == 0 || length == 0) => Self::None,
            (Err(_), Ok(last)) if first.is_empty() => Self::Only(length.saturating_sub(last)..length),
            _ => Self::All,
        }
    }
}

/// The bytes of the file, a chunk at a time: a client that reads slowly holds one chunk in memory.
async fn body(mut file: File, part: &Range<u64>) -> io::Result<Body> {
    file.seek(SeekFrom::Start(part.start)).await?;
    let chunks = stream::try_unfold((file, part.end - part.start), |(mut file, left)| async move {
        let some = left.min(CHUNK);
        if some == 0 {
            return io::Result::Ok(None);
        }
        let mut chunk = vec![0; usize::try_from(some).unwrap_or_default()];
        file.read_exact(&mut chunk).await?;
        Ok(Some((Bytes::from(chunk), (file, left - some))))
    });
    Ok(Body::from_stream(chunks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_part_of_what_is_there() {
        let cases = [
            ("bytes=0-99", Part::Only(0..100)),
            ("bytes=10-10", Part::Only(10..11)),
            ("bytes=990-2000", Part::Only(990..1_000)),
            ("bytes=990-", Part::Only(990..1_000)),
            ("bytes=-10", Part::Only(990..1_000)),
            ("bytes=-2000", Part::Only(0..1_000)),
            ("bytes=0-18446744073709551615", Part::Only(0..1_000)),
            ("bytes=1000-", Part::None),
            ("bytes=1000-1001", Part::None),
            ("bytes=-0", Part::None),
        ];
        for (header, part) in cases {
            assert_eq!(Part::of(Some(header), 1_000), part, "{header}");
        }
        for nonsense in
            ["", "bytes", "bytes=", "bytes=-", "bytes=9-1", "bytes=0-1,5-6", "items=0-1", "bytes=a-b"]
        {
            assert_eq!(Part::of(Some(nonsense), 1_000), Part::All, "{nonsense}");
        }
        assert_eq!(Part::of(None, 1_000), Part::All);
        assert_eq!([Part::of(Some("bytes=-5"), 0), Part::of(Some("bytes=0-"), 0)], [Part::None, Part::None]);
    }
}
