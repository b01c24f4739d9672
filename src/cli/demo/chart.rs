//! The latency of each step per turn, as bars.

use serde_json::Value;

/// The steps of a turn in order: their keys in the record, their signs in the bar, their names.
const STEPS: [(&str, char, &str); 7] = [
    ("text_ms", '·', "last words"),
    ("endpoint_ms", ':', "end of turn"),
    ("first_token_ms", 'm', "model"),
    ("first_piece_ms", 'p', "first sentence"),
    ("first_sound_ms", 'v', "voice"),
    ("response_ms", '>', "sent"),
    ("heard_ms", '~', "on its way"),
];
/// Milliseconds per sign.
const SCALE: u64 = 50;
/// A bar is cut here.
const WIDEST: u64 = 70;

/// The chart; empty where nothing was measured.
pub(super) fn chart(record: &Value) -> String {
    let mut lines = Vec::new();
    let turns = record.get("turns").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for turn in turns {
        let ms = |key: &str| turn.get(key).and_then(Value::as_u64);
        let Some(response) = ms("response_ms") else { continue };
        let whole = ms("heard_ms").unwrap_or(response).max(response);
        let number = ms("turn").unwrap_or_default();
        let (mut bar, mut drawn) = (String::new(), 0);
        for (key, sign, _) in STEPS {
            let end = ms(key).unwrap_or(drawn * SCALE).min(whole).div_ceil(SCALE).min(WIDEST);
            for _ in drawn..end {
                bar.push(sign);
            }
            drawn = drawn.max(end);
        }
        let drafted = turn.get("drafted").and_then(Value::as_bool).unwrap_or(false);
        let early = if drafted { "  begun before the end of the turn" } else { "" };
        lines.push(format!("  turn {number:>2}  {response:>5} ms  {bar}{early}\n"));
    }
    if !lines.is_empty() {
        let legend: Vec<String> = STEPS.iter().map(|(_, sign, name)| format!("{sign} {name}")).collect();
        lines
            .push(format!("  One sign is {SCALE} ms since the caller's last sound: {}\n", legend.join(", ")));
    }
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_bar_is_as_long_as_its_response() {
        let turn = json!({"turn": 2, "text_ms": 300, "endpoint_ms": 500, "first_token_ms": 550,
            "first_piece_ms": 550, "first_sound_ms": 900, "response_ms": 1_000, "heard_ms": 1_080});
        let early = json!({"turn": 3, "text_ms": 350, "endpoint_ms": 350, "first_token_ms": 300,
            "first_sound_ms": 400, "response_ms": 400, "drafted": true});
        let drawn = chart(&json!({"turns": [{"turn": 1}, turn, early]}));
        assert!(drawn.contains("turn  2   1000 ms  ······::::mvvvvvvv>>~~\n"), "{drawn}");
        assert!(drawn.contains("turn  3    400 ms  ·······v  begun before the end of the turn\n"), "{drawn}");
        assert_eq!(chart(&json!({})), "");
    }
}
