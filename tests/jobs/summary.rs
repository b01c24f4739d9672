//! One summary of each call.

use crate::{
    kill::dies_after,
    rig::{Rig, asks, began, sid},
    spy::Spy,
    stage::{NEVER, Notes, ms, pace, start},
};
use centralita::{
    base::{clock, ids::CallSid},
    dialogue::{message::Message, record::Entry, summary::Facts},
    jobs::{
        Pace,
        job::Job as _,
        summary::{Keep, Style, Summary},
    },
    ports::{
        llm::{AnswerEvent, AnswerStream, LanguageModel, LlmError, Question},
        store::{
            calls::{CallEnd, CallRecords as _, TurnRow},
            jobs::{Ask, Jobs as _},
            notes::{Note, Notes as _, summary_job},
            outbox::{DeliveryState, Outbox as _, Settle},
        },
    },
    providers::local::brain::Receptionist,
};
use futures_util::{StreamExt as _, future::BoxFuture, stream};
use std::{
    fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

facts!(
    each_call_is_summed_up_once_however_it_ended_and_however_often_it_is_asked_for,
    a_call_that_is_not_over_is_waited_for,
    after_an_outage_each_call_is_summed_up_once_and_the_model_is_not_stormed,
    after_the_last_attempt_the_facts_are_told_in_plain_words,
    a_call_that_the_model_declines_is_told_in_plain_words_at_once,
    an_answer_without_end_is_not_waited_for,
    a_process_that_dies_at_any_moment_leaves_one_summary,
    the_embedded_receptionist_tells_the_facts,
    the_prompts_folder_has_the_last_word,
    what_could_not_be_kept_is_offered_again,
);

/// A model that answers as it is told, and notes what it was asked and when.
struct Model {
    asked: Notes<(Instant, Question)>,
    answers: Mutex<Box<dyn FnMut(usize) -> AnswerStream + Send>>,
}

impl Model {
    fn new(answers: impl FnMut(usize) -> AnswerStream + Send + 'static) -> Arc<Self> {
        Arc::new(Self { asked: Notes::new(), answers: Mutex::new(Box::new(answers)) })
    }

    fn says(text: &'static str) -> Arc<Self> {
        Self::new(move |_| said(text))
    }
}

impl LanguageModel for Model {
    fn name(&self) -> &'static str {
        "model"
    }

    fn ask(&self, question: Question) -> AnswerStream {
        self.asked.add((clock::now(), question));
        let count = self.asked.all().len();
        (self.answers.lock().unwrap())(count)
    }
}

fn said(text: &str) -> AnswerStream {
    let parts = text.split_inclusive(' ').map(|part| Ok(AnswerEvent::Text(part.to_owned())));
    let parts: Vec<_> = parts.chain([Ok(AnswerEvent::Done { truncated: false })]).collect();
    stream::iter(parts).boxed()
}

fn fails(error: LlmError) -> AnswerStream {
    stream::iter([Err(error)]).boxed()
}

fn away() -> AnswerStream {
    fails(LlmError::Busy { reason: "told to be".to_owned() })
}

/// Whoever keeps summaries besides.
struct Kept(Notes<(CallSid, String)>, Mutex<u32>);

impl Keep for Kept {
    fn keep(&self, call: CallSid, text: String) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let mut failures = self.1.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err("told to fail".to_owned());
            }
            self.0.add((call, text));
            Ok(())
        })
    }
}

fn style() -> Style {
    Style { not_over: ms(1), patience: NEVER, again: [ms(1), ms(4)], least: ms(1), ..Style::default() }
}

fn job(rig: &Rig, model: Arc<dyn LanguageModel>, style: Style) -> Summary {
    Summary {
        store: Arc::clone(&rig.store) as _,
        model,
        agents: Arc::new(|_| None),
        targets: Vec::new(),
        keep: None,
        style,
    }
}

/// A call in which something was said; it is over where it has an outcome.
async fn held(rig: &Rig, number: u32, outcome: Option<&str>) {
    rig.store.call_began(began(number, "one", 1)).await.unwrap();
    let said = ["Hola.", "Quiero un turno con el cardiólogo."];
    let entries = said.map(|text| Entry::Caller { at_ms: 0, text: text.to_owned() });
    let row = |(seq, entry): (i64, &Entry)| TurnRow {
        epoch: 1,
        seq,
        kind: "caller".to_owned(),
        at_ms: 0,
        body: serde_json::to_string(entry).unwrap(),
    };
    rig.store.add_turns(sid(number), (1..).zip(&entries).map(row).collect()).await.unwrap();
    if let Some(outcome) = outcome {
        ends(rig, number, outcome).await;
    }
}

async fn ends(rig: &Rig, number: u32, outcome: &str) {
    let jobs = vec![summary_job(&sid(number), Duration::ZERO)];
    let at = "2026-11-20T10:01:23Z".parse().unwrap();
    rig.store.call_ended(sid(number), 1, CallEnd { outcome: outcome.to_owned(), at, jobs }).await.unwrap();
}

async fn note(rig: &Rig, number: u32) -> Note {
    let notes = rig.store.notes_of(sid(number).to_string()).await.unwrap();
    assert_eq!(notes.len(), 1, "one summary");
    notes.into_iter().next().unwrap()
}

async fn each_call_is_summed_up_once_however_it_ended_and_however_often_it_is_asked_for(rig: &Rig) {
    let outcomes =
        ["goodbye", "caller_left", "silence", "too_long", "trouble", "asked", "network", "broken", "lost"];
    let (spy, kept) = (Spy::on(&rig.store), Notes::new());
    for (number, outcome) in (1..).zip(outcomes) {
        held(rig, number, Some(outcome)).await;
        // The janitor, the network's last word and the end of the socket all ask for it.
        ends(rig, number, outcome).await;
        rig.store.enqueue(vec![summary_job(&sid(number), Duration::ZERO)]).await.unwrap();
    }
    let model = Model::says("Llamó por un turno.\nQuedó\u{7} reservado.");
    let keep: Arc<dyn Keep> = Arc::new(Kept(kept.clone(), Mutex::new(0)));
    let targets = vec![("crm".to_owned(), Settle::Key), ("slack".to_owned(), Settle::AtLeastOnce)];
    let summary = Summary { keep: Some(keep), targets, ..job(rig, Arc::clone(&model) as _, style()) };
    // Nobody here delivers.
    let runner = start(&spy, "one", vec![Arc::new(summary)], Pace { unknown: NEVER, ..pace() });
    let count = outcomes.len();
    spy.done(count).await;
    runner.drain(NEVER).await;
    for number in 1..=9 {
        assert_eq!(note(rig, number).await.text, "Llamó por un turno. Quedó reservado.");
    }
    assert_eq!((model.asked.all().len(), kept.all().len()), (count, count));
    let deliveries = rig.store.deliveries(DeliveryState::Pending, 100).await.unwrap();
    let mut to: Vec<_> =
        deliveries.iter().map(|delivery| (delivery.key.clone(), delivery.target.clone())).collect();
    to.sort();
    to.dedup();
    assert_eq!((deliveries.len(), to.len()), (2 * count, 2 * count));
    let first =
        deliveries.iter().find(|delivery| delivery.key == format!("note:{}:summary", sid(1))).unwrap();
    assert_eq!(
        (&first.payload["type"], &first.payload["data"]["seconds"]),
        (&"call.summary".into(), &82.into())
    );
    assert_eq!(first.payload["data"]["text"], "Llamó por un turno. Quedó reservado.");
    assert_eq!(first.payload["data"]["outcome"], "goodbye");
}

async fn a_call_that_is_not_over_is_waited_for(rig: &Rig) {
    let spy = Spy::on(&rig.store);
    held(rig, 1, None).await;
    rig.store.enqueue(vec![summary_job(&sid(1), Duration::ZERO)]).await.unwrap();
    let model = Model::says("Listo.");
    let runner = start(&spy, "one", vec![Arc::new(job(rig, Arc::clone(&model) as _, style()))], pace());
    // More often than it may fail.
    spy.finished(25).await;
    assert_eq!(model.asked.all().len(), 0);
    ends(rig, 1, "goodbye").await;
    spy.done(1).await;
    assert_eq!(note(rig, 1).await.text, "Listo.");
    drop(runner);
}

/// Reliability G7. However fast a model fails, an attempt keeps its place for a while, and there are two of them.
async fn after_an_outage_each_call_is_summed_up_once_and_the_model_is_not_stormed(rig: &Rig) {
    const CALLS: u32 = 20;
    let least = ms(20);
    let spies = [Spy::on(&rig.store), Spy::on(&rig.store)];
    for number in 1..=CALLS {
        held(rig, number, Some("goodbye")).await;
    }
    // It fails for each call three times on average.
    let model = Model::new(|count| if count <= 3 * CALLS as usize { away() } else { said("Listo.") });
    let style = Style { least, ..style() };
    let runners = [("one", &spies[0]), ("two", &spies[1])].map(|(name, spy)| {
        let summary = Summary { targets: Vec::new(), ..job(rig, Arc::clone(&model) as _, style.clone()) };
        start(spy, name, vec![Arc::new(summary)], Pace { lane: 2, ..pace() })
    });
    let asked = model.asked.are(4 * CALLS as usize).await;
    for runner in runners {
        runner.drain(NEVER).await;
    }
    for number in 1..=CALLS {
        assert_eq!(note(rig, number).await.text, "Listo.");
    }
    assert_eq!(model.asked.all().len(), 4 * CALLS as usize, "each failure once, each call once");
    // Of any three questions in a row the third waits for the end of the first or of the second.
    for three in asked.windows(3) {
        assert!(three[2].0.duration_since(three[0].0) >= least);
    }
}

async fn after_the_last_attempt_the_facts_are_told_in_plain_words(rig: &Rig) {
    let spy = Spy::on(&rig.store);
    held(rig, 1, Some("caller_left")).await;
    let model = Model::new(|_| away());
    let runner = start(&spy, "one", vec![Arc::new(job(rig, Arc::clone(&model) as _, style()))], pace());
    spy.finished(20).await;
    let plain = "Llamada de +34600100200 el 20/11/2026 a las 10:00; duró 1 min 22 s. La persona colgó. No se reservó nada. La \
                 persona habló 2 veces; al comienzo dijo: «Quiero un turno con el cardiólogo».";
    assert_eq!(note(rig, 1).await.text, plain);
    assert_eq!(model.asked.all().len(), 20);
    drop(runner);
}

async fn a_call_that_the_model_declines_is_told_in_plain_words_at_once(rig: &Rig) {
    let spy = Spy::on(&rig.store);
    held(rig, 1, Some("goodbye")).await;
    let model = Model::new(|_| fails(LlmError::Declined { reason: "a filter".to_owned() }));
    let runner = start(&spy, "one", vec![Arc::new(job(rig, Arc::clone(&model) as _, style()))], pace());
    spy.finished(1).await;
    assert!(note(rig, 1).await.text.starts_with("Llamada de +34600100200"));
    assert_eq!(model.asked.all().len(), 1);
    drop(runner);
}

async fn an_answer_without_end_is_not_waited_for(rig: &Rig) {
    let spy = Spy::on(&rig.store);
    held(rig, 1, Some("goodbye")).await;
    let model = Model::new(|count| match count {
        1 => stream::iter([Ok(AnswerEvent::Text("Llamó".to_owned()))]).chain(stream::pending()).boxed(),
        2 => stream::iter([Ok(AnswerEvent::Text("Llamó".to_owned()))]).boxed(),
        3 => said(" "),
        _ => said("Llamó por un turno."),
    });
    let style = Style { patience: ms(30), ..style() };
    let runner = start(&spy, "one", vec![Arc::new(job(rig, Arc::clone(&model) as _, style))], pace());
    spy.finished(4).await;
    assert_eq!(note(rig, 1).await.text, "Llamó por un turno.");
    drop(runner);
}

async fn a_process_that_dies_at_any_moment_leaves_one_summary(rig: &Rig) {
    let (spy, kept) = (Spy::on(&rig.store), Notes::new());
    let model = Model::new(|count| said(["Uno.", "Otro."][count % 2]));
    let keep: Arc<dyn Keep> = Arc::new(Kept(kept.clone(), Mutex::new(0)));
    let make = || Summary { keep: Some(Arc::clone(&keep)), ..job(rig, Arc::clone(&model) as _, style()) };
    for steps in 1.. {
        held(rig, steps, Some("goodbye")).await;
        let claim = rig.store.claim(Ask { lease: ms(1), ..asks("dies") }).await.unwrap().pop().unwrap();
        let survived = dies_after(steps as usize, make().run(claim)).await;
        let runner = start(&spy, "one", vec![Arc::new(make())], pace());
        spy.done(steps as usize).await;
        runner.drain(NEVER).await;
        let text = note(rig, steps).await.text;
        let told: Vec<_> = kept.all().into_iter().filter(|(call, _)| *call == sid(steps)).collect();
        assert!(!told.is_empty() && told.iter().all(|(_, kept)| *kept == text), "{told:?}");
        if survived {
            assert!(steps > 2, "it waits for the model and for the store at least: {steps}");
            break;
        }
    }
}

async fn the_embedded_receptionist_tells_the_facts(rig: &Rig) {
    let spy = Spy::on(&rig.store);
    held(rig, 1, Some("goodbye")).await;
    let runner = start(&spy, "one", vec![Arc::new(job(rig, Arc::new(Receptionist), style()))], pace());
    spy.finished(1).await;
    let plain = "Llamada de +34600100200 el 20/11/2026 a las 10:00; duró 1 min 22 s. Terminó con una despedida. No se reservó nada. \
                 La persona habló 2 veces; al comienzo dijo: «Quiero un turno con el cardiólogo».";
    assert_eq!(note(rig, 1).await.text, plain);
    drop(runner);
}

async fn the_prompts_folder_has_the_last_word(rig: &Rig) {
    let folder = std::env::temp_dir().join(format!("centralita-prompts-{:016x}", rand::random::<u64>()));
    fs::create_dir_all(folder.join("parts")).unwrap();
    let spy = Spy::on(&rig.store);
    let model = Model::says("Listo.");
    let style = Style { prompts: Some(folder.clone()), ..style() };
    let runner = start(&spy, "one", vec![Arc::new(job(rig, Arc::clone(&model) as _, style))], pace());
    let prompt = async |number: u32| {
        held(rig, number, Some("goodbye")).await;
        let asked = model.asked.are(number as usize).await;
        let (_, question) = asked.last().unwrap().clone();
        let [Message::System { content }, Message::User { content: said }] = &question.messages[..] else {
            panic!("a system message and the transcript: {:?}", question.messages)
        };
        assert_eq!(Facts::asked(&question.messages).unwrap().turns, 2);
        assert_eq!(
            said,
            "<transcript>\nCaller: Hola.\nCaller: Quiero un turno con el cardiólogo.\n</transcript>"
        );
        content.clone()
    };
    let built_in = include_str!("../../prompts/parts/summary.es.md");
    assert!(prompt(1).await.starts_with(built_in.trim()));
    fs::write(folder.join("parts/summary.es.md"), "En una sola frase.\n").unwrap();
    assert!(prompt(2).await.starts_with("En una sola frase.\n\nThe call:"));
    drop(runner);
    fs::remove_dir_all(folder).unwrap();
}

async fn what_could_not_be_kept_is_offered_again(rig: &Rig) {
    let (spy, kept) = (Spy::on(&rig.store), Notes::new());
    held(rig, 1, Some("goodbye")).await;
    let model = Model::says("Listo.");
    let keep: Arc<dyn Keep> = Arc::new(Kept(kept.clone(), Mutex::new(3)));
    let summary = Summary { keep: Some(keep), ..job(rig, Arc::clone(&model) as _, style()) };
    let runner = start(&spy, "one", vec![Arc::new(summary)], pace());
    spy.finished(4).await;
    assert_eq!(kept.all(), [(sid(1), "Listo.".to_owned())]);
    assert_eq!(model.asked.all().len(), 1, "the text stands, and is not written again");
    runner.drain(Duration::ZERO).await;
}
