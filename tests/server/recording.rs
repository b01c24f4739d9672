//! The recordings of calls over HTTP: whole, in parts, and no other file.

use super::{
    http::request,
    rig::Rig,
    rows::{ANA, MAIN, ask, deeds, folder, key, open_in, over, sid},
};
use centralita::ports::store::keys::Scope;
use std::{fs, os::unix::fs::symlink};

async fn listen(rig: &Rig, key: &str, range: Option<&str>) -> super::http::Answer {
    let bearer = format!("Bearer {key}");
    let mut head = vec![("authorization", bearer.as_str())];
    head.extend(range.map(|range| ("range", range)));
    request(rig, &format!("GET /api/calls/{}/recording", sid(1)), &head, "").await
}

#[tokio::test]
async fn a_recording_comes_whole_and_in_parts() {
    let folder = folder();
    let rig = open_in(&folder, |_| ()).await;
    let reader = key(&rig, MAIN, Scope::Read).await;
    let file = folder.join("CA.opus");
    // Longer than what is read at a time.
    let sound = (0..20_000).fold(String::new(), |sound, number| sound + &format!("{number:05}"));
    fs::write(&file, &sound).unwrap();
    over(&rig, 1, MAIN, ANA, file.to_str()).await;

    let whole = listen(&rig, &reader, None).await;
    assert_eq!((whole.status, whole.body.as_str()), (200, sound.as_str()));
    for told in [
        "content-type: audio/ogg",
        "accept-ranges: bytes",
        "content-length: 100000",
        "cache-control: no-store",
    ] {
        assert!(whole.head.contains(told), "{told} is missing in {}", whole.head);
    }
    assert!(whole.head.contains(&format!("attachment; filename=\"{}.opus\"", sid(1))), "{}", whole.head);
    for (range, part) in
        [("bytes=0-4", 0..5), ("bytes=70000-", 70_000..100_000), ("bytes=-7", 99_993..100_000)]
    {
        let told = listen(&rig, &reader, Some(range)).await;
        assert_eq!((told.status, told.body.as_str()), (206, &sound[part.clone()]), "{range}");
        let place = format!("content-range: bytes {}-{}/100000", part.start, part.end - 1);
        assert!(told.head.contains(&place), "{}", told.head);
    }
    let beyond = listen(&rig, &reader, Some("bytes=100000-")).await;
    assert_eq!((beyond.status, beyond.error().as_str()), (416, "no_such_part"));
    assert!(beyond.head.contains("content-range: bytes */100000"), "{}", beyond.head);
    assert_eq!(deeds(&rig, sid(1).as_str()).await.len(), 5);

    // The line broke, and the call came back.
    fs::write(folder.join(format!("{}-2.opus", sid(1))), "later").unwrap();
    let of = async |socket: &str| {
        ask(&rig, &reader, &format!("GET /api/calls/{}/recording?socket={socket}", sid(1))).await
    };
    assert_eq!(of("1").await.body, sound);
    assert_eq!(of("2").await.body, "later");
    assert_eq!([of("3").await.error(), of("0").await.error()], ["no_recording", "bad_parameter"]);

    fs::remove_file(file).unwrap();
    assert_eq!(listen(&rig, &reader, None).await.error(), "no_recording");
}

#[tokio::test]
async fn no_file_but_a_recording_of_ours_is_ever_sent() {
    let (outside, folder) = (folder(), folder());
    fs::write(outside.join("theirs.opus"), "not ours").unwrap();
    symlink(outside.join("theirs.opus"), folder.join("link.opus")).unwrap();
    fs::create_dir(folder.join("folder.opus")).unwrap();
    let up =
        format!("{}/../{}/theirs.opus", folder.display(), outside.file_name().unwrap().to_str().unwrap());
    let inside = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let rig = open_in(&folder, |_| ()).await;
    let reader = key(&rig, MAIN, Scope::Read).await;
    let paths = [
        "/etc/passwd".to_owned(),
        "../../../../../../etc/passwd".to_owned(),
        up,
        inside("link.opus"),
        inside("folder.opus"),
        inside("centralita.db"),
        inside("gone.opus"),
    ];
    for (number, path) in (1..).zip(paths) {
        over(&rig, number, MAIN, ANA, Some(&path)).await;
        let told = ask(&rig, &reader, &format!("GET /api/calls/{}/recording", sid(number))).await;
        assert_eq!((told.status, told.error().as_str()), (404, "no_recording"), "{path}");
    }
}
