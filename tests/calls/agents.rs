//! The agents of the house.

/// It begins no answer early: how often a model was asked would hang on who is faster, the interim words or the silence. Nor
/// does it ask for a moment while a test runs, however long a loaded machine takes.
pub(super) const AGENT: &str = r#"+++
language = "es-MX"
zone = "America/Mexico_City"
greeting = "Aquí la prueba."
tools = ["find_slots", "book_appointment", "end_call"]
data = "clinica.toml"
record = true
[patience]
speculation = false
hold_ms = 20_000
+++
Atiende {{ business }}.
"#;

/// The same agent, who asks for a moment after 700 ms, so that tests of that need little time.
pub(crate) const IMPATIENT: (&str, &str) = ("AGENT", "impaciente");

/// The same agent, who begins answers before the turn is over, as agents do that are not told otherwise.
pub(crate) const EARLY: (&str, &str) = ("AGENT", "pronta");

/// The same agent, who may pass callers on and leave messages.
pub(crate) const CONNECTED: (&str, &str) = ("AGENT", "comunicada");
const PLACES: &str = r#"
[[transfer]]
name = "recepción"
number = "+525555500101"
announced = true
always = true
[[transfer]]
name = "administración"
number = "+525555500102"
always = true
[patience]"#;

/// The file of the agent of that name.
pub(super) fn text(name: &str) -> String {
    match name {
        name if name == IMPATIENT.1 => AGENT.replace("hold_ms = 20_000", "hold_ms = 700"),
        name if name == CONNECTED.1 => AGENT
            .replace(r#""end_call"]"#, r#""take_message", "call_back", "transfer_call", "end_call"]"#)
            .replace("[patience]", PLACES.trim_start()),
        name if name == EARLY.1 => AGENT.replace("speculation = false\n", ""),
        _ => AGENT.to_owned(),
    }
}
