//! Documents of identity: their form and the check digits that tell a misheard one.

use std::fmt;

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// DNI of Argentina: 7 or 8 digits, without a check.
    DniAr,
    /// CUIT or CUIL of Argentina: 11 digits, the last one the check.
    CuitAr,
    /// DNI of Spain: 8 digits and a letter, the check.
    DniEs,
    /// NIE of Spain: X, Y or Z, 7 digits and a letter, the check.
    NieEs,
    /// RUT of Chile: 7 or 8 digits and a check, a digit or K.
    RutCl,
    /// CURP of Mexico: 18 letters and digits, the last one the check.
    CurpMx,
    /// CPF of Brazil: 11 digits, the last two the checks.
    CpfBr,
    /// NIT of Colombia: 9 digits and a check.
    NitCo,
    /// Cédula of Colombia: 6 to 10 digits, without a check.
    CedulaCo,
    /// Cédula of Uruguay: 7 or 8 digits, the last one the check.
    CedulaUy,
    /// Cédula of Ecuador: 10 digits, the last one the check.
    CedulaEc,
    /// DNI of Peru: 8 digits, without a check.
    DniPe,
    /// A passport: 6 to 12 letters and digits, without a check.
    Passport,
}

/// The kinds and their names in tables and settings.
const KINDS: [(Kind, &str); 13] = [
    (Kind::DniAr, "dni-ar"),
    (Kind::CuitAr, "cuit-ar"),
    (Kind::DniEs, "dni-es"),
    (Kind::NieEs, "nie-es"),
    (Kind::RutCl, "rut-cl"),
    (Kind::CurpMx, "curp-mx"),
    (Kind::CpfBr, "cpf-br"),
    (Kind::NitCo, "nit-co"),
    (Kind::CedulaCo, "cedula-co"),
    (Kind::CedulaUy, "cedula-uy"),
    (Kind::CedulaEc, "cedula-ec"),
    (Kind::DniPe, "dni-pe"),
    (Kind::Passport, "passport"),
];

/// What the check digits say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// This kind has none.
    None,
    /// They are right.
    Right,
    /// One is wrong: something was misheard or misread, and should be asked for again.
    Wrong {
        /// Which of the checks: 1 for the first one.
        which: usize,
        /// The sign that was said.
        said: char,
        /// The sign that the others ask for.
        expected: char,
    },
    /// The check itself was not said: ask for it.
    Missing {
        /// The sign that the others ask for.
        expected: char,
    },
}

/// A document that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its kind.
    pub kind: Kind,
    /// Capitals and digits without marks; with the check, where it was said.
    pub number: String,
    /// What the check digits say.
    pub check: Check,
}

impl Kind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|(kind, _)| *kind)
    }

    /// The kind of a name such as `rut-cl`.
    pub fn of_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// Its name, such as `rut-cl`.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// Reads `signs`, marks and case aside. `None` when they are too many, too few or of the wrong sort for this kind.
    pub fn read(self, signs: &str) -> Option<Document> {
        let number: String =
            signs.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_uppercase()).collect();
        let check = self.check(&number)?;
        Some(Document { kind: self, number, check })
    }

    fn check(self, number: &str) -> Option<Check> {
        let length = number.len();
        let digits = number.bytes().all(|sign| sign.is_ascii_digit());
        let form = match self {
            Self::DniAr | Self::CedulaUy => digits && (7..=8).contains(&length),
            Self::CuitAr | Self::CpfBr => digits && length == 11,
            Self::DniEs => {
                (8..=9).contains(&length) && begins_with_digits(number, 8) && ends_with_letter(number, 8)
            }
            Self::NieEs => {
                number.starts_with(['X', 'Y', 'Z'])
                    && (8..=9).contains(&length)
                    && number
                        .get(1..)
                        .is_some_and(|rest| begins_with_digits(rest, 7) && ends_with_letter(rest, 7))
            }
            Self::RutCl => {
                let body = number.strip_suffix('K').unwrap_or(number);
                (8..=9).contains(&length) && body.bytes().all(|sign| sign.is_ascii_digit())
            }
            Self::CurpMx => is_curp(number),
            Self::NitCo => digits && (9..=10).contains(&length),
            Self::CedulaCo => digits && (6..=10).contains(&length) && !number.starts_with('0'),
            Self::CedulaEc => digits && length == 10 && is_province(number),
            Self::DniPe => digits && length == 8,
            Self::Passport => {
                let figures = number.bytes().filter(u8::is_ascii_digit).count();
                (6..=12).contains(&length) && figures >= 4 && number.is_ascii()
            }
        };
        if !form {
            return None;
        }
        let all_alike = number.bytes().skip(1).all(|sign| number.starts_with(char::from(sign)));
        // 111.111.111-11 has right checks, and is nobody's.
        if self == Self::CpfBr && all_alike {
            return None;
        }
        let signs: Vec<char> = number.chars().collect();
        Some(match self {
            Self::DniAr | Self::CedulaCo | Self::DniPe | Self::Passport => Check::None,
            Self::CpfBr => {
                let first = compare(&signs, 9, 1, cpf(&signs, 9));
                if first == Check::Right { compare(&signs, 10, 2, cpf(&signs, 10)) } else { first }
            }
            Self::DniEs => compare(&signs, 8, 1, spanish_letter(number.get(..8)?.parse().ok()?)),
            Self::NieEs => {
                let first = match number.as_bytes().first()? {
                    b'X' => 0,
                    b'Y' => 1,
                    _ => 2,
                };
                let rest: u64 = number.get(1..8)?.parse().ok()?;
                compare(&signs, 8, 1, spanish_letter(first * 10_000_000 + rest))
            }
            Self::NitCo => compare(&signs, 9, 1, nit(&signs)),
            Self::CuitAr => compare(&signs, 10, 1, mod_11(&signs, 10, 6, ['0', '9'])),
            Self::RutCl => compare(&signs, length - 1, 1, mod_11(&signs, length - 1, 6, ['0', 'K'])),
            Self::CurpMx => compare(&signs, 17, 1, curp(&signs)),
            Self::CedulaUy => compare(&signs, length - 1, 1, cedula_uy(&signs)),
            Self::CedulaEc => compare(&signs, 9, 1, cedula_ec(&signs)),
        })
    }
}

fn begins_with_digits(number: &str, count: usize) -> bool {
    number.len() >= count && number.bytes().take(count).all(|sign| sign.is_ascii_digit())
}

fn ends_with_letter(number: &str, digits: usize) -> bool {
    number
        .get(digits..)
        .is_some_and(|rest| rest.is_empty() || rest.bytes().all(|sign| sign.is_ascii_uppercase()))
}

/// The first two digits are a province, 01 to 24, or 30 for who lives abroad.
fn is_province(number: &str) -> bool {
    number
        .get(..2)
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| (1..=24).contains(&code) || code == 30)
}

fn is_curp(number: &str) -> bool {
    const FORM: &[u8; 17] = b"AAAA000000AAAAAA?";
    let fits = |(form, sign): (&u8, u8)| match form {
        b'A' => sign.is_ascii_uppercase(),
        b'0' => sign.is_ascii_digit(),
        _ => true,
    };
    (17..=18).contains(&number.len())
        && FORM.iter().zip(number.bytes()).all(fits)
        && number.as_bytes().get(17).is_none_or(u8::is_ascii_digit)
}

/// Compares the sign at `place` with the one that the others ask for.
fn compare(signs: &[char], place: usize, which: usize, expected: char) -> Check {
    match signs.get(place) {
        None => Check::Missing { expected },
        Some(said) if *said == expected => Check::Right,
        Some(said) => Check::Wrong { which, said: *said, expected },
    }
}

fn values(signs: &[char]) -> impl DoubleEndedIterator<Item = u64> + '_ {
    signs.iter().map(|sign| sign.to_digit(36).unwrap_or_default().into())
}

fn digit(value: u64) -> char {
    u32::try_from(value).ok().and_then(|value| char::from_digit(value, 10)).unwrap_or('0')
}

/// Modulo 11 with the weights 2, 3 … `longest + 1`, from the right, again and again; `special` stands for 11 and 10.
fn mod_11(signs: &[char], count: usize, longest: usize, special: [char; 2]) -> char {
    let sum: u64 = values(signs.get(..count).unwrap_or_default())
        .rev()
        .zip((2..).take(longest).cycle())
        .map(|(a, b)| a * b)
        .sum();
    let [eleven, ten] = special;
    match 11 - sum % 11 {
        11 => eleven,
        10 => ten,
        value => digit(value),
    }
}

fn cpf(signs: &[char], count: usize) -> char {
    let sum: u64 = values(signs.get(..count).unwrap_or_default()).rev().zip(2..).map(|(a, b)| a * b).sum();
    digit(sum * 10 % 11 % 10)
}

fn spanish_letter(number: u64) -> char {
    "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(usize::try_from(number % 23).unwrap_or_default()).unwrap_or('T')
}

/// Weights of the DIAN, from the right.
fn nit(signs: &[char]) -> char {
    let weights = [3, 7, 13, 17, 19, 23, 29, 37, 41];
    let sum: u64 = values(signs.get(..9).unwrap_or_default()).rev().zip(weights).map(|(a, b)| a * b).sum();
    match sum % 11 {
        rest @ (0 | 1) => digit(rest),
        rest => digit(11 - rest),
    }
}

/// RENAPO: each sign's place in the alphabet with Ñ, times its weight from 18 down.
fn curp(signs: &[char]) -> char {
    // Letters behind N stand one place further, as Ñ lies between.
    let value = |sign: u64| if sign > 23 { sign + 1 } else { sign };
    let sum: u64 =
        values(signs.get(..17).unwrap_or_default()).zip((2..=18).rev()).map(|(a, b)| value(a) * b).sum();
    digit((10 - sum % 10) % 10)
}

fn cedula_uy(signs: &[char]) -> char {
    let weights = [4, 3, 6, 7, 8, 9, 2];
    let sum: u64 = values(signs).rev().skip(1).zip(weights).map(|(a, b)| a * b).sum();
    digit((10 - sum % 10) % 10)
}

/// Every second digit doubled, its digits added.
fn cedula_ec(signs: &[char]) -> char {
    let double = |(place, value): (usize, u64)| match (place % 2, value * 2) {
        (0, twice @ 10..) => twice - 9,
        (0, twice) => twice,
        _ => value,
    };
    let sum: u64 = values(signs.get(..9).unwrap_or_default()).enumerate().map(double).sum();
    digit((10 - sum % 10) % 10)
}

impl Document {
    /// The document in capitals and digits, the kind's form right and its checks made right by replacing them.
    #[must_use]
    pub fn with_right_check(mut self) -> Self {
        // The second check of a CPF depends on the first, so at most two are replaced.
        for _ in 0..2 {
            match self.check {
                Check::Wrong { which, expected, .. } => {
                    let from_end = if self.kind == Kind::CpfBr { 3 - which } else { 1 };
                    let place = self.number.len() - from_end;
                    self.number.replace_range(place..=place, &expected.to_string());
                }
                Check::Missing { expected } => self.number.push(expected),
                Check::None | Check::Right => return self,
            }
            self.check = self.kind.check(&self.number).unwrap_or(Check::None);
        }
        self
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Right => f.write_str("right"),
            Self::Wrong { which, said, expected } => write!(f, "wrong {which}: {said} for {expected}"),
            Self::Missing { expected } => write!(f, "missing {expected}"),
        }
    }
}
