//! Leaves out what a model thinks aloud: `<think>…</think>`, wherever the chunks cut it.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Strips the thoughts from a stream of text.
#[derive(Debug, Default)]
pub(super) struct Thoughts {
    inside: bool,
    held: String,
}

impl Thoughts {
    /// Takes the next text and gives what may be spoken; what may become a tag is held back.
    pub(super) fn strip(&mut self, text: &str) -> String {
        if self.held.is_empty() && !self.inside && !text.contains('<') {
            return text.to_owned();
        }
        self.held.push_str(text);
        let mut spoken = String::new();
        loop {
            let tag = if self.inside { CLOSE } else { OPEN };
            let Some((before, after)) = self.held.split_once(tag) else { break };
            if !self.inside {
                spoken.push_str(before);
            }
            self.held = after.to_owned();
            self.inside = !self.inside;
        }
        let tag = if self.inside { CLOSE } else { OPEN };
        let keep = self.held.len() - begun(&self.held, tag);
        let rest = self.held.split_off(keep);
        let certain = std::mem::replace(&mut self.held, rest);
        if !self.inside {
            spoken.push_str(&certain);
        }
        spoken
    }

    /// The text is over: what looked like the beginning of a tag was none.
    pub(super) fn rest(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        if self.inside { String::new() } else { held }
    }
}

/// The length of the longest end of `text` that begins `tag`.
fn begun(text: &str, tag: &str) -> usize {
    (1..tag.len())
        .rev()
        .find(|length| tag.get(..*length).is_some_and(|start| text.ends_with(start)))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strip(parts: &[&str]) -> String {
        let mut thoughts = Thoughts::default();
        let mut text: String = parts.iter().map(|part| thoughts.strip(part)).collect();
        text.push_str(&thoughts.rest());
        text
    }

    #[test]
    fn thoughts_are_left_out_and_other_angles_stay() {
        assert_eq!(strip(&["<thi", "nk>plan</th", "ink>Hola"]), "Hola");
        assert_eq!(strip(&["a < b", " <th", "ree"]), "a < b <three");
        assert_eq!(strip(&["Sí<think>x"]), "Sí");
    }

    proptest! {
        #[test]
        fn the_cuts_do_not_matter(cuts in prop::collection::vec(1_usize..9, 1..40)) {
            let whole = "uno <think>niño < 3</think>dos <b> <<think></think>tres <think";
            let mut thoughts = Thoughts::default();
            let chars: Vec<char> = whole.chars().collect();
            let (mut at, mut text) = (0, String::new());
            for cut in cuts.into_iter().cycle() {
                let part: String = chars[at..].iter().take(cut).collect();
                text.push_str(&thoughts.strip(&part));
                at += part.chars().count();
                if at == chars.len() { break }
            }
            text.push_str(&thoughts.rest());
            prop_assert_eq!(text, "uno dos <b> <tres <think");
        }
    }
}
