//! Amounts of money and the currencies that callers pay with.

/// A currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Currency {
    /// The peso of Argentina.
    Ars,
    /// The real of Brazil.
    Brl,
    /// The peso of Chile.
    Clp,
    /// The peso of Colombia.
    Cop,
    /// The euro.
    Eur,
    /// The pound.
    Gbp,
    /// The peso of Mexico.
    Mxn,
    /// The sol of Peru.
    Pen,
    /// The dollar of the United States.
    Usd,
    /// The peso of Uruguay.
    Uyu,
}

/// How a currency is written and called.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) currency: Currency,
    /// ISO 4217.
    pub(super) code: &'static str,
    /// Signs in writing, lower case; `|` stands between them. "$" alone is the currency of the country.
    pub(super) signs: &'static str,
    /// One and several, in Spanish and in English.
    pub(super) spanish: [&'static str; 2],
    pub(super) english: [&'static str; 2],
    /// What tells it from its namesakes, in Spanish (plural) and in English.
    pub(super) of: [&'static str; 2],
    /// How else it is called, plain; `|` stands between.
    pub(super) also: &'static str,
}

const PESO: [&str; 2] = ["peso", "pesos"];

/// All currencies.
pub(super) const CURRENCIES: [Names; 10] = [
    names(Currency::Ars, "ARS", "ar$", [PESO, PESO], ["argentinos", "Argentine"], "mangos"),
    names(Currency::Brl, "BRL", "r$", [["real", "reales"], ["real", "reais"]], ["", ""], ""),
    names(Currency::Clp, "CLP", "clp$", [PESO, PESO], ["chilenos", "Chilean"], ""),
    names(Currency::Cop, "COP", "col$", [PESO, PESO], ["colombianos", "Colombian"], ""),
    names(Currency::Eur, "EUR", "€", [["euro", "euros"], ["euro", "euros"]], ["", ""], ""),
    names(Currency::Gbp, "GBP", "£", [["libra", "libras"], ["pound", "pounds"]], ["", ""], "quid"),
    names(Currency::Mxn, "MXN", "mx$|mxn$", [PESO, PESO], ["mexicanos", "Mexican"], "varos"),
    names(Currency::Pen, "PEN", "s/", [["sol", "soles"], ["sol", "soles"]], ["", ""], ""),
    names(
        Currency::Usd,
        "USD",
        "us$|u$s|u$d|usd$|u$",
        [["dólar", "dólares"], ["dollar", "dollars"]],
        ["", ""],
        "buck|bucks|verdes",
    ),
    names(Currency::Uyu, "UYU", "$u|uy$", [PESO, PESO], ["uruguayos", "Uruguayan"], ""),
];

const fn names(
    currency: Currency,
    code: &'static str,
    signs: &'static str,
    [spanish, english]: [[&'static str; 2]; 2],
    of: [&'static str; 2],
    also: &'static str,
) -> Names {
    Names { currency, code, signs, spanish, english, of, also }
}

impl Currency {
    pub(super) fn names(self) -> &'static Names {
        let [first, ..] = &CURRENCIES;
        CURRENCIES.iter().find(|names| names.currency == self).unwrap_or(first)
    }

    /// The three letters of ISO 4217.
    pub fn code(self) -> &'static str {
        self.names().code
    }

    /// The currency of three letters of ISO 4217, in any case.
    pub fn of_code(code: &str) -> Option<Self> {
        CURRENCIES.iter().find(|names| names.code.eq_ignore_ascii_case(code)).map(|names| names.currency)
    }

    /// Whether it is one of the pesos, which only their country tells apart.
    pub fn is_peso(self) -> bool {
        self.names().spanish == PESO
    }
}

/// An amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// In hundredths of the currency.
    pub cents: u64,
    /// The currency.
    pub currency: Currency,
}
