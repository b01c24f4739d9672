//! Calls by turns: Twilio's own recogniser and voice, in its own forms, before the embedded receptionist.

use super::{
    http::{api, post_signed},
    phone::arrival,
    rig::{CALL, GUARD, PUBLIC, Rig, soon},
    staff::Office,
    store::{Kept, kept},
};
use centralita::{
    base::clock::SetClock,
    channels::{
        tools::{Means, later_in},
        turns::{ByTurns, Crew, Turns},
        voice::{agents::Agents, calls::Calls as _, desk::Desk, staff::Staff},
    },
    ports::{
        calendar::Calendar,
        llm::{AnswerEvent, AnswerStream, LanguageModel, Question},
    },
    providers::local::brain::Receptionist,
    testbed::eval::Book,
};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::{join, sync::Semaphore};

/// Saturday, 21 November 2026, 09:30 in Buenos Aires.
const NOW: &str = "2026-11-21T12:30:00Z";

type Form = Vec<(String, String)>;

/// A server whose calls are held by turns, and the line of one caller.
pub(super) struct Stage {
    pub(super) rig: Rig<Desk>,
    book: Arc<Book>,
    /// Where the network asks next.
    pub(super) next: String,
    _office: Office,
}

impl Stage {
    pub(super) async fn open() -> Self {
        Self::on(kept().await, Arc::new(Receptionist), Duration::from_secs(20)).await
    }

    /// `within` is how long a request waits for the model.
    pub(super) async fn on(kept: Kept, model: Arc<dyn LanguageModel>, within: Duration) -> Self {
        Self::set(kept, model, within, |_, crew| crew.which = ByTurns::Always).await
    }

    pub(super) async fn set(
        kept: Kept,
        model: Arc<dyn LanguageModel>,
        within: Duration,
        change: impl FnOnce(&mut Staff, &mut Crew),
    ) -> Self {
        let (office, mut staff) = Office::open().await;
        let agents = Agents::open(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts")).unwrap();
        let clock = Arc::new(SetClock(NOW.parse().unwrap()));
        let book = Arc::new(Book::new(agents.find("clinica").unwrap(), clock.clone()));
        let Kept { store, ledger, owner, .. } = kept.clone();
        let later = later_in(store.clone());
        let tools = Means { calendar: book.clone(), clock: clock.clone(), later, http: None }.tools();
        let mut crew = Crew {
            model,
            tools,
            clock,
            store: store.clone(),
            ledger: ledger.clone(),
            owner: owner.clone(),
            which: ByTurns::InTrouble,
            recall: GUARD,
            within,
        };
        change(&mut staff, &mut crew);
        let turns = Arc::new(Turns::new(crew));
        (staff.store, staff.ledger, staff.owner) = (store, ledger, owner);
        staff.turns = Some(Arc::clone(&turns));
        let desk = Arc::new(Desk::new(staff));
        let calendar = Arc::clone(&book);
        let rig = Rig::keeping(kept, desk, |setup| {
            setup.turns = Some(turns);
            setup.calendar = calendar;
        })
        .await;
        Self { rig, book, next: "/webhook/voice".to_owned(), _office: office }
    }

    /// The network asks, and learns where to ask next.
    pub(super) async fn asks(&mut self, form: &Form) -> String {
        let answer = post_signed(&self.rig, &self.next, form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if let Some(next) = next(&answer.body) {
            self.next = next;
        }
        answer.body
    }

    /// The caller says something; what they hear then, while the network listens again.
    pub(super) async fn hears(&mut self, text: &str) -> String {
        let twiml = self.asks(&speech(text)).await;
        assert!(twiml.contains("<Gather "), "{twiml}");
        said(&twiml)
    }

    /// The record of the call, from the API.
    pub(super) async fn record(&self) -> Value {
        api(&self.rig, &format!("GET /api/calls/{CALL}")).await.json()
    }
}

/// The address in the action of the document, or in its redirect, without what is not sent.
fn next(twiml: &str) -> Option<String> {
    let (_, behind) = twiml.split_once(&format!("https://{PUBLIC}"))?;
    let (path, _) = behind.split_once("#rc=5&amp;rp=all")?;
    Some(path.replace("&amp;", "&"))
}

/// What the network says.
pub(super) fn said(twiml: &str) -> String {
    let (_, say) = twiml.split_once("<Say ").unwrap();
    let (_, text) = say.split_once('>').unwrap();
    text.split_once("</Say>").unwrap().0.to_owned()
}

fn form(text: &str, change: Option<(&str, &str)>) -> Form {
    let mut form: Form = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    for (name, value) in &mut form {
        if let Some((_, new)) = change.filter(|(changed, _)| name == changed) {
            new.clone_into(value);
        }
    }
    form
}

pub(super) fn speech(text: &str) -> Form {
    form(include_str!("../protocols/twilio/gather_action_speech.form"), Some(("SpeechResult", text)))
}

fn keys(digits: &str) -> Form {
    form(include_str!("../protocols/twilio/gather_action_dtmf.form"), Some(("Digits", digits)))
}

pub(super) fn silence() -> Form {
    form(include_str!("../protocols/twilio/gather_action_empty.form"), None)
}

pub(super) fn kinds(record: &Value) -> Vec<&str> {
    record["entries"].as_array().unwrap().iter().map(|entry| entry["what"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_booking_from_the_greeting_to_the_goodbye_stands_in_the_book() {
    let mut stage = Stage::open().await;
    let greeting = stage.asks(&arrival(CALL)).await;
    assert!(said(&greeting).starts_with("Buenos días. Clínica Santa Lucía"), "{greeting}");
    assert!(
        greeting.contains("input=\"speech dtmf\"") && greeting.contains("language=\"es-AR\""),
        "{greeting}"
    );
    assert_eq!(stage.rig.web.live(), 1);

    let heard = stage.hears("Hola, quiero sacar un turno para cardiología.").await;
    assert!(heard.ends_with("¿Qué día y a qué hora le conviene?"), "{heard}");
    let heard = stage.hears("El jueves a las diez y media, por favor.").await;
    assert!(heard.ends_with("¿Me dice su nombre y apellido?"), "{heard}");
    let heard = stage.hears("Me llamo Marcela Fernández.").await;
    assert!(heard.ends_with("¿Y su número de documento?"), "{heard}");
    let heard = said(&stage.asks(&keys("28400512")).await);
    assert!(heard.contains("a nombre de Marcela Fernández") && heard.ends_with("¿Es correcto?"), "{heard}");
    assert_eq!(stage.book.appointments().await.unwrap(), [], "nothing is booked before the caller agrees");
    let heard = stage.hears("Sí, está bien.").await;
    assert!(heard.contains("Su turno quedó reservado"), "{heard}");
    let goodbye = stage.asks(&speech("No, eso es todo. Muchas gracias, hasta luego.")).await;
    assert!(goodbye.ends_with("Hasta luego.</Say><Hangup/></Response>"), "{goodbye}");

    let booked = stage.book.appointments().await.unwrap();
    assert_eq!(booked.len(), 1);
    assert_eq!((booked[0].name.as_str(), booked[0].document.as_str()), ("Marcela Fernández", "28400512"));
    assert_eq!(booked[0].slot.start.to_string(), "2026-11-26T10:30:00");
    assert_eq!(booked[0].call.as_ref().unwrap().as_str(), CALL);

    assert_eq!(stage.rig.web.live(), 0);
    let record = stage.record().await;
    assert_eq!(record["outcome"], "goodbye");
    let digits = ["digit"; 8];
    let order = [
        &["agent", "caller", "agent", "caller", "tool", "agent", "caller", "agent"][..],
        &digits,
        &["caller", "agent", "caller", "tool", "agent", "caller", "agent"],
    ];
    assert_eq!(kinds(&record), order.concat());
    assert_eq!(record["turns"].as_array().unwrap().len(), 6, "each answer has its latency");
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_answer_and_happens_once() {
    let mut stage = Stage::open().await;
    let first = stage.asks(&arrival(CALL)).await;
    assert_eq!(post_signed(&stage.rig, "/webhook/voice", &arrival(CALL)).await.body, first);
    let (path, form) =
        (stage.next.clone(), speech("Quiero un turno de cardiología para el jueves a las diez."));
    let ask = || post_signed(&stage.rig, &path, &form);
    let (one, other) = join!(ask(), ask());
    assert!(one.body.contains("<Gather "), "{one:?}");
    assert_eq!((one.status, &one.body), (other.status, &other.body));
    assert_eq!(ask().await.body, one.body);
    assert_eq!(kinds(&stage.record().await), ["agent", "caller", "tool", "agent"]);
}

#[tokio::test]
async fn a_silent_caller_is_asked_twice_and_then_bid_goodbye() {
    let mut stage = Stage::open().await;
    stage.asks(&arrival(CALL)).await;
    assert_eq!(said(&stage.asks(&silence()).await), "¿Sigue ahí?");
    assert_eq!(said(&stage.asks(&silence()).await), "No le escucho. ¿Me oye bien?");
    let end = stage.asks(&silence()).await;
    assert!(end.ends_with("Hasta luego.</Say><Hangup/></Response>"), "{end}");
    assert_eq!(stage.record().await["outcome"], "silence");
    // The last request, made again.
    assert_eq!(stage.asks(&silence()).await, end);
}

/// A model that says nothing until it may.
struct Slow(Arc<Semaphore>);

impl LanguageModel for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn ask(&self, _: Question) -> AnswerStream {
        let may = Arc::clone(&self.0);
        stream::once(async move {
            may.acquire().await.unwrap().forget();
            Ok(AnswerEvent::Text("Hay lugar el jueves.".to_owned()))
        })
        .boxed()
    }
}

#[tokio::test]
async fn who_waits_for_a_slow_model_hears_that_they_should_wait_and_then_the_answer() {
    let may = Arc::new(Semaphore::new(0));
    let mut stage = Stage::on(kept().await, Arc::new(Slow(Arc::clone(&may))), Duration::ZERO).await;
    stage.asks(&arrival(CALL)).await;
    let first = stage.asks(&speech("Quiero un turno.")).await;
    assert!(
        first.contains("Un momento, por favor.</Say><Redirect ") && stage.next.ends_with("&w=1"),
        "{first}"
    );
    let second = stage.asks(&silence()).await;
    assert!(second.contains("Deme un segundo, por favor.</Say><Redirect "), "{second}");
    may.add_permits(1);
    let answer = soon(async {
        loop {
            let twiml = stage.asks(&silence()).await;
            if twiml.contains("<Gather ") {
                return said(&twiml);
            }
        }
    });
    assert_eq!(answer.await, "Hay lugar el jueves.");
    let record = stage.record().await;
    assert_eq!(kinds(&record)[..4], ["agent", "caller", "clip", "clip"]);
    assert_eq!(kinds(&record).last(), Some(&"agent"));
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_a_record() {
    let mut stage = Stage::open().await;
    stage.asks(&arrival(CALL)).await;
    stage.hears("Hola.").await;
    let over = include_str!("../protocols/twilio/call_status_3_completed.form");
    let told = post_signed(&stage.rig, "/webhook/voice/status", &form(over, None)).await;
    assert_eq!(told.status, 204);
    assert_eq!(stage.rig.web.live(), 0);
    let record = stage.record().await;
    assert_eq!((record["outcome"].as_str(), kinds(&record).len()), (Some("caller_left"), 3));
    // Whatever still comes ends the call.
    assert!(stage.asks(&speech("¿Hola?")).await.contains("<Response><Hangup/>"));
}

#[tokio::test]
async fn an_operator_ends_a_call_when_it_is_our_turn() {
    let mut stage = Stage::open().await;
    stage.asks(&arrival(CALL)).await;
    assert_eq!(stage.rig.calls.list()[0].call.as_str(), CALL);
    assert_eq!(api(&stage.rig, &format!("POST /api/calls/{CALL}/hangup")).await.status, 202);
    let end = stage.asks(&speech("Quiero un turno.")).await;
    assert!(end.contains("Tengo que terminar la llamada") && end.contains("<Hangup/>"), "{end}");
    assert_eq!(stage.record().await["outcome"], "asked");
}
