//! What comes with a request to the API: taken strictly, and refused by name.

use super::{body, problem::Problem, state::Web};
use crate::base::ids::CallSid;
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{HeaderMap, header, request::Parts},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::{error::Error, sync::Arc};
use utoipa::ToSchema;

/// The most that a list holds.
const MOST: u16 = 200;

/// The parameters of the address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Web>> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Web>) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => Err(Problem::BAD_PARAMETER.because(reason(&error))),
        }
    }
}

/// No parameters at all.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The body, as JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Web>> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(Problem::WRONG_TYPE);
        }
        let bytes = body::read(&parts.headers, body, &web.parts.http).await?;
        match Json::from_bytes(&bytes) {
            Ok(Json(sent)) => Ok(Self(sent)),
            Err(JsonRejection::JsonDataError(error)) => Err(Problem::BAD_BODY.because(reason(&error))),
            Err(error) => Err(Problem::NOT_JSON.because(reason(&error))),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// What the reader of JSON or of an address says, which names the field; not what the framework says around it.
fn reason(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// The call in the path.
#[derive(Clone, Debug)]
pub(super) struct Sid(pub(super) CallSid);

impl FromRequestParts<Arc<Web>> for Sid {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, web).await;
        let sid = path.ok().and_then(|Path(sid)| sid.parse().ok());
        sid.map(Self).ok_or(Problem::NO_SUCH_CALL)
    }
}

/// An identifier of ours in the path; nobody has the empty one.
#[derive(Clone, Debug)]
pub(super) struct Id(pub(super) String);

impl FromRequestParts<Arc<Web>> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, web).await;
        Ok(Self(path.map_or_else(|_| String::new(), |Path(id)| id)))
    }
}

/// How many at most.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(try_from = "String")]
pub(super) struct Limit(u16);

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<String> for Limit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
        number.map(Self).ok_or_else(|| {
            format!("`{}` is no whole number from 1 to {MOST}", text.chars().take(20).collect::<String>())
        })
    }
}

impl Limit {
    /// One more than is shown: it tells whether more follow.
    pub(super) fn and_one(self) -> u32 {
        u32::from(self.0) + 1
    }

    /// Cuts a list to the limit. Returns the identifier of the last one where more follow.
    pub(super) fn cut<T>(self, list: &mut Vec<T>, id: impl Fn(&T) -> &str) -> Option<String> {
        let limit = usize::from(self.0);
        let more = list.len() > limit;
        list.truncate(limit);
        list.last().filter(|_| more).map(|last| id(last).to_owned())
    }
}
