//! Lives through a call once more and compares.

use super::{
    format::{Cursor, Kept, put_output, shortened},
    read::{End, Log, Moment, Next},
};
use crate::dialogue::{
    call::Call,
    input::Input,
    output::{Output, Outputs},
};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// An input as it was given again, and what the call decided this time.
#[derive(Clone, Copy, Debug)]
pub struct Played<'a> {
    /// Counts from 1.
    pub number: u64,
    /// Since the call was made.
    pub at: Duration,
    /// What happened.
    pub input: &'a Input,
    /// What was decided.
    pub outputs: &'a [Output],
}

/// The first thing that was decided otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The input, counted from 1.
    pub input: u64,
    /// When it happened, since the call was made.
    pub at: Duration,
    /// What it was.
    pub given: String,
    /// The output of this input, counted from 1.
    pub output: usize,
    /// What it was in the call; nothing where it was silent.
    pub was: Option<String>,
    /// What it is.
    pub is: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nothing = "nothing more";
        let (was, is) = (self.was.as_deref().unwrap_or(nothing), self.is.as_deref().unwrap_or(nothing));
        let Self { input, at, given, output, .. } = self;
        let at = at.as_secs_f64();
        write!(f, "input {input} at {at:.3} s, {given}: output {output} was {was}, and is {is}")
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Inputs given.
    pub inputs: u64,
    /// Outputs compared.
    pub outputs: u64,
    /// What differs first; the replay stops there.
    pub difference: Option<Difference>,
    /// Where the log ends; nothing where something differs before.
    pub end: Option<End>,
}

impl Verdict {
    /// Whether all that the log holds came out the same, and the log holds what it should.
    pub fn holds(&self) -> bool {
        let end_holds = match self.end {
            Some(End::Whole { inputs, outputs }) => (inputs, outputs) == (self.inputs, self.outputs),
            Some(End::Early | End::Lost) => true,
            Some(End::Damaged { .. } | End::Strange { .. }) | None => false,
        };
        end_holds && self.difference.is_none()
    }
}

/// Gives a call the inputs of a log until the log ends or something comes out otherwise. `began` is any moment; `tell` is told
/// of each input.
pub fn replay(log: &mut Log<'_>, began: Instant, mut tell: impl FnMut(Played<'_>)) -> Verdict {
    let mut call = Call::new(log.head.setup.clone(), began);
    let mut out = Outputs::default();
    let mut again = Again::default();
    let mut verdict = Verdict { inputs: 0, outputs: 0, difference: None, end: None };
    loop {
        let Moment { at, input, outputs: kept } = match log.next() {
            Next::Moment(moment) => moment,
            Next::End(end) => return Verdict { end: Some(end), ..verdict },
        };
        verdict.inputs += 1;
        call.handle(began + at, input.clone(), &mut out);
        let outputs = out.as_slice();
        tell(Played { number: verdict.inputs, at, input: &input, outputs });
        if let Some((index, was, is)) = again.differs(&kept, outputs) {
            let given = shortened(&format!("{input:?}"));
            let difference = Difference { input: verdict.inputs, at, given, output: index + 1, was, is };
            return Verdict { difference: Some(difference), ..verdict };
        }
        verdict.outputs += outputs.len() as u64;
        out.drain().for_each(drop);
    }
}

/// Buffers for what is decided again.
#[derive(Debug, Default)]
struct Again {
    records: Vec<u8>,
    scratch: Vec<u8>,
}

impl Again {
    /// The first output that is not as it was kept: its place, what it was, what it is.
    fn differs(
        &mut self,
        kept: &[Kept<'_>],
        outputs: &[Output],
    ) -> Option<(usize, Option<String>, Option<String>)> {
        for index in 0..kept.len().max(outputs.len()) {
            self.records.clear();
            let packed =
                outputs.get(index).map(|output| put_output(output, &mut self.records, &mut self.scratch));
            let is = packed.and_then(Result::ok).and_then(|()| Cursor(&self.records).output());
            let was = kept.get(index).copied();
            if was.is_none() || was != is {
                return Some((index, was.map(|was| was.to_string()), is.map(|is| is.to_string())));
            }
        }
        None
    }
}
