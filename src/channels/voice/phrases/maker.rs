//! Asks a voice for what is missing, in sessions of its own, while no call is live.

use super::{Job, Room, spec};
use crate::{
    base::{backoff::Backoff, ids::TurnId},
    ports::tts::{SpeechCommand, SpeechEvent, TtsSession},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

/// From a text to its whole sound.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest sound of a text: 60 s.
const LONGEST: usize = 480_000;
/// Nobody speaks faster than 80 characters a second: a shorter sound is not the whole text.
const LEAST_A_CHARACTER: usize = 100;
/// After a failure, doubled by the next one.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// A voice that is open, and for which agent.
struct Open {
    session: TtsSession,
    voice: (String, String),
    turn: TurnId,
}

/// Works until it is dropped.
pub(super) async fn work(room: Arc<Room>) {
    let mut live = room.live.subscribe();
    let mut open: Option<Open> = None;
    let mut backoff = Backoff::new(PAUSE, LONGEST_PAUSE);
    loop {
        // The room keeps the other end.
        live.wait_for(|live| *live == 0).await.ok();
        let Some(job) = room.next_job() else {
            open = None;
            room.news.notified().await;
            continue;
        };
        let spoken = {
            let speaking = pin!(timeout(PATIENCE, speak(&room, &mut open, &job)));
            tokio::select! {
                biased;
                _ = live.wait_for(|live| *live > 0) => None,
                spoken = speaking => Some(spoken.unwrap_or_else(|_| Err(format!("no sound within {PATIENCE:?}")))),
            }
        };
        match spoken {
            // A call begins: it comes first.
            None => open = None,
            Some(Ok(sound)) => {
                backoff = Backoff::new(PAUSE, LONGEST_PAUSE);
                let room = Arc::clone(&room);
                if let Err(error) = spawn_blocking(move || room.keep(&job, &sound)).await {
                    tracing::error!(code = "PHRASES", %error, "a phrase could not be kept");
                    return;
                }
            }
            Some(Err(reason)) => {
                open = None;
                let agent = &job.agent.name;
                tracing::warn!(code = "PHRASES", agent, reason, "a phrase could not be made beforehand");
                room.failed(&job);
                sleep(backoff.pause(rand::random())).await;
            }
        }
    }
}

/// The sound of a text, spoken by the voice that is open, or by one that is opened for it.
async fn speak(room: &Room, open: &mut Option<Open>, job: &Job) -> Result<Bytes, String> {
    let spec = spec(&job.agent);
    let voice = (spec.voice.clone(), spec.language.to_string());
    let opened = match open.take().filter(|open| open.voice == voice) {
        Some(opened) => opened,
        None => Open { session: room.voice.open(spec), voice, turn: TurnId::default() },
    };
    let Open { session, turn, .. } = open.insert(opened);
    *turn = turn.next();
    let turn = *turn;
    let said = SpeechCommand::Say { turn, piece: 0, text: job.text.clone() };
    for command in [said, SpeechCommand::Finish { turn }] {
        let taken = session.commands.send(command).await;
        taken.map_err(|_| "the voice takes no text".to_owned())?;
    }
    let mut sound = BytesMut::new();
    loop {
        match session.events.next().await {
            Some(SpeechEvent::Audio { turn: of, audio, .. }) if of == turn => sound.extend_from_slice(&audio),
            Some(SpeechEvent::Done { turn: of }) if of == turn => break,
            Some(SpeechEvent::Failed { turn: of, reason }) if of == turn => return Err(reason),
            Some(_) => {}
            None => return Err("the voice is gone".to_owned()),
        }
        if sound.len() > LONGEST {
            return Err("the sound has no end".to_owned());
        }
    }
    if sound.len() < job.text.chars().count() * LEAST_A_CHARACTER {
        return Err(format!(
            "{} samples are too few for {} characters",
            sound.len(),
            job.text.chars().count()
        ));
    }
    Ok(sound.freeze())
}
