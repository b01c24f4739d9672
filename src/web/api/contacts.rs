//! The people who call and write.

use super::{calls::page, shown::Calls};
use crate::{
    ports::store::{
        StoreError,
        calls::CallFilter,
        people::{self, ContactChange},
    },
    web::{
        access::Access,
        extract::{Asked, Id, Limit, Nothing, Sent},
        problem::Problem,
        state::Web,
    },
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The longest text of a contact, in letters.
const LONGEST: usize = 200;

/// A person, whatever the channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contact {
    /// Our own identifier, which sorts by time: `before` takes it.
    id: String,
    /// The number in full (E.164).
    #[schema(example = "+5491155550100")]
    phone: String,
    /// The full name.
    name: Option<String>,
    /// The document: digits and letters only.
    document: Option<String>,
    /// The language they speak.
    #[schema(example = "es")]
    language: Option<String>,
    /// Grows with each change; in quotation marks it is the `ETag`.
    version: i64,
    /// When we first met.
    since: Timestamp,
}

impl From<people::Contact> for Contact {
    fn from(contact: people::Contact) -> Self {
        let people::Contact { id, phone, name, document, language, version, since, .. } = contact;
        Self { id, phone, name, document, language, version, since }
    }
}

/// Contacts, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contacts {
    contacts: Vec<Contact>,
    /// What to send as `before` for those that follow; nothing where these were the last.
    next: Option<String>,
}

/// Which page of a list is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Only what is older than this: the `next` of the page before.
    before: Option<String>,
    /// How many at most, 1 to 200; 50 unless it is said.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// The contacts, the newest first.
#[utoipa::path(
    get, path = "/api/contacts", operation_id = "listContacts", tag = "contacts", params(Page),
    responses((status = 200, body = Contacts))
)]
pub(super) async fn list(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Asked(Page { before, limit }): Asked<Page>,
) -> Result<Json<Contacts>, Problem> {
    let found = web.parts.store.contacts(access.workspace.clone(), before, limit.and_one()).await;
    let found = found.map_err(|error| no_contact(&error))?;
    access.note(&web, "contacts.list", "contacts").await?;
    let mut contacts: Vec<Contact> = found.into_iter().map(Contact::from).collect();
    let next = limit.cut(&mut contacts, |contact| &contact.id);
    Ok(Json(Contacts { contacts, next }))
}

/// A contact.
///
/// The `ETag` is its version, which a change must name.
#[utoipa::path(
    get, path = "/api/contacts/{id}", operation_id = "showContact", tag = "contacts",
    params(("id" = String, Path, description = "Our identifier of the contact.")),
    responses(
        (status = 200, body = Contact, headers(("ETag" = String, description = "The version."))),
        (status = 404, description = "No contact of this workspace."),
    )
)]
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Id(id): Id,
    _: Asked<Nothing>,
) -> Result<Response, Problem> {
    let contact = find(&web, &access, &id).await?;
    access.note(&web, "contact.read", &id).await?;
    Ok(told(contact))
}

/// The calls of a contact, the newest first.
#[utoipa::path(
    get, path = "/api/contacts/{id}/calls", operation_id = "listCallsOfContact", tag = "contacts",
    params(("id" = String, Path, description = "Our identifier of the contact."), Page),
    responses((status = 200, body = Calls), (status = 404, description = "No contact of this workspace."))
)]
pub(super) async fn calls(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Id(id): Id,
    Asked(Page { before, limit }): Asked<Page>,
) -> Result<Json<Calls>, Problem> {
    find(&web, &access, &id).await?;
    let filter = CallFilter { contact: Some(id.clone()), before, ..CallFilter::default() };
    page(&web, &access, filter, limit, &id).await
}

/// What is to be changed of a contact: what is absent stays, `null` or an empty text takes away what was there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The full name, at most 200 letters.
    #[serde(default, deserialize_with = "text_or_null")]
    name: Option<String>,
    /// The document: digits and letters only.
    #[serde(default, deserialize_with = "text_or_null")]
    document: Option<String>,
    /// The language they speak, such as `es` or `en-US`.
    #[serde(default, deserialize_with = "text_or_null")]
    language: Option<String>,
}

/// `null` is the empty text; this is not asked where there is nothing.
fn text_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::<String>::deserialize(from)?.unwrap_or_default()))
}

impl TryFrom<Change> for ContactChange {
    type Error = Problem;

    fn try_from(Change { name, document, language }: Change) -> Result<Self, Problem> {
        let written = |what: &str, text: Option<String>, fits: fn(char) -> bool, how: &str| {
            let text = text.map(|text| text.trim().to_owned());
            let is_fit = |text: &String| text.chars().count() <= LONGEST && text.chars().all(fits);
            if text.as_ref().is_none_or(is_fit) {
                return Ok(text);
            }
            Err(Problem::BAD_BODY.because(format!("{what}: at most {LONGEST} {how}")))
        };
        Ok(Self {
            name: written("name", name, |sign| !sign.is_control(), "letters on one line")?,
            document: written(
                "document",
                document,
                char::is_alphanumeric,
                "digits and letters, without dots or dashes",
            )?,
            language: written(
                "language",
                language,
                |sign| sign.is_ascii_alphanumeric() || sign == '-',
                "letters, such as `es` or `en-US`",
            )?,
        })
    }
}

/// Changes a contact.
///
/// Only where it is still as the `ETag` in `If-Match` says.
#[utoipa::path(
    patch, path = "/api/contacts/{id}", operation_id = "changeContact", tag = "contacts",
    params(
        ("id" = String, Path, description = "Our identifier of the contact."),
        ("If-Match" = String, Header, description = "The `ETag` of the contact, or `*` to change it whatever became of it."),
    ),
    request_body = Change,
    responses(
        (status = 200, body = Contact, headers(("ETag" = String, description = "The new version."))),
        (status = 404, description = "No contact of this workspace."),
        (status = 412, description = "It was changed meanwhile."),
        (status = 428, description = "`If-Match` is missing."),
    )
)]
pub(super) async fn change(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Id(id): Id,
    _: Asked<Nothing>,
    headers: HeaderMap,
    Sent(change): Sent<Change>,
) -> Result<Response, Problem> {
    let version = version(&headers)?;
    let change = ContactChange::try_from(change)?;
    find(&web, &access, &id).await?;
    access.note(&web, "contact.change", &id).await?;
    let changed = web.parts.store.change_contact(access.workspace, id, version, change).await;
    Ok(told(changed.map_err(|error| no_contact(&error))?))
}

/// The version that `If-Match` names; `None` for any.
fn version(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(sent) = headers.get(header::IF_MATCH) else { return Err(Problem::NO_VERSION) };
    let tag = sent.to_str().unwrap_or_default().trim();
    if tag == "*" {
        return Ok(None);
    }
    // A tag that was never ours is of no version that there is.
    let version = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')?.parse().ok());
    version.map(Some).ok_or(Problem::CHANGED)
}

fn told(contact: people::Contact) -> Response {
    let tag = [(header::ETAG, format!("\"{}\"", contact.version))];
    (tag, Json(Contact::from(contact))).into_response()
}

/// A contact of the key's own workspace.
async fn find(web: &Web, access: &Access, id: &str) -> Result<people::Contact, Problem> {
    let found = web.parts.store.contact(access.workspace.clone(), id.to_owned()).await;
    found.map_err(|error| no_contact(&error))
}

fn no_contact(error: &StoreError) -> Problem {
    Problem::of_store(error, Problem::NO_SUCH_CONTACT, Problem::CHANGED)
}
