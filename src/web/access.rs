//! Who uses the API, with which key, and what that key may do.

use super::{client::Client, problem::Problem, state::Web};
use crate::{
    base::{
        clock,
        rate::{Rate, TooMany},
        secret::ExposeSecret as _,
    },
    ports::store::{
        MAIN_WORKSPACE,
        keys::{self, Deed, Key, Scope},
    },
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// The token of the configuration, in the place of a key's name and identifier.
const API_TOKEN: &str = "API_TOKEN";

/// Whoever is at the other end, as an extension of their requests.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// What tells this key from others.
    id: String,
    /// What the audit log calls it.
    pub(super) who: String,
    /// What it opens.
    pub(super) workspace: String,
    /// The most that it may do.
    scope: Option<Scope>,
}

impl From<Key> for Access {
    fn from(key: Key) -> Self {
        let who = format!("{} {}", key.name, key.id);
        Self { id: key.id, who, workspace: key.workspace, scope: key.scopes.into_iter().max() }
    }
}

impl Access {
    /// By the token of the configuration, which makes the first keys.
    fn of_the_configuration() -> Self {
        Self {
            id: API_TOKEN.to_owned(),
            who: API_TOKEN.to_owned(),
            workspace: MAIN_WORKSPACE.to_owned(),
            scope: Some(Scope::Admin),
        }
    }

    /// Whether it may do what needs this scope.
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.scope >= Some(scope)
    }

    fn want(self, scope: Scope) -> Result<Self, Problem> {
        if self.may(scope) {
            return Ok(self);
        }
        let has = self.scope.map_or("none", Scope::as_str);
        let wants = scope.as_str();
        Err(Problem::SCOPE.because(format!(
            "This needs the scope `{wants}`, and the key's is `{has}`: use another key, made with POST /api/keys or \
             `centralita keys create`."
        )))
    }

    /// Writes down what is done with an object, before it is done: nothing happens unseen.
    pub(super) async fn note(&self, web: &Web, what: &str, object: &str) -> Result<(), Problem> {
        let deed = Deed {
            workspace: self.workspace.clone(),
            who: self.who.clone(),
            what: what.to_owned(),
            object: object.to_owned(),
        };
        let noted = web.parts.store.audit(deed).await;
        noted.map_err(|error| Problem::of_store(&error, Problem::BROKEN, Problem::BROKEN))
    }
}

/// What a part of the API wants of whoever comes.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) web: Arc<Web>,
    pub(super) scope: Scope,
}

/// Lets only requests through whose key has the scope.
pub(super) async fn guard(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let client = Client::of(request.extensions());
    let opened = open(&gate.web, client, request.headers()).await;
    match opened.and_then(|access| access.want(gate.scope)) {
        Ok(access) => {
            request.extensions_mut().insert(access);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Who comes with this request, if they have a key and do not come too often.
pub(super) async fn open(web: &Web, client: Client, headers: &HeaderMap) -> Result<Access, Problem> {
    let Some(sent) = headers.get(header::AUTHORIZATION) else { return Err(Problem::UNAUTHORIZED) };
    let (scheme, key) = sent.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
    let known =
        if scheme.eq_ignore_ascii_case("bearer") { known(web, client, key.trim()).await? } else { None };
    let now = clock::now();
    if let Some(access) = known {
        let rate = web.parts.http.api;
        let counted = web.keys.count(now, access.id.clone());
        return counted.map(|()| access).map_err(|too_many| too_often(too_many, rate));
    }
    web.wrong_tokens.count(now, client.source()).map_err(|too_many| {
        if too_many.first {
            tracing::warn!(code = "WRONG_TOKENS", client = %client.0.ip(), "too many requests without a key to the API");
        }
        too_often(too_many, web.parts.http.wrong_tokens)
    })?;
    Err(Problem::UNAUTHORIZED.because("The key is not known, or is revoked or past its end."))
}

fn too_often(TooMany { wait, .. }: TooMany, rate: Rate) -> Problem {
    let limit = format!("The limit is {} requests within {} s.", rate.most, rate.within.as_secs());
    Problem::TOO_OFTEN.because(limit).after(wait)
}

/// Whose key it is. How long this takes tells nothing of a right key: what is compared are hashes.
async fn known(web: &Web, client: Client, sent: &str) -> Result<Option<Access>, Problem> {
    let (hash, ours) = (keys::hash(sent), web.parts.api_token.expose_secret());
    let same: bool = hash.as_slice().ct_eq(keys::hash(ours).as_slice()).into();
    if same && !ours.is_empty() {
        return Ok(Some(Access::of_the_configuration()));
    }
    if !keys::is_key(sent) {
        return Ok(None);
    }
    // Who sent too many wrong ones asks the database nothing more; where a proxy may stand, others come from there too.
    let source = client.source();
    if !(web.parts.http.spare_near && source.is_near()) {
        let checked = web.wrong_tokens.check(clock::now(), &source);
        checked.map_err(|too_many| too_often(too_many, web.parts.http.wrong_tokens))?;
    }
    let key = web.parts.store.key(hash).await;
    let key = key.map_err(|error| Problem::of_store(&error, Problem::BROKEN, Problem::BROKEN))?;
    Ok(key.map(Access::from))
}
