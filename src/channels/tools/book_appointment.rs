//! Books a free time.

use super::{
    one_line,
    own::{self, signs},
    read,
    times::{self, MOST_NEXT, Times, tell, written},
};
use crate::{
    dialogue::tools::{BOOK_APPOINTMENT, BookAppointment, HOW_TO_WRITE_A_START},
    ports::{
        calendar::{Booking, CalendarError},
        tool::{Effect, Occasion, Refusal, Reply, Tool},
    },
};
use futures_util::future::BoxFuture;
use jiff::civil::DateTime;
use serde_json::json;

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// [`BOOK_APPOINTMENT`].
#[derive(Debug)]
pub(super) struct Book {
    pub(super) times: Times,
}

impl Tool for Book {
    fn name(&self) -> &str {
        BOOK_APPOINTMENT
    }

    fn effect(&self, arguments: &str) -> Effect {
        match read::<BookAppointment>(arguments) {
            Ok(wanted) => Effect::Agreed {
                values: vec![one_line(&wanted.name, 2 * LONGEST_NAME), signs(&wanted.document)],
            },
            Err(_) => Effect::Reads,
        }
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(self.book(occasion, arguments))
    }
}

impl Book {
    async fn book(&self, occasion: &Occasion, arguments: &str) -> Reply {
        let agent = &occasion.agent;
        let wanted: BookAppointment = read(arguments)?;
        let specialty = times::specialty(agent, &wanted.specialty)?;
        let start: DateTime =
            wanted.start.parse().map_err(|_| Refusal::new("bad_start", HOW_TO_WRITE_A_START))?;
        let name = one_line(&wanted.name, 2 * LONGEST_NAME);
        if !(2..=LONGEST_NAME).contains(&name.chars().count()) || !name.chars().any(char::is_alphabetic) {
            return Err(Refusal::new("bad_name", "ask for the patient's full name"));
        }
        let document = signs(&wanted.document);
        if !(5..=20).contains(&document.chars().count()) {
            let message = "ask for the document number; it has 5 to 20 signs";
            return Err(Refusal::new("bad_document", message));
        }
        let now = self.times.now(agent);
        if start <= now {
            return Err(Refusal::new("start_is_past", format!("it is {now} now")));
        }
        // The same wish of the same call is one appointment, in whichever turn and process it is wished.
        let key = format!("{}|{}|{start}|{document}", occasion.call, specialty.name);
        let by = own::subject(occasion);
        let booking = Booking { key, specialty: specialty.name.clone(), start, name, document, by };
        match self.times.calendar.book(booking).await {
            Ok(appointment) => Ok(json!({
                "booked": true,
                "id": appointment.id,
                "specialty": specialty.called(agent.language),
                "professional": appointment.slot.professional,
                "start": written(appointment.slot.start),
                "name": appointment.name,
                "document": appointment.document,
            })),
            Err(CalendarError::Taken) => {
                let day = start.date();
                let slots = self.times.between(occasion, specialty, [day, day]).await?;
                let next = self.times.next(occasion, specialty, day, |_| true, MOST_NEXT).await?;
                Err(Refusal::new("taken", "that time is not free; offer another one")
                    .with("slots", tell(&slots))
                    .with("next", tell(&next)))
            }
            Err(error) => Err(times::unavailable(&error)),
        }
    }
}
