//! The melody of the caller's pauses, judged by a model as far as a call must see it.

use super::{
    http::api,
    phone::{Phone, mark, sound, stop},
    rig::{CALL, Rig, soon},
    staff::Office,
};
use centralita::{
    audio::{g711, level::rms_dbfs},
    base::clock,
    channels::voice::{calls::Calls as _, desk::Desk},
    dialogue::{
        input::Input,
        replay::{Log, replay},
    },
    ports::{
        turn_end::{Judgement, TurnEnd},
        voice_activity::{VoiceActivity, VoiceDetector},
    },
};
use futures_util::FutureExt as _;
use std::{fs, pin::pin, sync::Arc};
use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
};

/// What is asked, and the way to answer it.
type Question = (Vec<u8>, oneshot::Sender<f32>);

/// Hands over what it is asked.
struct Judge(mpsc::Sender<Question>);

impl TurnEnd for Judge {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn judge(&self, sound: Vec<u8>) -> Option<Judgement> {
        let (answer, judgement) = oneshot::channel();
        self.0.try_send((sound, answer)).unwrap();
        Some(judgement.map(Result::ok).boxed())
    }
}

/// Takes whatever is loud for speech.
struct Loud;

impl VoiceActivity for Loud {
    fn name(&self) -> &'static str {
        "loud"
    }

    fn open(&self) -> Box<dyn VoiceDetector> {
        Box::new(Self)
    }
}

impl VoiceDetector for Loud {
    fn judge(&mut self, frame: &[i16]) -> f32 {
        if rms_dbfs(frame).0 > -30.0 { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}

struct Caller {
    phone: Phone,
    chunk: u8,
}

impl Caller {
    /// So many frames of sound, or of silence.
    async fn says(&mut self, frames: u8, loud: bool) {
        let frame = if loud { [0x90, 0x10].repeat(80) } else { vec![g711::SILENCE; 160] };
        for _ in 0..frames {
            self.chunk += 1;
            self.phone.say(&sound(self.chunk, &frame)).await;
        }
    }

    /// Hears the greeting to its end, and sends its marks back.
    async fn is_greeted(&mut self, rig: &Rig<Desk>) {
        let said = async {
            let call = CALL.parse().unwrap();
            while rig.calls.show(&call).await.is_none_or(|record| record["entries"][0]["what"] != "agent") {
                yield_now().await;
            }
        };
        let mut said = pin!(soon(said));
        loop {
            tokio::select! {
                () = &mut said => return,
                message = self.phone.hears() => if message["event"] == "mark" {
                    self.phone.say(&mark(message["mark"]["name"].as_str().unwrap())).await;
                },
            }
        }
    }
}

#[tokio::test]
async fn the_melody_of_a_pause_is_told_and_that_of_a_pause_which_is_over_is_not() {
    let (office, mut staff) = Office::open().await;
    let (judge, mut asked) = mpsc::channel(1);
    staff.activity = Some(Arc::new(Loud));
    staff.turn_end = Some(Arc::new(Judge(judge)));
    let rig = Rig::keeping(office.kept.clone(), Arc::new(Desk::new(staff)), |_| ()).await;
    let mut caller = Caller { phone: rig.call(CALL).await, chunk: 0 };
    caller.is_greeted(&rig).await;

    caller.says(20, true).await;
    caller.says(10, false).await;
    let (heard, answer) = soon(asked.recv()).await.unwrap();
    assert_eq!(heard.len(), 30 * 160);
    assert!(heard[20 * 160..].iter().all(|code| *code == g711::SILENCE) && heard[..20 * 160].contains(&0x90));
    answer.send(0.75).unwrap();
    // The call runs on this thread: it takes the answer before anything that is sent behind it.
    for _ in 0..100 {
        yield_now().await;
    }

    caller.says(20, true).await;
    caller.says(10, false).await;
    let (heard, mut late) = soon(asked.recv()).await.unwrap();
    assert_eq!(heard.len(), 60 * 160);
    caller.says(5, true).await;
    soon(late.closed()).await;
    assert_eq!(late.send(0.25), Err(0.25));

    caller.phone.say(&stop()).await;
    assert_eq!(caller.phone.closed_with().await, 1000);
    drop(caller);
    assert_eq!(api(&rig, &format!("GET /api/calls/{CALL}")).await.json()["outcome"], "caller_left");
    let log = fs::read(office.folder.join(format!("{CALL}.replay"))).unwrap();
    let mut told = Vec::new();
    let verdict = replay(&mut Log::open(&log).unwrap(), clock::now(), |played| {
        if let Input::SoundsOver(probability) = played.input {
            told.push(*probability);
        }
    });
    assert_eq!(told, [0.75]);
    assert!(verdict.holds(), "{verdict:?}");
}
