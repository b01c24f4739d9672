//! One turn on the socket: which text went out, which sound came back, and when to lose patience.

use super::wire::Alignment;
use crate::{
    base::{ids::TurnId, units::PHONE_RATE},
    dialogue::spoken::{
        Locale,
        say::text::{self, Stretch},
    },
    net::raw_audio::{RawAudio, WrongFormat},
    ports::tts::SpeechEvent,
};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// The longest stretch of sound told at once: 250 ms, so that words and sound stay close together.
const LONGEST_STRETCH: usize = 2_000;

/// Where a turn stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// More text may come.
    Open,
    /// All text is out; `isFinal` follows the last sound.
    Closing,
    /// Not wanted any more; kept until `isFinal` because it still counts as a context.
    Cancelled,
}

/// A turn and its context.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) id: TurnId,
    pub(super) context: String,
    pub(super) state: State,
    /// What to send again on a new connection, until the first sound.
    pub(super) texts: Vec<String>,
    /// It was sent again already.
    pub(super) again: bool,
    /// When patience ends.
    pub(super) deadline: Option<Instant>,
    /// All text that went out, in words, with the space behind each piece.
    script: Vec<char>,
    /// The same as the call wrote it: "a las 15:30".
    written: String,
    /// For each character of the script, how far in `written` (bytes) whoever has heard it has come.
    reached: Vec<usize>,
    /// Each piece, and where it ends in the script.
    pieces: Vec<(u32, usize)>,
    /// Characters of the script that were heard, as far as the alignment tells.
    heard: usize,
    /// All sound so far had its words.
    aligned: bool,
    sounds: bool,
    guard: RawAudio,
}

impl Turn {
    pub(super) fn new(id: TurnId) -> Self {
        Self {
            id,
            context: format!("turn-{id}"),
            state: State::Open,
            texts: Vec::new(),
            again: false,
            deadline: None,
            script: Vec::new(),
            written: String::new(),
            reached: Vec::new(),
            pieces: Vec::new(),
            heard: 0,
            aligned: true,
            sounds: false,
            guard: RawAudio::default(),
        }
    }

    /// Somebody still waits for its sound.
    pub(super) fn is_wanted(&self) -> bool {
        self.state != State::Cancelled
    }

    /// Nothing of it was heard, so it may begin anew elsewhere.
    pub(super) fn is_silent(&self) -> bool {
        !self.sounds
    }

    /// A piece goes out; returns it in words, as they are sent, with a space behind them.
    pub(super) fn say(&mut self, piece: u32, text: &str, locale: Locale) -> String {
        let mut sent = String::with_capacity(text.len() + 1);
        for Stretch { written, spoken } in text::stretches(text, locale) {
            self.add(&spoken, &written);
            self.add(" ", " ");
            sent.push_str(&spoken);
            sent.push(' ');
        }
        self.pieces.push((piece, self.script.len()));
        if !self.sounds {
            self.texts.push(sent.clone());
        }
        sent
    }

    /// What was written is dealt out evenly along what is spoken; where they are the same, sign by sign.
    fn add(&mut self, spoken: &str, written: &str) {
        let from = self.written.len();
        let ends: Vec<usize> = written.char_indices().map(|(at, sign)| from + at + sign.len_utf8()).collect();
        let count = spoken.chars().count();
        for (place, sign) in (1..).zip(spoken.chars()) {
            let end = (ends.len() * place / count).checked_sub(1).and_then(|last| ends.get(last));
            self.script.push(sign);
            self.reached.push(end.copied().unwrap_or(from));
        }
        self.written.push_str(written);
    }

    /// Sound is due from `now` on.
    pub(super) fn expect(&mut self, now: Instant, first: Duration, stall: Duration) {
        let patience = if self.sounds { stall } else { first };
        let deadline = self.deadline.get_or_insert(now + patience);
        if self.state == State::Closing && self.sounds {
            *deadline = now + stall;
        }
    }

    /// Sound came; returns what the call is told of it.
    ///
    /// # Errors
    /// [`WrongFormat`] when it is no raw mu-law.
    pub(super) fn hear(
        &mut self,
        audio: Bytes,
        alignment: Option<Alignment>,
        now: Instant,
        stall: Duration,
    ) -> Result<Vec<SpeechEvent>, WrongFormat> {
        let length = audio.len();
        let audio = self.guard.admit(audio)?;
        self.aligned &= alignment.is_some();
        let events = self.stretches(audio, alignment.map(|alignment| Words::new(alignment, length)));
        if !events.is_empty() {
            self.sounds = true;
            self.texts = Vec::new();
        }
        let more = self.state == State::Closing || (self.aligned && self.lacks_words());
        self.deadline = more.then_some(now + stall);
        Ok(events)
    }

    /// The last sound came: what was held back of it.
    pub(super) fn rest(&mut self) -> Vec<SpeechEvent> {
        let rest = self.guard.rest();
        self.stretches(rest, None)
    }

    /// Every word that was sent has been heard, as the alignment tells.
    pub(super) fn is_whole(&self) -> bool {
        self.sounds && self.aligned && !self.lacks_words()
    }

    /// Nothing went out yet.
    pub(super) fn is_new(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Much text has no sound yet. Signs that are not spoken may be left out of an alignment, so a fifth may lack.
    fn lacks_words(&self) -> bool {
        let sent = self.script.len();
        sent.saturating_sub(self.heard) > (sent / 5).max(3)
    }

    fn stretches(&mut self, mut audio: Bytes, mut words: Option<Words>) -> Vec<SpeechEvent> {
        let mut events = Vec::with_capacity(audio.len() / LONGEST_STRETCH + 1);
        let mut at = 0;
        while !audio.is_empty() {
            let part = audio.split_to(audio.len().min(LONGEST_STRETCH));
            at += part.len();
            let text =
                words.as_mut().map(|words| words.until(if audio.is_empty() { usize::MAX } else { at }));
            let text = text.map(|text| self.follow(&text));
            let (turn, piece) = (self.id, self.piece());
            events.push(SpeechEvent::Audio { turn, piece, audio: part, text });
        }
        events
    }

    /// The same words as the call wrote them. Alignments differ in blanks: that of the opening may be told, those between
    /// pieces may not; a blank too many or too few would shift every word after it.
    fn follow(&mut self, words: &str) -> String {
        let from = self.reached();
        for word in words.chars() {
            let expected = self.script.get(self.heard).copied();
            if word.is_whitespace() && !expected.is_some_and(char::is_whitespace) {
                continue;
            }
            if expected.is_some_and(char::is_whitespace) && !word.is_whitespace() {
                self.heard += 1;
            }
            self.heard += 1;
        }
        self.written.get(from..self.reached()).unwrap_or_default().to_owned()
    }

    /// How far in `written` who has heard so much has come.
    fn reached(&self) -> usize {
        let last = self.heard.checked_sub(1);
        last.map_or(0, |last| self.reached.get(last).copied().unwrap_or(self.written.len()))
    }

    /// The piece that sounds: by the alignment, else the newest one.
    fn piece(&self) -> u32 {
        let last = self.heard.saturating_sub(1);
        let sounding = self.pieces.iter().find(|(_, end)| *end > last).filter(|_| self.aligned);
        sounding.or(self.pieces.last()).map_or(0, |(piece, _)| *piece)
    }
}

/// The words of one message, dealt out along its sound.
struct Words {
    chars: std::iter::Peekable<std::vec::IntoIter<(String, u32)>>,
}

impl Words {
    fn new(alignment: Alignment, samples: usize) -> Self {
        let Alignment { chars, starts_ms } = alignment;
        let length_ms = u32::try_from(samples * 1_000 / PHONE_RATE as usize).unwrap_or(u32::MAX);
        let first = starts_ms.first().copied().unwrap_or_default();
        // Times count from the message's first sample; where they plainly count from the turn's, shift them.
        let shift = if first >= length_ms { first } else { 0 };
        let starts = starts_ms.into_iter().map(|at| at - shift.min(at)).chain(std::iter::repeat(u32::MAX));
        Self { chars: chars.into_iter().zip(starts).collect::<Vec<_>>().into_iter().peekable() }
    }

    /// The characters that begin before `sample`.
    fn until(&mut self, sample: usize) -> String {
        let end_ms = sample.saturating_mul(1_000) / PHONE_RATE as usize;
        let due = |at: u32| sample == usize::MAX || (at as usize) < end_ms;
        std::iter::from_fn(|| self.chars.next_if(|(_, at)| due(*at))).map(|(char, _)| char).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{clock, language::Language};

    const STALL: Duration = Duration::from_secs(2);

    fn told(events: &[SpeechEvent]) -> Vec<(u32, usize, Option<&str>)> {
        let one = |event: &SpeechEvent| match event {
            SpeechEvent::Audio { piece, audio, text, .. } => (*piece, audio.len(), text.clone()),
            other => panic!("{other:?}"),
        };
        let leak = |text: Option<String>| text.map(|text| &*text.leak());
        events.iter().map(one).map(|(piece, length, text)| (piece, length, leak(text))).collect()
    }

    fn alignment(text: &str, every_ms: u32, from_ms: u32) -> Alignment {
        let chars: Vec<String> = text.chars().map(String::from).collect();
        let starts_ms = (0..).map(|i| from_ms + i * every_ms).take(chars.len()).collect();
        Alignment { chars, starts_ms }
    }

    fn turn(pieces: &[&str]) -> Turn {
        let mut turn = Turn::new(TurnId(7));
        for (piece, text) in (0..).zip(pieces) {
            turn.say(piece, text, Language::Es.into());
        }
        turn
    }

    #[test]
    fn words_follow_the_sound_and_name_the_piece() {
        let mut turn = turn(&["Hola. ", "¿Sí? "]);
        let audio = Bytes::from(vec![0; 4_400]);
        let events = turn.hear(audio, Some(alignment(" Hola. ¿Sí? ", 50, 0)), clock::now(), STALL).unwrap();
        // The space of the opening is left out; characters 1 to 4 begin within the first 250 ms.
        assert_eq!(
            told(&events),
            [(0, 2_000, Some("Hola")), (1, 2_000, Some(". ¿Sí")), (1, 400, Some("? "))]
        );
        assert!(turn.is_whole());
        assert_eq!(turn.deadline, None);
    }

    #[test]
    fn figures_are_sent_in_words_and_told_as_they_were_written() {
        let mut turn = Turn::new(TurnId(7));
        let sent = turn.say(0, "Son $ 1.200 el 26/11.", Language::Es.into());
        assert_eq!(sent, "Son mil doscientos pesos el veintiséis de noviembre. ");
        let mut told = String::new();
        for (part, heard) in [
            ("Son mil doscientos pesos ", "Son $ 1.200 "),
            ("el veinti", "Son $ 1.200 el 2"),
            ("séis de noviembre. ", "Son $ 1.200 el 26/11. "),
        ] {
            told.push_str(&turn.follow(part));
            assert_eq!(told, heard);
        }
    }

    #[test]
    fn blanks_follow_what_was_sent() {
        let mut turn = turn(&["Hola. ", "¿Sí? "]);
        let events = turn
            .hear(Bytes::from(vec![0; 800]), Some(alignment("Hola.¿Sí?", 10, 0)), clock::now(), STALL)
            .unwrap();
        assert_eq!(told(&events), [(1, 800, Some("Hola. ¿Sí?"))]);
    }

    #[test]
    fn times_of_the_whole_turn_are_shifted() {
        let mut turn = turn(&["Hola "]);
        let audio = Bytes::from(vec![0; 4_000]);
        let events = turn.hear(audio, Some(alignment("Hola ", 100, 9_000)), clock::now(), STALL).unwrap();
        assert_eq!(told(&events), [(0, 2_000, Some("Hol")), (0, 2_000, Some("a "))]);
    }

    #[test]
    fn without_alignment_the_newest_piece_is_meant_and_no_stall_is_suspected() {
        let now = clock::now();
        let mut turn = turn(&["Uno. ", "Dos. "]);
        turn.expect(now, Duration::from_secs(4), STALL);
        assert_eq!(turn.deadline, Some(now + Duration::from_secs(4)));
        let events = turn.hear(Bytes::from_static(&[0xFF; 160]), None, now, STALL).unwrap();
        assert_eq!(told(&events), [(1, 160, None)]);
        assert_eq!(turn.deadline, None);
        turn.state = State::Closing;
        turn.expect(now, Duration::from_secs(4), STALL);
        assert_eq!(turn.deadline, Some(now + STALL));
    }

    #[test]
    fn half_a_sentence_keeps_the_stall_timer_armed() {
        let now = clock::now();
        let mut turn = turn(&["Le busco una cita para el martes. "]);
        turn.hear(Bytes::from_static(&[0xFF; 160]), Some(alignment("Le busco", 10, 0)), now, STALL).unwrap();
        assert_eq!((turn.deadline, turn.is_whole()), (Some(now + STALL), false));
    }

    #[test]
    fn a_file_is_refused() {
        let mut turn = turn(&["Hola "]);
        assert!(turn.hear(Bytes::from_static(b"RIFF...."), None, clock::now(), STALL).is_err());
    }
}
