//! A caller who lets no answer end.

use super::{
    house::House,
    sounds::{CHARS_PER_SECOND, said},
};
use centralita::testbed::{
    log::Service,
    openai::Answer,
    phone::{HangUpStyle, PhoneEvent},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

const INTERRUPTIONS: usize = 30;

/// An answer that is spoken in one piece and like no other.
fn story(number: usize) -> String {
    let letter = |number: usize| char::from(b'a' + u8::try_from(number % 26).unwrap());
    let name = format!("{}{}", letter(number / 26), letter(number));
    format!(
        "Cuento {name} de un rey que vivía solo en un castillo con tres gatos y un perro muy viejo y muy sabio."
    )
}

/// How many words of `text` are told by so many of its letters.
fn words_within(text: &str, letters: usize) -> usize {
    let mut end = 0;
    let ends = text.split(' ').map(|word| {
        end += word.chars().count() + 1;
        end - 1
    });
    ends.filter(|end| *end <= letters).count()
}

/// Lets the agent tell stories and interrupts each. Returns how many letters were heard of it, and which call it was.
pub(crate) async fn interrupts(house: &House) -> (Vec<usize>, String) {
    let mut caller = house.dial();
    let mut points = StdRng::seed_from_u64(30);
    caller.hears_the_greeting().await;
    house.fakes.deepgram.hears(["Cuénteme algo."]);
    house.fakes.openai.answers_only(Answer::text(story(0)));
    caller.says(3).await;
    let mut heard = Vec::new();
    for number in 0..INTERRUPTIONS {
        let old = said(&story(number));
        let new = if number + 1 < INTERRUPTIONS { story(number + 1) } else { "Bien.".to_owned() };
        // From the first frame to 800 ms.
        let point = points.random_range(160..6_400);
        caller.hears(&old[..point]).await;
        house.fakes.deepgram.hears(["Espere, ¿no sabe otro cuento?"]);
        house.fakes.openai.answers_only(Answer::text(new.clone()));
        caller.begins_to_say(3).await;
        caller.until(|event| *event == PhoneEvent::Clear).await;
        // The next that becomes audible is the new answer, from its beginning on.
        caller.until(|event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;
        let more = caller.has_heard_a_part_of(&old[point..], &said(&new));
        heard.push((point + more) * CHARS_PER_SECOND as usize / 8_000);
    }
    caller.hears(&said("Bien.")).await;
    assert_eq!(caller.clears, INTERRUPTIONS);
    let call = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    (heard, call)
}

#[tokio::test]
async fn thirty_interruptions_leave_nothing_of_an_old_answer_and_the_model_reads_what_was_heard() {
    let house = House::open().await;
    let (heard, _) = interrupts(&house).await;
    let log = house.fakes.log();
    let requests = log.details(Service::OpenAi, "request");
    assert_eq!(requests.len(), INTERRUPTIONS + 1);
    for (number, (request, letters)) in requests.iter().skip(1).zip(heard).enumerate() {
        let request: Value = serde_json::from_str(request).unwrap();
        let (story, answered) = (story(number), request["answered"].as_str().unwrap());
        // An answer of which nothing was heard is not in the history.
        let read = if story.starts_with(answered) { answered.split_whitespace().count() } else { 0 };
        let words = words_within(&story, letters);
        assert!(
            read.abs_diff(words) <= 1,
            "{words} words of `{story}` were heard, the model reads `{answered}`"
        );
    }
    let contexts = log.details(Service::ElevenLabs, "contexts");
    assert!(!contexts.is_empty());
    assert!(contexts.iter().all(|open| ["1", "2"].contains(&open.as_str())), "{contexts:?}");
    super::soon(house.fakes.closed()).await;
}
