//! Keys to the API from the command line, while a server runs on the same database.

use super::{
    KEYS, Server,
    folder::{Folder, change},
    program, told,
};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

/// What the command says, and whether it went well.
fn keys(arguments: &[&str], folder: &str) -> (bool, String, String) {
    let environment = [KEYS, &[("DATA_DIR", folder)]].concat();
    let output = program(&[&["keys"], arguments].concat(), &environment).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success(), text, told(&output))
}

/// The status of the list of calls, for this key.
fn status(server: &Server, key: &str) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let head = format!("host: localhost\r\nauthorization: Bearer {key}\r\nconnection: close");
    write!(socket, "GET /api/calls HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn a_key_made_at_the_command_line_opens_the_server_until_it_is_revoked() {
    let folder = format!("{}/keys-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    // Before the first start there is no database yet.
    let (made, key, told) = keys(&["create", "front desk", "--scope", "read", "--days", "30"], &folder);
    assert!(made && key.starts_with("ck_") && key.len() == 46, "{told}");
    let server = Server::start(&[("DATA_DIR", &folder)]);
    assert_eq!(status(&server, &key), "200");

    let (_, second, _) = keys(&["create", "reports", "--scope", "write"], &folder);
    assert_eq!(status(&server, &second), "200");
    let (_, list, _) = keys(&["list"], &folder);
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines.len() == 3 && lines[1].ends_with("reports") && lines[2].ends_with("front desk"), "{list}");
    assert!(!list.contains(&key[3..]) && !list.contains(&second[3..]), "{list}");

    let id = lines[2].split_whitespace().next().unwrap();
    assert!(keys(&["revoke", id], &folder).0);
    assert_eq!([status(&server, &key), status(&server, &second)], ["401", "200"]);
    let (again, _, told) = keys(&["revoke", id], &folder);
    assert!(!again && told.contains("`centralita keys list` shows them"), "{told}");
    assert!(keys(&["list"], &folder).1.contains("revoked 20"));
}

#[tokio::test]
async fn a_look_at_keys_makes_and_changes_no_database() {
    let folder = Folder::new();
    for arguments in [&["keys", "list"][..], &["keys", "revoke", "1"]] {
        assert!(folder.refused(arguments).contains("there is no database"));
        assert_eq!(folder.names(), [""; 0]);
    }
    folder.filled(1).await;
    change(&folder.database(), "DELETE FROM schema WHERE version > 1").await;
    for arguments in [&["keys", "list"][..], &["keys", "revoke", "1"]] {
        let told = folder.refused(arguments);
        assert!(told.contains("database schema 1 is older") && told.contains("centralita migrate"), "{told}");
    }
}

#[test]
fn a_key_that_makes_no_sense_is_not_made() {
    let folder = format!("{}/no-keys-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    for (arguments, remedy) in [
        (&["create", "desk"][..], "--scope"),
        (&["create", "desk", "--scope", "root"], "read, write and admin"),
        (&["create", "", "--scope", "read"], "1 to 100 letters"),
        (&["create", "desk", "--scope", "read", "--days", "0"], "3650"),
        (&["create", "desk", "--scope", "read", "--workspace", "nowhere"], "is there a workspace `nowhere`?"),
    ] {
        let (made, _, told) = keys(arguments, &folder);
        assert!(!made && told.contains(remedy), "{arguments:?}: {told}");
    }
}
