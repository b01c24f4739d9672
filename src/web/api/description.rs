//! What the description of the API says besides what stands at each route: OpenAPI 3.1.

use crate::{
    ports::store::keys::Scope,
    web::problem::{PROBLEM_JSON, Told},
};
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
        Response, ResponseBuilder,
        path::{Operation, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
        tag::TagBuilder,
    },
};

/// The name of the way to show a key.
const KEY: &str = "key";

const ABOUT: &str = "\
The records and the live calls of one workspace of this server.

**Keys.** Every request but those for this page sends `Authorization: Bearer ck_…`. A key has the scope `read`, `write` or `admin`; \
each includes those before it. It opens its own workspace: what belongs to another one is not there (404). The first key is made \
with `API_TOKEN` of the configuration, which is an admin key of the workspace `main`, or with `centralita keys create`.

**Numbers.** A key with `read` sees the numbers of callers in full, since whoever calls back needs them. Every look and every \
change is written to an audit log, which has identifiers and never a number.

**Values.** Times are RFC 3339 in UTC. Lists come newest first, 50 at a time unless `limit` says otherwise (at most 200), and `next` \
is what `before` takes for the following page. A parameter or a field that does not exist is refused by its name.

**Errors** are `application/problem+json` (RFC 9457): `title` says what went wrong, `detail` where and how to mend it, and \
`error.code` is for programs. 401 is for no or a wrong key, 403 for one without the scope.

**Limits.** A key may ask 20 times a second on average and 60 times at once (60 within 3 s); then 429 says in `Retry-After` how many seconds \
to wait. An address gets 20 wrong keys a minute. A body may have 1 MB and take 10 s.";

/// The head of the description.
pub(super) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Centralita")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .build();
    let way = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A key to the API, `ck_…`, or `API_TOKEN` of the configuration."))
        .build();
    let mut schemas = Vec::new();
    Told::schemas(&mut schemas);
    let components = ComponentsBuilder::new()
        .security_scheme(KEY, SecurityScheme::Http(way))
        .schemas_from_iter(schemas)
        .schema(Told::name(), Told::schema())
        .build();
    let tag = |name: &str, about: &str| TagBuilder::new().name(name).description(Some(about)).build();
    let tags = [
        tag("calls", "Calls, live ones and those that are over."),
        tag("contacts", "The people who call."),
        tag("appointments", "The appointment book."),
        tag("keys", "Keys to this API."),
    ];
    OpenApiBuilder::new().info(info).components(Some(components)).tags(Some(tags)).build()
}

/// Says of each route that it wants a key with this scope, and how it refuses.
pub(super) fn guarded(description: &mut OpenApi, scope: Scope) {
    for item in description.paths.paths.values_mut() {
        for operation in operations(item) {
            operation.security = Some(vec![SecurityRequirement::new(KEY, [scope.as_str()])]);
            refusals(operation, scope);
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    complete(status, response);
                }
            }
        }
    }
}

/// Gives a response what the specification wants of it (every one has a description), and a refusal its form.
fn complete(status: &str, response: &mut Response) {
    if response.description.is_empty() {
        "As it was asked for.".clone_into(&mut response.description);
    }
    if status.starts_with(['4', '5']) {
        let problem = Ref::from_schema_name(Told::name());
        let content = ContentBuilder::new().schema(Some(problem)).build();
        response.content.insert(PROBLEM_JSON.to_owned(), content.into());
    }
}

fn refusals(operation: &mut Operation, scope: Scope) {
    let scope = format!("The key lacks the scope `{}`.", scope.as_str());
    let mut all = vec![
        ("400", "A parameter can't be used.".to_owned()),
        ("401", "No key, or a wrong one.".to_owned()),
        ("403", scope),
        ("429", "Too many requests.".to_owned()),
        ("503", "The database is away.".to_owned()),
    ];
    if operation.request_body.is_some() {
        all.extend([
            ("415", "The body is not sent as JSON.".to_owned()),
            ("422", "The body can't be used.".to_owned()),
        ]);
    }
    for (status, why) in all {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(refusal(status, &why)));
    }
}

fn refusal(status: &str, why: &str) -> Response {
    let response = ResponseBuilder::new().description(why);
    if matches!(status, "429" | "503") {
        let wait = HeaderBuilder::new().description(Some("Seconds to wait.")).build();
        return response.header("Retry-After", wait).build();
    }
    response.build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    [get, post, put, patch, delete].into_iter().flatten()
}
