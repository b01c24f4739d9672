//! A server that is told to end while callers talk (reliability I1, I2, §3.9).

use super::{Database, GUARD, live, network, server::Server, world::World};
use centralita::testbed::{
    openai::Answer,
    phone::{Call, Ended, HangUpStyle, PhoneFaults},
};
use futures_util::future::join_all;
use tokio::time::timeout;

/// A server with so many callers, who have heard something.
async fn talking(world: &World, calls: usize) -> (Server, Vec<Call>) {
    world.fakes.openai.answers_only(Answer::text("Muy bien."));
    let mut server = world.start();
    server.listens().await;
    let calls = (0..calls).map(async |number| {
        let mut call = network::dial(world, &world.next_call(), number, PhoneFaults::default());
        live::hears_something(&mut call).await;
        call
    });
    (server, join_all(calls).await)
}

/// Waits until the server tells whoever spreads calls that it takes none.
async fn drains(world: &World) {
    let refuses = async { while world.get("/readyz").await != 503 {} };
    timeout(GUARD, refuses).await.unwrap_or_else(|_| panic!("the server does not drain"));
    assert_eq!(world.get("/healthz").await, 200);
}

async fn hangs_up(call: Call) {
    call.hang_up(HangUpStyle::Stop).await;
    assert_eq!(live::ends(call).await.ended, Ended::ByCaller);
}

/// The process stays until the last of its calls has ended; who calls meanwhile hears that it is no good time.
pub(crate) async fn calls_end_in_peace() {
    let world = World::open(Database::Sqlite, "key", live::quiet()).await;
    let (server, calls) = talking(&world, 3).await;
    server.signal("TERM").await;
    drains(&world).await;
    let late = network::dial(&world, &world.next_call(), 9, PhoneFaults::default());
    let late = live::ends(late).await;
    assert_eq!(late.ended, Ended::ByTwiml);
    assert!(late.network_said[0].starts_with("En este momento no podemos atenderle."), "{late:?}");
    for mut call in calls {
        live::says_something(&mut call, 1).await;
        hangs_up(call).await;
    }
    assert_eq!(server.exits().await, Some(0));
    assert_eq!(world.rows("SELECT state, outcome FROM calls").await, [["over", "caller_left"]; 3]);
    world.is_over();
}

/// A second signal leaves no time for natural ends: whoever is on the line is told goodbye.
pub(crate) async fn calls_are_told_goodbye() {
    let world = World::open(Database::Sqlite, "key", live::quiet()).await;
    let (server, calls) = talking(&world, 3).await;
    server.signal("TERM").await;
    drains(&world).await;
    server.signal("INT").await;
    for call in calls {
        assert_eq!(live::ends(call).await.ended, Ended::ByRest);
    }
    assert_eq!(server.exits().await, Some(0));
    assert_eq!(world.rows("SELECT state, outcome FROM calls").await, [["over", "asked"]; 3]);
    world.is_over();
}

/// What the server leans on goes away: calls go on, end in peace, and nothing of them is lost. `stop` takes it away, and `back` brings
/// it back when the server has ended.
pub(crate) async fn calls_end_in_peace_without(
    database: Database,
    settings: &[(&'static str, String)],
    stop: impl AsyncFnOnce(),
    back: impl AsyncFnOnce(),
) {
    let mut world = World::open(database, "key", live::quiet()).await;
    world.settings = settings.to_vec();
    let (server, calls) = talking(&world, 2).await;
    stop().await;
    server.signal("TERM").await;
    drains(&world).await;
    for mut call in calls {
        live::says_something(&mut call, 1).await;
        hangs_up(call).await;
    }
    assert_eq!(server.exits().await, Some(0));
    back().await;
    let mut next = world.start();
    next.listens().await;
    world.no_call_is_open().await;
    assert_eq!(world.rows("SELECT state, outcome FROM calls").await, [["over", "caller_left"]; 2]);
    let said = "SELECT DISTINCT call_sid FROM turns WHERE kind = 'caller'";
    assert_eq!(world.rows(said).await.len(), 2, "what was said meanwhile is in the record");
    let summaries = "SELECT count(*) FROM jobs WHERE kind = 'summary'";
    assert_eq!(world.rows(summaries).await, [["2"]]);
    drop(next);
    world.is_over();
}
