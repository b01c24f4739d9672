//! The voice refuses, is silent, dies in mid answer or gives something else than sound.

use super::{
    Case,
    caller::Caller,
    case,
    house::{House, IMPATIENT, Phrases},
    sounds::{clip, said},
};
use centralita::testbed::{faults::Faults, log::Service, openai::Answer, phone::Ended, speech::SpeechFault};
use futures_util::FutureExt as _;
use std::time::Duration;

const ANSWER: &str = "Los médicos atienden de lunes a viernes desde las ocho de la mañana hasta las siete.";
const HALF: Duration = Duration::from_millis(300);

/// Whose voice it is.
#[derive(Clone, Copy, Debug)]
enum Vendor {
    ElevenLabs,
    Deepgram,
}

impl Vendor {
    async fn house(self) -> House {
        House::with(&[self.provider()]).await
    }

    /// Whose agent asks for a moment soon.
    async fn impatient_house(self) -> House {
        House::with(&[self.provider(), IMPATIENT]).await
    }

    /// Where the voice is asked for every word.
    async fn house_without_phrases(self) -> House {
        House::with_phrases(Phrases::Impossible, &[self.provider()], |_| ()).await
    }

    const fn provider(self) -> (&'static str, &'static str) {
        match self {
            Self::ElevenLabs => ("TTS_PROVIDER", "elevenlabs"),
            Self::Deepgram => ("TTS_PROVIDER", "deepgram"),
        }
    }

    fn faults(self, house: &House) -> &Faults<SpeechFault> {
        match self {
            Self::ElevenLabs => house.fakes.elevenlabs.faults(),
            Self::Deepgram => house.fakes.deepgram.speak_faults(),
        }
    }
}

/// A caller who has been greeted and has asked something.
async fn asked(house: &House) -> Caller {
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    ask(house, &mut caller).await;
    caller
}

async fn ask(house: &House, caller: &mut Caller) {
    house.fakes.openai.answers([Answer::text(ANSWER)]);
    house.fakes.deepgram.hears(["¿Cuándo atienden?"]);
    caller.says(3).await;
}

async fn refuses_for_good(vendor: Vendor) {
    let house = vendor.house_without_phrases().await;
    vendor.faults(&house).always(SpeechFault::Refuse(401));
    let mut caller = house.dial();
    caller.hears_clips(&["help"]).await;
    ask(&house, &mut caller).await;
    caller.hears_clips(&["again"]).await;
    ask(&house, &mut caller).await;
    caller.hears_clips(&["trouble", "goodbye"]).await;
    let sid = caller.sid.clone();
    assert_eq!(caller.waits_for_the_end().await.ended, Ended::ByRest);
    assert_eq!(house.record(&sid).await["outcome"], "trouble");
    vendor.faults(&house).clear();
    house.takes_another_call().await;
}

async fn refuses_for_a_while(vendor: Vendor, status: u16) {
    let house = vendor.house_without_phrases().await;
    vendor.faults(&house).always(SpeechFault::Refuse(status));
    let mut caller = house.dial();
    caller.hears_clips(&["help"]).await;
    vendor.faults(&house).clear();
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn cannot_be_reached() {
    let house = Vendor::ElevenLabs.house_without_phrases().await;
    house.fakes.elevenlabs.shut().await;
    let mut caller = house.dial();
    caller.hears_clips(&["help"]).await;
    house.fakes.elevenlabs.reopen().await;
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn is_silent(vendor: Vendor, fault: SpeechFault) {
    let house = vendor.impatient_house().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    vendor.faults(&house).always(fault);
    ask(&house, &mut caller).await;
    caller.hears_clips(&["hold", "hold-2", "again"]).await;
    vendor.faults(&house).clear();
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn is_slow(vendor: Vendor) {
    let house = vendor.impatient_house().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    vendor.faults(&house).always(SpeechFault::SlowFirstByte(Duration::from_millis(1_500)));
    ask(&house, &mut caller).await;
    caller.hears_clips(&["hold"]).await;
    caller.hears_said(&[ANSWER]).await;
    vendor.faults(&house).clear();
    house.goes_on(caller).await;
}

/// The beginning of the answer is heard, then the clip.
async fn dies_in_mid_answer(vendor: Vendor, fault: SpeechFault, name: &str) {
    let house = if name == "hold" { vendor.impatient_house().await } else { vendor.house().await };
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    vendor.faults(&house).always(fault);
    ask(&house, &mut caller).await;
    caller.hears_broken_off(&said(ANSWER), &clip(name)).await;
    if name == "hold" {
        caller.hears_clips(&["again"]).await;
    }
    vendor.faults(&house).clear();
    house.goes_on(caller).await;
}

async fn the_socket_is_gone_in_mid_answer(close: bool) {
    let house = House::open().await;
    let mut caller = asked(&house).await;
    caller.while_waiting(|log| log.count(Service::ElevenLabs, "first-audio") == 1).await;
    if close {
        house.fakes.elevenlabs.close_sockets(1011, "");
    } else {
        house.fakes.elevenlabs.shut().await;
        house.fakes.elevenlabs.reopen().await;
    }
    caller.hears_broken_off(&said(ANSWER), &clip("again")).await;
    house.understands(&mut caller).await;
    let record = house.record(&caller.sid).await;
    let answer = record["entries"].as_array().unwrap().iter().find(|entry| entry["meant"] == ANSWER).unwrap();
    let (heard, meant) = (answer["heard"].as_str().unwrap(), answer["meant"].as_str().unwrap());
    assert!(meant.starts_with(heard) && heard.len() < meant.len(), "{heard}");
    house.goes_on(caller).await;
}

/// Nothing of it can be played: the clip is all that is heard.
async fn gives_no_sound(vendor: Vendor, fault: SpeechFault) {
    let house = vendor.house().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    vendor.faults(&house).always(fault);
    ask(&house, &mut caller).await;
    caller.hears_clips(&["again"]).await;
    vendor.faults(&house).clear();
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

/// A fault that costs nothing.
async fn is_not_noticed(vendor: Vendor, fault: SpeechFault) {
    let house = vendor.house().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    vendor.faults(&house).next([fault]);
    ask(&house, &mut caller).await;
    caller.hears(&said(ANSWER)).await;
    house.goes_on(caller).await;
}

/// All that a voice may do wrong.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("the voice cannot be reached", cannot_be_reached()),
        case("the voice closes its socket", the_socket_is_gone_in_mid_answer(true)),
        case("the voice breaks its socket", the_socket_is_gone_in_mid_answer(false)),
        case("ElevenLabs gives nonsense", is_silent(Vendor::ElevenLabs, SpeechFault::Garbage)),
        case("Deepgram gives nonsense", gives_no_sound(Vendor::Deepgram, SpeechFault::Garbage)),
    ];
    for vendor in [Vendor::ElevenLabs, Vendor::Deepgram] {
        let mut add = |what: &str, call| cases.push(case(format!("{vendor:?} {what}"), call));
        add("401", refuses_for_good(vendor).boxed_local());
        add("429", refuses_for_a_while(vendor, 429).boxed_local());
        add("503", refuses_for_a_while(vendor, 503).boxed_local());
        add("is silent", is_silent(vendor, SpeechFault::Silent).boxed_local());
        add("is slow", is_slow(vendor).boxed_local());
        add("breaks off", dies_in_mid_answer(vendor, SpeechFault::CloseAfter(HALF), "again").boxed_local());
        add("stalls", dies_in_mid_answer(vendor, SpeechFault::StallAfter(HALF), "hold").boxed_local());
        add("gives a file", gives_no_sound(vendor, SpeechFault::WrongFormat).boxed_local());
        add("gives nothing", gives_no_sound(vendor, SpeechFault::ZeroBytes).boxed_local());
        add("gives odd pieces", is_not_noticed(vendor, SpeechFault::OddChunks).boxed_local());
    }
    cases
}
