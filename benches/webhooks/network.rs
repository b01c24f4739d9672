//! A telephone network that tells of calls, over connections that it keeps. What it posts was written and signed before.

use crate::processes::{AUTH_TOKEN, House};
use centralita::{base::clock, testbed::phone::sign};
use futures_util::future::join_all;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep_until,
};

/// Connections that are kept.
const CONNECTIONS: usize = 100;

/// What is told of each call, in this order.
const STATES: [&str; 4] = ["initiated", "ringing", "in-progress", "completed"];

/// So many a second may be taken at most.
const MOST: u64 = 8_000;

/// How many calls there must be to tell of.
pub(crate) fn calls(rate: u64, window: Duration) -> u64 {
    (window.as_secs() * 2 * rate + window.as_secs() * MOST / 4) / STATES.len() as u64 + CONNECTIONS as u64
}

/// How fast it is posted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// So many a second, whatever the server does: a request that has to wait for its connection counts from when it was due.
    Steady { rate: u64 },
    /// Each connection posts as soon as it has its answer.
    AsFastAsItGoes,
}

/// What is still to be posted: requests, whole and signed.
pub(crate) struct Mail(std::vec::IntoIter<Vec<u8>>);

impl Mail {
    /// All news of all calls; that of a hundred calls is mixed, as if they went on at the same time.
    pub(crate) fn new(house: &House) -> Self {
        let mut requests = Vec::new();
        for calls in house.seeded().chunks(CONNECTIONS) {
            for (sequence, state) in STATES.iter().enumerate() {
                requests.extend(calls.iter().map(|sid| request(house.address(), sid, state, sequence)));
            }
        }
        Self(requests.into_iter())
    }
}

fn request(address: SocketAddr, sid: &str, state: &str, sequence: usize) -> Vec<u8> {
    let url = format!("http://{address}/webhook/voice/status");
    let mut form: Vec<(String, String)> = [
        ("AccountSid", crate::processes::ACCOUNT),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", sid),
        ("CallStatus", state),
        ("CallbackSource", "call-progress-events"),
        ("Called", "+15550100100"),
        ("Caller", "+15550100200"),
        ("Direction", "inbound"),
        ("From", "+15550100200"),
        ("SequenceNumber", &sequence.to_string()),
        ("Timestamp", "Sat, 21 Nov 2026 09:01:31 +0000"),
        ("To", "+15550100100"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    for who in ["From", "To", "Caller", "Called"] {
        form.extend(["City", "State", "Zip"].map(|what| (format!("{who}{what}"), String::new())));
        form.push((format!("{who}Country"), "ES".to_owned()));
    }
    if state == "completed" {
        form.extend([("CallDuration", "82"), ("Duration", "2")].map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
    let signature = sign(AUTH_TOKEN, &url, &form);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    format!(
        "POST /webhook/voice/status HTTP/1.1\r\nhost: {address}\r\nuser-agent: TwilioProxy/1.1\r\naccept: */*\r\n\
         x-twilio-signature: {signature}\r\ni-twilio-idempotency-token: {sid}-{sequence}\r\n\
         content-type: application/x-www-form-urlencoded; charset=UTF-8\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// How soon requests were acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    /// From when each was due, sorted.
    times: Vec<Duration>,
    seconds: f64,
    /// What the server used meanwhile.
    pub(crate) cpu: Duration,
}

impl Acks {
    pub(crate) fn count(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn a_second(&self) -> f64 {
        self.count() as f64 / self.seconds
    }

    pub(crate) fn p50(&self) -> Duration {
        self.share(500)
    }

    pub(crate) fn p99(&self) -> Duration {
        self.share(990)
    }

    pub(crate) fn max(&self) -> Duration {
        self.share(1_000)
    }

    /// All that was due was acknowledged in the time, less the last few that were on their way.
    pub(crate) fn keeps_up_with(&self, rate: u64) -> bool {
        self.a_second() >= rate as f64 * 0.99
    }

    fn share(&self, of_thousand: usize) -> Duration {
        let place = (self.times.len() * of_thousand).div_ceil(1_000).saturating_sub(1);
        self.times.get(place).copied().unwrap_or_default()
    }
}

/// Posts for so long.
pub(crate) async fn post(server: SocketAddr, mail: &mut Mail, pace: Pace, window: Duration) -> Acks {
    let began = clock::now() + Duration::from_millis(100);
    let until = began + window;
    let mut lines = Vec::new();
    for _ in 0..CONNECTIONS {
        let line = TcpStream::connect(server).await.unwrap();
        line.set_nodelay(true).unwrap();
        lines.push(line);
    }
    // Each connection has its share beforehand: nothing is shared while it is measured.
    let most = match pace {
        Pace::Steady { rate } => window.as_secs() * rate,
        Pace::AsFastAsItGoes => window.as_secs() * MOST,
    };
    let mut bags = vec![Vec::new(); CONNECTIONS];
    for (place, request) in mail.0.by_ref().take(usize::try_from(most).unwrap()).enumerate() {
        let due = match pace {
            Pace::Steady { rate } => Some(began + Duration::from_secs(1).mul_f64(place as f64 / rate as f64)),
            Pace::AsFastAsItGoes => None,
        };
        bags[place % CONNECTIONS].push((due, request));
    }
    let posted = lines.into_iter().zip(bags).map(|(line, bag)| tokio::spawn(over(line, bag, until)));
    let mut times: Vec<Duration> =
        join_all(posted).await.into_iter().flat_map(|times| times.unwrap()).collect();
    let seconds = began.elapsed().as_secs_f64();
    times.sort_unstable();
    Acks { times, seconds, cpu: Duration::ZERO }
}

/// Posts over one connection what is due until then.
async fn over(mut line: TcpStream, bag: Vec<(Option<Instant>, Vec<u8>)>, until: Instant) -> Vec<Duration> {
    let mut times = Vec::with_capacity(bag.len());
    let mut answer = Vec::with_capacity(1_024);
    for (due, request) in bag {
        if let Some(due) = due {
            sleep_until(due.into()).await;
        } else if clock::now() >= until {
            break;
        }
        let due = due.unwrap_or_else(clock::now);
        line.write_all(&request).await.unwrap();
        answer.clear();
        while !answer.ends_with(b"\r\n\r\n") {
            assert!(line.read_buf(&mut answer).await.unwrap() > 0, "the server hangs up");
        }
        assert!(answer.starts_with(b"HTTP/1.1 204 "), "{}", String::from_utf8_lossy(&answer));
        times.push(due.elapsed());
    }
    times
}
