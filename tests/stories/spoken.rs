//! What people say and what it is worth: the tables of `tests/spoken/`, Spanish and English.
//!
//! A line `[kind key=value …]` says of what kind the cases behind it are and what is known while they are said; a case is what
//! is said, a tab, and what is understood: `a|b` where it may be either, `~a` where it is only about that, `?signs` where it was
//! meant as one and is none, `-` where nothing of the sort was said.

use centralita::{
    base::language::Language,
    dialogue::{
        clinic::Hours,
        spoken::{
            Country, Locale,
            document::Kind,
            hear::{self, Asked, Context, Days, Edge, Heard, Part, When},
            money::Money,
            say::text,
        },
    },
};
use jiff::civil::{Date, Time};
use std::fmt::Write as _;

const SPANISH: &str = include_str!("../spoken/es.tsv");
const ENGLISH: &str = include_str!("../spoken/en.tsv");
/// So many cases each language has at least.
const CASES: usize = 500;

#[test]
fn what_is_said_in_spanish_is_understood() {
    check(Language::Es, SPANISH);
}

#[test]
fn what_is_said_in_english_is_understood() {
    check(Language::En, ENGLISH);
}

/// What a section says of its cases.
struct Section<'a> {
    kind: &'a str,
    locale: Locale,
    today: Date,
    open: Vec<Hours>,
    asked: Asked,
    document: Option<Kind>,
}

impl<'a> Section<'a> {
    fn read(language: Language, header: &'a str) -> Self {
        let mut words = header.split(' ');
        let mut section = Self {
            kind: words.next().unwrap(),
            locale: language.into(),
            today: Date::constant(2026, 11, 21),
            open: Vec::new(),
            asked: Asked::Anything,
            document: None,
        };
        for (key, value) in words.map(|word| word.split_once('=').unwrap()) {
            match key {
                "today" => section.today = value.parse().unwrap(),
                "country" => section.locale.country = Country::of_code(value).unwrap(),
                "kind" => section.document = Some(Kind::of_name(value).unwrap()),
                "open" => {
                    let (opens, closes) = value.split_once('-').unwrap();
                    section.open =
                        vec![Hours { opens: opens.parse().unwrap(), closes: closes.parse().unwrap() }];
                }
                "asked" => {
                    section.asked = match value {
                        "day" => Asked::Day,
                        "part" => Asked::Part,
                        "hour" => Asked::Hour,
                        "birth" => Asked::Birth,
                        _ => panic!("[{header}]: nobody asks for {value}"),
                    }
                }
                _ => panic!("[{header}]: {key} is not known"),
            }
        }
        section
    }

    fn understood(&self, text: &str) -> String {
        let context = Context { locale: self.locale, today: self.today, open: &self.open, asked: self.asked };
        match self.kind {
            "time" => told(&hear::time(text, &context), |time| clock(*time)),
            "day" => told(&hear::day(text, &context), |each| days(*each)),
            "when" => told(&hear::when(text, &context), when),
            "money" => told(&hear::money(text, self.locale), |each| money(*each)),
            "phone" => told(&hear::phone(text, self.locale), ToString::to_string),
            "document" => {
                let kinds = [self.document.unwrap()];
                told(&hear::document(text, &kinds), |document| {
                    format!("{} {}", document.number, document.check)
                })
            }
            "email" => told(&hear::email(text), ToString::to_string),
            "number" => told(&hear::cardinal(text, self.locale.language), u64::to_string),
            "ordinal" => told(&hear::ordinal(text), u64::to_string),
            "digits" => told(&hear::dictated(text), Clone::clone),
            "say" => text::words(text, self.locale),
            kind => panic!("no such kind: {kind}"),
        }
    }
}

fn told<T>(heard: &Heard<T>, tell: impl Fn(&T) -> String) -> String {
    let values = || heard.values().iter().map(&tell).collect::<Vec<_>>().join("|");
    match heard {
        Heard::Nothing => "-".to_owned(),
        Heard::Misfit(signs) => format!("?{signs}"),
        Heard::About(_) => format!("~{}", values()),
        Heard::One(_) | Heard::Several(_) => values(),
    }
}

fn clock(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

fn days(days: Days) -> String {
    if days.first == days.last { days.first.to_string() } else { format!("{}..{}", days.first, days.last) }
}

fn when(when: &When) -> String {
    let part = when.part.map(|part| match part {
        Part::Dawn => "dawn",
        Part::Morning => "morning",
        Part::Afternoon => "afternoon",
        Part::Evening => "evening",
    });
    let edge = when.edge.map(|edge| match edge {
        Edge::First => "first",
        Edge::Last => "last",
    });
    let said = [when.days.map(days), when.time.map(clock)];
    let said = said.into_iter().chain([part.map(str::to_owned), edge.map(str::to_owned)]);
    said.flatten().collect::<Vec<_>>().join(" ")
}

fn money(money: Money) -> String {
    let (whole, cents) = (money.cents / 100, money.cents % 100);
    let cents = if cents == 0 { String::new() } else { format!(".{cents:02}") };
    format!("{} {whole}{cents}", money.currency.code())
}

fn check(language: Language, table: &str) {
    let mut section = None;
    let (mut cases, mut wrong) = (0, String::new());
    for (number, line) in (1..).zip(table.lines()) {
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = Some(Section::read(language, header));
            continue;
        }
        let (said, expected) = line.split_once('\t').unwrap_or_else(|| panic!("line {number} has no tab"));
        let section = section.as_ref().unwrap();
        let understood = section.understood(said);
        cases += 1;
        if understood != expected {
            writeln!(wrong, "{number}, {}: “{said}” is {expected}, understood as {understood}", section.kind)
                .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{} of {cases} cases of {language}:\n{wrong}", wrong.lines().count());
    assert!(cases >= CASES, "only {cases} cases of {language}");
}
