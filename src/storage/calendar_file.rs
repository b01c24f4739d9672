//! An appointment book in one JSON file.
//!
//! The free times are the clinic's weekly hours less what is booked. Every booking locks `<file>.lock`, reads the file
//! anew, writes a copy and renames it, so that several processes can share it and a crash leaves the old or the new book.

use crate::{
    base::ids::CallSid,
    dialogue::clinic::{Clinic, Specialty},
    ports::calendar::{Appointment, Booking, Calendar, CalendarError, Slot, SlotQuery},
};
use futures_util::future::BoxFuture;
use jiff::{ToSpan, civil::DateTime};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fmt,
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Tells the clinic's data as it is at this moment.
pub type ClinicNow = Arc<dyn Fn() -> Arc<Clinic> + Send + Sync>;

/// The book. Cloning shares the file.
#[derive(Clone)]
pub struct CalendarFile {
    path: PathBuf,
    clinic: ClinicNow,
}

impl fmt::Debug for CalendarFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CalendarFile").field("path", &self.path).finish_non_exhaustive()
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    appointments: Vec<Appointment>,
}

impl CalendarFile {
    /// The book at `path`; it and its folder are made by the first booking.
    pub fn new(path: impl Into<PathBuf>, clinic: ClinicNow) -> Self {
        Self { path: path.into(), clinic }
    }

    fn read(&self) -> Result<Book, CalendarError> {
        match fs::read(&self.path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|error| self.unavailable(&format!("{error}; mend or move the file"))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Book::default()),
            Err(error) => Err(self.unavailable(&error)),
        }
    }

    fn unavailable(&self, why: &dyn fmt::Display) -> CalendarError {
        CalendarError::Unavailable(format!("{}: {why}", self.path.display()))
    }

    fn lock(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file =
            File::options().create(true).truncate(false).write(true).open(beside(&self.path, "lock"))?;
        file.lock()?;
        Ok(file)
    }

    fn write(&self, book: &Book) -> io::Result<()> {
        let copy = beside(&self.path, "new");
        let mut file = File::create(&copy)?;
        file.write_all(&serde_json::to_vec_pretty(book)?)?;
        file.sync_all()?;
        fs::rename(&copy, &self.path)?;
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    fn free_now(&self, query: &SlotQuery) -> Result<Vec<Slot>, CalendarError> {
        let clinic = (self.clinic)();
        let specialty = known(&clinic, &query.specialty)?;
        let book = self.read()?;
        let mut slots = Vec::new();
        for day in query.from.series(1.day()).take_while(|day| *day <= query.to) {
            for start in clinic.starts(specialty, day) {
                if let Some(professional) = who_is_free(&clinic, &book, specialty, start) {
                    slots.push(Slot { specialty: specialty.name.clone(), professional, start });
                }
            }
        }
        Ok(slots)
    }

    fn book_now(&self, booking: Booking) -> Result<Appointment, CalendarError> {
        let clinic = (self.clinic)();
        let specialty = known(&clinic, &booking.specialty)?;
        let _until_written = self.lock().map_err(|error| self.unavailable(&error))?;
        let mut book = self.read()?;
        let same = |each: &&Appointment| {
            each.slot.specialty == specialty.name
                && each.slot.start == booking.start
                && each.document == booking.document
        };
        if let Some(appointment) = book.appointments.iter().find(same) {
            return Ok(appointment.clone());
        }
        if !clinic.starts(specialty, booking.start.date()).contains(&booking.start) {
            return Err(CalendarError::Taken);
        }
        let professional =
            who_is_free(&clinic, &book, specialty, booking.start).ok_or(CalendarError::Taken)?;
        let last = book.appointments.iter().filter_map(|each| each.id.parse::<u64>().ok()).max();
        let appointment = Appointment {
            id: format!("{:06}", last.unwrap_or(0) + 1),
            slot: Slot { specialty: specialty.name.clone(), professional, start: booking.start },
            name: booking.name,
            document: booking.document,
            call: booking.call,
        };
        book.appointments.push(appointment.clone());
        book.appointments.sort_by_key(|each| each.slot.start);
        self.write(&book).map_err(|error| self.unavailable(&error))?;
        Ok(appointment)
    }

    fn forget_now(&self, calls: &BTreeSet<CallSid>) -> Result<u64, CalendarError> {
        // Where nobody has booked anything yet, no folder is made for it.
        if calls.is_empty() || matches!(self.path.try_exists(), Ok(false)) {
            return Ok(0);
        }
        let _until_written = self.lock().map_err(|error| self.unavailable(&error))?;
        let mut book = self.read()?;
        let before = book.appointments.len();
        book.appointments.retain(|each| !calls.contains(&each.call));
        let gone = before - book.appointments.len();
        if gone > 0 {
            self.write(&book).map_err(|error| self.unavailable(&error))?;
        }
        Ok(gone as u64)
    }

    /// Runs `work` where it may wait for the disk.
    fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, CalendarError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, CalendarError>> {
        let book = self.clone();
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&book)).await;
            done.unwrap_or_else(|error| Err(CalendarError::Unavailable(error.to_string())))
        })
    }
}

impl Calendar for CalendarFile {
    fn free(&self, query: SlotQuery) -> BoxFuture<'_, Result<Vec<Slot>, CalendarError>> {
        self.apart(move |book| book.free_now(&query))
    }

    fn book(&self, booking: Booking) -> BoxFuture<'_, Result<Appointment, CalendarError>> {
        self.apart(move |book| book.book_now(booking))
    }

    fn appointments(&self) -> BoxFuture<'_, Result<Vec<Appointment>, CalendarError>> {
        self.apart(|book| Ok(book.read()?.appointments))
    }

    fn forget(&self, calls: BTreeSet<CallSid>) -> BoxFuture<'_, Result<u64, CalendarError>> {
        self.apart(move |book| book.forget_now(&calls))
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

fn known<'a>(clinic: &'a Clinic, name: &str) -> Result<&'a Specialty, CalendarError> {
    clinic.specialty(name).ok_or_else(|| CalendarError::UnknownSpecialty(name.to_owned()))
}

/// A professional of the specialty with nobody in the visit that begins at `start`, in any specialty.
fn who_is_free(clinic: &Clinic, book: &Book, specialty: &Specialty, start: DateTime) -> Option<String> {
    let ends = |start: DateTime, minutes: u32| start.saturating_add(i64::from(minutes).minutes());
    let end = ends(start, specialty.minutes);
    let is_busy = |who: &String| {
        book.appointments.iter().filter(|each| each.slot.professional == *who).any(|each| {
            let minutes =
                clinic.specialty(&each.slot.specialty).map_or(specialty.minutes, |other| other.minutes);
            each.slot.start < end && start < ends(each.slot.start, minutes)
        })
    };
    specialty.professionals.iter().find(|who| !is_busy(who)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"
name = "C"
address = "A"
phone = "1"
hours = { monday = "08:00-12:00" }
[[specialties]]
name = "limpieza"
professionals = ["Ana", "Luis"]
minutes = 30
hours = { monday = "09:00-10:00" }
[[specialties]]
name = "conducto"
professionals = ["Ana"]
minutes = 60
hours = { monday = "09:00-11:00" }
"#;

    fn book_in(folder: &Path) -> CalendarFile {
        let clinic = Arc::new(Clinic::parse("c.toml", DATA).unwrap());
        CalendarFile::new(folder.join("book").join("appointments.json"), Arc::new(move || clinic.clone()))
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("centralita-{name}-{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        folder
    }

    fn booking(specialty: &str, start: &str, document: &str) -> Booking {
        Booking {
            specialty: specialty.into(),
            start: start.parse().unwrap(),
            name: "Marcela Fernández".into(),
            document: document.into(),
            call: format!("CA{:032}", 7).parse().unwrap(),
        }
    }

    fn starts(book: &CalendarFile, specialty: &str) -> Vec<String> {
        let (from, to) = ("2026-11-22".parse().unwrap(), "2026-11-24".parse().unwrap());
        let query = SlotQuery { specialty: specialty.into(), from, to };
        book.free_now(&query)
            .unwrap()
            .iter()
            .map(|slot| format!("{} {}", slot.start, slot.professional))
            .collect()
    }

    #[test]
    fn a_slot_is_given_once_per_professional() {
        let folder = folder("once");
        let book = book_in(&folder);
        let first = book.book_now(booking("limpieza", "2026-11-23T09:00", "1")).unwrap();
        assert_eq!((first.id.as_str(), first.slot.professional.as_str()), ("000001", "Ana"));
        let second = book.book_now(booking("limpieza", "2026-11-23T09:00", "2")).unwrap();
        assert_eq!(second.slot.professional, "Luis");
        let third = book.book_now(booking("limpieza", "2026-11-23T09:00", "3"));
        assert!(matches!(third, Err(CalendarError::Taken)));
        assert_eq!(starts(&book, "limpieza"), ["2026-11-23T09:30:00 Ana"]);
        assert_eq!(starts(&book, "conducto"), ["2026-11-23T10:00:00 Ana"], "Ana is in a cleaning at nine");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_same_booking_again_returns_the_same_appointment() {
        let folder = folder("again");
        let book = book_in(&folder);
        let first = book.book_now(booking("conducto", "2026-11-23T09:00", "1")).unwrap();
        assert_eq!(book.book_now(booking("conducto", "2026-11-23T09:00", "1")).unwrap(), first);
        assert_eq!(book.read().unwrap().appointments.len(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_was_booked_in_a_call_is_forgotten_with_it_and_nothing_else() {
        let folder = folder("forgotten");
        let book = book_in(&folder);
        let ours: CallSid = format!("CA{:032}", 7).parse().unwrap();
        assert_eq!(book.forget_now(&[ours.clone()].into()).unwrap(), 0);
        assert!(!folder.exists());
        book.book_now(booking("limpieza", "2026-11-23T09:00", "1")).unwrap();
        let call: CallSid = format!("CA{:032}", 8).parse().unwrap();
        let other = Booking { call, name: "Luis Paz".into(), ..booking("limpieza", "2026-11-23T09:30", "2") };
        book.book_now(other).unwrap();
        assert_eq!(book.forget_now(&[ours].into()).unwrap(), 1);
        let text = fs::read_to_string(&book.path).unwrap();
        assert!(!text.contains("Marcela") && text.contains("Luis Paz"), "{text}");
        assert!(starts(&book, "limpieza").contains(&"2026-11-23T09:00:00 Ana".to_owned()));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_visit_can_not_be_booked() {
        let folder = folder("none");
        let book = book_in(&folder);
        for (specialty, start) in [("limpieza", "2026-11-23T09:10"), ("limpieza", "2026-11-24T09:00")] {
            assert!(matches!(book.book_now(booking(specialty, start, "1")), Err(CalendarError::Taken)));
        }
        let unknown = book.book_now(booking("magia", "2026-11-23T09:00", "1"));
        assert!(matches!(unknown, Err(CalendarError::UnknownSpecialty(_))));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn many_at_once_get_one_place_each() {
        let folder = folder("many");
        let book = book_in(&folder);
        let won: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|who| {
                    let book = book.clone();
                    scope.spawn(move || {
                        book.book_now(booking("limpieza", "2026-11-23T09:30", &who.to_string())).is_ok()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(won, 2, "two professionals");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_broken_file_is_told_and_kept() {
        let folder = folder("broken");
        let book = book_in(&folder);
        fs::create_dir_all(book.path.parent().unwrap()).unwrap();
        fs::write(&book.path, "{").unwrap();
        let error = book.book_now(booking("limpieza", "2026-11-23T09:00", "1")).unwrap_err().to_string();
        assert!(error.contains("appointments.json"), "{error}");
        assert_eq!(fs::read_to_string(&book.path).unwrap(), "{");
        fs::remove_dir_all(folder).unwrap();
    }
}
