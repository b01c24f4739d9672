//! A recorded call, lived through once more.

use super::{
    house::{EARLY, House},
    sounds::said,
};
use centralita::{
    dialogue::output::Output,
    testbed::{
        openai::{Answer, LlmFault},
        phone::{HangUpStyle, PhoneEvent},
    },
};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, ExitStatus},
};

const STORY: &str = "Había una vez un rey muy viejo que vivía solo en un castillo con tres gatos y un perro.";

/// `centralita replay`: how it ended, and what it printed.
fn replayed(arguments: &[&str], file: &Path) -> (ExitStatus, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_centralita"));
    let output = command.arg("replay").args(arguments).arg(file).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status, String::from_utf8(told).unwrap())
}

#[tokio::test]
async fn a_call_with_faults_writes_a_log_that_replays_and_tells_its_story() {
    let house = House::with(&[EARLY]).await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.fakes.openai.faults().always(LlmFault::Refuse(500));
    house.fakes.deepgram.hears(["¿Cuándo hay lugar?", "Cuénteme algo.", "Espere, ¿a qué hora abren?"]);
    caller.says(3).await;
    caller.hears_clips(&["again"]).await;
    house.fakes.openai.faults().clear();
    house.fakes.openai.answer_to("Cuénteme algo.", Answer::text(STORY));
    house.fakes.openai.answer_to("a qué hora abren", Answer::text("A las ocho."));
    caller.says(3).await;
    caller.hears(&said(STORY)[..4_000]).await;
    caller.begins_to_say(5).await;
    caller.until(|event| *event == PhoneEvent::Clear).await;
    caller.until(|event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;
    caller.has_heard_a_part_of(&said(STORY)[4_000..], &said("A las ocho."));
    caller.hears(&said("A las ocho.")).await;
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    let record = house.record(&sid).await;

    // The record of the call, from the log alone.
    let entries: Vec<Value> = (house.replays(&sid).into_iter())
        .filter_map(|output| match output {
            Output::Record(entry) => Some(serde_json::to_value(entry).unwrap()),
            _ => None,
        })
        .collect();
    assert_eq!(record["entries"], Value::Array(entries));

    let file = house.log_of(&sid);
    assert_eq!(record["files"]["replay"], file.to_str().unwrap());
    let (status, told) = replayed(&[], &file);
    assert!(status.success(), "{told}");
    for line in [
        "caller  ¿Cuándo hay lugar?",
        "[trouble: llm]",
        "agent   [phrase: Disculpe, tuve un inconveniente técnico. ¿Puede repetirlo, por favor?]",
        "— [interrupted; unheard: ",
        "[the line is closed]",
    ] {
        assert!(told.contains(line), "“{line}” is missing:\n{told}");
    }
    assert!(told.lines().last().unwrap().ends_with(" outputs, all as in the call"), "{told}");
    let (status, told) = replayed(&["--json"], &file);
    let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert!(status.success() && last["same"] == true, "{last}");
    assert_eq!(
        told.lines().count() as u64 - 1,
        last["inputs"].as_u64().unwrap() + last["outputs"].as_u64().unwrap()
    );

    // What a process leaves that dies in the middle of the call.
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let (status, told) = replayed(&[], &file);
    assert!(status.success(), "{told}");
    assert!(told.contains("all as in the call so far") && told.contains("the log ends early"), "{told}");
    fs::write(&file, "RIFF").unwrap();
    let (status, told) = replayed(&[], &file);
    assert!(status.code() == Some(1) && told.contains("this is not the log of a call"), "{told}");
}
