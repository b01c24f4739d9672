//! What is said is heard as the value it was, and what a model writes as the value it wrote: any value, in both languages.

use centralita::{
    base::language::Language,
    dialogue::spoken::{
        self, Country, Locale,
        document::{Check, Document, Kind},
        email::Email,
        hear::{self, Context, Days, Heard, When},
        money::{Currency, Money},
        phone::Phone,
        say,
    },
};
use jiff::{
    ToSpan,
    civil::{Date, Time},
};
use proptest::{prelude::*, test_runner::RngSeed};

const TODAY: Date = Date::constant(2026, 11, 21);
const LANGUAGES: [Language; 2] = [Language::Es, Language::En];

fn context(language: Language) -> Context<'static> {
    Context::on(language.into(), TODAY)
}

fn locales() -> impl Strategy<Value = Locale> {
    let countries = prop::sample::select(Country::all().collect::<Vec<_>>());
    (prop::sample::select(LANGUAGES.to_vec()), countries)
        .prop_map(|(language, country)| Locale { language, country })
}

fn times() -> impl Strategy<Value = Time> {
    (0_i8..24, 0_i8..60).prop_map(|(hour, minute)| Time::constant(hour, minute, 0, 0))
}

/// Days that have no earlier namesake: less than a year ahead.
fn dates() -> impl Strategy<Value = Date> {
    (1_i64..365).prop_map(|days| TODAY.saturating_add(days.days()))
}

fn currencies() -> impl Strategy<Value = Currency> {
    use Currency::{Ars, Brl, Clp, Cop, Eur, Gbp, Mxn, Pen, Usd, Uyu};
    prop::sample::select(vec![Ars, Brl, Clp, Cop, Eur, Gbp, Mxn, Pen, Usd, Uyu])
}

/// Numbers that are dialled in that country, as a pattern.
fn phones() -> impl Strategy<Value = (Country, String)> {
    let patterns = [
        (Country::Ar, "11[2-7][0-9]{7}"),
        (Country::Ar, "911[2-7][0-9]{7}"),
        (Country::Ar, "351[2-7][0-9]{6}"),
        (Country::Ar, "92954[2-7][0-9]{5}"),
        (Country::Br, "[1-9][1-9]9[0-9]{8}"),
        (Country::Br, "[1-9][1-9][2-5][0-9]{7}"),
        (Country::Cl, "[29][0-9]{8}"),
        (Country::Co, "3[0-9]{9}"),
        (Country::Ec, "9[0-9]{8}"),
        (Country::Ec, "[2-7][0-9]{7}"),
        (Country::Es, "[6-9][0-9]{8}"),
        (Country::Mx, "55[0-9]{8}"),
        (Country::Mx, "66[0-9]{8}"),
        (Country::Pe, "9[0-9]{8}"),
        (Country::Pe, "1[2-7][0-9]{6}"),
        (Country::Us, "[2-9][0-9]{2}[2-9][0-9]{6}"),
        (Country::Uy, "9[0-9]{7}"),
        (Country::Uy, "[24][0-9]{7}"),
    ];
    prop::sample::select(patterns.to_vec())
        .prop_flat_map(|(country, pattern)| (Just(country), pattern.prop_map(|digits: String| digits)))
}

/// Documents whose checks are right, with them.
fn documents() -> impl Strategy<Value = Document> {
    let patterns = [
        (Kind::DniAr, "[1-9][0-9]{6,7}"),
        (Kind::CuitAr, "2[037][1-9][0-9]{7}0"),
        (Kind::DniEs, "[0-9]{8}"),
        (Kind::NieEs, "[XYZ][0-9]{7}"),
        (Kind::RutCl, "[1-9][0-9]{6,7}0"),
        (Kind::CurpMx, "[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[0-9]"),
        (Kind::CpfBr, "[0-8][0-9]{7}900"),
        (Kind::NitCo, "[89][0-9]{8}"),
        (Kind::CedulaCo, "[1-9][0-9]{5,9}"),
        (Kind::CedulaUy, "[1-9][0-9]{5,6}0"),
        (Kind::CedulaEc, "(0[1-9]|1[0-9]|2[0-4])[0-5][0-9]{6}0"),
        (Kind::DniPe, "[0-9]{8}"),
    ];
    prop::sample::select(patterns.to_vec())
        .prop_flat_map(|(kind, pattern)| (Just(kind), pattern.prop_map(|signs: String| signs)))
        .prop_map(|(kind, signs)| kind.read(&signs).unwrap().with_right_check())
}

fn emails() -> impl Strategy<Value = Email> {
    let syllable = "[bcdfghjklmnprstv]?[aeiou][nrsl]?";
    let word = format!("({syllable}){{1,4}}|[a-z]{{1,3}}");
    let part = format!("({word})[0-9]{{0,3}}");
    let local = format!("({part})([._+-]({part})){{0,2}}");
    let host = format!(
        "(gmail|hotmail|outlook|yahoo|({word})(-({word}))?)\\.(com|org|net|es|com\\.ar|com\\.mx|cl|co\\.uk)"
    );
    let address = format!("({local})@({host})");
    proptest::string::string_regex(&address)
        .unwrap()
        .prop_filter_map("no address", |text: String| Email::parse(&text))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(20_261_121), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers(value in prop_oneof![0_u64..10_000, 0_u64..1_000_000_000_000]) {
        for language in LANGUAGES {
            let said = spoken::number(language, value);
            prop_assert_eq!(hear::cardinal(&said, language), Heard::One(value), "{}", said);
        }
        let digits = value.to_string();
        for language in LANGUAGES {
            prop_assert_eq!(hear::dictated(&spoken::digits(language, &digits)), Heard::One(digits.clone()));
        }
    }

    #[test]
    fn ordinals(value in 1_u64..32) {
        let said = spoken::ordinal(Language::En, value);
        prop_assert_eq!(hear::ordinal(&said), Heard::One(value), "{}", said);
        let said = spoken::rank(Language::Es, value.min(10), value % 2 == 0, false);
        prop_assert_eq!(hear::ordinal(&said), Heard::One(value.min(10)), "{}", said);
    }

    #[test]
    fn hours(time in times()) {
        for language in LANGUAGES {
            let said = spoken::hour_of_day(language, time);
            prop_assert_eq!(hear::time(&said, &context(language)), Heard::One(time), "{}", said);
            let said = format!("{} {}", if language == Language::Es { "a" } else { "at" }, spoken::hour(language, time));
            let heard = hear::time(&said, &context(language));
            prop_assert!(heard.values().contains(&time), "{}: {:?}", said, heard);
        }
    }

    #[test]
    fn days(date in dates()) {
        for language in LANGUAGES {
            let said = spoken::date(language, date);
            prop_assert_eq!(hear::day(&said, &context(language)), Heard::One(Days::one(date)), "{}", said);
        }
    }

    #[test]
    fn days_with_hours(date in dates(), time in times()) {
        for language in LANGUAGES {
            let said = spoken::moment(language, date.to_datetime(time));
            let expected = When { days: Some(Days::one(date)), time: Some(time), ..When::default() };
            prop_assert_eq!(hear::when(&said, &context(language)), Heard::One(expected), "{}", said);
        }
    }

    #[test]
    fn amounts(locale in locales(), currency in currencies(), cents in prop_oneof![1_u64..100_000, 1_u64..100_000_000_000]) {
        let money = Money { cents, currency };
        let said = say::money(locale, money);
        prop_assert_eq!(hear::money(&said, locale), Heard::One(money), "{}", said);
    }

    #[test]
    fn telephones((country, dialled) in phones(), language in prop::sample::select(LANGUAGES.to_vec()), home in locales()) {
        let phone = Phone::read(&dialled, country).unwrap();
        for locale in [Locale { language, country }, home] {
            let said = say::phone_number(locale, &phone);
            prop_assert_eq!(hear::phone(&said, locale), Heard::One(phone.clone()), "{}", said);
        }
        let written = phone.to_string();
        prop_assert_eq!(Phone::read(&written, home.country), Some(phone.clone()));
        let said = say::text::words(&written, home);
        prop_assert_eq!(hear::phone(&said, home), Heard::One(phone), "{}", said);
    }

    #[test]
    fn papers(document in documents()) {
        for language in LANGUAGES {
            let said = say::document(language, &document);
            prop_assert_eq!(hear::document(&said, &[document.kind]), Heard::One(document.clone()), "{}", said);
        }
    }

    #[test]
    fn a_wrong_check_is_noticed(
        document in documents().prop_filter("no check", |document| document.check == Check::Right),
        wrong in 1_u32..10,
    ) {
        let check = document.number.pop_last();
        let mistaken = mistake(check.1, wrong);
        let signs = format!("{}{mistaken}", check.0);
        prop_assume!(document.kind.read(&signs).is_some());
        let said = say::document(Language::Es, &document.kind.read(&signs).unwrap());
        let heard = hear::document(&said, &[document.kind]).plainly().map(|heard| heard.check);
        let wrongly = matches!(&heard, Some(Check::Wrong { said, expected, .. }) if *said == mistaken && *expected == check.1);
        prop_assert!(wrongly, "{}: {:?}", said, heard);
    }

    #[test]
    fn addresses(email in emails()) {
        for language in LANGUAGES {
            for said in [say::email(language, &email), say::email_spelled(language, &email)] {
                prop_assert_eq!(hear::email(&said), Heard::One(email.clone()), "{}", said);
            }
            let written = say::text::words(&format!("{email}."), language);
            prop_assert_eq!(hear::email(&written), Heard::One(email.clone()), "{}", written);
        }
        prop_assert_eq!(hear::email(&email.to_string()), Heard::One(email.clone()));
    }

    #[test]
    fn what_a_model_writes(date in dates(), time in times(), cents in 1_u64..1_000_000_000) {
        let hour = say::text::words(&format!("a las {}", time.strftime("%H:%M")), Language::Es);
        let heard = hear::time(&hour, &context(Language::Es));
        prop_assert!(heard.values().contains(&time), "{}: {:?}", hour, heard);
        for language in LANGUAGES {
            let said = say::text::words(&date.to_string(), language);
            prop_assert_eq!(hear::day(&said, &context(language)), Heard::One(Days::one(date)), "{}", said);
            let locale = Locale::from(language);
            let money = Money { cents, currency: locale.country.currency() };
            let written = if language == Language::Es {
                format!("$ {},{:02}", grouped(cents / 100, "."), cents % 100)
            } else {
                format!("${}.{:02}", grouped(cents / 100, ","), cents % 100)
            };
            prop_assert_eq!(hear::money(&written, locale), Heard::One(money), "{}", written);
            let said = say::text::words(&written, locale);
            prop_assert_eq!(hear::money(&said, locale), Heard::One(money), "{}", said);
        }
    }

    #[test]
    fn no_text_is_too_odd(text in "[a-zñáéíóú0-9 ,.:$+@/%-]{0,60}", words in prop::collection::vec(prop::sample::select(ODD.to_vec()), 0..12)) {
        for text in [text, words.join(" ")] {
            for language in LANGUAGES {
                let locale = Locale::from(language);
                hear::when(&text, &context(language));
                hear::money(&text, locale);
                hear::phone(&text, locale);
                hear::document(&text, &Kind::all().collect::<Vec<_>>());
                hear::email(&text);
                say::text::words(&text, locale);
            }
        }
    }
}

/// Words that readers look behind and before.
const ODD: &[&str] = &[
    "de",
    "mil",
    "millones",
    "y",
    "media",
    "menos",
    "cuarto",
    "para",
    "las",
    "doble",
    "arroba",
    "punto",
    "el",
    "primer",
    "lunes",
    "del",
    "mes",
    "fin",
    "con",
    "pesos",
    "cincuenta",
    "+",
    "$",
    "a",
    "hundred",
    "and",
    "half",
    "past",
    "the",
    "o",
    "en",
    "ocho",
    "31",
    "99999999999999999999",
    "1.2.3",
    "9999999999999999999",
    "y medio",
    "lucas",
    "0",
];

/// The check and what stands before it.
trait PopLast {
    fn pop_last(&self) -> (String, char);
}

impl PopLast for String {
    fn pop_last(&self) -> (String, char) {
        let mut rest = self.clone();
        let last = rest.pop().unwrap();
        (rest, last)
    }
}

/// Another sign of the same sort.
fn mistake(sign: char, on: u32) -> char {
    match sign.to_digit(10) {
        Some(digit) => char::from_digit((digit + on) % 10, 10).unwrap(),
        None => char::from_u32(u32::from('A') + (u32::from(sign) - u32::from('A') + on) % 26).unwrap(),
    }
}

fn grouped(value: u64, mark: &str) -> String {
    let digits = value.to_string();
    let first = (digits.len() + 2) % 3 + 1;
    let (head, rest) = digits.split_at(first);
    let groups = rest.as_bytes().chunks(3).map(|group| std::str::from_utf8(group).unwrap());
    std::iter::once(head).chain(groups).collect::<Vec<_>>().join(mark)
}
