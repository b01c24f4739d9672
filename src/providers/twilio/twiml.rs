//! Our answers to the voice webhook. Pure.
//!
//! Spec: <https://www.twilio.com/docs/voice/twiml> (read 2026-11). Names are case-sensitive, unknown ones are ignored
//! silently by Twilio.

use super::voice::Voice;
use std::{fmt, time::Duration};

/// The most characters of one `<Say>`.
const MOST_SAID: usize = 4_096;

/// A document under construction.
pub(super) struct Twiml(String);

impl Twiml {
    pub(super) fn begin() -> Self {
        Self(r#"<?xml version="1.0" encoding="UTF-8"?><Response>"#.to_owned())
    }

    /// `<Connect><Stream>`: the media socket at `url`, with parameters of which name and value stay below 500
    /// characters together.
    pub(super) fn connect(mut self, url: &str, parameters: &[(&str, &str)]) -> Self {
        self.raw("<Connect><Stream url=\"").text(url).raw("\">");
        for (name, value) in parameters {
            self.raw("<Parameter name=\"").text(name).raw("\" value=\"").text(value).raw("\"/>");
        }
        self.raw("</Stream></Connect>");
        self
    }

    /// `<Redirect>`: ask at `url` how to go on.
    pub(super) fn redirect(mut self, url: &str) -> Self {
        self.raw("<Redirect method=\"POST\">").text(url).raw("</Redirect>");
        self
    }

    /// `<Pause>` of a second.
    pub(super) fn pause(mut self) -> Self {
        self.raw("<Pause length=\"1\"/>");
        self
    }

    /// `<Say>` in a language such as `es-MX`.
    pub(super) fn say(mut self, language: &str, text: &str) -> Self {
        self.raw("<Say language=\"").text(language).raw("\">").text(text).raw("</Say>");
        self
    }

    /// `<Dial><Number>`: the caller hears it ringing, and the call goes on at `after` when that is over. Who answers hears the
    /// document at `whisper` first.
    pub(super) fn dial(mut self, number: &str, rings: Duration, whisper: Option<&str>, after: &str) -> Self {
        let seconds = rings.as_secs();
        self.raw("<Dial answerOnBridge=\"true\" timeout=\"").raw(&seconds.to_string());
        self.raw("\" method=\"POST\" action=\"").text(after).raw("\"><Number");
        if let Some(whisper) = whisper {
            self.raw(" method=\"POST\" url=\"").text(whisper).raw("\"");
        }
        self.raw(">").text(number).raw("</Number></Dial>");
        self
    }

    /// `<Say>` by a voice.
    pub(super) fn speak(mut self, voice: &Voice<'_>, text: &str) -> Self {
        self.raw("<Say voice=\"").text(voice.name).raw("\"");
        if let Some(language) = voice.language {
            self.raw(" language=\"").text(language).raw("\"");
        }
        // Beyond its limit Twilio says nothing at all.
        let text: String = text.chars().take(MOST_SAID).collect();
        self.raw(">").text(&text).raw("</Say>");
        self
    }

    /// `<Gather>` around that: words in `language` and keys until `#`. After so much silence `action` is asked all the same. Nothing is
    /// masked as profane: names are not.
    pub(super) fn gather(
        mut self,
        action: &str,
        language: &str,
        silence: Duration,
        voice: &Voice<'_>,
        text: &str,
    ) -> Self {
        let seconds = silence.as_secs().max(1).to_string();
        self.raw("<Gather input=\"speech dtmf\" action=\"")
            .text(action)
            .raw("\" method=\"POST\" language=\"");
        self.text(language).raw("\" timeout=\"").raw(&seconds);
        self.raw("\" speechTimeout=\"auto\" profanityFilter=\"false\" actionOnEmptyResult=\"true\">");
        self = self.speak(voice, text);
        self.raw("</Gather>");
        self
    }

    /// `<Hangup>`.
    pub(super) fn hang_up(mut self) -> Self {
        self.raw("<Hangup/>");
        self
    }

    /// `<Reject>` as busy; such a call is not billed.
    pub(super) fn reject_busy(mut self) -> Self {
        self.raw("<Reject reason=\"busy\"/>");
        self
    }

    pub(super) fn end(mut self) -> String {
        self.raw("</Response>");
        self.0
    }

    fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Escapes what would be markup and leaves out what XML 1.0 (§2.2) does not allow at all.
    fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&apos;"),
                '\t' | '\n' => self.0.push(c),
                '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {}
                c => self.0.push(c),
            }
        }
        self
    }
}

impl fmt::Debug for Twiml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Holds a token.
        f.debug_struct("Twiml").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_put_in_becomes_markup() {
        let text = Twiml::begin().say("es\"><Dial", "<Hangup/> & 'él'\u{0}\u{B}").end();
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say language=\"es&quot;&gt;&lt;Dial\">\
             &lt;Hangup/&gt; &amp; &apos;él&apos;</Say></Response>"
        );
    }
}
