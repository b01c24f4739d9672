//! A server that stands still in the middle of a sentence of its agent, and goes on later (reliability J6).

use super::{Database, live, network, world::World};
use crate::crash::live::{ends, hears_something, says_something, until};
use centralita::{
    base::clock,
    dialogue::{
        input::Input,
        replay::{self, Log, Next},
    },
    testbed::{
        openai::Answer,
        phone::{Ended, HangUpStyle, PhoneEvent, PhoneFaults},
        voice,
    },
};
use std::{fs, time::Duration};
use tokio::time::sleep;

/// What the agent says when it is stopped: seven seconds of it.
const STORY: &str = "Había una vez un rey que vivía en un castillo muy grande, con su esposa y con sus tres hijas. \
    Un día llegó a la puerta un viajero que venía de muy lejos, y pidió agua para él y para su caballo. \
    La hija mayor le trajo agua, la segunda le trajo pan, y la menor le preguntó de dónde venía y a quién buscaba. \
    El viajero se sentó junto al fuego y empezó a contar lo que había visto en su camino.";

/// How long the server stands still after what the caller said to it.
const STILL: Duration = Duration::from_secs(3);

/// How far ahead of its playing sound is sent.
const LEAD: Duration = Duration::from_millis(160);

/// Behind the standstill the agent goes on at the pace of speech, and nobody answers what the caller said meanwhile: who was not
/// heard says it again.
pub(crate) async fn goes_on_where_it_was() -> String {
    let world = World::open(Database::Sqlite, "key", live::quiet()).await;
    world.records_calls();
    world.fakes.deepgram.hears(["Cuénteme una historia.", "¿Me oye?"]);
    world.fakes.openai.answer_to("Cuénteme una historia.", Answer::text(STORY));
    world.fakes.openai.answer_to("¿Me oye?", Answer::text("Sí, le oigo."));
    let mut server = world.start();
    server.listens().await;
    let mut call = network::dial(&world, &world.next_call(), 1, PhoneFaults::default());
    hears_something(&mut call).await;
    call.say(voice::caller(1, 3)).await;
    until(&mut call, |event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;

    server.signal("STOP").await;
    until(&mut call, |event| *event == PhoneEvent::AgentSilent).await;
    call.say(voice::caller(1, 3)).await;
    until(&mut call, |event| *event == PhoneEvent::CallerSilent).await;
    // The fault itself.
    sleep(STILL).await;
    server.signal("CONT").await;
    hears_something(&mut call).await;

    says_something(&mut call, 1).await;
    call.hang_up(HangUpStyle::Stop).await;
    assert_eq!(ends(call).await.ended, Ended::ByCaller);
    server.signal("TERM").await;
    assert_eq!(server.exits().await, Some(0));
    let heard = world.rows("SELECT body FROM turns WHERE kind = 'caller' ORDER BY seq").await;
    let heard: Vec<&str> = heard.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(heard.len(), 2, "what was said to a server that stood still is not answered: {heard:?}");
    let told = world.rows("SELECT body FROM turns WHERE kind = 'agent' ORDER BY seq").await;
    assert!(told[1][0].contains(STORY), "the story was not told to its end: {told:?}");
    let figures = the_log_shows_no_burst(&world);
    world.is_over();
    figures
}

/// By the server's own clock: from its waking on no more was sent than was played, and the lead.
fn the_log_shows_no_burst(world: &World) -> String {
    let bytes = fs::read(world.file("replay")).unwrap();
    let mut log = Log::open(&bytes).unwrap();
    assert!(replay::replay(&mut log.clone(), clock::now(), |_| ()).holds());
    let mut moments = Vec::new();
    while let Next::Moment(moment) = log.next() {
        let frames = moment.outputs.iter().filter(|output| output.to_string().starts_with("Play(")).count();
        moments.push((moment.at, matches!(moment.input, Input::Frame(_)), frames));
    }
    let gap = |index: &usize| moments[*index].0.saturating_sub(moments[*index - 1].0);
    let woke = (1..moments.len()).max_by_key(gap).unwrap();
    assert!(gap(&woke) >= STILL, "it did not stand still");
    assert!(moments[..woke].iter().map(|(.., frames)| frames).sum::<usize>() > 0);
    let (mut sent, began) = (0, moments[woke].0);
    for (at, _, frames) in &moments[woke..] {
        sent += u32::try_from(*frames).unwrap();
        let since = at.saturating_sub(began);
        let most = LEAD + since;
        assert!(Duration::from_millis(20) * sent <= most, "{sent} frames were sent within {since:?}");
    }
    let listened =
        moments[woke..].iter().take_while(|(at, ..)| at.saturating_sub(began) < Duration::from_millis(20));
    format!(
        "it stood still for {:?}; within 20 ms it took in {} frames of the caller and sent {}",
        gap(&woke),
        listened.clone().filter(|(_, heard, _)| *heard).count(),
        listened.map(|(.., frames)| frames).sum::<usize>()
    )
}
