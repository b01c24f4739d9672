//! Documents as they are dictated, and whether their check digits are right.

use super::{
    Heard,
    digits::{Letters, Run, runs},
    said::Said,
};
use crate::dialogue::spoken::document::{Check, Document, Kind};

/// So many signs at least are an attempt at a document.
const SOME_SIGNS: usize = 4;

/// The document of one of `kinds` that was said.
///
/// Of the readings of what was dictated, one with a right check comes before others. A wrong check is told in
/// [`Document::check`]; signs that are too many or too few for all kinds are a [`Heard::Misfit`].
pub fn document(text: &str, kinds: &[Kind]) -> Heard<Document> {
    let said = Said::new(text);
    let letters = if kinds.iter().any(|kind| has_letters(*kind)) {
        Letters::All
    } else if kinds.contains(&Kind::RutCl) {
        Letters::K
    } else {
        Letters::None
    };
    let runs = runs(&said, letters);
    let documents: Vec<Document> = runs.iter().flat_map(|run| read(run, kinds)).collect();
    let good = |document: &&Document| matches!(document.check, Check::Right);
    let plain = |document: &&Document| matches!(document.check, Check::None);
    let missing = |document: &&Document| matches!(document.check, Check::Missing { .. });
    let best = documents
        .iter()
        .find(good)
        .or_else(|| documents.iter().find(plain))
        .or_else(|| documents.iter().find(missing))
        .or_else(|| documents.first());
    if let Some(best) = best {
        let rival = |document: &&Document| document.number == best.number && document.check == best.check;
        return Heard::of(documents.iter().filter(rival).cloned().collect());
    }
    let longest = runs.into_iter().filter_map(|run| run.readings.into_iter().next()).max_by_key(String::len);
    longest.filter(|signs| signs.len() >= SOME_SIGNS).map_or(Heard::Nothing, Heard::Misfit)
}

const fn has_letters(kind: Kind) -> bool {
    matches!(kind, Kind::DniEs | Kind::NieEs | Kind::CurpMx | Kind::Passport)
}

fn read(run: &Run, kinds: &[Kind]) -> Vec<Document> {
    let of = |signs: &String| kinds.iter().filter_map(|kind| kind.read(signs)).collect::<Vec<_>>();
    let readings: Vec<Vec<Document>> = run.readings.iter().map(of).collect();
    let right = |documents: &&Vec<Document>| documents.iter().any(|document| document.check == Check::Right);
    let first = readings.iter().find(|documents| !documents.is_empty());
    readings.iter().find(right).or(first).cloned().unwrap_or_default()
}
