//! One name or several in order, as a list or as a text with commas.

use serde::{
    Deserialize, Deserializer,
    de::{Error, IntoDeserializer as _, SeqAccess, Visitor, value::StrDeserializer},
};
use std::{fmt, marker::PhantomData};

/// Who is wanted, the first one first; never empty, nobody twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted<T>(Vec<T>);

impl<T: PartialEq> Wanted<T> {
    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// Whether it is among them.
    pub fn contains(&self, one: &T) -> bool {
        self.0.contains(one)
    }

    fn of<E: Error>(named: Vec<T>) -> Result<Self, E> {
        if named.is_empty() {
            return Err(E::custom("nobody is named: give at least one"));
        }
        if named.iter().enumerate().any(|(at, one)| named.iter().take(at).any(|other| other == one)) {
            return Err(E::custom("one of them is named twice"));
        }
        Ok(Self(named))
    }
}

impl<'de, T: Deserialize<'de> + PartialEq> Deserialize<'de> for Wanted<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Names(PhantomData))
    }
}

struct Names<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + PartialEq> Visitor<'de> for Names<T> {
    type Value = Wanted<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name or a list of names")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Wanted<T>, E> {
        let parts = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let named = parts.map(|name| {
            let name: StrDeserializer<'_, E> = name.into_deserializer();
            T::deserialize(name)
        });
        Wanted::of(named.collect::<Result<_, E>>()?)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut listed: A) -> Result<Wanted<T>, A::Error> {
        let mut named = Vec::new();
        while let Some(name) = listed.next_element()? {
            named.push(name);
        }
        Wanted::of(named)
    }
}
