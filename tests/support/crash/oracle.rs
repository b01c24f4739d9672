//! What must be true when all is done (reliability §6.3: O1, O4).

use super::world::World;
use centralita::testbed::log::Service;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// How much was tried.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) mode: &'static str,
    /// Times that the server was killed.
    pub(crate) killed: u32,
    /// Calls that had a media socket.
    pub(crate) calls: usize,
    /// Those that went on over another one.
    pub(crate) resumed: usize,
    /// Calls by how they ended.
    pub(crate) outcomes: BTreeMap<String, usize>,
    /// Webhooks that were acknowledged.
    pub(crate) kept: usize,
    /// Webhooks that were not.
    pub(crate) not_kept: usize,
    /// Notes that the receiver has.
    pub(crate) notes: usize,
    /// Posts that were killed before their answer.
    pub(crate) cut: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<10} {:>4} kills  {:>5} calls ({} resumed; {:?})  {:>6} webhooks kept, {} not  {:>5} notes, {} of {} posts cut",
            self.mode,
            self.killed,
            self.calls,
            self.resumed,
            self.outcomes,
            self.kept,
            self.not_kept,
            self.notes,
            self.cut,
            self.notes as u64 + self.cut,
        )
    }
}

/// Judges what a world came to.
pub(super) async fn judge(world: &World) -> Figures {
    assert!(world.database.is_sound(&world.data()).await, "the database is damaged");
    let begun = every_call_is_over(world).await;
    every_promise_is_kept(world).await;
    every_call_has_one_note(world, &begun).await;
    let promised = world.promised();
    let posts = world.log.count(Service::Sink, "kept") + world.log.count(Service::Sink, "repeat");
    let mut outcomes = BTreeMap::new();
    for outcome in begun.values() {
        *outcomes.entry(outcome.clone()).or_insert(0) += 1;
    }
    Figures {
        mode: world.mode,
        killed: world.plan.rounds,
        calls: promised.connected.len(),
        resumed: promised.resumed,
        outcomes,
        kept: promised.kept.len(),
        not_kept: promised.not_kept,
        notes: world.sink.notes().len(),
        cut: posts - world.log.count(Service::Sink, "answered"),
    }
}

/// The calls that had a media socket, as far as the record knows, with how they ended.
async fn every_call_is_over(world: &World) -> BTreeMap<String, String> {
    let calls = world.rows("SELECT sid, state, outcome, began_at FROM calls").await;
    let known: BTreeSet<&String> = calls.iter().map(|call| &call[0]).collect();
    let unknown: Vec<String> =
        world.promised().connected.iter().filter(|sid| !known.contains(sid)).cloned().collect();
    assert_eq!(unknown, [""; 0], "calls that were answered and are not in the record");
    assert!(calls.iter().all(|call| call[1] == "over"), "{calls:?}");
    calls
        .into_iter()
        .filter(|call| !call[3].is_empty())
        .map(|call| (call[0].clone(), call[2].clone()))
        .collect()
}

async fn every_promise_is_kept(world: &World) {
    let inbox = world.rows("SELECT source, dedupe_key FROM inbox").await;
    let there = |wanted: &str| -> BTreeSet<&str> {
        let from = inbox.iter().filter(|event| event[0] == wanted);
        from.map(|event| event[1].as_str()).collect()
    };
    let (voice, status) = (there("twilio_voice"), there("twilio_status"));
    let promised = world.promised();
    let lost = |promised: &BTreeSet<String>, there: &BTreeSet<&str>| -> Vec<String> {
        promised.iter().filter(|key| !there.contains(key.as_str())).cloned().collect()
    };
    assert_eq!(lost(&promised.kept, &status), [""; 0], "news that was acknowledged and is lost");
    assert_eq!(lost(&promised.connected, &voice), [""; 0], "calls that were answered and are lost");
    assert!(!promised.kept.is_empty());
}

async fn every_call_has_one_note(world: &World, begun: &BTreeMap<String, String>) {
    assert_eq!(
        world.rows("SELECT kind, dedupe_key, error FROM jobs WHERE state = 'dead'").await,
        [[""; 0]; 0]
    );
    let notes = world.rows("SELECT call_sid, kind FROM notes ORDER BY call_sid, kind").await;
    let kinds = |outcome: &str| if outcome == "lost" { &["call_back", "summary"][..] } else { &["summary"] };
    let expected: Vec<[String; 2]> = (begun.iter())
        .flat_map(|(sid, outcome)| kinds(outcome).iter().map(|kind| [sid.clone(), (*kind).to_owned()]))
        .collect();
    assert_eq!(notes, expected, "one summary for each call that began, and a call back where it was lost");
    let outbox = world.rows("SELECT id, state FROM outbox").await;
    assert_eq!(outbox.len(), expected.len());
    assert!(outbox.iter().all(|delivery| delivery[1] == "sent"), "{outbox:?}");
    // What really happened outside.
    let effects = world.sink.notes();
    let mut keys: Vec<&str> = effects.iter().map(|note| note.key.as_str()).collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut told: Vec<[String; 2]> =
        effects.iter().map(|note| [text(&note.body["data"]["call"]), text(&note.body["type"])]).collect();
    let mut ids: Vec<&str> = outbox.iter().map(|delivery| delivery[0].as_str()).collect();
    told.sort_unstable();
    keys.sort_unstable();
    ids.sort_unstable();
    assert_eq!(keys, ids, "one effect for each delivery");
    let expected: Vec<[String; 2]> =
        expected.into_iter().map(|[sid, kind]| [sid, format!("call.{kind}")]).collect();
    assert_eq!(told, expected, "one effect for each note");
    assert!(!effects.is_empty());
}
