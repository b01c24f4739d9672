//! A provider fails in the call and the next one takes over: the caller hears every word once, and no clip.

use super::{
    Case,
    caller::Caller,
    case,
    house::{GREETING, House, Phrases, quick},
    soon,
    sounds::said,
};
use centralita::testbed::{
    deepgram::ListenFault,
    fakes::Fakes,
    log::Service,
    openai::{Answer, LlmFault},
    speech::SpeechFault,
};
use std::time::Duration;

const SENTENCES: [&str; 2] = ["Tenemos lugar este martes.", "El doctor atiende por la mañana."];
const WHOLE: &str = "Tenemos lugar este martes. El doctor atiende por la mañana.";
/// Tokens until the second sentence has begun with "El doctor".
const TOKENS: usize = 6;
const REST: &str = "doctor atiende por la mañana.";

/// The record tells of one trouble, of that kind, and that these words were heard.
async fn recorded(house: &House, caller: &Caller, kind: &str, words: &str) {
    let record = house.record(&caller.sid).await;
    let entries = record["entries"].as_array().unwrap();
    let kinds: Vec<&str> = (entries.iter().filter(|entry| entry["what"] == "trouble"))
        .map(|trouble| trouble["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, [kind]);
    assert!(entries.iter().any(|entry| entry["heard"] == words), "{record}");
}

/// The first model does this, the second one says that.
async fn model(fault: LlmFault, says: &'static str) {
    let second = Fakes::start(quick()).await.unwrap();
    let (base, key) = (second.openai.url(), "another-key");
    let house = House::with(&[
        ("LLM_PROVIDER", "openai,openai_fallback"),
        ("OPENAI_FALLBACK_BASE_URL", &base),
        ("OPENAI_FALLBACK_API_KEY", key),
    ])
    .await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.fakes.openai.faults().always(fault);
    house.fakes.openai.answers([Answer::text(WHOLE)]);
    second.openai.answers([Answer::text(says)]);
    house.fakes.deepgram.hears(["¿Cuándo hay lugar?"]);
    caller.says(3).await;
    caller.hears_said(&SENTENCES).await;
    let opened = |fakes: &Fakes| fakes.log().count(Service::OpenAi, "opened");
    assert_eq!((opened(&house.fakes), opened(&second)), (1, 1));
    house.fakes.openai.faults().clear();
    house.understands(&mut caller).await;
    recorded(&house, &caller, "llm", WHOLE).await;
    house.goes_on(caller).await;
    soon(second.closed()).await;
}

/// One piece, of which so much sound is "Los médi".
const LONG: &str = "Los médicos atienden de lunes a viernes desde las ocho de la mañana hasta las siete.";
const PART: Duration = Duration::from_millis(300);
const UNHEARD: &str = "médicos atienden de lunes a viernes desde las ocho de la mañana hasta las siete.";

/// ElevenLabs speaks and Deepgram stands in, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    ElevenLabs,
    Deepgram,
}

/// The first voice does this, in mid answer or before it, and the other one speaks what was not heard.
async fn voice(first: First, fault: SpeechFault, amid: bool) {
    let (order, other) = match first {
        First::ElevenLabs => ("elevenlabs,deepgram", Service::Deepgram),
        First::Deepgram => ("deepgram,elevenlabs", Service::ElevenLabs),
    };
    // By the greeting it is known how fast the voice speaks.
    let house = House::with_phrases(Phrases::Impossible, &[("TTS_PROVIDER", order)], |_| ()).await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    let faults = match first {
        First::ElevenLabs => house.fakes.elevenlabs.faults(),
        First::Deepgram => house.fakes.deepgram.speak_faults(),
    };
    faults.always(fault);
    house.fakes.openai.answers([Answer::text(LONG)]);
    house.fakes.deepgram.hears(["¿Cuándo atienden?"]);
    caller.says(3).await;
    let rest = if amid { UNHEARD } else { LONG };
    if amid {
        caller.hears_broken_off(&said(LONG), &said(rest)).await;
    } else {
        caller.hears(&said(rest)).await;
    }
    let asked: Vec<String> = house.fakes.log().details(other, "speak");
    assert_eq!(asked.iter().map(|text| text.trim()).collect::<Vec<_>>(), [rest]);

    // Who took over stays.
    house.fakes.openai.answers([Answer::text("Aquí sigo.")]);
    house.fakes.deepgram.hears(["¿Sigue ahí?"]);
    caller.says(3).await;
    caller.hears(&said("Aquí sigo.")).await;
    recorded(&house, &caller, "tts", LONG).await;
    faults.clear();
    house.goes_on(caller).await;
}

/// The first voice has refused us since before the call, or cannot be reached.
async fn a_voice_is_missing(refuses: Option<u16>) {
    let settings = [("TTS_PROVIDER", "elevenlabs,deepgram")];
    let house = House::with_phrases(Phrases::Impossible, &settings, |_| ()).await;
    match refuses {
        Some(status) => house.fakes.elevenlabs.faults().always(SpeechFault::Refuse(status)),
        None => house.fakes.elevenlabs.shut().await,
    }
    let mut caller = house.dial();
    caller.while_waiting(|log| log.count(Service::Deepgram, "speak") >= 2).await;
    let asked = house.fakes.log().details(Service::Deepgram, "speak");
    assert_eq!(asked[1], GREETING);
    for text in asked {
        caller.hears(&said(&text)).await;
    }
    match refuses {
        Some(_) => house.fakes.elevenlabs.faults().clear(),
        None => house.fakes.elevenlabs.reopen().await,
    }
    house.goes_on(caller).await;
}

/// Deepgram listens and Scribe stands in.
async fn two_listen() -> House {
    House::with(&[("STT_PROVIDER", "deepgram,elevenlabs")]).await
}

/// The caller says so many syllables, of which Scribe understands `words`, and is answered.
async fn scribe_understands(house: &House, caller: &mut Caller, syllables: usize, words: &str) {
    house.fakes.elevenlabs.hears([words]);
    house.fakes.openai.answer_to(words, Answer::text("Aquí estamos."));
    caller.says(syllables).await;
    caller.hears_said(&["Aquí estamos."]).await;
}

/// The record tells that the caller said these words, each once, and how often nobody listened.
async fn understood(house: &House, caller: &Caller, words: &[&str], losses: usize) {
    let record = house.record(&caller.sid).await;
    let entries = record["entries"].as_array().unwrap();
    let said: Vec<&str> = (entries.iter().filter(|entry| entry["what"] == "caller"))
        .map(|entry| entry["text"].as_str().unwrap())
        .collect();
    assert_eq!(said, words);
    let troubled = entries.iter().filter(|entry| entry["what"] == "trouble");
    assert_eq!(troubled.map(|trouble| &trouble["kind"]).collect::<Vec<_>>(), vec!["stt"; losses]);
    assert!(entries.iter().all(|entry| entry["what"] != "amended"), "{record}");
}

/// How often Scribe was asked to listen.
fn scribes(house: &House) -> usize {
    let opened = house.fakes.log().details(Service::ElevenLabs, "opened");
    opened.iter().filter(|path| path.ends_with("/speech-to-text/realtime")).count()
}

/// A second recogniser in the order costs nothing: the answer comes without a phrase before it, and nobody else is asked.
async fn nobody_takes_over_from_who_listens_well() {
    let house = two_listen().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.understands(&mut caller).await;
    house.understands(&mut caller).await;
    understood(&house, &caller, &["¿Sigue ahí?"; 2], 0).await;
    assert_eq!(scribes(&house), 0);
    house.goes_on(caller).await;
}

/// Deepgram does this on its first socket, if anything, and refuses all others or cannot be reached; Scribe understands what
/// was said meanwhile and what is said then.
async fn scribe_takes_over(first: Option<ListenFault>, refuses: Option<u16>) {
    let house = two_listen().await;
    let faults = house.fakes.deepgram.listen_faults();
    faults.next(first);
    match refuses {
        Some(status) => faults.always(ListenFault::Refuse(status)),
        None => house.fakes.deepgram.shut().await,
    }
    // A sentence that it has only begun to tell is the first one of the next call.
    house.fakes.deepgram.hears(["¿Sigue ahí?"]);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    scribe_understands(&house, &mut caller, 6, "¿Hay lugar el martes?").await;
    scribe_understands(&house, &mut caller, 3, "¿Y por la tarde?").await;
    let words = ["¿Hay lugar el martes?", "¿Y por la tarde?"];
    understood(&house, &caller, &words, 1).await;
    assert_eq!(scribes(&house), 1);
    assert_eq!(house.fakes.log().count(Service::Deepgram, "final"), 0);
    match refuses {
        Some(_) => faults.clear(),
        None => house.fakes.deepgram.reopen().await,
    }
    house.goes_on(caller).await;
}

/// Deepgram takes sound and gives no words, neither before it is asked anew nor since: what is said then is not lost.
async fn scribe_takes_over_from_who_is_silent() {
    let house = two_listen().await;
    let faults = house.fakes.deepgram.listen_faults();
    faults.always(ListenFault::Silent);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.says(3).await;
    caller.hears_clips(&["repeat"]).await;
    caller.while_waiting(|log| log.count(Service::Deepgram, "accepted") == 2).await;
    scribe_understands(&house, &mut caller, 15, "¿Hay lugar el martes?").await;
    scribe_understands(&house, &mut caller, 3, "¿Y por la tarde?").await;
    understood(&house, &caller, &["¿Hay lugar el martes?", "¿Y por la tarde?"], 2).await;
    assert_eq!(scribes(&house), 1);
    faults.clear();
    house.goes_on(caller).await;
}

/// What may happen to who listens.
pub(crate) fn hearing_cases() -> Vec<Case> {
    vec![
        case("all is well", nobody_takes_over_from_who_listens_well()),
        case("Deepgram refuses our key", scribe_takes_over(None, Some(401))),
        case("Deepgram has no place", scribe_takes_over(None, Some(429))),
        case("Deepgram is out of reach", scribe_takes_over(None, None)),
        case("Deepgram breaks", scribe_takes_over(Some(ListenFault::CutMidUtterance), Some(401))),
        case("Deepgram is silent", scribe_takes_over_from_who_is_silent()),
    ]
}

/// Who may fail, and how.
pub(crate) fn cases() -> Vec<Case> {
    let named = |fault: &LlmFault, says: &str| format!("the model does {fault:?}, another one says {says}");
    let before = [LlmFault::Refuse(401), LlmFault::Refuse(429), LlmFault::Refuse(503)];
    let amid = [LlmFault::CutAfter(TOKENS), LlmFault::EndAfter(TOKENS), LlmFault::ErrorAfter(TOKENS)];
    let mut cases = Vec::new();
    cases.extend(before.map(|fault| case(named(&fault, WHOLE), model(fault, WHOLE))));
    cases.extend(amid.map(|fault| case(named(&fault, REST), model(fault, REST))));
    for first in [First::ElevenLabs, First::Deepgram] {
        let named = |fault: &SpeechFault| format!("{first:?} does {fault:?}, the other voice takes over");
        for (fault, amid) in [
            (SpeechFault::WrongFormat, false),
            (SpeechFault::ZeroBytes, false),
            (SpeechFault::Silent, false),
            (SpeechFault::CloseAfter(PART), true),
            (SpeechFault::StallAfter(PART), true),
        ] {
            cases.push(case(named(&fault), voice(first, fault, amid)));
        }
    }
    for (why, refuses) in
        [("refuses our key", Some(401)), ("has no place", Some(429)), ("is out of reach", None)]
    {
        cases.push(case(format!("a voice {why}, the other one greets"), a_voice_is_missing(refuses)));
    }
    cases.push(case("the model begins anew", model(LlmFault::CutAfter(TOKENS), WHOLE)));
    cases
}
