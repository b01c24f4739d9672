//! What operators see of calls, take with them, and erase.

use super::folder::{Folder, connect};
use centralita::{
    base::ids::{CallSid, TurnId},
    dialogue::{record::Entry, stats::TurnReport},
    ports::store::{
        MAIN_WORKSPACE, Owner,
        calls::{CallBegan, CallEnd, CallRecords as _, NewCall, TurnRow},
        keys::Keys as _,
        notes::{NewNote, Notes as _},
    },
    storage::{SqlStore, file::log_of},
};
use serde_json::{Value, json};
use sqlx::Connection as _;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

const ANA: &str = "+34600987654";
const LEO: &str = "+34600300400";

fn sid(number: u32) -> CallSid {
    format!("CA{number:032x}").parse().unwrap()
}

fn row(seq: i64, kind: &str, body: &Value) -> TurnRow {
    TurnRow { epoch: 1, seq, kind: kind.to_owned(), at_ms: 0, body: body.to_string() }
}

/// A call of 82 s in which something was said, with its summary and its files.
async fn live_through(folder: &Folder, store: &SqlStore, number: u32, from: &str) {
    let call = NewCall {
        sid: sid(number),
        workspace: MAIN_WORKSPACE.to_owned(),
        agent: "clara".to_owned(),
        direction: "inbound".to_owned(),
        from: from.to_owned(),
        to: "+34910000000".to_owned(),
        account: "AC1".to_owned(),
        at: "2026-11-20T10:00:00Z".parse().unwrap(),
    };
    let names = [format!("{}.opus", sid(number)), format!("{}.replay", sid(number))];
    let began = CallBegan {
        at: call.at + Duration::from_secs(1),
        owner: Owner("test".to_owned()),
        epoch: 1,
        files: names.clone().map(|name| Some(folder.0.join(name).display().to_string())),
        call,
    };
    let end =
        CallEnd { outcome: "goodbye".to_owned(), at: began.at + Duration::from_secs(82), jobs: Vec::new() };
    store.call_began(began).await.unwrap();
    let entries = [
        Entry::Agent {
            at_ms: 400,
            turn: TurnId(0),
            heard: "Buenos días.".into(),
            meant: "Buenos días.".into(),
            interrupted: false,
        },
        Entry::Caller { at_ms: 62_100, text: format!("Soy\u{1b}[2J {from}") },
        Entry::Agent {
            at_ms: 63_000,
            turn: TurnId(1),
            heard: "Muy".into(),
            meant: "Muy bien, gracias.".into(),
            interrupted: true,
        },
        Entry::Tool { at_ms: 64_000, name: "book".into(), arguments: "{}".into(), reply: "booked".into() },
    ];
    let mut turns: Vec<TurnRow> =
        (0..).zip(&entries).map(|(seq, entry)| row(seq, entry.kind(), &json!(entry))).collect();
    let report = TurnReport {
        turn: TurnId(1),
        response_ms: Some(624),
        first_token_ms: Some(500),
        ..TurnReport::default()
    };
    turns.push(row(9, "times", &json!(report)));
    store.add_turns(sid(number), turns).await.unwrap();
    store.call_ended(sid(number), 1, end).await.unwrap();
    let text = format!("The caller {from} wants an appointment.");
    let note =
        NewNote { call: sid(number).to_string(), kind: "summary".to_owned(), text, deliveries: Vec::new() };
    store.write_note(note).await.unwrap();
    for name in names.iter().chain(&[format!("{}-2.opus", sid(number))]) {
        fs::write(folder.0.join(name), format!("sound of {name}")).unwrap();
    }
}

async fn two_calls() -> Folder {
    let folder = Folder::new();
    let store = folder.store().await;
    live_through(&folder, &store, 1, ANA).await;
    live_through(&folder, &store, 2, LEO).await;
    store.close().await;
    folder
}

#[tokio::test]
async fn calls_are_listed_newest_first_and_numbers_are_masked() {
    let folder = two_calls().await;
    let told = folder.done(&["calls", "list"]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(lines[0].starts_with("started (UTC)"), "{told}");
    for part in ["2026-11-20 10:00:01", sid(2).as_str(), "+346***0400", "clara", "goodbye", "82"] {
        assert!(lines[1].contains(part), "{part} is missing in {}", lines[1]);
    }
    assert!(lines[2].contains(sid(1).as_str()) && !told.contains(ANA), "{told}");
    assert_eq!(folder.done(&["calls", "list", "--limit", "1"]).lines().count(), 2);
    let told = folder.done(&["calls", "list", "--json", "--contact", ANA]);
    let call: Value = serde_json::from_str(told.trim()).unwrap();
    assert_eq!(
        (&call["call"], &call["seconds"], &call["from"]),
        (&json!(sid(1)), &json!(82), &json!("+346***7654"))
    );
    let contact = call["contact"].as_str().unwrap();
    assert_eq!(folder.done(&["calls", "list", "--json", "--contact", contact]), told);
    let store = folder.store().await;
    for (object, times) in [(contact, 2), ("", 2)] {
        let deeds = store.deeds(object.to_owned(), 9).await.unwrap();
        assert_eq!(deeds.len(), times, "{object}");
        assert!(deeds.iter().all(|(_, deed)| deed.who == "operator" && deed.what == "calls.list"));
    }
    store.close().await;
    assert!(folder.refused(&["calls", "list", "--contact", "+34600000000"]).contains("nobody is known"));
    assert!(Folder::new().refused(&["calls", "list"]).contains("there is no database"));
}

#[tokio::test]
async fn a_call_is_shown_as_it_went_and_the_look_is_written_down() {
    let folder = two_calls().await;
    let one = sid(1).to_string();
    let told = folder.done(&["calls", "show", &one]);
    for part in [
        "2026-11-20 10:00:01 UTC, 82 s  goodbye",
        "from +346***7654 to the agent clara",
        "  0:00.4  Agent   Buenos días.",
        "  1:02.1  Caller  Soy [2J +34600987654",
        "  1:03.0  Agent   Muy [interrupted; not heard: bien, gracias.]",
        "(model 500 ms, answered 624 ms)",
        "book {} -> booked",
        "summary (",
        "wants an appointment.",
    ] {
        assert!(told.contains(part), "`{part}` is missing in\n{told}");
    }
    assert!(!told.contains('\u{1b}'), "{told}");
    let files = told.lines().filter(|line| line.starts_with("file ")).count();
    assert_eq!(files, 3, "{told}");
    let store = folder.store().await;
    let deeds = store.deeds(one, 9).await.unwrap();
    store.close().await;
    let deeds: Vec<_> = deeds.iter().map(|(_, deed)| (deed.who.as_str(), deed.what.as_str())).collect();
    assert_eq!(deeds, [("operator", "call.read")]);
    let told = folder.refused(&["calls", "show", sid(7).as_str()]);
    assert!(told.contains("there is no call") && told.contains("calls list"), "{told}");
}

#[tokio::test]
async fn calls_are_exported_with_their_sound_or_all_in_one_file() {
    let (folder, outside) = (two_calls().await, Folder::new());
    let (one, to) = (sid(1), outside.0.join("taken"));
    let export = ["calls", "export", one.as_str(), "--to", to.to_str().unwrap()];
    let told = folder.done(&export);
    assert!(told.contains("taken: 1"), "{told}");
    let record: Value = serde_json::from_slice(&fs::read(to.join(format!("{one}.json"))).unwrap()).unwrap();
    assert_eq!(record["entries"].as_array().unwrap().len(), 4);
    assert_eq!(record["turns"][0]["response_ms"], 624);
    assert_eq!(record["notes"][0]["kind"], "summary");
    for name in [format!("{one}.opus"), format!("{one}.replay"), format!("{one}-2.opus")] {
        let copy = to.join(&name);
        assert_eq!(fs::read_to_string(&copy).unwrap(), format!("sound of {name}"));
        assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Not written into what is there, and what is replaced is not written through either.
    let (copy, kept) = (to.join(format!("{one}.opus")), outside.0.join("kept"));
    fs::write(&copy, "older").unwrap();
    assert!(folder.refused(&export).contains("--force"));
    fs::remove_file(to.join(format!("{one}.json"))).unwrap();
    assert!(folder.refused(&export).contains("--force"));
    assert_eq!(fs::read_to_string(&copy).unwrap(), "older");
    fs::hard_link(&copy, &kept).unwrap();
    folder.done(&[&export[..], &["--force"]].concat());
    assert_eq!(fs::read_to_string(&copy).unwrap(), format!("sound of {one}.opus"));
    assert_eq!(fs::read_to_string(&kept).unwrap(), "older");
    let file = outside.0.join("all.json");
    let export = ["calls", "export", "--since", "2026-11-20", "--to", file.to_str().unwrap()];
    folder.done(&export);
    let all: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let calls: Vec<&Value> = all.as_array().unwrap().iter().map(|call| &call["call"]).collect();
    assert_eq!(calls, [&json!(sid(2)), &json!(sid(1))]);
    assert!(folder.refused(&export).contains("--force"));
    folder.done(&[&export[..], &["--force"]].concat());
    let later = ["calls", "export", "--since", "2026-11-21", "--to", file.to_str().unwrap(), "--force"];
    folder.done(&later);
    assert_eq!(fs::read_to_string(&file).unwrap(), "[]\n");
    assert_eq!(folder.run(&["calls", "export", "--to", "x"]).0, Some(2));
}

#[tokio::test]
async fn no_export_touches_the_data_folder() {
    let (folder, outside) = (two_calls().await, Folder::new());
    let (one, book) = (sid(1), folder.0.join("appointments.json"));
    fs::write(&book, "the book").unwrap();
    let link = outside.0.join("link");
    std::os::unix::fs::symlink(&folder.0, &link).unwrap();
    let before = folder.names();
    let data = folder.0.clone();
    let around = outside.0.join("new/..").join("..").join(data.file_name().unwrap());
    for to in
        [&data, &data.join("."), &data.join("exported"), &link, &link.join("deeper/still"), &around, &book]
    {
        for force in [&[][..], &["--force"]] {
            let export = ["calls", "export", one.as_str(), "--to", to.to_str().unwrap()];
            let told = folder.refused(&[&export[..], force].concat());
            assert!(told.contains("data folder"), "{}: {told}", to.display());
        }
    }
    assert_eq!(folder.names(), before);
    assert_eq!(fs::read_to_string(&book).unwrap(), "the book");
    let sound = format!("{one}.opus");
    assert_eq!(fs::read_to_string(folder.0.join(&sound)).unwrap(), format!("sound of {sound}"));
}

fn is_in_the_bytes(folder: &Folder, text: &str) -> bool {
    let holds = |file: &Path| {
        fs::read(file).unwrap_or_default().windows(text.len()).any(|window| window == text.as_bytes())
    };
    holds(&folder.database()) || holds(&log_of(&folder.database()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_erased_is_gone_from_database_files_and_disk_while_the_server_runs() {
    let folder = two_calls().await;
    let elsewhere = Folder::new();
    let outside = elsewhere.0.join(format!("{}.opus", sid(1)));
    fs::write(&outside, "not in the data folder").unwrap();
    let mut hand = connect(&folder.database()).await;
    let sql = "UPDATE calls SET recording = $1 WHERE sid = $2";
    sqlx::query(sql).bind(outside.to_str()).bind(sid(1).as_str()).execute(&mut hand).await.unwrap();
    for (number, name) in [(1, "Ana Paz"), (2, "Leo Paz")] {
        let sql = "INSERT INTO appointments (id, workspace_id, call_sid, specialty, professional, starts_at, ends_at, zone, \
                                             name, document, state, created_at) \
                   VALUES ($1, 'main', $1, 's', 'p', $2, $2 + 1, 'UTC', $3, '1', 'booked', 0)";
        sqlx::query(sql).bind(sid(number).as_str()).bind(number).bind(name).execute(&mut hand).await.unwrap();
    }
    hand.close().await.unwrap();
    let server = folder.server();
    assert!(is_in_the_bytes(&folder, "600987654"));
    let told = folder.refused(&["erase", ANA]);
    assert!(told.contains("[y/N]") && told.contains("nothing is erased"), "{told}");
    assert!(is_in_the_bytes(&folder, "600987654"));
    let told = folder.done(&["erase", "--yes", ANA]);
    assert!(
        told.contains("1 contacts, what was said in 1 calls, 1 notes, 0 messages, 1 appointments, 3 files"),
        "{told}"
    );
    assert!(!told.contains("987654"), "{told}");
    let erasure = told.split("knows it as ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert!(!is_in_the_bytes(&folder, "600987654") && !is_in_the_bytes(&folder, "Soy\\u001b[2J +34600987"));
    let names = folder.names();
    assert!(!names.iter().any(|name| name.starts_with(sid(1).as_str())), "{names:?}");
    assert_eq!(names.iter().filter(|name| name.starts_with(sid(2).as_str())).count(), 3, "{names:?}");
    assert!(outside.exists());
    assert!(!is_in_the_bytes(&folder, "Ana Paz") && is_in_the_bytes(&folder, "Leo Paz"));
    assert!(is_in_the_bytes(&folder, "600300400"));
    assert!(folder.done(&["calls", "show", sid(2).as_str()]).contains("Buenos días"));
    assert!(!folder.done(&["calls", "show", sid(1).as_str()]).contains("Buenos días"));
    let store = folder.store().await;
    let deeds = store.deeds(erasure, 9).await.unwrap();
    store.close().await;
    assert_eq!(deeds.iter().map(|(_, deed)| deed.what.as_str()).collect::<Vec<_>>(), ["person.erase"]);
    let told = folder.done(&["erase", "--yes", ANA]);
    assert!(told.contains("0 contacts, what was said in 0 calls"), "{told}");
    for wrong in ["600987654", "0034600987654", "anonymous"] {
        assert!(folder.refused(&["erase", "--yes", wrong]).contains("with + and the country code"));
    }
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}
