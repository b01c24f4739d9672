//! What a recogniser understood, fit for the call. Pure.

/// The longest text kept of one result, in bytes.
const LONGEST: usize = 4 << 10;

/// Text without control characters, trimmed and of bounded length.
pub(in crate::providers) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(LONGEST));
    for character in text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if clean.len() + character.len_utf8() > LONGEST {
            break;
        }
        clean.push(character);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cleaned_and_bounded() {
        assert_eq!(clean(" ho\0la\n "), "ho la");
        assert_eq!(clean(&"ñ".repeat(1 << 20)).len(), LONGEST);
    }
}
