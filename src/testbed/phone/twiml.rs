//! TwiML as a telephone network reads it: verbs in order, attributes and text, nothing else of XML. Pure.
//! Spec: <https://www.twilio.com/docs/voice/twiml> (read 2026-11).

/// A document that cannot be carried out; Twilio's error 12100.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the TwiML cannot be read: {0}")]
pub struct BadTwiml(pub(super) String);

/// What the phone carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Stream {
        url: String,
        parameters: Vec<(String, String)>,
    },
    Say {
        text: String,
    },
    Redirect {
        url: String,
    },
    /// Children other than one `Number` are not known here.
    Dial {
        number: String,
        whisper: Option<String>,
        action: Option<String>,
    },
    Hangup,
    Reject,
    /// Another verb: skipped.
    Other {
        name: String,
    },
}

/// An element; verbs and attributes are case-sensitive.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
    }
}

/// Reads the verbs of a document.
pub(super) fn parse(document: &str) -> Result<Vec<Verb>, BadTwiml> {
    let root = read(document)?;
    if root.name != "Response" {
        return Err(BadTwiml(format!("the root is `{}`, not `Response`", root.name)));
    }
    root.children.iter().map(verb).collect()
}

fn verb(element: &Element) -> Result<Verb, BadTwiml> {
    let text = element.text.trim().to_owned();
    Ok(match element.name.as_str() {
        "Connect" => match element.children.iter().find(|c| c.name == "Stream") {
            Some(stream) => Verb::Stream {
                url: stream.attribute("url").ok_or_else(|| BadTwiml("`Stream` has no `url`".to_owned()))?,
                parameters: stream
                    .children
                    .iter()
                    .filter(|child| child.name == "Parameter")
                    .filter_map(|child| Some((child.attribute("name")?, child.attribute("value")?)))
                    .collect(),
            },
            None => Verb::Other { name: "Connect".to_owned() },
        },
        "Say" => Verb::Say { text },
        "Redirect" => Verb::Redirect { url: text },
        "Dial" => match element.children.iter().find(|child| child.name == "Number") {
            Some(number) => Verb::Dial {
                number: number.text.trim().to_owned(),
                whisper: number.attribute("url"),
                action: element.attribute("action"),
            },
            None => Verb::Other { name: "Dial".to_owned() },
        },
        "Hangup" => Verb::Hangup,
        "Reject" => Verb::Reject,
        other => Verb::Other { name: other.to_owned() },
    })
}

/// Reads one element with all it holds.
fn read(document: &str) -> Result<Element, BadTwiml> {
    let bad = |what: &str| BadTwiml(what.to_owned());
    let mut open: Vec<Element> = vec![Element::default()];
    let mut rest = document.trim_start_matches('\u{feff}');
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        if let Some(element) = open.last_mut() {
            element.text.push_str(&unescape(text)?);
        }
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").ok_or_else(|| bad("a comment does not end"))?.1;
            continue;
        }
        let (inside, behind) =
            tag.get(1..).and_then(|t| t.split_once('>')).ok_or_else(|| bad("a tag does not end"))?;
        rest = behind;
        if inside.starts_with(['?', '!']) {
            continue;
        }
        if let Some(name) = inside.strip_prefix('/') {
            let element = open.pop().filter(|e| e.name == name.trim());
            let element = element.ok_or_else(|| BadTwiml(format!("`</{name}>` closes nothing")))?;
            open.last_mut().ok_or_else(|| bad("too many closing tags"))?.children.push(element);
            continue;
        }
        let (inside, empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
        let element = start_tag(inside)?;
        if empty {
            open.last_mut().ok_or_else(|| bad("nothing is open"))?.children.push(element);
        } else {
            open.push(element);
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(mut outside), true) if outside.children.len() == 1 => {
            outside.children.pop().ok_or_else(|| bad("there is no element"))
        }
        (Some(element), false) => Err(BadTwiml(format!("`<{}>` is not closed", element.name))),
        _ => Err(bad("there is not exactly one root")),
    }
}

fn start_tag(inside: &str) -> Result<Element, BadTwiml> {
    let inside = inside.trim();
    let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "-_:.".contains(c)) {
        return Err(BadTwiml(format!("`{name}` is not a name")));
    }
    let mut element = Element { name: name.to_owned(), ..Element::default() };
    while let Some((name, value)) = rest.split_once('=') {
        let quote = value.trim_start().chars().next().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.ok_or_else(|| BadTwiml(format!("the value of `{}` has no quotes", name.trim())))?;
        let value = value.trim_start().get(1..).unwrap_or_default();
        let (value, behind) = value
            .split_once(quote)
            .ok_or_else(|| BadTwiml(format!("the value of `{}` does not end", name.trim())))?;
        element.attributes.push((name.trim().to_owned(), unescape(value)?));
        rest = behind;
    }
    if rest.trim().is_empty() { Ok(element) } else { Err(BadTwiml(format!("`{rest}` is not an attribute"))) }
}

fn unescape(text: &str) -> Result<String, BadTwiml> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, behind) =
            entity.split_once(';').ok_or_else(|| BadTwiml("`&` begins no entity".to_owned()))?;
        let number = name.strip_prefix("#x").map(|hex| u32::from_str_radix(hex, 16));
        let number = number.or_else(|| name.strip_prefix('#').map(str::parse));
        plain.push(match (name, number) {
            ("amp", _) => '&',
            ("lt", _) => '<',
            ("gt", _) => '>',
            ("quot", _) => '"',
            ("apos", _) => '\'',
            (_, Some(Ok(number))) if char::from_u32(number).is_some() => {
                char::from_u32(number).unwrap_or_default()
            }
            _ => return Err(BadTwiml(format!("`&{name};` is not known"))),
        });
        rest = behind;
    }
    plain.push_str(rest);
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_with_its_parameters_is_read() {
        let document = include_str!("../../../tests/protocols/twilio/twiml_connect_stream.xml");
        let parameters = [("session", "9f4b1c"), ("token", "b64url-onetime-token")];
        let expected = [
            Verb::Stream {
                url: "wss://voice.example.com/twilio/media".to_owned(),
                parameters: parameters.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
            },
            Verb::Say { text: "Lo siento, ha habido un problema.".to_owned() },
        ];
        assert_eq!(parse(document).unwrap(), expected);
    }

    #[test]
    fn entities_are_read_and_unknown_verbs_skipped() {
        let document = "<?xml version=\"1.0\"?><!-- x > y --><Response><Pause length='2'/>\
                        <Redirect method=\"POST\">/a?b=1&amp;c=&#x4d;</Redirect></Response>";
        let verbs = parse(document).unwrap();
        assert_eq!(
            verbs,
            [Verb::Other { name: "Pause".to_owned() }, Verb::Redirect { url: "/a?b=1&c=M".to_owned() }]
        );
    }

    #[test]
    fn what_is_not_twiml_is_refused() {
        for bad in ["", "Not found", "<Response>", "<Response><Say>a</Response>", "<Response a=b/>", "<a/>"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("<Response/>"), Ok(vec![]));
    }
}
