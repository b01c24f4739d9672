//! One node alone, whose state store is away.

use super::*;
use crate::{
    base::clock,
    ports::state::{Counted, Held, Key, Kind, StateError, StateStore},
};
use futures_util::{FutureExt as _, future::BoxFuture};
use std::sync::Arc;

/// A state store that is away: this process decides alone.
#[derive(Debug)]
struct Away;

fn away<T>() -> BoxFuture<'static, Held<T>>
where
    T: Send + 'static,
{
    async { Err(StateError::Unavailable("nobody is there".to_owned())) }.boxed()
}

impl StateStore for Away {
    fn put(&self, _: Key, _: Vec<u8>, _: Duration) -> BoxFuture<'_, Held<()>> {
        away()
    }

    fn get(&self, _: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        away()
    }

    fn take(&self, _: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        away()
    }

    fn add(&self, _: Key, _: Duration) -> BoxFuture<'_, Held<bool>> {
        away()
    }

    fn count(&self, _: Key, _: Duration) -> BoxFuture<'_, Held<Counted>> {
        away()
    }

    fn kind(&self) -> Kind {
        Kind::Embedded
    }

    fn is_available(&self) -> BoxFuture<'_, bool> {
        async { false }.boxed()
    }
}

fn admission(rules: Rules) -> Admission {
    Admission::new(rules, Arc::new(Away))
}

fn arrival(number: u32, from: &str) -> Arrival {
    Arrival {
        call: format!("CA{number:032x}").parse().unwrap(),
        account: "AC0123456789abcdef0123456789abcdef".parse().unwrap(),
        from: from.to_owned(),
        to: "+34910123456".to_owned(),
    }
}

fn token(verdict: Verdict) -> String {
    match verdict {
        Verdict::Welcome { token } => token,
        Verdict::Busy { code } => panic!("busy: {code}"),
    }
}

#[tokio::test]
async fn the_same_call_gets_the_same_token_and_the_token_opens_once() {
    let (desk, now, call) = (admission(Rules::default()), clock::now(), arrival(1, "+34600111222"));
    let first = token(desk.ask(now, 0, call.clone(), "clinica"));
    let again = token(desk.ask(now + Duration::from_secs(20), 0, call.clone(), "clinica"));
    assert_eq!(first, again);
    assert_eq!(first.len(), 43);
    let redeem = async |token: &str| desk.redeem(now, &call.call, &call.account, Some(token)).await;
    assert_eq!(redeem("guess").await, Err(TokenRefused::Unknown));
    assert_eq!(redeem(&first).await.unwrap().arrival.from, "+34600111222");
    assert_eq!(redeem(&first).await, Err(TokenRefused::Used));
    assert_eq!(token(desk.ask(now + Duration::from_secs(21), 0, call, "clinica")), first);
}

#[tokio::test]
async fn a_token_is_bound_to_its_call_its_account_and_its_life() {
    let (desk, now, call) = (admission(Rules::default()), clock::now(), arrival(1, "+34600111222"));
    let token = token(desk.ask(now, 0, call.clone(), "clinica"));
    let stranger = "ACffffffffffffffffffffffffffffffff".parse().unwrap();
    let other = arrival(2, "").call;
    assert_eq!(desk.redeem(now, &other, &call.account, Some(&token)).await, Err(TokenRefused::Unknown));
    assert_eq!(desk.redeem(now, &call.call, &stranger, Some(&token)).await, Err(TokenRefused::OtherAccount));
    assert_eq!(desk.redeem(now, &call.call, &call.account, None).await, Err(TokenRefused::Missing));
    let late = now + Duration::from_mins(1);
    assert_eq!(desk.redeem(late, &call.call, &call.account, Some(&token)).await, Err(TokenRefused::Unknown));
    desk.share(&call.call, &token).await;
    desk.forget(&call.call);
    assert_eq!(desk.redeem(now, &call.call, &call.account, Some(&token)).await, Err(TokenRefused::Used));
    desk.close();
    assert_eq!(desk.redeem(now, &call.call, &call.account, Some(&token)).await, Err(TokenRefused::Unknown));
}

#[tokio::test]
async fn a_call_that_comes_back_gets_another_token_and_the_former_is_dead() {
    let (desk, now, call) = (admission(Rules::default()), clock::now(), arrival(1, "+34600111222"));
    let first = token(desk.ask(now, 0, call.clone(), "clinica"));
    let second = desk.ask_again(now, Ticket { arrival: call.clone(), agent: "clinica".into(), epoch: 2 });
    let redeem = async |token: &str| desk.redeem(now, &call.call, &call.account, Some(token)).await;
    assert_eq!(redeem(&first).await, Err(TokenRefused::Unknown));
    // Whoever repeats the first question gets nothing that opens a socket, and takes nothing away.
    let repeated = token(desk.ask(now, 0, call.clone(), "clinica"));
    assert_eq!(redeem(&repeated).await, Err(TokenRefused::Unknown));
    assert_eq!(desk.token_of(now, &call.call, 2).as_deref(), Some(second.as_str()));
    assert_eq!(redeem(&second).await.unwrap().epoch, 2);
    assert_eq!(desk.token_of(now, &call.call, 2), None);
}

#[test]
fn calls_on_their_way_count_as_calls() {
    let desk = admission(Rules { max_calls: 3, ..Rules::default() });
    let now = clock::now();
    let ask = |number: u32, at: Instant| desk.ask(at, 1, arrival(number, "anonymous"), "clinica");
    token(ask(1, now));
    token(ask(2, now));
    assert_eq!(ask(3, now), Verdict::Busy { code: "MAX_CALLS" });
    token(ask(3, now + Duration::from_secs(61)));
}

#[test]
fn a_number_calls_six_times_a_minute_and_retries_are_not_counted() {
    let (desk, now) = (admission(Rules::default()), clock::now());
    let ask = |number: u32, at: Instant| desk.ask(at, 0, arrival(number, "+34600111222"), "clinica");
    for number in 0..6 {
        token(ask(number, now));
        token(ask(number, now));
    }
    assert_eq!(ask(6, now), Verdict::Busy { code: "CALLER_RATE" });
    token(desk.ask(now, 0, arrival(7, "+34600111223"), "clinica"));
    token(ask(8, now + Duration::from_mins(1)));
}

#[test]
fn withheld_numbers_share_one_limit() {
    let (desk, now) = (admission(Rules::default()), clock::now());
    for number in 0..20 {
        let from = ["anonymous", "+266696687", "", "Restricted"][number as usize % 4];
        token(desk.ask(now, 0, arrival(number, from), "clinica"));
    }
    assert_eq!(desk.ask(now, 0, arrival(20, "unknown"), "clinica"), Verdict::Busy { code: "CALLER_RATE" });
}

#[test]
fn the_memory_of_numbers_is_bounded() {
    let desk = admission(Rules { max_calls: usize::MAX, token_life: Duration::ZERO, ..Rules::default() });
    let now = clock::now();
    for number in 0..20_000 {
        token(desk.ask(now, 0, arrival(number, &format!("+34{number:09}")), "clinica"));
    }
    assert!(desk.lock().callers.len() <= NUMBERS_KNOWN);
}
