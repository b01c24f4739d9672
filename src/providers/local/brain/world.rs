//! What the receptionist works with: the business's data, the moment, the tools. Read from the system message.

use crate::{
    base::language::Language,
    dialogue::{
        clinic::Clinic,
        message::{Message, ToolSpec},
        spoken::plain,
        tools::{BOOK_APPOINTMENT, END_CALL, FIND_SLOTS},
    },
};
use jiff::civil::DateTime;

/// Everything that does not change during a call.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read on its own")]
pub struct World {
    /// The business; empty when the system message has no data that can be read.
    pub clinic: Clinic,
    /// When the call began, in the business's zone.
    pub now: Option<DateTime>,
    /// The language spoken.
    pub language: Language,
    /// Whether an appointment is called "cita" rather than "turno".
    pub says_cita: bool,
    /// Whether a document is called "identificación" rather than "documento".
    pub says_identificacion: bool,
    /// Whether a specialty is called "tratamiento" rather than "especialidad".
    pub says_tratamiento: bool,
    /// Whether `find_slots` may be called.
    pub can_find: bool,
    /// Whether `book_appointment` may be called.
    pub can_book: bool,
    /// Whether `end_call` may be called.
    pub can_end: bool,
}

impl World {
    /// Reads the system message and the tools.
    pub fn new(messages: &[Message], tools: &[ToolSpec]) -> Self {
        let mut world = Self::default();
        let texts = messages.iter().filter_map(|message| match message {
            Message::System { content } => Some(content.as_str()),
            _ => None,
        });
        let prompt: String = texts
            .clone()
            .filter_map(|text| text.split(FENCE).next())
            .flat_map(|text| [plain(text), " ".to_owned()])
            .collect();
        world.says_cita = !prefers(&prompt, "turno", "cita");
        world.says_identificacion = prefers(&prompt, "identificacion", "documento");
        world.says_tratamiento = prefers(&prompt, "tratamiento", "especialidad");
        for block in texts.flat_map(blocks) {
            if let Some(call) = read_call(block) {
                world.now = call.0.or(world.now);
                if let Some(tag) = call.1 {
                    world.language = Language::of_tag(&tag).unwrap_or_default();
                }
            } else if let Ok(clinic) = Clinic::parse("", block) {
                world.clinic = clinic;
            }
        }
        let has = |name: &str| tools.iter().any(|tool| tool.name == name);
        world.can_find = has(FIND_SLOTS);
        world.can_end = has(END_CALL);
        world.can_book = has(BOOK_APPOINTMENT)
            && world.can_find
            && world.now.is_some()
            && !world.clinic.specialties.is_empty();
        world
    }
}

/// Opens a block of data.
const FENCE: &str = "```toml\n";

/// The fenced `toml` blocks of a text.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split(FENCE).skip(1).filter_map(|rest| rest.split("```").next())
}

/// Whether the prompt uses `word` before `other`: the agent speaks as its prompt does.
fn prefers(prompt: &str, word: &str, other: &str) -> bool {
    let singular =
        |each| str::strip_suffix(each, "es").or_else(|| str::strip_suffix(each, 's')).unwrap_or(each);
    prompt.split(' ').map(singular).find(|each| [word, other].contains(each)) == Some(word)
}

fn read_call(block: &str) -> Option<(Option<DateTime>, Option<String>)> {
    if !block.trim_start().starts_with("[call]") {
        return None;
    }
    let table: toml::Table = toml::from_str(block).ok()?;
    let call = table.get("call")?;
    let text = |key| call.get(key).and_then(toml::Value::as_str);
    Some((text("now").and_then(|now| now.parse().ok()), text("language").map(str::to_owned)))
}
