//! `centralita agent` and `centralita eval`: making an agent, its mistakes, a conversation, a judgement.

use crate::{program, told};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};

/// A folder of prompts of its own.
fn prompts(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("agents-{name}"));
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    folder
}

/// Exit code and text of a run with these prompts; `typed` comes in on standard input.
fn run(folder: &Path, arguments: &[&str], typed: &str) -> (Option<i32>, String) {
    let mut command = program(arguments, &[("PROMPTS_DIR", folder.to_str().unwrap())]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), told(&output))
}

#[test]
fn a_new_agent_is_checked_tried_and_judged() {
    let folder = prompts("new");
    let (code, text) = run(&folder, &["agent", "new", "garage", "--language", "en-US"], "");
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = run(&folder, &["agent", "new", "garage"], "");
    assert_eq!(code, Some(78));
    assert!(text.contains("is there already; nothing was written"), "{text}");
    let (code, text) = run(&folder, &["agent", "check"], "");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("garage           en-US, North Garage, 2 specialties, 0 scenarios"), "{text}");

    let lines = "I need an oil change on Wednesday at ten.\nMy name is Sam Lee.\n95 222 111\nYes, correct.\nNo, thank you. Goodbye.\nnever read\n";
    let (code, text) = run(&folder, &["agent", "try", "garage", "--now", "2026-11-24T09:10"], lines);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("garage: Good morning. North Garage"), "{text}");
    assert!(text.contains("> My name is Sam Lee.\n"), "{text}");
    assert!(text.contains("[book_appointment {"), "{text}");
    assert!(
        text.contains("(garage ended the conversation)\nIn the book: oil change, 2026-11-25T10:00:00"),
        "{text}"
    );
    assert!(!text.contains("never read"), "{text}");

    let scenarios = folder.join("eval/garage");
    fs::create_dir_all(&scenarios).unwrap();
    let scenario = "title = \"t\"\ngoal = \"g\"\nopening = \"Hello, when are you open?\"\n[expect]\nsays = [\"nine in the morning\"]\n";
    fs::write(scenarios.join("hours.toml"), scenario).unwrap();
    fs::write(scenarios.join("wrong.toml"), scenario.replace("nine", "four <am>")).unwrap();
    let report = folder.join("report.xml");
    let (code, text) = run(&folder, &["eval", "garage", "--junit", report.to_str().unwrap()], "");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("1 of 2 as expected, with local"), "{text}");
    let xml = fs::read_to_string(report).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    assert!(xml.contains("not said: four &lt;am&gt;"), "{xml}");
    assert_eq!(run(&folder, &["eval", "--scenario", "hours"], "").0, Some(0));
}

#[test]
fn every_mistake_of_an_agent_is_told_with_its_place() {
    let folder = prompts("mistakes");
    assert_eq!(run(&folder, &["agent", "check"], "").0, Some(78));
    for name in ["one", "two"] {
        assert_eq!(run(&folder, &["agent", "new", name], "").0, Some(0));
    }
    let edit = |file: &str, from: &str, to: &str| {
        let path = folder.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    edit("one.md", "find_slots", "fly");
    edit("one.toml", "minutes", "minuts");
    fs::remove_file(folder.join("two.toml")).unwrap();
    fs::create_dir_all(folder.join("eval/two")).unwrap();
    fs::write(folder.join("eval/two/bad.toml"), "title = 1\n").unwrap();
    let (code, text) = run(&folder, &["agent", "check"], "");
    assert_eq!(code, Some(78), "{text}");
    for told in [
        "one.md:11: unknown tool `fly`; expected one of",
        "unknown key `minuts`; expected one of",
        "two.toml can't be read",
        "bad.toml: TOML parse error at line 1, column 9",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
}
