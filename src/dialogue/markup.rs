//! Takes out of a text, letter by letter, what cannot be spoken: marks of formatting, tags, pictures, addresses. Pure.

/// What is longer than this, in bytes, was no tag: it is spoken.
const LONGEST_TAG: usize = 200;

/// An address is followed so far, in bytes.
const LONGEST_ADDRESS: usize = 2_000;

/// The longest entity with its `&`.
const LONGEST_ENTITY: usize = 7;

/// How an address begins that is written to be clicked on.
const SCHEMES: [&str; 3] = ["http://", "https://", "www."];

/// What the letters so far may be.
#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Text,
    /// A mark, an entity or the beginning of an address: the next letters tell.
    Held(String),
    /// What stands behind one of [`SCHEMES`].
    Address(String),
    /// What stands behind `<`.
    Tag(String),
    /// Behind `]`, where the target of a link may follow.
    Bracket,
    /// Within the target of a link, of so many letters so far.
    Target(usize),
}

/// What a model writes becomes what a voice can say.
///
/// Markdown and SSML lose their marks and tags, not their words. Of an address only the host is left, which can be said and
/// remembered (`https://www.clinica.mx/citas?id=7` is `clinica.mx`), and nothing of one without a name.
#[derive(Clone, Debug, Default)]
pub struct Markup {
    state: State,
    last: Option<char>,
    /// Something between two words was left out.
    gap: bool,
}

impl Markup {
    /// Takes in a letter and appends what can be spoken of the text so far; runs of spaces may be in it.
    pub fn push(&mut self, letter: char, out: &mut String) {
        match std::mem::take(&mut self.state) {
            State::Held(held) => self.held(held, letter, out),
            State::Address(address) => self.address(address, letter, out),
            State::Tag(tag) => self.tag(tag, letter, out),
            State::Bracket if letter == '(' => self.state = State::Target(0),
            State::Text | State::Bracket => self.text(letter, out),
            State::Target(length) if letter != ')' && length < LONGEST_ADDRESS => {
                self.state = State::Target(length + 1);
            }
            State::Target(_) => {}
        }
    }

    /// The text is over: appends what was still waited for.
    pub fn finish(&mut self, out: &mut String) {
        match std::mem::take(&mut self.state) {
            State::Held(held) if held != "_" => self.give_all(&held, out),
            State::Address(address) => self.say_address(&address, out),
            _ => {}
        }
        (self.last, self.gap) = (None, false);
    }

    fn text(&mut self, letter: char, out: &mut String) {
        match letter {
            'h' | 'H' | 'w' | 'W' if !self.is_in_word() => self.state = State::Held(letter.into()),
            '_' if self.is_in_word() => self.state = State::Held(letter.into()),
            '!' if self.last.is_none_or(char::is_whitespace) => self.state = State::Held(letter.into()),
            '&' => self.state = State::Held(letter.into()),
            '<' => self.state = State::Tag(String::new()),
            ']' => self.state = State::Bracket,
            '|' => self.give(' ', out),
            '*' | '#' | '`' | '_' | '~' | '>' | '[' | '{' | '}' | '\\' | '^' => self.part_numbers(),
            // Rules and the heads of tables.
            '-' | '=' if self.last == Some(letter) => {}
            letter if is_invisible(letter) => {}
            letter if is_picture(letter) => self.gap = true,
            letter if letter.is_whitespace() || letter.is_control() => self.give(' ', out),
            letter => self.give(letter, out),
        }
    }

    fn held(&mut self, mut held: String, letter: char, out: &mut String) {
        match held.as_str() {
            // Within a name it is spoken, at the edge of a word it was emphasis.
            "_" if !letter.is_alphanumeric() => return self.text(letter, out),
            // A picture of Markdown.
            "!" if letter == '[' => return,
            "_" | "!" => {}
            entity if entity.starts_with('&') => {
                if letter == ';'
                    && let Some(meant) = meant_by(entity)
                {
                    return self.give_all(meant, out);
                }
                let goes_on = letter == '#' || letter.is_ascii_alphanumeric();
                if goes_on && held.len() < LONGEST_ENTITY {
                    held.push(letter);
                    self.state = State::Held(held);
                    return;
                }
            }
            _ => {
                held.push(letter);
                let begun = held.to_ascii_lowercase();
                if SCHEMES.contains(&begun.as_str()) {
                    self.state = State::Address(String::new());
                    return;
                }
                if SCHEMES.iter().any(|scheme| scheme.starts_with(&begun)) {
                    self.state = State::Held(held);
                    return;
                }
                held.pop();
            }
        }
        self.give_all(&held, out);
        self.text(letter, out);
    }

    fn address(&mut self, mut address: String, letter: char, out: &mut String) {
        let ends = letter.is_whitespace() || letter.is_control() || "<>\"'»”’)]}|*`".contains(letter);
        if ends || address.len() >= LONGEST_ADDRESS {
            self.say_address(&address, out);
            self.text(letter, out);
        } else {
            address.push(letter);
            self.state = State::Address(address);
        }
    }

    fn tag(&mut self, mut tag: String, letter: char, out: &mut String) {
        let begins = letter.is_alphabetic() || matches!(letter, '/' | '!' | '?');
        if tag.is_empty() && !begins {
            self.part_numbers();
            return self.text(letter, out);
        }
        if letter == '>' {
            self.gap = true;
            let lower = tag.to_ascii_lowercase();
            if let Some(address) = SCHEMES.iter().find_map(|scheme| lower.strip_prefix(scheme)) {
                self.say_address(address, out);
            }
        } else if letter == '<' || tag.len() >= LONGEST_TAG {
            self.gap = true;
            tag.chars().for_each(|letter| self.push(letter, out));
            self.push(letter, out);
        } else {
            tag.push(letter);
            self.state = State::Tag(tag);
        }
    }

    fn say_address(&mut self, address: &str, out: &mut String) {
        let marks = ['.', ',', ';', ':', '!', '?', '…'];
        let bare = address.trim_end_matches(marks);
        self.give_all(host(bare).unwrap_or_default(), out);
        self.give_all(address.strip_prefix(bare).unwrap_or_default(), out);
    }

    fn give_all(&mut self, text: &str, out: &mut String) {
        text.chars().for_each(|letter| self.give(letter, out));
    }

    fn give(&mut self, letter: char, out: &mut String) {
        // A mark that ends something stays where it was.
        let begins = letter.is_alphanumeric() || "¿¡(\"«“".contains(letter);
        if self.gap && begins {
            out.push(' ');
        }
        self.gap &= !begins && letter != ' ';
        self.last = Some(letter);
        out.push(letter);
    }

    /// A mark between two numbers was left out: they must not become one.
    fn part_numbers(&mut self) {
        self.gap |= self.last.is_some_and(char::is_numeric);
    }

    fn is_in_word(&self) -> bool {
        !self.gap && self.last.is_some_and(char::is_alphanumeric)
    }
}

/// What of an address a listener can remember.
fn host(address: &str) -> Option<&str> {
    let authority = address.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let (name, top) = host.rsplit_once('.')?;
    let named = !name.is_empty() && !top.is_empty() && top.chars().all(char::is_alphabetic);
    let sayable = |c: char| matches!(c, '-' | '.') || c.is_alphanumeric() && !is_picture(c);
    (named && host.chars().all(sayable)).then_some(host)
}

/// The entities that XML and HTML make necessary.
fn meant_by(entity: &str) -> Option<&'static str> {
    match entity {
        "&amp" => Some("&"),
        "&quot" | "&#34" => Some("\""),
        "&apos" | "&#39" => Some("'"),
        "&nbsp" => Some(" "),
        "&lt" | "&gt" => Some(""),
        _ => None,
    }
}

/// Joiners, directions, variants and tags of pictures: nobody sees them either.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{20e3}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Bullets, arrows, shapes, emoji.
const fn is_picture(letter: char) -> bool {
    matches!(
        letter,
        '©' | '®'
            | '•'
            | '™'
            | '\u{2190}'..='\u{21ff}'
            | '\u{2300}'..='\u{23ff}'
            | '\u{2460}'..='\u{27bf}'
            | '\u{2900}'..='\u{297f}'
            | '\u{2b00}'..='\u{2bff}'
            | '\u{3030}'
            | '\u{1f000}'..='\u{1faff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spoken(text: &str) -> String {
        let (mut markup, mut out) = (Markup::default(), String::new());
        text.chars().for_each(|letter| markup.push(letter, &mut out));
        markup.finish(&mut out);
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn marks_of_formatting_are_left_out_and_their_words_stay() {
        for (written, said) in [
            ("**Hola**, _señora_ ~~Paz~~", "Hola, señora Paz"),
            ("## Horario\n> De `8` a 18", "Horario De 8 a 18"),
            ("| día | hora |\n|---|===|\n| lunes | 8 |", "día hora - = lunes 8"),
            ("[Reserve aquí](https://x.mx/a_(b)) hoy", "Reserve aquí) hoy"),
            ("Vea ![el mapa](mapa.png).", "Vea el mapa."),
            ("[1] (nota)", "1 (nota)"),
            (r"1\. \*Uno\*", "1. Uno"),
            ("juan_paz@clinica.mx y_ _ya", "juan_paz@clinica.mx y ya"),
            ("¡Claro! ¿Algo más?", "¡Claro! ¿Algo más?"),
            ("Hoy ! Mañana", "Hoy ! Mañana"),
        ] {
            assert_eq!(spoken(written), said);
        }
    }

    #[test]
    fn tags_and_entities_are_left_out() {
        for (written, said) in [
            ("<speak>Hola.<break time=\"500ms\"/>¿Qué tal?</speak>", "Hola. ¿Qué tal?"),
            ("<p>Uno</p><p><b>dos</b>.</p>", "Uno dos."),
            ("<!-- nota -->Sí", "Sí"),
            ("Son 3 < 5, o 3<5, y <3", "Son 3 5, o 3 5, y 3"),
            ("x<y y <b>más</b>", "x y y más"),
            ("2*3, **10** %", "2 3, 10 %"),
            ("Paz &amp; Ríos &#39;SA&#39;&nbsp;&lt;b&gt; R&D; A&", "Paz & Ríos 'SA' b R&D; A&"),
            ("Hasta aquí <brea", "Hasta aquí"),
        ] {
            assert_eq!(spoken(written), said);
        }
        let endless = format!("<b{}", " palabra".repeat(40));
        assert_eq!(spoken(&endless), endless[1..]);
    }

    #[test]
    fn of_an_address_the_host_is_said() {
        for (written, said) in [
            ("Visite https://www.clinica-paz.com.mx/citas?id=7#a.", "Visite clinica-paz.com.mx."),
            ("¿Vio HTTP://clinica.mx:8080? Sí.", "¿Vio clinica.mx? Sí."),
            ("See www.example.com/a, or (https://example.org).", "See example.com, or (example.org)."),
            ("<https://clinica.mx/a> y [clinica.mx](https://clinica.mx)", "clinica.mx y clinica.mx"),
            ("Es http://127.0.0.1:8080/x o https://localhost", "Es o"),
            ("https://yo:clave@clinica.mx", "clinica.mx"),
            ("hola, www, http y https: whatever", "hola, www, http y https: whatever"),
        ] {
            assert_eq!(spoken(written), said);
        }
    }

    #[test]
    fn pictures_are_left_out_and_part_words() {
        for (written, said) in [
            ("Hola😀mundo 👍🏽!", "Hola mundo !"),
            ("lunes→martes ✅", "lunes martes"),
            ("👨‍👩‍👧 1️⃣ ⏰8 🇲🇽", "1 8"),
            ("• uno\n• dos", "uno dos"),
        ] {
            assert_eq!(spoken(written), said);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_nothing_that_cannot_be_spoken_is_left(
            text in "(\\PC|[<>&_!\\[\\]()*hw:/. \n]|https?://|www\\.|<b>){0,80}",
        ) {
            let said = spoken(&text);
            prop_assert!(!said.contains(['*', '#', '`', '~', '<', '|', '[', ']', '{', '}', '\\']), "{}", said);
            prop_assert!(!said.chars().any(|c| is_picture(c) || is_invisible(c) || c.is_control()), "{}", said);
        }
    }
}
