//! Figures in English words.

use super::{
    digit_groups, letter_by_letter,
    shapes::{Half, Shape, Unit},
};

const UP_TO_19: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A token of `shape`, written `core`, before the word `following`.
pub(super) fn shape(shape: &Shape, core: &str, following: &str) -> String {
    match shape {
        Shape::Number(year @ (1100..=1999 | 2010..=2099)) if is_year(core, following) => self::year(*year),
        Shape::Number(number) => cardinal(*number),
        Shape::Fraction { whole, digits } => {
            format!("{} point {}", cardinal(*whole), one_by_one(digits, "zero"))
        }
        Shape::Amount { whole, fraction, unit } => amount(*whole, fraction, *unit),
        Shape::Ordinal(number) => ordinal(*number),
        Shape::Date { day, month, year } => date(*day, *month, *year),
        Shape::Digits => digits(core),
        Shape::Letters => letter_by_letter(core, letter),
        Shape::Address => {
            let spaced = core.replace('@', " at ").replace('.', " dot ").replace('-', " dash ");
            spaced.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
        }
        Shape::Hour { hour, minute, half } => self::hour(*hour, *minute, *half),
        Shape::Word => word(core),
    }
}

/// Four digits that count nothing are a year.
fn is_year(core: &str, following: &str) -> bool {
    !core.contains(',') && !following.ends_with('s')
}

fn year(year: u64) -> String {
    match year % 100 {
        0 => format!("{} hundred", cardinal(year / 100)),
        rest @ 1..=9 => format!("{} oh {}", cardinal(year / 100), cardinal(rest)),
        rest => format!("{} {}", cardinal(year / 100), cardinal(rest)),
    }
}

/// On the twelve-hour clock; `10:00` alone is "ten o'clock".
pub(super) fn hour(hour: u64, minute: u64, half: Option<Half>) -> String {
    let on_dial = match hour % 12 {
        0 => 12,
        hour => hour,
    };
    let half = match half {
        Some(Half::Morning) => " a m",
        Some(Half::Afternoon) => " p m",
        _ if hour > 12 && hour < 24 => " p m",
        _ if hour == 0 || hour == 24 => " a m",
        _ => "",
    };
    let minutes = match minute {
        0 if half.is_empty() => " o'clock".into(),
        0 => String::new(),
        1..=9 => format!(" oh {}", cardinal(minute)),
        _ => format!(" {}", cardinal(minute)),
    };
    format!("{}{minutes}{half}", cardinal(on_dial))
}

fn date(day: u64, month: usize, year: Option<u64>) -> String {
    let month = MONTHS.get(month).copied().unwrap_or_default();
    let year = year.map(|year| format!(", {}", shape(&Shape::Number(year), "", ""))).unwrap_or_default();
    format!("{month} {}{year}", ordinal(day))
}

fn amount(whole: u64, fraction: &str, unit: Unit) -> String {
    let (one, many) = match unit {
        Unit::Percent => ("percent", "percent"),
        Unit::Peso => ("peso", "pesos"),
        Unit::Dollar => ("dollar", "dollars"),
        Unit::Euro => ("euro", "euros"),
    };
    let name = if whole == 1 && fraction.is_empty() { one } else { many };
    match (fraction.trim_end_matches('0'), unit) {
        ("", _) => format!("{} {name}", cardinal(whole)),
        (digits, Unit::Percent) => format!("{} point {} {name}", cardinal(whole), one_by_one(digits, "zero")),
        _ => {
            format!("{} {name} and {} cents", cardinal(whole), cardinal(fraction.parse().unwrap_or_default()))
        }
    }
}

fn ordinal(number: u64) -> String {
    let words = cardinal(number);
    let at = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = words.split_at(at);
    let last = match last {
        "one" => "first".into(),
        "two" => "second".into(),
        "three" => "third".into(),
        "five" => "fifth".into(),
        "eight" => "eighth".into(),
        "nine" => "ninth".into(),
        "twelve" => "twelfth".into(),
        _ => match last.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{last}th"),
        },
    };
    format!("{head}{last}")
}

fn digits(core: &str) -> String {
    let group = |digits: &Vec<u8>| {
        let digits: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        one_by_one(&digits, "oh")
    };
    digit_groups(core).iter().map(group).collect::<Vec<_>>().join(", ")
}

fn one_by_one(digits: &str, zero: &'static str) -> String {
    let name = |digit: char| match digit.to_digit(10)? {
        0 => Some(zero),
        digit => UP_TO_19.get(digit as usize).copied(),
    };
    digits.chars().filter_map(name).collect::<Vec<_>>().join(" ")
}

fn word(core: &str) -> String {
    let spoken = match core.to_lowercase().as_str() {
        "dr" => "doctor",
        "mr" => "mister",
        "mrs" => "missus",
        "ms" => "miz",
        "prof" => "professor",
        "tel" => "telephone",
        "km" => "kilometers",
        "kg" => "kilos",
        "mg" => "milligrams",
        "&" => "and",
        "+" => "plus",
        "@" => "at",
        "#" => "number",
        "%" => "percent",
        _ => return mixed(core),
    };
    spoken.to_owned()
}

/// Figures inside a word ("B12") are spoken apart.
fn mixed(core: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = core;
    while let Some(first) = rest.chars().next() {
        let is_figure = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_figure).unwrap_or(rest.len());
        let (run, later) = rest.split_at(end);
        if is_figure {
            parts.push(run.parse().map_or_else(|_| digits(run), cardinal));
        } else {
            parts.extend(run.split('/').filter(|part| !part.is_empty()).map(str::to_owned));
        }
        rest = later;
    }
    parts.join(" ")
}

fn letter(letter: char) -> Option<&'static str> {
    Some(match letter.to_ascii_lowercase() {
        'a' => "ay",
        'b' => "bee",
        'c' => "see",
        'd' => "dee",
        'e' => "ee",
        'f' => "eff",
        'g' => "gee",
        'h' => "aitch",
        'i' => "eye",
        'j' => "jay",
        'k' => "kay",
        'l' => "ell",
        'm' => "em",
        'n' => "en",
        'o' => "oh",
        'p' => "pee",
        'q' => "queue",
        'r' => "are",
        's' => "ess",
        't' => "tea",
        'u' => "you",
        'v' => "vee",
        'w' => "double you",
        'x' => "ex",
        'y' => "why",
        'z' => "zee",
        _ => return None,
    })
}

/// Below 10^12.
fn cardinal(number: u64) -> String {
    if number == 0 {
        return "zero".into();
    }
    let scales = [(1_000_000_000, " billion"), (1_000_000, " million"), (1000, " thousand"), (1, "")];
    let mut parts = Vec::new();
    let mut rest = number;
    for (size, name) in scales {
        if rest >= size {
            parts.push(format!("{}{name}", below_1000(rest / size)));
            rest %= size;
        }
    }
    parts.join(" ")
}

fn below_1000(number: u64) -> String {
    let row = |table: &[&'static str], at: u64| {
        usize::try_from(at).ok().and_then(|at| table.get(at)).copied().unwrap_or_default()
    };
    let (hundreds, rest) = (number / 100, number % 100);
    let small = match rest {
        0 => String::new(),
        1..20 => row(&UP_TO_19, rest).into(),
        _ if rest.is_multiple_of(10) => row(&TENS, rest / 10).into(),
        _ => format!("{}-{}", row(&TENS, rest / 10), row(&UP_TO_19, rest % 10)),
    };
    match (hundreds, small.is_empty()) {
        (0, _) => small,
        (_, true) => format!("{} hundred", row(&UP_TO_19, hundreds)),
        _ => format!("{} hundred {small}", row(&UP_TO_19, hundreds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled() {
        for (number, spoken) in [
            (0, "zero"),
            (42, "forty-two"),
            (555, "five hundred fifty-five"),
            (28_400_512, "twenty-eight million four hundred thousand five hundred twelve"),
        ] {
            assert_eq!(cardinal(number), spoken);
        }
        assert_eq!([ordinal(21), ordinal(30), ordinal(12)], ["twenty-first", "thirtieth", "twelfth"]);
        assert_eq!(
            [year(2026), year(1905), year(1900)],
            ["twenty twenty-six", "nineteen oh five", "nineteen hundred"]
        );
        assert_eq!(mixed("B12"), "B twelve");
        assert_eq!(amount(10, "50", Unit::Dollar), "ten dollars and fifty cents");
    }
}
