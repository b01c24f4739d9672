//! Calls that only listen and do as they are told, and an appointment book of one page.

use super::rig::{CALL, soon};
use bytes::Bytes;
use centralita::{
    base::ids::CallSid,
    channels::voice::{
        calls::{CallStart, CallSummary, Calls, Next, NoSuchCall},
        socket::{Line, LineEvent},
    },
    ports::{
        calendar::{Appointment, Booking, Calendar, CalendarError, Slot, SlotQuery},
        carrier::Progress,
        state::{Counted, Held, Key, Kind, SharedState, StateStore},
    },
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet};

/// What a stub call is told to do.
pub(crate) enum Order {
    Play(Bytes),
    Mark(String),
    Clear,
    Close(u16),
}

/// A call that the stub took.
pub(crate) struct Taken {
    pub(crate) start: CallStart,
    pub(crate) events: mpsc::Receiver<LineEvent>,
    pub(crate) orders: mpsc::Sender<Order>,
}

impl Taken {
    pub(crate) async fn event(&mut self) -> LineEvent {
        soon(self.events.recv()).await.expect("the call was dropped")
    }

    /// The first bytes of so many frames.
    pub(crate) async fn frames(&mut self, count: usize) -> Vec<u8> {
        let mut first = Vec::new();
        for _ in 0..count {
            match self.event().await {
                LineEvent::Audio(frame) => {
                    assert_eq!(frame.len(), 160);
                    first.push(frame[0]);
                }
                other => panic!("{other:?} instead of sound"),
            }
        }
        first
    }

    pub(crate) async fn order(&self, order: Order) {
        self.orders.send(order).await.unwrap();
    }
}

pub(crate) struct Stub {
    taken: mpsc::Sender<Taken>,
    tasks: Mutex<JoinSet<()>>,
    pub(crate) live: AtomicUsize,
    pub(crate) ended_well: Mutex<Vec<String>>,
    pub(crate) over: Mutex<Vec<Progress>>,
    pub(crate) hung_up: Mutex<Vec<String>>,
}

impl Stub {
    /// Calls that are given on as they are taken.
    pub(crate) fn new(taken: mpsc::Sender<Taken>) -> Self {
        Self {
            taken,
            tasks: Mutex::default(),
            live: AtomicUsize::new(0),
            ended_well: Mutex::default(),
            over: Mutex::default(),
            hung_up: Mutex::default(),
        }
    }
}

impl Calls for Stub {
    fn take(&self, mut line: Line, start: CallStart) {
        let (seen, events) = mpsc::channel(1_000);
        let (orders, mut todo) = mpsc::channel(1_000);
        self.live.fetch_add(1, Ordering::Relaxed);
        self.taken.try_send(Taken { start, events, orders }).unwrap();
        self.tasks.lock().unwrap().spawn(async move {
            loop {
                tokio::select! {
                    event = line.next() => {
                        let ended = matches!(event, LineEvent::Ended(_));
                        let end = if let LineEvent::Ended(end) = event { end.close_code() } else { 0 };
                        let gone = seen.send(event).await.is_err();
                        if ended || gone {
                            return line.close(end).await;
                        }
                    }
                    order = todo.recv() => {
                        // What could not be sent shows as the line's end.
                        match order {
                            Some(Order::Play(audio)) => drop(line.play(&audio).await.ok()),
                            Some(Order::Mark(name)) => drop(line.mark(&name).await.ok()),
                            Some(Order::Clear) => drop(line.clear().await.ok()),
                            Some(Order::Close(code)) => return line.close(code).await,
                            None => return,
                        }
                        line.flush().await.ok();
                    }
                }
            }
        });
    }

    fn list(&self) -> Vec<CallSummary> {
        let summary = CallSummary {
            call: CALL.parse().unwrap(),
            agent: "clinica".to_owned(),
            from: "+346***1222".to_owned(),
            started_at: "2026-11-21T09:00:00Z".parse().unwrap(),
            seconds: 12,
        };
        vec![summary; self.count().min(1)]
    }

    fn count(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    fn show(&self, call: &CallSid) -> BoxFuture<'_, Option<Value>> {
        let known = (call.as_str() == CALL).then(|| json!({"call": CALL, "entries": []}));
        Box::pin(async move { known })
    }

    fn hang_up(&self, call: &CallSid) -> Result<(), NoSuchCall> {
        if call.as_str() == CALL {
            self.hung_up.lock().unwrap().push(call.to_string());
            Ok(())
        } else {
            Err(NoSuchCall)
        }
    }

    fn hand_over(&self, call: &CallSid) -> Result<(), NoSuchCall> {
        self.hang_up(call)
    }

    fn next(&self, call: &CallSid) -> Option<Next> {
        self.ended_well.lock().unwrap().contains(&call.to_string()).then_some(Next::HangUp)
    }

    fn is_over(&self, news: &Progress) {
        self.over.lock().unwrap().push(news.clone());
    }
}

pub(crate) struct Book;

impl Calendar for Book {
    fn free(&self, _: SlotQuery) -> BoxFuture<'_, Result<Vec<Slot>, CalendarError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn book(&self, _: Booking) -> BoxFuture<'_, Result<Appointment, CalendarError>> {
        Box::pin(async { Err(CalendarError::Taken) })
    }

    fn appointments(&self) -> BoxFuture<'_, Result<Vec<Appointment>, CalendarError>> {
        let slot = Slot {
            specialty: "Pediatría".to_owned(),
            professional: "Dra. Vega".to_owned(),
            start: "2026-11-23T10:00:00".parse().unwrap(),
        };
        let (id, name, document) = ("1".to_owned(), "Ana".to_owned(), "1".to_owned());
        let appointment = Appointment { id, slot, name, document, call: CALL.parse().ok() };
        Box::pin(async { Ok(vec![appointment]) })
    }

    fn forget(&self, _: BTreeSet<CallSid>) -> BoxFuture<'_, Result<u64, CalendarError>> {
        Box::pin(async { Ok(0) })
    }
}

/// What a state store says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    pub(crate) kind: Kind,
    pub(crate) available: Arc<AtomicBool>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { kind: Kind::Embedded, available: Arc::new(AtomicBool::new(true)) }
    }
}

impl Shelf {
    /// With the keeping left to `table`.
    pub(crate) fn on(self, table: SharedState) -> SharedState {
        Arc::new(Labelled { shelf: self, table })
    }
}

/// A state store under another name.
#[derive(Debug)]
struct Labelled {
    shelf: Shelf,
    table: SharedState,
}

impl StateStore for Labelled {
    fn put(&self, key: Key, value: Vec<u8>, life: Duration) -> BoxFuture<'_, Held<()>> {
        self.table.put(key, value, life)
    }

    fn get(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        self.table.get(key)
    }

    fn take(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        self.table.take(key)
    }

    fn add(&self, key: Key, life: Duration) -> BoxFuture<'_, Held<bool>> {
        self.table.add(key, life)
    }

    fn count(&self, key: Key, window: Duration) -> BoxFuture<'_, Held<Counted>> {
        self.table.count(key, window)
    }

    fn kind(&self) -> Kind {
        self.shelf.kind
    }

    fn is_available(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { self.shelf.available.load(Ordering::Relaxed) })
    }
}
