//! How many tools a model may use, and what it reads in their place when it may not (reliability C9).

/// Tools in one turn.
pub const TOOLS_PER_TURN: u32 = 8;
/// Tools in one conversation.
pub const TOOLS_PER_CALL: u32 = 40;

/// A tool without a result was carried out.
pub const DONE: &str = r#"{"ok":true}"#;
/// The tool was not run.
pub const TOO_MANY: &str = r#"{"error":"too many tool calls; answer with what you have"}"#;
/// The end of the conversation was asked for together with other tools.
pub const NOT_ENDED: &str =
    r#"{"error":"not ended: read what the other tools replied, then end the call in a later answer"}"#;
/// The tool has not replied in its time; it may reply yet.
pub const TIMED_OUT: &str = r#"{"error":"timed out"}"#;
