//! The telephone network: calls that end, and news of them that is sent until it is acknowledged.

use super::{GUARD, world::World};
use centralita::testbed::{
    phone::{Call, CallRecord, Ended, HangUpStyle, PhoneEvent, PhoneFaults, PhoneOptions, sign},
    voice,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};

pub(super) const AUTH_TOKEN: &str = "12345678901234567890123456789012";
pub(super) const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TO: &str = "+525555000200";

/// What the server has promised to the network.
#[derive(Debug, Default)]
pub(super) struct Promised {
    /// Calls that were dialled.
    pub(super) dialled: Vec<String>,
    /// Those that got a media socket.
    pub(super) connected: BTreeSet<String>,
    /// Those that got another one after the first was gone.
    pub(super) resumed: usize,
    /// News that was acknowledged, by the key that it has in the inbox.
    pub(super) kept: BTreeSet<String>,
    /// News that was not, once for each try.
    pub(super) not_kept: usize,
}

/// One caller after another, until there are enough.
pub(super) async fn callers(world: Arc<World>, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    while !world.is_enough() {
        let sid = world.next_call();
        let record = timeout(GUARD, call(&world, &sid, &mut rng))
            .await
            .unwrap_or_else(|_| panic!("{sid} does not end"));
        let last = if matches!(record.ended, Ended::Failed(_)) { "failed" } else { "completed" };
        timeout(GUARD, insist(&world, &sid, last))
            .await
            .unwrap_or_else(|_| panic!("nobody takes the end of {sid}"));
    }
}

/// Dials; what the network tells of the end is insisted on where the phone tells it.
pub(super) fn dial(world: &World, sid: &str, number: usize, faults: PhoneFaults) -> Call {
    world.phone.dial(PhoneOptions {
        webhook: world.url("/webhook/voice"),
        status_callback: Some(world.url("/webhook/voice/status#rc=5&rp=all")),
        auth_token: AUTH_TOKEN.to_owned().into(),
        from: format!("+52555{number:07}"),
        to: TO.to_owned(),
        account: ACCOUNT.parse().unwrap(),
        call: sid.parse().unwrap(),
        calls: Some(world.fakes.twilio.calls().clone()),
        record: false,
        listen: false,
        // Longer than what lies between the pieces of what is said.
        agent_silent_after: Duration::from_secs(1),
        faults,
    })
}

/// One call: its caller listens, says something or not, and hangs up in one way or another.
async fn call(world: &World, sid: &str, rng: &mut StdRng) -> CallRecord {
    let number = rng.random_range(0..10_000_000_u32);
    // The end is told here, and again until somebody takes it.
    let faults = PhoneFaults { no_status_callback: true, ..PhoneFaults::default() };
    let mut call = dial(world, sid, number as usize, faults);
    let mut turns = rng.random_range(1..=2);
    while turns > 0 {
        match call.next().await {
            Some(PhoneEvent::StreamStarted) => {
                if !world.promised().connected.insert(sid.to_owned()) {
                    world.promised().resumed += 1;
                }
            }
            Some(PhoneEvent::AgentSpeaks { .. }) => {
                turns -= 1;
                if turns > 0 {
                    call.say(voice::caller(u64::from(number), 3)).await;
                }
            }
            Some(PhoneEvent::Ended(_)) | None => break,
            Some(_) => {}
        }
    }
    sleep(Duration::from_millis(rng.random_range(0..300))).await;
    let styles = [HangUpStyle::Stop, HangUpStyle::CloseWithoutStop, HangUpStyle::Reset];
    call.hang_up(*styles.choose(rng).unwrap()).await;
    call.end().await
}

/// News of calls, one piece after another, and without mercy.
pub(super) async fn postman(world: Arc<World>, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    for sequence in 1.. {
        if world.is_enough() {
            return;
        }
        world.is_up().await;
        let Some(sid) = world.promised().dialled.choose(&mut rng).cloned() else { continue };
        post(&world, &sid, "in-progress", sequence).await;
    }
}

/// Says the last word about a call until it is acknowledged.
async fn insist(world: &World, sid: &str, last: &str) {
    loop {
        world.is_up().await;
        if post(world, sid, last, 0).await {
            return;
        }
    }
}

/// One piece of news; whether it was acknowledged.
pub(super) async fn post(world: &World, sid: &str, status: &str, sequence: u64) -> bool {
    let url = world.url("/webhook/voice/status");
    let form = [
        ("AccountSid", ACCOUNT),
        ("CallSid", sid),
        ("CallStatus", status),
        ("CallbackSource", "call-progress-events"),
        ("Direction", "inbound"),
        ("From", "+525550000000"),
        ("SequenceNumber", &sequence.to_string()),
        ("To", TO),
        ("CallDuration", "9"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let signature = sign(AUTH_TOKEN, &url, &form);
    let request = world.client.post(url).header("X-Twilio-Signature", signature).form(&form);
    let kept = request.send().await.is_ok_and(|answer| answer.status() == 204);
    let mut promised = world.promised();
    if kept {
        promised.kept.insert(format!("{sid}:{sequence}:{status}"));
    } else {
        promised.not_kept += 1;
    }
    kept
}
