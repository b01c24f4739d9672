//! Day and hour of one turn together, and what business hours and the agent's question tell of them.

use super::{
    Heard,
    calendar::{Days, Frame, monday_after, offset, weekday},
    day::{Found, day_at},
    hour::{self, Hour},
    number,
    part::{Edge, Part, edge, part},
    said::Said,
};
use crate::{
    base::language::Language,
    dialogue::{
        clinic::Hours,
        spoken::locale::{Country, Locale},
    },
};
use jiff::civil::{Date, Time};

/// What the agent asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// None of these.
    #[default]
    Anything,
    /// A day.
    Day,
    /// Morning or afternoon.
    Part,
    /// An hour: "tres" is one.
    Hour,
    /// A date of birth: it lies in the past.
    Birth,
}

/// What is known while somebody speaks.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The language and the country.
    pub locale: Locale,
    /// The day on which it is said.
    pub today: Date,
    /// Business hours, empty where they are not known: "a las tres" is what lies in them.
    pub open: &'a [Hours],
    /// What the agent asked for.
    pub asked: Asked,
}

impl Context<'_> {
    /// Nothing known but the day.
    pub const fn on(locale: Locale, today: Date) -> Self {
        Self { locale, today, open: &[], asked: Asked::Anything }
    }

    fn frame(&self) -> Frame {
        Frame {
            today: self.today,
            past: self.asked == Asked::Birth,
            month_first: self.locale.language == Language::En && self.locale.country == Country::Us,
            asked: self.asked == Asked::Day,
        }
    }

    fn is_open(&self, time: Time) -> bool {
        self.open.iter().any(|hours| hours.opens <= time && time < hours.closes)
    }
}

/// A day, an hour, or a part of the day, as far as they were said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// The day, or the stretch of days.
    pub days: Option<Days>,
    /// The hour.
    pub time: Option<Time>,
    /// The part of the day, where no hour was said.
    pub part: Option<Part>,
    /// The end of that day or part.
    pub edge: Option<Edge>,
}

/// The hour that was said last. On the clock of twelve hours it is two, unless the part of the day or business hours decide.
pub fn time(text: &str, context: &Context<'_>) -> Heard<Time> {
    let mut said = Said::new(text);
    let part = part(&mut said);
    times(&mut said, part, context)
}

fn times(said: &mut Said, part: Option<Part>, context: &Context<'_>) -> Heard<Time> {
    let bare = context.asked == Asked::Hour;
    let mut kept: Vec<Hour> = Vec::new();
    let (mut index, mut end) = (0, 0);
    while index < said.len() {
        let Some((hour, behind)) = hour::hour_at(said, index, bare) else {
            index += 1;
            continue;
        };
        // "entre las tres y las cinco" is neither; the part of the day that is said at the end goes for both.
        let range = !kept.is_empty() && link(said, end, index).is_some_and(|link| RANGE.contains(&link));
        let unread = |place: Option<usize>| place.is_some_and(|place| BOUNDS.contains(&said.at(place)));
        let bounded = |at: usize| (1..=4).any(|back| unread(at.checked_sub(back)));
        let about = hour.about || range || bounded(index);
        let hour = Hour { part: hour.part.or(part), about, ..hour };
        match link(said, end, index).filter(|_| !kept.is_empty()) {
            Some("o" | "or" | "u") => kept.push(hour),
            Some(_) if range => kept.push(hour),
            _ => kept = vec![hour],
        }
        said.take(index..behind);
        (index, end) = (behind, behind);
    }
    of_hours(&kept, context)
}

/// Words that join the ends of a stretch.
const RANGE: &[&str] = &["y", "a", "al", "and", "to", "until", "till", "hasta", "through"];
/// Words that make of an hour a bound: "después de las cuatro".
const BOUNDS: &[&str] = &[
    "entre", "between", "despues", "antes", "partir", "desde", "hasta", "after", "before", "until", "until",
];

/// The word that joins what ends at `end` with what begins at `index`, articles and prepositions aside.
fn link(said: &Said, end: usize, index: usize) -> Option<&str> {
    let articles = ["las", "la", "el", "los", "the", "at", "a", "on", "para"];
    let joins = |word: &&str| !articles.contains(word);
    let words = || (end..index).map(|place| said.before(place + 1, 1));
    if words().count() > 3 {
        return None;
    }
    words().find(joins).or_else(|| words().next().filter(|word| *word == "a"))
}

fn of_hours(hours: &[Hour], context: &Context<'_>) -> Heard<Time> {
    let last = hours.last().and_then(|hour| hour.part);
    let times = hours.iter().flat_map(|hour| {
        let times = hour.meanings(last);
        Heard::of(times).fitting(|time| context.is_open(*time)).values().to_vec()
    });
    let times: Vec<Time> = times.collect();
    let about = hours.iter().any(|hour| hour.about);
    match (times.is_empty(), about) {
        (true, _) => Heard::Nothing,
        (false, true) => Heard::About(times),
        (false, false) => Heard::of(times),
    }
}

/// The day or days that were said last; days with "o" between them are several.
pub fn day(text: &str, context: &Context<'_>) -> Heard<Days> {
    let mut said = Said::new(text);
    part(&mut said);
    days(&mut said, context)
}

fn days(said: &mut Said, context: &Context<'_>) -> Heard<Days> {
    let frame = context.frame();
    let mut kept: Option<Found> = None;
    let mut week: Option<Found> = None;
    let mut index = 0;
    while index < said.len() {
        let Some(found) = day_at(said, index, frame) else {
            index += 1;
            continue;
        };
        let end = found.end;
        if refused(said, index, end) {
            index = end;
            continue;
        }
        let in_week = week.as_ref().and_then(|week| within(week, &found, said));
        if in_week.is_none() && found.days.iter().any(|days| days.first < days.last) {
            week = Some(found.clone());
        }
        let found = in_week.unwrap_or(found);
        let link = kept.as_ref().and_then(|before| link(said, before.end, index));
        kept = Some(match (kept, link) {
            (Some(before), Some("o" | "or" | "u")) => Found { days: [before.days, found.days].concat(), end },
            (Some(before), Some(link)) if RANGE.contains(&link) => stretch(&before, &found).unwrap_or(found),
            _ => found,
        });
        said.take(index..end);
        index = end;
    }
    match kept {
        Some(found) if found.days.is_empty() => Heard::Misfit(spoken(said, &found)),
        Some(found) => Heard::of(found.days),
        None if context.asked == Asked::Day => bare_day(said, frame),
        None => Heard::Nothing,
    }
}

/// "menos el lunes", "el lunes no", "I can't on Monday".
fn refused(said: &Said, index: usize, end: usize) -> bool {
    let led = (1..=3).any(|back| {
        let word = said.before(index, back);
        let cannot = matches!(word, "puedo" | "podria") && said.before(index, back + 1) == "no";
        cannot || matches!(word, "menos" | "excepto" | "salvo" | "except" | "but" | "not" | "cant" | "cannot")
    });
    let followed = matches!(said.at(end), "no" | "not" | "doesnt" | "wont") && !said.paused_before(end);
    led && !said.paused_before(index) || followed
}

/// "de lunes a viernes": from the one to the other.
fn stretch(before: &Found, found: &Found) -> Option<Found> {
    let (first, last) = (before.days.first()?.first, found.days.first()?.last);
    (first < last).then(|| Found { days: vec![Days { first, last }], end: found.end })
}

/// "la semana que viene, el jueves": the Thursday of that week.
fn within(before: &Found, found: &Found, said: &Said) -> Option<Found> {
    let [stretch] = before.days.as_slice() else { return None };
    let is_weekday = (before.end..found.end).any(|index| weekday(said.before(index + 1, 1)).is_some());
    let a_week = stretch.last > stretch.first
        && stretch.first == monday_after(stretch.first.saturating_sub(jiff::Span::new().days(1)));
    let day = found.days.first().filter(|day| is_weekday && a_week && day.first == day.last)?;
    let date = super::calendar::later(stretch.first, offset(day.first.weekday()));
    (date <= stretch.last).then(|| Found::one(date, found.end))
}

/// "26" where a day was asked for.
fn bare_day(said: &Said, frame: Frame) -> Heard<Days> {
    let day = |index| number::below_hundred(said, index).filter(|(day, _)| (1..=31).contains(day));
    let day = (0..said.len()).find_map(day).and_then(|(day, _)| frame.of_month(day));
    day.map_or(Heard::Nothing, |date| Heard::One(Days::one(date)))
}

fn spoken(said: &Said, found: &Found) -> String {
    let words = said.words.iter().take(found.end).map(|word| word.raw.as_str());
    words.collect::<Vec<_>>().join(" ")
}

/// Day, hour and part of the day of one turn.
///
/// Several where any of them may mean several things. "mañana" alone is tomorrow, or the morning where the agent asked for
/// the part of the day; where it asked for neither, it is both, tomorrow first.
pub fn when(text: &str, context: &Context<'_>) -> Heard<When> {
    let mut said = Said::new(text);
    let bare_morning =
        said.has(&["manana"]) && said.words.iter().all(|word| FILLERS.contains(&word.norm.as_str()));
    if bare_morning {
        let tomorrow = Days::one(super::calendar::later(context.today, 1));
        let tomorrow = When { days: Some(tomorrow), ..When::default() };
        let morning = When { part: Some(Part::Morning), ..When::default() };
        return match context.asked {
            Asked::Part => Heard::One(morning),
            Asked::Day => Heard::One(tomorrow),
            _ => Heard::Several(vec![tomorrow, morning]),
        };
    }
    let part = part(&mut said);
    let edge = edge(&mut said);
    let days = days(&mut said, context);
    let times = times(&mut said, part, context);
    if let Heard::Misfit(text) = days {
        return Heard::Misfit(text);
    }
    let about = matches!(times, Heard::About(_));
    let options = |count: usize| if count == 0 { 1 } else { count };
    let mut all = Vec::new();
    for day in 0..options(days.values().len()) {
        for time in 0..options(times.values().len()) {
            let time = times.values().get(time).copied();
            let part = part.filter(|_| time.is_none());
            all.push(When { days: days.values().get(day).copied(), time, part, edge });
        }
    }
    all.retain(|when| *when != When::default());
    if about { Heard::About(all) } else { Heard::of(all) }
}

/// Words that add nothing to "mañana".
const FILLERS: &[&str] = &[
    "manana", "si", "bueno", "ok", "okay", "eh", "pues", "claro", "por", "favor", "dale", "puede", "ser",
    "mejor", "para",
];
