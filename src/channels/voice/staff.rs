//! Who works in a call, and what they write down of it.

use super::{agents::Agents, call_log, calls::CallStart, phrases::Phrases, record};
use crate::{
    base::{clock::WallClock, ids::CallSid},
    channels::{
        ledger::Ledger,
        tools::{Audit, Tools, audit_in},
        turns::Turns,
    },
    dialogue::message::Message,
    ports::{
        llm::LanguageModel,
        phone::Phone,
        store::{
            MAIN_WORKSPACE, Owner, SharedStore,
            calls::{CallBegan, CallEnd, CallEntry, NewCall},
            notes::summary_job,
            people::ERASED,
        },
        stt::SpeechToText,
        tts::TextToSpeech,
        turn_end::TurnEnd,
        voice_activity::VoiceActivity,
    },
};
use jiff::Timestamp;
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time::timeout;

/// How long the network may take to bring a call back whose line broke, before it is summed up.
pub(super) const MAY_COME_BACK: Duration = Duration::from_secs(20);
/// How long a call that comes back waits for what was said before; the caller hears silence meanwhile.
const RECALL: Duration = Duration::from_millis(500);

/// Who listens, thinks, speaks and keeps the book.
pub struct Staff {
    /// The recogniser.
    pub hearing: Arc<dyn SpeechToText>,
    /// The language model.
    pub model: Arc<dyn LanguageModel>,
    /// The voice.
    pub voice: Arc<dyn TextToSpeech>,
    /// The judge of speech; without one the gate decides alone.
    pub activity: Option<Arc<dyn VoiceActivity>>,
    /// The judge of turn ends by their melody; without one words and silence decide.
    pub turn_end: Option<Arc<dyn TurnEnd>>,
    /// The calls by turns of this process, which are not on any line.
    pub turns: Option<Arc<Turns>>,
    /// Ends calls at the network; without one, closing the media socket does.
    pub phone: Option<Arc<dyn Phone>>,
    /// What the model may have done.
    pub tools: Tools,
    /// The agents.
    pub agents: Arc<Agents>,
    /// What the agents say of their own accord.
    pub phrases: Phrases,
    /// Calendar time.
    pub clock: Arc<dyn WallClock>,
    /// Where recordings and logs go.
    pub folder: PathBuf,
    /// How long the end of a call waits for the disk.
    pub saving: Duration,
    /// Where records are.
    pub store: SharedStore,
    /// Where they are written.
    pub ledger: Ledger,
    /// Who this process is.
    pub owner: Owner,
}

impl fmt::Debug for Staff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staff").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Staff {
    /// What was said before the line broke; nothing where the store does not tell in time.
    pub(super) async fn recall(&self, call: &CallSid) -> Vec<Message> {
        let recalled = timeout(RECALL, async {
            self.ledger.settle().await;
            record::history(&self.store, call.clone()).await
        });
        match recalled.await {
            Ok(Ok(history)) => history,
            Ok(Err(error)) => {
                tracing::warn!(code = "RECALL", %error, "the call goes on without what was said before");
                Vec::new()
            }
            Err(_) => {
                tracing::warn!(
                    code = "RECALL",
                    "the call goes on without what was said before: the store is slow"
                );
                Vec::new()
            }
        }
    }

    /// Whether the caller was erased while the call had no line: nothing is recorded any more.
    pub(super) async fn is_erased(&self, call: &CallSid) -> bool {
        let row = timeout(RECALL, self.store.call(call.clone())).await;
        matches!(row, Ok(Ok(row)) if [&row.call.from, &row.call.to].into_iter().any(|number| number == ERASED))
    }

    /// Waits until whoever goes on with a call can know what was said and why it comes; not for long.
    pub(super) async fn is_known(&self) {
        if timeout(RECALL, self.ledger.settle()).await.is_err() {
            tracing::warn!(
                code = "RECALL",
                "the call goes on elsewhere without its last words: the store is slow"
            );
        }
    }

    /// Whether another process has the call, at a later media socket or on its way to one, and this one does not know it yet; not so
    /// where the store does not tell.
    pub(super) async fn is_elsewhere(&self, start: &CallStart) -> bool {
        let row = timeout(RECALL, self.store.call(start.call.clone())).await;
        matches!(row, Ok(Ok(row)) if row.epoch > start.epoch)
    }

    /// The call has a media socket.
    pub(super) fn note_beginning(&self, start: &CallStart, at: Timestamp, recording: Option<&Path>) {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let call = NewCall {
            sid: start.call.clone(),
            workspace: MAIN_WORKSPACE.to_owned(),
            agent: start.agent.clone(),
            direction: "inbound".to_owned(),
            from: start.from.clone(),
            to: start.to.clone(),
            account: start.account.to_string(),
            at,
        };
        self.ledger.note(CallEntry::Began(CallBegan {
            call,
            owner: self.owner.clone(),
            epoch: start.epoch,
            at,
            files: [recording.map(text), recording.map(|file| text(&call_log::beside(file)))],
        }));
    }

    /// Writes the audit log.
    pub(super) fn audit(&self) -> Audit {
        audit_in(self.store.clone())
    }

    /// The call is over, unless the network brings it back within that time.
    pub(super) fn note_end(
        &self,
        start: &CallStart,
        at: Timestamp,
        outcome: &str,
        may_come_back: Option<Duration>,
    ) {
        let after = may_come_back.unwrap_or_default();
        let end = CallEnd { outcome: outcome.to_owned(), at, jobs: vec![summary_job(&start.call, after)] };
        self.ledger.note(CallEntry::Ended { sid: start.call.clone(), epoch: start.epoch, end });
    }
}
