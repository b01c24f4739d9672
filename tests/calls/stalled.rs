//! The telephone network stops reading in mid answer.

use super::{house::House, log::Log, soon};
use centralita::testbed::{
    log::Service,
    openai::Answer,
    phone::{Ended, Oddity},
    speech::SpeechFault,
};

#[tokio::test]
async fn who_reads_no_more_is_given_up_with_their_answer_and_the_other_calls_go_on() {
    Log::begin();
    let house = House::open().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.injects(Oddity::StopReading).await;
    // However short the text: a minute of sound, and all of it at once.
    house.fakes.elevenlabs.faults().always(SpeechFault::Burst);
    house.fakes.deepgram.hears(["Cuénteme algo."]);
    house.fakes.openai.answer_to("Cuénteme algo.", Answer::text("Había una vez un rey."));
    caller.says(3).await;
    caller.while_waiting(|log| log.count(Service::ElevenLabs, "first-audio") == 1).await;
    house.fakes.elevenlabs.faults().clear();
    let sid = caller.sid.clone();
    let (record, ()) = tokio::join!(caller.waits_for_the_end(), house.takes_another_call());
    assert_eq!(record.ended, Ended::ByRest);
    assert_eq!(house.finished(&sid).await["outcome"], "caller_left");
    soon(house.fakes.closed()).await;
    assert_eq!(Log::text().matches("code=\"SLOW_PEER\"").count(), 1);
}
