//! Reads TOML strictly: every unknown key and every wrong value is told, with its line, all together.

use std::{fmt, ops::Range};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Something wrong in a file that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as the reader was told its name.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.file, self.line, self.what, self.remedy)
    }
}

/// Where a value stands in the text, in bytes.
pub type Place = Range<usize>;

/// The mistakes of one file.
#[derive(Debug)]
pub struct Complaints<'a> {
    file: &'a str,
    text: &'a str,
    lines_before: usize,
    found: Vec<Mistake>,
}

impl<'a> Complaints<'a> {
    /// `lines_before` lines of the file stand before `text`.
    pub fn new(file: &'a str, text: &'a str, lines_before: usize) -> Self {
        Self { file, text, lines_before, found: Vec::new() }
    }

    /// Notes a mistake at `place`.
    pub fn add(&mut self, place: &Place, what: impl Into<String>, remedy: impl Into<String>) {
        let before = self.text.get(..place.start).unwrap_or(self.text);
        let line = self.lines_before + before.matches('\n').count() + 1;
        self.found.push(Mistake {
            file: self.file.to_owned(),
            line,
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// Parses the text; syntax errors become mistakes. What could be understood is returned all the same.
    pub fn parse(&mut self) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            self.add(&error.span().unwrap_or(0..0), error.message(), "write it as TOML");
        }
        table
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All mistakes, by line.
    pub fn finish(mut self) -> Vec<Mistake> {
        self.found.sort_by_key(|mistake| mistake.line);
        self.found
    }
}

/// A table of the file.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    table: &'a DeTable<'a>,
    /// Where it stands.
    pub place: Place,
}

impl<'a> Section<'a> {
    /// The table as a section; its keys must be among `known`.
    pub fn new(
        table: &'a DeTable<'a>,
        place: Place,
        known: &[&str],
        complaints: &mut Complaints<'_>,
    ) -> Self {
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let what = format!("unknown key `{}`", key.get_ref());
            complaints.add(&key.span(), what, format!("expected one of: {}", known.join(", ")));
        }
        Self { table, place }
    }

    fn value(&self, key: &str) -> Option<(&'a DeValue<'a>, Place)> {
        let value = self.table.get(key)?;
        Some((value.get_ref(), value.span()))
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A text that may be absent, with its place.
    pub fn text(&self, key: &str, complaints: &mut Complaints<'_>) -> Option<(String, Place)> {
        let (value, place) = self.value(key)?;
        match value {
            DeValue::String(text) if !text.trim().is_empty() => Some((text.trim().to_owned(), place)),
            _ => {
                complaints.add(
                    &place,
                    format!("`{key}` is not a text"),
                    "write it between quotes, not empty",
                );
                None
            }
        }
    }

    /// A text that must be there; empty after a complaint.
    pub fn need(&self, key: &str, complaints: &mut Complaints<'_>) -> (String, Place) {
        if !self.has(key) {
            complaints.add(&self.place, format!("`{key}` is missing"), format!("add `{key} = \"…\"`"));
        }
        self.text(key, complaints).unwrap_or((String::new(), self.place.clone()))
    }

    /// One text or a list of texts, each with its place; empty when absent.
    pub fn texts(&self, key: &str, complaints: &mut Complaints<'_>) -> Vec<(String, Place)> {
        let Some((value, place)) = self.value(key) else { return Vec::new() };
        match value {
            DeValue::String(text) => vec![(text.trim().to_owned(), place)],
            DeValue::Array(items) => {
                let mut texts = Vec::new();
                for item in items {
                    match item.get_ref() {
                        DeValue::String(text) if !text.trim().is_empty() => {
                            texts.push((text.trim().to_owned(), item.span()));
                        }
                        _ => complaints.add(
                            &item.span(),
                            format!("`{key}` holds something else than texts"),
                            "write each between quotes, not empty",
                        ),
                    }
                }
                texts
            }
            _ => {
                complaints.add(&place, format!("`{key}` is not a list of texts"), "write [\"…\", \"…\"]");
                Vec::new()
            }
        }
    }

    /// A whole number within `range`; `None` when absent or wrong.
    pub fn number(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<u64>,
        complaints: &mut Complaints<'_>,
    ) -> Option<u64> {
        let (value, place) = self.value(key)?;
        let number = whole(value, &range);
        if number.is_none() {
            let what = format!("`{key}` is out of range");
            complaints.add(
                &place,
                what,
                format!("write a whole number from {} to {}", range.start(), range.end()),
            );
        }
        number
    }

    /// The least and the most of something, each a whole number within `range`, where one number stands for both; `None`
    /// when absent or wrong.
    pub fn span(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<u64>,
        complaints: &mut Complaints<'_>,
    ) -> Option<(u64, u64)> {
        let (value, place) = self.value(key)?;
        let span = if let DeValue::Array(ends) = value {
            match &ends[..] {
                [least, most] => whole(least.get_ref(), &range).zip(whole(most.get_ref(), &range)),
                _ => None,
            }
        } else {
            whole(value, &range).map(|number| (number, number))
        };
        let span = span.filter(|(least, most)| least <= most);
        if span.is_none() {
            let (start, end) = range.into_inner();
            let remedy = format!(
                "write a whole number from {start} to {end}, or the least and the most as [{start}, {end}]"
            );
            complaints.add(&place, format!("`{key}` is out of range"), remedy);
        }
        span
    }

    /// `true` or `false`; `None` when absent or wrong.
    pub fn flag(&self, key: &str, complaints: &mut Complaints<'_>) -> Option<bool> {
        let (value, place) = self.value(key)?;
        if let DeValue::Boolean(flag) = value {
            return Some(*flag);
        }
        complaints.add(&place, format!("`{key}` is neither true nor false"), "write true or false");
        None
    }

    /// The table under `key`; its keys must be among `known`.
    pub fn section(&self, key: &str, known: &[&str], complaints: &mut Complaints<'_>) -> Option<Self> {
        let (value, place) = self.value(key)?;
        if let DeValue::Table(table) = value {
            return Some(Self::new(table, place, known, complaints));
        }
        complaints.add(
            &place,
            format!("`{key}` is not a table"),
            format!("write [{key}] and its keys below"),
        );
        None
    }

    /// The tables under `key` (`[[key]]`); their keys must be among `known`.
    pub fn sections(&self, key: &str, known: &[&str], complaints: &mut Complaints<'_>) -> Vec<Self> {
        let Some((value, place)) = self.value(key) else { return Vec::new() };
        let mut sections = Vec::new();
        if let DeValue::Array(items) = value {
            for item in items {
                if let DeValue::Table(table) = item.get_ref() {
                    sections.push(Self::new(table, item.span(), known, complaints));
                } else {
                    complaints.add(
                        &item.span(),
                        format!("`{key}` is not a table"),
                        format!("write [[{key}]]"),
                    );
                }
            }
        } else {
            complaints.add(&place, format!("`{key}` is not a list of tables"), format!("write [[{key}]]"));
        }
        sections
    }
}

/// A whole number within `range`.
fn whole(value: &DeValue<'_>, range: &std::ops::RangeInclusive<u64>) -> Option<u64> {
    let DeValue::Integer(digits) = value else { return None };
    let number = u64::from_str_radix(digits.as_str(), digits.radix()).ok()?;
    range.contains(&number).then_some(number)
}
