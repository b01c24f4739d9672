//! Tools that a business adds without code: requests to its own servers, declared in the agent's file.
//!
//! The host is fixed; what the model gives goes into whole segments of the path, into the query or into a JSON body, always as a
//! value and never as a piece of an address (reliability SEC79). Whose request it is the model can't say: the caller's number,
//! where it is asked for, is the one that the network verified.

mod read;

pub(crate) use read::read;

use crate::dialogue::message::ToolSpec;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The longest text of an argument, in characters.
const LONGEST: usize = 200;
/// The caller's number in a query or a body.
const CALLER: &str = "caller";

/// A tool that is a request to a server of the business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpTool {
    /// As the model calls it.
    pub name: String,
    /// The scheme, the host and the port.
    pub origin: String,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Which of the operator's secrets is sent as `Authorization: Bearer`.
    pub secret: Option<String>,
    /// Whether the caller must have heard what is sent, and agreed.
    pub confirm: bool,
    /// The segments of the path.
    path: Vec<Segment>,
    /// Whether the caller's number is sent.
    caller: bool,
    arguments: Vec<Argument>,
    description: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    Of(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Argument {
    name: String,
    description: String,
    kind: &'static str,
    optional: bool,
    values: Vec<String>,
}

/// A request to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// The scheme, the host and the port.
    pub origin: String,
    /// The method.
    pub method: String,
    /// Segments of the path, as they are meant: not encoded.
    pub path: Vec<String>,
    /// Pairs of the query, not encoded.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Option<Value>,
    /// Which of the operator's secrets goes with it.
    pub secret: Option<String>,
    /// The same for the same wish.
    pub key: String,
}

impl HttpTool {
    /// As the model reads it.
    pub fn spec(&self) -> ToolSpec {
        let of = |argument: &Argument| {
            let mut schema = Map::new();
            schema.insert("type".to_owned(), json!(argument.kind));
            if !argument.description.is_empty() {
                schema.insert("description".to_owned(), json!(argument.description));
            }
            if !argument.values.is_empty() {
                schema.insert("enum".to_owned(), json!(argument.values));
            } else if argument.kind == "string" {
                schema.insert("maxLength".to_owned(), json!(LONGEST));
            }
            (argument.name.clone(), Value::Object(schema))
        };
        let properties: Map<String, Value> = self.arguments.iter().map(of).collect();
        let needed = self.arguments.iter().filter(|argument| !argument.optional);
        let required: Vec<&str> = needed.map(|argument| argument.name.as_str()).collect();
        let parameters = json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        });
        ToolSpec { name: self.name.clone(), description: self.description.clone(), parameters }
    }

    /// Whether it only asks.
    pub fn reads(&self) -> bool {
        self.method == "GET"
    }

    /// The values that the caller must have heard.
    pub fn values(&self, arguments: &str) -> Vec<String> {
        self.read(arguments).map(|values| values.values().map(text).collect()).unwrap_or_default()
    }

    /// The request for these arguments of the model, and for this caller.
    ///
    /// # Errors
    /// What is wrong with the arguments, for the model.
    pub fn request(&self, arguments: &str, caller: Option<&str>, key: String) -> Result<HttpRequest, String> {
        let mut values = self.read(arguments)?;
        let mut path = Vec::new();
        for segment in &self.path {
            path.push(match segment {
                Segment::Fixed(fixed) => fixed.clone(),
                Segment::Of(name) => {
                    let value = values.remove(name).map(|value| text(&value)).unwrap_or_default();
                    // They would leave the folder, however they are encoded.
                    if matches!(value.as_str(), "" | "." | "..") {
                        return Err(format!("`{name}` is empty"));
                    }
                    value
                }
            });
        }
        if self.caller {
            values.insert(CALLER.to_owned(), caller.map_or(Value::Null, Value::from));
        }
        let in_body = !matches!(self.method.as_str(), "GET" | "DELETE");
        let query = if in_body {
            Vec::new()
        } else {
            values.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        };
        Ok(HttpRequest {
            origin: self.origin.clone(),
            method: self.method.clone(),
            path,
            query,
            body: in_body.then(|| json!(values)),
            secret: self.secret.clone(),
            key,
        })
    }

    /// The arguments, each of its kind and none besides.
    fn read(&self, arguments: &str) -> Result<BTreeMap<String, Value>, String> {
        let mut given: BTreeMap<String, Value> =
            serde_json::from_str(arguments).map_err(|error| error.to_string())?;
        given.retain(|_, value| !value.is_null());
        for argument in &self.arguments {
            match given.get_mut(&argument.name) {
                Some(value) => argument.check(value)?,
                None if argument.optional => {}
                None => return Err(format!("`{}` is missing", argument.name)),
            }
        }
        let known = |name: &String| self.arguments.iter().any(|argument| argument.name == *name);
        match given.keys().find(|name| !known(name)) {
            Some(name) => Err(format!("there is no argument `{name}`")),
            None => Ok(given),
        }
    }
}

impl Argument {
    fn check(&self, value: &mut Value) -> Result<(), String> {
        let name = &self.name;
        match value {
            Value::String(text) if self.kind == "string" => {
                text.retain(|letter| !letter.is_control());
                let visible = text.trim().to_owned();
                *text = visible;
                if text.chars().count() > LONGEST {
                    return Err(format!("`{name}` is longer than {LONGEST} characters"));
                }
                if !self.values.is_empty() && !self.values.contains(text) {
                    return Err(format!("`{name}` is one of {}", self.values.join(", ")));
                }
                Ok(())
            }
            Value::Number(_) if self.kind == "number" => Ok(()),
            Value::Bool(_) if self.kind == "boolean" => Ok(()),
            _ => Err(format!("`{name}` is no {}", self.kind)),
        }
    }
}

/// A value as it stands in an address, or is said.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::agent::section::{Complaints, Section};

    const DECLARED: &str = r#"
[[http]]
name = "order_status"
description = "Tells how far an order is."
url = "https://shop.example.com/orders/{order}/status"
caller = true
[[http.arguments]]
name = "order"
[[http.arguments]]
name = "detail"
values = ["short", "long"]
optional = true

[[http]]
name = "cancel_order"
description = "Cancels an order."
method = "POST"
url = "https://shop.example.com/orders/cancel"
secret = "SHOP"
confirm = true
[[http.arguments]]
name = "order"
[[http.arguments]]
name = "lines"
kind = "number"
"#;

    fn declared(text: &str) -> Result<Vec<HttpTool>, Vec<String>> {
        let mut complaints = Complaints::new("a.md", text, 0);
        let root = complaints.parse();
        let section = Section::new(root.get_ref(), 0..0, &["http"], &mut complaints);
        let tools = read(&section, &mut complaints);
        let told: Vec<String> = complaints.finish().iter().map(ToString::to_string).collect();
        if told.is_empty() { Ok(tools) } else { Err(told) }
    }

    fn asked(tool: usize, arguments: &Value) -> Result<HttpRequest, String> {
        let tools = declared(DECLARED).unwrap();
        tools[tool].request(&arguments.to_string(), Some("+5491155500199"), "k".to_owned())
    }

    #[test]
    fn what_the_model_gives_is_a_value_and_never_a_piece_of_an_address() {
        let hostile = "../../admin?x=1#y";
        let request = asked(0, &json!({ "order": hostile })).unwrap();
        assert_eq!(request.origin, "https://shop.example.com");
        assert_eq!(request.path, ["orders", hostile, "status"]);
        assert_eq!(request.query, [("caller".to_owned(), "+5491155500199".to_owned())]);
        assert_eq!(request.body, None);
        for leaves_the_folder in ["..", ".", "", " .. "] {
            assert!(asked(0, &json!({ "order": leaves_the_folder })).is_err(), "{leaves_the_folder}");
        }
    }

    #[test]
    fn a_change_carries_its_arguments_in_the_body_and_whose_it_is_the_model_can_not_say() {
        let request = asked(1, &json!({ "order": "A7", "lines": 2 })).unwrap();
        assert_eq!((request.method.as_str(), request.secret.as_deref()), ("POST", Some("SHOP")));
        assert_eq!(request.body, Some(json!({ "order": "A7", "lines": 2 })));
        for (wrong, told) in [
            (json!({ "order": "A7" }), "`lines` is missing"),
            (json!({ "order": "A7", "lines": "2" }), "`lines` is no number"),
            (json!({ "order": "A7", "lines": 2, "caller": "+1" }), "there is no argument `caller`"),
            (json!({ "order": "x".repeat(201), "lines": 2 }), "`order` is longer than 200 characters"),
        ] {
            assert_eq!(asked(1, &wrong), Err(told.to_owned()));
        }
        let told = asked(0, &json!({ "order": "A7", "detail": "all" }));
        assert_eq!(told, Err("`detail` is one of short, long".to_owned()));
    }

    #[test]
    fn the_model_reads_what_was_declared() {
        let spec = declared(DECLARED).unwrap()[0].spec();
        assert_eq!(
            (spec.name.as_str(), spec.description.as_str()),
            ("order_status", "Tells how far an order is.")
        );
        assert_eq!(
            spec.parameters,
            json!({
                "type": "object",
                "properties": {
                    "order": { "type": "string", "maxLength": 200 },
                    "detail": { "type": "string", "enum": ["short", "long"] },
                },
                "required": ["order"],
                "additionalProperties": false,
            })
        );
    }

    #[test]
    fn mistakes_are_told_with_their_lines() {
        let text = DECLARED
            .replace("order_status", "find_slots")
            .replace("shop.example.com/orders/{order}/status", "{order}.example.com/orders/x{order}")
            .replace("\"POST\"", "\"FETCH\"")
            .replace("orders/cancel", "orders/{nr}/cancel");
        let told = declared(&text).unwrap_err();
        let told: Vec<&str> = told.iter().map(|line| line.split(';').next().unwrap()).collect();
        assert_eq!(
            told,
            [
                "a.md:3: there is a tool `find_slots` already",
                "a.md:5: `https://{order}.example.com/orders/x{order}` is no address for a tool",
                "a.md:17: `method` is `FETCH`",
                "a.md:18: the address needs an argument `nr`",
            ]
        );
    }
}
