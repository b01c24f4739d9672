//! What stands behind the `@` of a dictated address.

use super::{
    email::{SILENT, doubled, sign},
    number,
    said::Said,
};
use crate::dialogue::spoken::{letters, without_accent};

/// Hosts that are known by their name alone, and how recognisers write them.
const HOSTS: &[(&str, &str)] = &[
    ("gmail", "gmail|ge mail|g mail|gimail|jimeil|yimeil|jimail|gemail|yi mail"),
    ("hotmail", "hotmail|hot mail|jotmail|hotmeil"),
    ("outlook", "outlook|out look|autluk|aut look"),
    ("yahoo", "yahoo|ya hoo|yaju|yahu|ya hu"),
    ("icloud", "icloud|i cloud|ai cloud|eye cloud"),
    ("live", "live|laif"),
];
/// Those of them that end in ".com" when nothing else was said.
const COM: &[&str] = &["gmail", "hotmail", "outlook", "icloud"];

/// The known host at `index`, however it is written, and the place behind it.
pub(super) fn known_at(said: &Said, index: usize) -> Option<(&'static str, usize)> {
    HOSTS.iter().find_map(|(host, names)| Some((*host, said.starts_one_of(index, names)?)))
}

/// Whether the word, which is no host itself, is heard as part of one.
pub(super) fn is_part_of_known(word: &str) -> bool {
    let heard = |names: &str| names.split('|').any(|name| name.split(' ').any(|part| part == word));
    HOSTS.iter().any(|(host, names)| *host != word && heard(names))
}

/// The hosts that the words from `index` on may mean.
pub(super) fn hosts(said: &Said, index: usize) -> Vec<String> {
    let mut host = String::new();
    let mut at = index;
    let mut dots = 0;
    while at < said.len() {
        if let Some((sign, end)) = sign(said, at).filter(|_| at > index) {
            let goes_on = end < said.len();
            if !goes_on {
                break;
            }
            host.push(sign);
            (at, dots) = (end, dots + usize::from(sign == '.'));
            continue;
        }
        // Behind the last dot stands one word.
        let more = (at..said.len()).any(|later| matches!(said.at(later), "punto" | "dot"));
        let label_done = dots > 0 && !host.ends_with(['.', '-']) && !more;
        if label_done && !spells_on(said, at) {
            break;
        }
        let (text, end) = host_word(said, at);
        host.push_str(&text);
        at = end;
        if dots == 0 && !more && COM.contains(&host.as_str()) {
            // "gmail com"
            let end = host_word(said, at);
            if end.0 == "com" {
                host.push_str(".com");
            }
            break;
        }
    }
    let host = if host.contains('.') { host } else { bare(host) };
    if host == "yahoo" {
        vec!["yahoo.com".to_owned(), "yahoo.com.ar".to_owned(), "yahoo.es".to_owned()]
    } else {
        vec![host]
    }
}

fn bare(host: String) -> String {
    if COM.contains(&host.as_str()) { format!("{host}.com") } else { host }
}

/// Whether the letter at `at` goes on with a spelled ending: "a erre".
fn spells_on(said: &Said, at: usize) -> bool {
    letters::heard_surely(said, at).is_some()
        && letters::heard_surely(said, at - 1).is_some()
        && !said.paused_before(at)
}

fn host_word(said: &Said, at: usize) -> (String, usize) {
    if let Some((host, end)) = known_at(said, at) {
        return (host.to_owned(), end);
    }
    if let Some((text, end)) = doubled(said, at) {
        return (text, end);
    }
    if let Some((letter, end)) = letters::heard_surely(said, at) {
        return (without_accent(letter).to_string(), end);
    }
    if let Some(number) = number::number_at(said, at).filter(|_| !matches!(said.at(at), "un" | "una")) {
        return (number.digits, number.end);
    }
    if let Some(end) = SILENT.iter().filter_map(|silent| said.starts(at, silent)).max() {
        return (String::new(), end);
    }
    (said.at(at).chars().filter(char::is_ascii_alphanumeric).collect(), at + 1)
}
