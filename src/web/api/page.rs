//! The description of the API, and its page: Swagger UI, all of whose files are in the program.

use crate::web::{problem::Problem, state::Web};
use axum::{
    Router,
    extract::Path,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use bytes::Bytes;
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, serve};

const DESCRIPTION: &str = "/api/openapi.json";
const PAGE: &str = "/api/docs";
const FRONT: &str = "/api/docs/";
const FILES: &str = "/api/docs/{*file}";

/// Nothing from other sites, and nothing to them; nobody shows the page within theirs. Its pictures stand in its style sheet.
const RULES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Both are open: they tell what everybody can read in the program's sources, and nothing of anybody.
pub(super) fn routes(description: &OpenApi) -> Router<Arc<Web>> {
    let text = description.to_json().map(Bytes::from).ok();
    let tell = move || async move {
        let Some(text) = text else { return Problem::BROKEN.into_response() };
        ([(header::CONTENT_TYPE, "application/json")], text).into_response()
    };
    // Relative, so that a proxy may put the server below a path of its own. The validator would be another site's.
    let config = Config::new(["../openapi.json"]).validator_url("none").use_base_layout();
    let config = Arc::new(config);
    let front = Arc::clone(&config);
    Router::new()
        .route(DESCRIPTION, get(tell))
        .route(PAGE, get(async || (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "docs/")])))
        .route(FRONT, get(move || async move { file("index.html", front) }))
        .route(FILES, get(move |Path(name): Path<String>| async move { file(&name, config) }))
}

fn file(name: &str, config: Arc<Config<'static>>) -> Response {
    let Ok(Some(file)) = serve(name, config) else { return Problem::NOT_FOUND.into_response() };
    let mut answer = ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response();
    let mut tell = |name: HeaderName, value: &'static str| {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    };
    tell(header::CONTENT_SECURITY_POLICY, RULES);
    tell(header::REFERRER_POLICY, "no-referrer");
    if file.gzpipped {
        // Every browser can; and there is no other form of it in the program.
        tell(header::CONTENT_ENCODING, "gzip");
    }
    answer
}
