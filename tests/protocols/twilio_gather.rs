//! Twilio's `<Gather>`: what we answer with it, and the forms that come of it.

use super::{
    fixture,
    twilio::{element, elements, sign, signed, twilio},
};
use centralita::{
    dialogue::turns::Heard,
    ports::carrier::{Carrier, Tongue},
};
use std::time::Duration;

const ARGENTINE: Tongue<'_> = Tongue { tag: "es-AR", voice: "" };

#[test]
fn the_agent_speaks_inside_the_gather_so_that_no_word_of_the_answer_is_missed() {
    let path = "/webhook/voice/turn?c=CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f&e=1&n=2";
    let text = "Hay lugar a las 10 & a las 11: \u{bf}cuál <prefiere>?\u{b}";
    let answer = twilio().listen(ARGENTINE, text, Duration::from_secs(8), path);
    assert_eq!(
        answer.body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>\
         <Gather input=\"speech dtmf\" \
         action=\"https://voice.example.com/webhook/voice/turn?c=CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f&amp;e=1&amp;n=2#rc=5&amp;rp=all\" \
         method=\"POST\" language=\"es-AR\" timeout=\"8\" speechTimeout=\"auto\" profanityFilter=\"false\" \
         actionOnEmptyResult=\"true\">\
         <Say voice=\"Polly.Lupe\" language=\"es-US\">Hay lugar a las 10 &amp; a las 11: ¿cuál &lt;prefiere&gt;?</Say>\
         </Gather></Response>"
    );
}

#[test]
fn a_hold_asks_again_and_a_goodbye_hangs_up() {
    let own = Tongue { tag: "es-MX", voice: "Polly.Miguel" };
    let hold = twilio().say_and_ask(own, "Un momento.", "/webhook/voice/turn?n=3");
    let redirect = "https://voice.example.com/webhook/voice/turn?n=3#rc=5&rp=all";
    assert_eq!(
        elements(&hold.body)[1..],
        [
            element("Say", &[("voice", "Polly.Miguel")], "Un momento."),
            element("Redirect", &[("method", "POST")], redirect)
        ]
    );
    let end = twilio().say_and_end(own, "Hasta luego.");
    let said = element("Say", &[("voice", "Polly.Miguel")], "Hasta luego.");
    assert_eq!(elements(&end.body)[1..], [said, element("Hangup", &[], "")]);
}

#[test]
fn a_text_that_is_too_long_is_cut_where_twilio_would_say_nothing() {
    let said = elements(&twilio().say_and_end(ARGENTINE, &"á".repeat(5_000)).body);
    assert_eq!(said[1].2.chars().count(), 4_096);
}

#[test]
fn the_forms_of_a_gather_are_words_keys_or_silence() {
    let heard = |name: &str| {
        let body = fixture(&format!("twilio/{name}"));
        let form: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let path = "/webhook/voice/turn?n=1";
        let headers = signed(&sign(&format!("https://voice.example.com{path}"), &form));
        twilio().heard(&twilio().verify_form(path, &headers, body.as_bytes()).unwrap())
    };
    let text = "Quiero pedir cita para el martes por la mañana.".to_owned();
    assert_eq!(heard("gather_action_speech.form"), Heard::Words { text, confidence: Some(0.912_838_6) });
    assert_eq!(heard("gather_action_dtmf.form"), Heard::Keys("12".to_owned()));
    assert_eq!(heard("gather_action_empty.form"), Heard::Nothing);
}
