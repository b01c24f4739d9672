//! A server whose memory runs out.

use super::{house::House, log::Log, soon};
use centralita::testbed::phone::{Ended, HangUpStyle};

#[tokio::test]
async fn a_server_that_has_no_memory_left_keeps_its_call_and_refuses_the_next() {
    Log::begin();
    // What the process holds at rest is more.
    let house = House::with(&[("MAX_MEMORY_PERCENT", "85"), ("MEMORY_LIMIT_MB", "1")]).await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    let refused = house.dial().waits_for_the_end().await;
    assert_eq!(refused.ended, Ended::Rejected);
    house.understands(&mut caller).await;
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    assert_eq!(house.finished(&sid).await["outcome"], "caller_left");
    soon(house.fakes.closed()).await;
    let log = Log::text();
    assert_eq!(log.matches("code=\"ADMISSION_CLOSED\" reason=\"memory\"").count(), 1, "{log}");
    assert_eq!(log.matches("code=\"NO_MEMORY\"").count(), 1, "{log}");
}
