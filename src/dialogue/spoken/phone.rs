//! Telephone numbers: how each country writes, dials and groups them.

use super::locale::Country;
use std::fmt;

/// The numbers of one country.
struct Plan {
    country: Country,
    /// The calling code.
    code: &'static str,
    /// What is dialled before a number within the country, or was; `|` stands between, "" where nothing is.
    trunks: &'static str,
    /// What may stand before a number to say that it is a mobile one.
    mobile: &'static str,
    /// What a number begins with, `|` between, and the groups in which it is said. The first that fits counts.
    forms: &'static [(&'static str, &'static [usize])],
}

/// Area codes of three digits in Argentina; the others have four, and Buenos Aires two.
const AREAS_AR: &str = "220|221|223|230|236|237|249|260|261|263|264|266|280|291|294|297|298|299|336|341|342|343|345|348|351|\
     353|358|362|364|370|376|379|380|381|383|385|387|388";

const PLANS: &[Plan] = &[
    plan(Country::Ar, "54", "0", "9", &[("11", &[2, 4, 4]), (AREAS_AR, &[3, 3, 4]), ("2|3", &[4, 2, 4])]),
    plan(Country::Br, "55", "0", "", &[("1|2|3|4|5|6|7|8|9", &[2, 5, 4]), ("1|2|3|4|5|6|7|8|9", &[2, 4, 4])]),
    plan(Country::Cl, "56", "0", "", &[("2|3|4|5|6|7|9", &[1, 4, 4])]),
    plan(Country::Co, "57", "0", "", &[("3|60", &[3, 3, 4])]),
    plan(Country::Ec, "593", "0", "", &[("9", &[2, 3, 4]), ("2|3|4|5|6|7", &[1, 3, 4])]),
    plan(Country::Es, "34", "", "", &[("6|7|8|9", &[3, 2, 2, 2])]),
    plan(
        Country::Mx,
        "52",
        "044|045|01|1",
        "",
        &[("55|56|33|81", &[2, 4, 4]), ("2|3|4|5|6|7|8|9", &[3, 3, 4])],
    ),
    plan(Country::Pe, "51", "0", "", &[("9", &[3, 3, 3]), ("1", &[1, 3, 4]), ("4|5|6|7|8", &[2, 3, 3])]),
    plan(Country::Us, "1", "1", "", &[("2|3|4|5|6|7|8|9", &[3, 3, 4])]),
    plan(Country::Uy, "598", "0", "", &[("9", &[2, 3, 3]), ("2|4", &[4, 4])]),
];

const fn plan(
    country: Country,
    code: &'static str,
    trunks: &'static str,
    mobile: &'static str,
    forms: &'static [(&'static str, &'static [usize])],
) -> Plan {
    Plan { country, code, trunks, mobile, forms }
}

/// Digits of a number of an unknown country, with its code (E.164).
const FOREIGN: std::ops::RangeInclusive<usize> = 8..=15;

impl Plan {
    fn of(country: Country) -> Option<&'static Self> {
        PLANS.iter().find(|plan| plan.country == country)
    }

    /// The groups of a national number, `None` when it is not one.
    fn groups(&self, national: &str) -> Option<Vec<usize>> {
        if let Some(rest) = national.strip_prefix(self.mobile).filter(|_| !self.mobile.is_empty()) {
            return Some([&[self.mobile.len()], self.groups(rest)?.as_slice()].concat());
        }
        let fits = |(starts, groups): &&(&str, &[usize])| {
            starts.split('|').any(|start| national.starts_with(start))
                && groups.iter().sum::<usize>() == national.len()
        };
        self.forms.iter().find(fits).map(|(_, groups)| groups.to_vec())
    }

    /// The national number that `digits` dials within the country.
    fn national(&self, digits: &str) -> Option<String> {
        let trunks = self.trunks.split('|').filter(|trunk| !trunk.is_empty());
        std::iter::once(digits).chain(trunks.filter_map(|trunk| digits.strip_prefix(trunk))).find_map(
            |dialled| {
                let known = self.groups(dialled).map(|_| dialled.to_owned());
                known.or_else(|| self.fifteen(dialled))
            },
        )
    }

    /// "11 15 5550 0142": mobile numbers of Argentina have a 15 behind the area code at home and a 9 before it abroad.
    fn fifteen(&self, dialled: &str) -> Option<String> {
        if self.country != Country::Ar {
            return None;
        }
        let dialled = dialled.strip_prefix('9').unwrap_or(dialled);
        (2..=4).find_map(|area| {
            let (area, rest) = dialled.split_at_checked(area)?;
            let national = format!("{area}{}", rest.strip_prefix("15")?);
            let groups = self.groups(&national)?;
            (groups.first() == Some(&area.len())).then(|| format!("{}{national}", self.mobile))
        })
    }
}

/// A telephone number with its country's code (E.164).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phone {
    digits: String,
    country: Option<Country>,
}

impl Phone {
    /// Reads a number as it is dialled or written in `country`, with or without `+` and the calling code; marks are ignored.
    ///
    /// `None` when it has too few or too many digits for a number of that country, or of the one whose code it begins with.
    pub fn read(text: &str, country: Country) -> Option<Self> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if text.trim_start().starts_with('+') {
            return Self::international(&digits);
        }
        let plan = Plan::of(country)?;
        if let Some(national) = plan.national(&digits) {
            return Some(Self { digits: format!("{}{national}", plan.code), country: Some(country) });
        }
        let abroad = digits.strip_prefix("00").unwrap_or(&digits);
        Self::international(abroad).filter(|phone| phone.country.is_some())
    }

    /// Reads digits that begin with a calling code.
    fn international(digits: &str) -> Option<Self> {
        let known =
            PLANS.iter().filter(|plan| digits.starts_with(plan.code)).max_by_key(|plan| plan.code.len());
        match known {
            Some(plan) => {
                let national = plan.national(digits.strip_prefix(plan.code)?)?;
                Some(Self { digits: format!("{}{national}", plan.code), country: Some(plan.country) })
            }
            None => (FOREIGN.contains(&digits.len()) && !digits.starts_with('0'))
                .then(|| Self { digits: digits.to_owned(), country: None }),
        }
    }

    /// The country, where it is a known one.
    pub const fn country(&self) -> Option<Country> {
        self.country
    }

    /// The calling code where it is known, and the number in the groups in which it is said.
    pub fn groups(&self) -> (Option<&str>, Vec<&str>) {
        let plan = self.country.and_then(Plan::of);
        let national = plan.and_then(|plan| self.digits.strip_prefix(plan.code)).unwrap_or(&self.digits);
        let code = plan.map(|plan| plan.code);
        let lengths = plan
            .and_then(|plan| plan.groups(national))
            .unwrap_or_else(|| vec![3; national.len().div_ceil(3)]);
        let mut rest = national;
        let mut groups = Vec::new();
        for length in lengths {
            let (group, later) = rest.split_at_checked(length).unwrap_or((rest, ""));
            groups.push(group);
            rest = later;
        }
        (code, groups)
    }
}

impl fmt::Display for Phone {
    /// E.164: `+541155500142`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.digits)
    }
}
