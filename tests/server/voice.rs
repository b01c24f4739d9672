//! The telephone network's webhooks.

use super::{
    http::{api, encode, get, post_signed, post_with, request},
    phone::{arrival, arrival_from, call_number, connected, sign, start},
    rig::{CALL, PUBLIC, Rig},
    staff::Office,
};
use centralita::{base::rate::Rate, ports::carrier::CallState};
use std::fs;

fn status(state: &str, sequence: u32) -> Vec<(String, String)> {
    let mut form = vec![
        ("AccountSid".to_owned(), super::rig::ACCOUNT.to_owned()),
        ("CallSid".to_owned(), CALL.to_owned()),
        ("CallStatus".to_owned(), state.to_owned()),
        ("SequenceNumber".to_owned(), sequence.to_string()),
    ];
    if state == "completed" {
        form.push(("CallDuration".to_owned(), "82".to_owned()));
    }
    form
}

#[tokio::test]
async fn a_signed_call_gets_a_media_socket_and_a_token() {
    let rig = Rig::start().await;
    let answer = post_signed(&rig, "/webhook/voice", &arrival(CALL)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/xml; charset=utf-8"), "{}", answer.head);
    assert!(
        answer
            .body
            .contains("<Connect><Stream url=\"wss://voice.example.com/media\"><Parameter name=\"token\"")
    );
    let resume = format!(
        "<Redirect method=\"POST\">https://voice.example.com/webhook/voice/resume?c={CALL}&amp;e=1#rc=5&amp;rp=all</Redirect></Response>"
    );
    assert!(answer.body.ends_with(&resume), "{}", answer.body);
}

#[tokio::test]
async fn a_call_may_be_announced_by_get() {
    let rig = Rig::start().await;
    let path = format!("/webhook/voice?{}", encode(&arrival(CALL)));
    let signature = sign(&format!("https://{PUBLIC}{path}"), &[]);
    let answer = get(&rig, &path, &[("x-twilio-signature", &signature)]).await;
    assert!(answer.status == 200 && answer.body.contains("<Stream"), "{answer:?}");
}

#[tokio::test]
async fn unsigned_and_wrongly_signed_requests_get_403_and_start_nothing() {
    let rig = Rig::with(|setup| {
        setup.rules.max_calls = 1;
        setup.http.unsigned = Rate::a_minute(100);
    })
    .await;
    let form = arrival(CALL);
    for path in ["/webhook/voice", "/webhook/voice/resume", "/webhook/voice/turn", "/webhook/voice/status"] {
        let right = sign(&format!("https://{PUBLIC}{path}"), &form);
        let elsewhere = sign(&format!("https://{PUBLIC}/other"), &form);
        for signature in ["", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", &right[..27], &elsewhere] {
            let answer = post_with(&rig, path, &form, signature).await;
            assert_eq!((answer.status, answer.error().as_str()), (403, "forbidden"), "{path} {signature}");
        }
        let mut changed = form.clone();
        changed[0].1.push('0');
        assert_eq!(post_with(&rig, path, &changed, &right).await.status, 403);
        assert_eq!(request(&rig, &format!("POST {path}"), &[], "").await.status, 403);
    }
    // The only place is still free.
    rig.announce(&call_number(1)).await;
}

#[tokio::test]
async fn many_unsigned_requests_get_429_and_keep_no_signed_one_out() {
    let rig = Rig::with(|setup| setup.http.unsigned = Rate::a_minute(3)).await;
    let form = arrival(CALL);
    let send = async || post_with(&rig, "/webhook/voice", &form, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=").await;
    for _ in 0..2 {
        assert_eq!(send().await.status, 403);
    }
    assert_eq!(rig.open("/media", &[]).await.err(), Some(403));
    let limited = send().await;
    assert_eq!((limited.status, limited.error().as_str()), (429, "too_often"));
    let wait = limited.head.split("retry-after: ").nth(1).unwrap().lines().next().unwrap();
    assert!((1..=60).contains(&wait.parse().unwrap()), "{wait}");
    assert_eq!(rig.open("/media", &[]).await.err(), Some(429));
    rig.announce(CALL).await;
    rig.socket().await;
}

#[tokio::test]
async fn only_the_public_address_counts_whatever_the_proxy_or_an_attacker_says() {
    let rig = Rig::start().await;
    let form = arrival(CALL);
    let forged = sign("https://evil.example.com/webhook/voice", &form);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("host", "evil.example.com"),
        ("x-forwarded-host", "evil.example.com"),
        ("x-forwarded-proto", "https"),
    ];
    let send = async |signature: &str| {
        let headers = [&headers[..], &[("x-twilio-signature", signature)]].concat();
        request(&rig, "POST /webhook/voice", &headers, &encode(&form)).await.status
    };
    assert_eq!(send(&forged).await, 403);
    assert_eq!(send(&sign(&format!("https://{PUBLIC}/webhook/voice"), &form)).await, 200);
}

#[tokio::test]
async fn the_same_call_asking_again_gets_the_same_bytes() {
    let rig = Rig::with(|setup| {
        setup.rules.max_calls = 1;
        setup.rules.per_number = 1;
    })
    .await;
    let first = post_signed(&rig, "/webhook/voice", &arrival(CALL)).await.body;
    for _ in 0..3 {
        assert_eq!(post_signed(&rig, "/webhook/voice", &arrival(CALL)).await.body, first);
    }
}

#[tokio::test]
async fn more_calls_than_allowed_hear_that_we_are_busy() {
    let rig = Rig::with(|setup| setup.rules.max_calls = 2).await;
    rig.announce(&call_number(1)).await;
    rig.announce(&call_number(2)).await;
    let answer = post_signed(&rig, "/webhook/voice", &arrival(&call_number(3))).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<Response><Reject reason=\"busy\"/></Response>"), "{}", answer.body);
}

#[tokio::test]
async fn a_number_that_calls_too_often_hears_that_we_are_busy() {
    let rig = Rig::start().await;
    for number in 0..6 {
        rig.announce(&call_number(number)).await;
    }
    let answer = post_signed(&rig, "/webhook/voice", &arrival(&call_number(6))).await;
    assert!(answer.body.contains("<Reject"), "{}", answer.body);
    let other = arrival_from(&call_number(7), "anonymous");
    assert!(post_signed(&rig, "/webhook/voice", &other).await.body.contains("<Stream"));
}

#[tokio::test]
async fn a_signed_request_without_a_call_is_a_bad_request() {
    let rig = Rig::start().await;
    for path in ["/webhook/voice", "/webhook/voice/resume", "/webhook/voice/status"] {
        let form = vec![("CallSid".to_owned(), "CA1".to_owned())];
        assert_eq!(post_signed(&rig, path, &form).await.error(), "bad_request", "{path}");
        assert_eq!(post_signed(&rig, path, &[]).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn a_call_that_lost_its_socket_too_often_hears_a_goodbye_in_the_agents_language() {
    let rig = Rig::start().await;
    let answer = post_signed(&rig, "/webhook/voice/resume?e=4", &arrival(CALL)).await;
    assert!(
        answer.body.contains("<Say language=\"es-MX\">Lo sentimos, se cortó la comunicación."),
        "{}",
        answer.body
    );
    assert!(answer.body.ends_with("</Say><Hangup/></Response>"));
    rig.calls.ended_well.lock().unwrap().push(CALL.to_owned());
    let answer = post_signed(&rig, "/webhook/voice/resume", &arrival(CALL)).await;
    assert!(answer.body.ends_with("<Response><Hangup/></Response>"), "{}", answer.body);
}

#[tokio::test]
async fn a_call_that_nobody_knows_any_more_is_served_all_the_same() {
    let rig = Rig::start().await;
    let answer = post_signed(&rig, "/webhook/voice/resume?e=1", &arrival(CALL)).await;
    assert!(answer.body.contains("<Stream") && answer.body.contains("&amp;e=2#rc=5"), "{}", answer.body);
}

#[tokio::test]
async fn an_edited_agent_says_goodbye_in_its_new_language() {
    let (office, _) = Office::open().await;
    let rig = Rig::with(|setup| setup.prompts.clone_from(&office.folder)).await;
    let file = office.folder.join("clinica.md");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"es-AR\"", "\"en-GB\" # anew")).unwrap();
    let answer = post_signed(&rig, "/webhook/voice/resume?e=4", &arrival(CALL)).await;
    assert!(answer.body.contains("<Say language=\"en-GB\">We&apos;re sorry"), "{}", answer.body);
}

#[tokio::test]
async fn a_call_for_another_number_hears_that_it_is_busy_and_starts_nothing() {
    let rig = Rig::with(|setup| {
        setup.number = Some("+34910123457".to_owned());
        setup.rules.max_calls = 1;
    })
    .await;
    let form = arrival(CALL);
    assert!(post_signed(&rig, "/webhook/voice", &form).await.body.contains("<Reject reason=\"busy\"/>"));
    let to = |(name, value): &(String, String)| {
        let value = if name == "To" { "+34910123457" } else { value };
        (name.clone(), value.to_owned())
    };
    let form: Vec<_> = form.iter().map(to).collect();
    assert!(post_signed(&rig, "/webhook/voice", &form).await.body.contains("<Stream"));
}

#[tokio::test]
async fn while_draining_new_callers_are_asked_to_call_again() {
    let rig = Rig::start().await;
    rig.web.drain();
    let answer = post_signed(&rig, "/webhook/voice", &arrival(CALL)).await;
    assert!(answer.body.contains("llámenos de nuevo en unos minutos"), "{}", answer.body);
    assert_eq!(get(&rig, "/readyz", &[]).await.error(), "draining");
    assert_eq!(get(&rig, "/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn news_in_any_order_and_number_settle_on_the_end_once() {
    let rig = Rig::start().await;
    rig.announce(CALL).await;
    for (state, sequence) in [("completed", 3), ("ringing", 1), ("completed", 3), ("in-progress", 2)] {
        let answer = post_signed(&rig, "/webhook/voice/status", &status(state, sequence)).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }
    let over: Vec<CallState> = rig.calls.over.lock().unwrap().iter().map(|news| news.state).collect();
    assert_eq!(over, [CallState::Completed]);
    let network = &api(&rig, &format!("GET /api/calls/{CALL}")).await.json()["network"];
    assert_eq!(network, &serde_json::json!({"state": "completed", "seconds": 82}));
}

#[tokio::test]
async fn the_token_of_a_call_that_was_cancelled_opens_nothing() {
    let mut rig = Rig::start().await;
    let token = rig.announce(CALL).await;
    post_signed(&rig, "/webhook/voice/status", &status("canceled", 1)).await;
    let mut phone = rig.socket().await;
    phone.say(&connected()).await;
    phone.say(&start(CALL, &token)).await;
    assert_eq!(phone.closed_with().await, 1008);
    rig.nobody_was_let_in();
}
