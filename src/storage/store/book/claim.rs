//! Whose an appointment is, and what they do with it.

use super::{
    rows::{self, Known, State},
    take::{self, Take},
};
use crate::{
    ports::{
        calendar::{Appointment, Subject, Theirs},
        store::{Stored, keys::Deed, people::ERASED},
    },
    storage::{
        sql::Tx,
        store::{is_number, keys, meet},
    },
};

/// An appointment that somebody says is theirs.
pub(super) struct Claimed {
    pub(super) workspace: String,
    pub(super) what: Theirs,
}

/// What came of it. A denial is written down, so that the transaction must not be taken back.
pub(super) enum Verdict {
    Done(Appointment),
    Denied,
    Past,
    Taken,
}

/// Who asks, as far as the database knows them.
pub(super) struct Person {
    pub(super) contact: Option<String>,
}

impl Person {
    /// Whoever asks, made known where nobody was.
    pub(super) async fn meet(tx: &mut Tx, workspace: &str, by: &Subject) -> Stored<Self> {
        match Self::of_session(tx, by).await? {
            (None, Some(phone)) => Ok(Self { contact: Some(meet(tx, workspace, &phone).await?) }),
            (contact, _) => Ok(Self { contact }),
        }
    }

    /// Whoever asks, where somebody is known.
    async fn known(tx: &mut Tx, workspace: &str, by: &Subject) -> Stored<Self> {
        let (contact, phone) = Self::of_session(tx, by).await?;
        let (None, Some(phone)) = (&contact, phone) else { return Ok(Self { contact }) };
        let sql = "SELECT id FROM contacts WHERE workspace_id = $1 AND phone = $2";
        let row = tx.row(sql, [workspace.into(), phone.into()]).await?;
        Ok(Self { contact: row.map(|row| row.text("id")).transpose()? })
    }

    /// The contact of the session's record, or else the number that the channel tells. Whoever was erased stays nobody for as long
    /// as the call lasts.
    async fn of_session(tx: &mut Tx, by: &Subject) -> Stored<(Option<String>, Option<String>)> {
        let phone = by.phone.clone().filter(|phone| is_number(phone));
        let sql = "SELECT contact_id, from_number, to_number FROM calls WHERE sid = $1";
        let Some(call) = tx.row(sql, [(&by.session).into()]).await? else { return Ok((None, phone)) };
        if [call.text("from_number")?, call.text("to_number")?].iter().any(|number| number == ERASED) {
            return Ok((None, None));
        }
        // The channel knows better who speaks than the record of a call that we placed.
        Ok((if phone.is_none() { call.maybe_text("contact_id")? } else { None }, phone))
    }
}

/// Whether two texts are the same document.
pub(super) fn same(one: &str, other: &str) -> bool {
    let signs = |text: &str| -> String {
        text.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_uppercase).collect()
    };
    let one = signs(one);
    !one.is_empty() && one == signs(other)
}

/// What is to come of whoever asks and gives this document.
pub(super) async fn mine(
    tx: &mut Tx,
    workspace: &str,
    by: &Subject,
    document: &str,
) -> Stored<Vec<Appointment>> {
    let Some(contact) = Person::known(tx, workspace, by).await?.contact else { return Ok(Vec::new()) };
    let rows = rows::of(tx, workspace, &contact, None).await?;
    let mine = rows.into_iter().map(|row| row.appointment);
    Ok(mine.filter(|appointment| same(&appointment.document, document)).collect())
}

/// Cancels it; done twice, it is done.
pub(super) async fn cancel(tx: &mut Tx, claimed: &Claimed) -> Stored<Verdict> {
    let row = match theirs(tx, claimed).await? {
        Ok(row) => row,
        Err(verdict) => return Ok(verdict),
    };
    if row.state == State::Cancelled {
        return Ok(Verdict::Done(row.appointment));
    }
    if row.is_past {
        return Ok(Verdict::Past);
    }
    let sql =
        "UPDATE appointments SET state = 'cancelled', changed_at = {now} WHERE id = $1 AND workspace_id = $2";
    tx.run(sql, [(&claimed.what.id).into(), (&claimed.workspace).into()]).await?;
    note(tx, claimed, "appointment.cancel").await?;
    Ok(Verdict::Done(row.appointment))
}

/// Moves it; `None` where the business no longer has its specialty.
pub(super) async fn reschedule(tx: &mut Tx, claimed: &Claimed, take: Option<&Take>) -> Stored<Verdict> {
    // The locks come before the row, as for whoever books.
    if let Some(take) = take {
        take::alone(tx, take).await?;
    }
    let row = match theirs(tx, claimed).await? {
        Ok(row) if row.state == State::Booked => row,
        Ok(_) => return Ok(Verdict::Denied),
        Err(verdict) => return Ok(verdict),
    };
    let Some(take) = take else { return Ok(Verdict::Taken) };
    if take.visits.iter().any(|visit| visit.from == row.from) {
        return Ok(Verdict::Done(row.appointment));
    }
    if row.is_past {
        return Ok(Verdict::Past);
    }
    let Some(slot) = take::moved(tx, take, &claimed.what.id).await? else { return Ok(Verdict::Taken) };
    note(tx, claimed, "appointment.move").await?;
    Ok(Verdict::Done(Appointment { slot, ..row.appointment }))
}

/// The appointment, where it is theirs. Whoever asks for somebody else's is written down.
async fn theirs(tx: &mut Tx, claimed: &Claimed) -> Stored<Result<Known, Verdict>> {
    let Theirs { by, document, id } = &claimed.what;
    let Some(row) = rows::locked(tx, &claimed.workspace, id).await? else { return Ok(Err(Verdict::Denied)) };
    let person = Person::known(tx, &claimed.workspace, by).await?;
    let is_theirs = person.contact.is_some()
        && person.contact == row.contact
        && same(&row.appointment.document, document)
        && row.state != State::Held;
    if is_theirs {
        return Ok(Ok(row));
    }
    note(tx, claimed, "appointment.denied").await?;
    Ok(Err(Verdict::Denied))
}

async fn note(tx: &mut Tx, claimed: &Claimed, what: &str) -> Stored<()> {
    let deed = Deed {
        workspace: claimed.workspace.clone(),
        who: claimed.what.by.session.clone(),
        what: what.to_owned(),
        object: claimed.what.id.clone(),
    };
    keys::audit(tx, &deed).await
}
