//! Where somebody speaks: it decides whose peso is meant, how a phone number is grouped and what a comma is.

use super::money::Currency;
use crate::base::language::Language;

/// A country whose forms are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Country {
    /// Argentina.
    Ar,
    /// Brazil.
    Br,
    /// Chile.
    Cl,
    /// Colombia.
    Co,
    /// Ecuador.
    Ec,
    /// Spain.
    Es,
    /// Mexico.
    Mx,
    /// Peru.
    Pe,
    /// The United States.
    Us,
    /// Uruguay.
    Uy,
}

/// Country, its code (ISO 3166-1), its currency, whether a comma marks its decimals.
const COUNTRIES: [(Country, &str, Currency, bool); 10] = [
    (Country::Ar, "AR", Currency::Ars, true),
    (Country::Br, "BR", Currency::Brl, true),
    (Country::Cl, "CL", Currency::Clp, true),
    (Country::Co, "CO", Currency::Cop, true),
    (Country::Ec, "EC", Currency::Usd, true),
    (Country::Es, "ES", Currency::Eur, true),
    (Country::Mx, "MX", Currency::Mxn, false),
    (Country::Pe, "PE", Currency::Pen, false),
    (Country::Us, "US", Currency::Usd, false),
    (Country::Uy, "UY", Currency::Uyu, true),
];

impl Country {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        COUNTRIES.iter().map(|(country, ..)| *country)
    }

    /// The country of a code such as `AR` (ISO 3166-1), in any case.
    pub fn of_code(code: &str) -> Option<Self> {
        COUNTRIES.iter().find(|(_, known, ..)| known.eq_ignore_ascii_case(code)).map(|(country, ..)| *country)
    }

    /// The two letters of ISO 3166-1.
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// What is paid with there.
    pub fn currency(self) -> Currency {
        self.row().2
    }

    /// Whether `1,5` is one and a half, as opposed to `1.5`.
    pub fn decimal_comma(self) -> bool {
        self.row().3
    }

    fn row(self) -> &'static (Self, &'static str, Currency, bool) {
        let [first, ..] = &COUNTRIES;
        COUNTRIES.iter().find(|(country, ..)| *country == self).unwrap_or(first)
    }
}

/// A language as it is spoken in a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locale {
    /// The language.
    pub language: Language,
    /// The country.
    pub country: Country,
}

impl Locale {
    /// Reads a tag such as `es-MX` (BCP 47). A language alone is taken as spoken in its [usual country](Self::from).
    pub fn of_tag(tag: &str) -> Option<Self> {
        let language = Language::of_tag(tag)?;
        let country = tag.split(['-', '_']).skip(1).find_map(Country::of_code);
        Some(Self { country: country.unwrap_or(Self::from(language).country), language })
    }
}

impl From<Language> for Locale {
    /// Argentina for Spanish, the United States for English.
    fn from(language: Language) -> Self {
        let country = if language == Language::Es { Country::Ar } else { Country::Us };
        Self { language, country }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_the_country() {
        for (tag, country) in
            [("es-MX", Country::Mx), ("es_419", Country::Ar), ("en", Country::Us), ("en-US", Country::Us)]
        {
            assert_eq!(Locale::of_tag(tag).unwrap().country, country, "{tag}");
        }
        assert_eq!(Locale::of_tag("fr-FR"), None);
        assert!(Country::all().all(|country| Country::of_code(country.code()) == Some(country)));
    }
}
