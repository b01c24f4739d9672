//! The telephone network around a stream: asks the webhook, carries out TwiML, reports the end.

use super::{
    line::Command,
    microphone::Microphone,
    options::{CallRecord, Ended, HangUpStyle, PhoneError, PhoneEvent, PhoneOptions},
    signing::sign,
    stream::{self, Over},
    twiml::{self, Verb},
    witness::Witness,
};
use crate::base::{clock, secret::ExposeSecret};
use reqwest::{RequestBuilder, Response, Url};
use std::time::{Duration, Instant};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

/// How long a request is made again that nobody answers (Twilio's documentation, "total timeout").
const INSISTS: Duration = Duration::from_secs(15);

/// Tries behind the first that Twilio allows at most.
const MOST_TRIES: u32 = 5;

/// Documents that one call may fetch; a loop of redirects ends here.
const DOCUMENTS: usize = 10;

/// One call from its dialling to its end.
pub(super) struct Caller {
    client: reqwest::Client,
    pub(super) options: PhoneOptions,
    pub(super) orders: mpsc::Receiver<Command>,
    /// Orders that came before there was a stream to carry them out.
    pub(super) early: Vec<Command>,
    events: Option<mpsc::Sender<PhoneEvent>>,
    events_lost: u64,
    /// An instant of the grid on which this call's frames lie.
    pub(super) grid: Instant,
    /// Fires when the call is hung up over REST.
    pub(super) rest: CancellationToken,
    pub(super) microphone: Microphone,
    pub(super) witness: Witness,
    pub(super) heard: Vec<u8>,
    network_said: Vec<String>,
    /// More fields of the next request.
    news: Vec<(String, String)>,
}

/// What follows a document.
enum Next {
    Document(Url),
    End(Ended),
}

impl Caller {
    pub(super) fn new(
        client: reqwest::Client,
        options: PhoneOptions,
        orders: mpsc::Receiver<Command>,
        events: mpsc::Sender<PhoneEvent>,
        grid: Instant,
    ) -> Self {
        let rest = options.calls.as_ref().map(|calls| calls.announce(&options.call)).unwrap_or_default();
        Self {
            client,
            options,
            orders,
            early: Vec::new(),
            events: Some(events),
            events_lost: 0,
            grid,
            rest,
            microphone: Microphone::default(),
            witness: Witness::default(),
            heard: Vec::new(),
            network_said: Vec::new(),
            news: Vec::new(),
        }
    }

    /// Tells an event; one that nobody takes in time is lost and counted.
    pub(super) fn tell(&mut self, event: PhoneEvent) {
        if let Some(events) = &self.events
            && events.try_send(event).is_err()
        {
            self.events_lost += 1;
        }
    }

    pub(super) async fn run(mut self) -> CallRecord {
        let began = clock::now();
        let ended = match self.conduct().await {
            Ok(ended) => ended,
            Err(error) => Ended::Failed(error.to_string()),
        };
        if let Some(calls) = &self.options.calls {
            calls.ended(&self.options.call);
        }
        let lasted = began.elapsed();
        let status_answer = self.report(&ended, lasted).await;
        if let Some(events) = self.events.take() {
            // The last event has to arrive; whoever dropped the receiver does not want it.
            drop(events.send(PhoneEvent::Ended(ended.clone())).await);
        }
        CallRecord {
            ended,
            lasted,
            measured: self.witness.finish(),
            heard: self.heard,
            network_said: self.network_said,
            events_lost: self.events_lost,
            status_answer,
        }
    }

    async fn conduct(&mut self) -> Result<Ended, PhoneError> {
        let mut url = parse_url(&self.options.webhook)?;
        for document in 0..DOCUMENTS {
            let status = if document == 0 { "ringing" } else { "in-progress" };
            let asked = self.ask(url.clone(), status);
            self.news.clear();
            let verbs = {
                let mut asked = Box::pin(asked);
                loop {
                    tokio::select! {
                        verbs = &mut asked => break verbs?,
                        order = self.orders.recv() => match order {
                            Some(Command::Say(audio)) => self.microphone.say(audio),
                            Some(Command::HangUp(_)) | None => return Ok(Ended::ByCaller),
                            Some(later) => self.early.push(later),
                        },
                    }
                }
            };
            match self.carry_out(&url, verbs).await? {
                Next::Document(next) => url = next,
                Next::End(ended) => return Ok(ended),
            }
        }
        Ok(Ended::Failed("the TwiML redirects without end".to_owned()))
    }

    async fn carry_out(&mut self, base: &Url, verbs: Vec<Verb>) -> Result<Next, PhoneError> {
        for verb in verbs {
            match verb {
                Verb::Stream { url, parameters } => match stream::run(self, &url, &parameters).await {
                    Over::Caller(HangUpStyle::Stop | HangUpStyle::CloseWithoutStop | HangUpStyle::Reset) => {
                        return Ok(Next::End(Ended::ByCaller));
                    }
                    Over::Rest => return Ok(Next::End(Ended::ByRest)),
                    Over::Server => {
                        self.tell(PhoneEvent::StreamEnded);
                        if self.options.faults.no_next_verb {
                            return Ok(Next::End(Ended::ByTwiml));
                        }
                    }
                    Over::NotOpened(why) => {
                        self.tell(PhoneEvent::Warning(why));
                        self.tell(PhoneEvent::StreamEnded);
                    }
                },
                Verb::Say { text } => {
                    self.network_said.push(text.clone());
                    self.tell(PhoneEvent::NetworkSays(text));
                }
                Verb::Redirect { url } => {
                    let next = base.join(&url).map_err(|_| PhoneError::Url(url))?;
                    return Ok(Next::Document(next));
                }
                Verb::Dial { number, whisper, action } => {
                    self.dials(base, number, whisper).await?;
                    // Without an action the next verb follows.
                    if let Some(action) = action {
                        let next = base.join(&action).map_err(|_| PhoneError::Url(action))?;
                        return Ok(Next::Document(next));
                    }
                }
                Verb::Hangup => return Ok(Next::End(Ended::ByTwiml)),
                Verb::Reject => return Ok(Next::End(Ended::Rejected)),
                Verb::Other { name } => tracing::debug!(%name, "a verb that the phone does not know"),
            }
        }
        Ok(Next::End(Ended::ByTwiml))
    }

    /// Rings, and where somebody answers tells them the whisper and lets both sides talk.
    async fn dials(&mut self, base: &Url, number: String, whisper: Option<String>) -> Result<(), PhoneError> {
        self.tell(PhoneEvent::Dials(number));
        let answered = !self.options.faults.nobody_answers;
        if let (true, Some(whisper)) = (answered, whisper) {
            let url = base.join(&whisper).map_err(|_| PhoneError::Url(whisper))?;
            for verb in self.ask(url, "in-progress").await? {
                if let Verb::Say { text } = verb {
                    self.tell(PhoneEvent::Whisper(text));
                }
            }
        }
        let status = if answered { "completed" } else { "no-answer" };
        let leg = format!("CA{:032x}", u128::MAX);
        self.news = [
            ("DialCallStatus", status),
            ("DialCallSid", &leg),
            ("DialBridged", if answered { "true" } else { "false" }),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        Ok(())
    }

    /// The request for a document, signed; owns all it needs.
    fn ask(
        &self,
        url: Url,
        status: &str,
    ) -> impl Future<Output = Result<Vec<Verb>, PhoneError>> + Send + 'static {
        let mut form = self.form(status);
        form.extend(self.news.iter().cloned());
        let request = self.request(url.clone(), &form);
        async move {
            let unreachable = |source| PhoneError::Unreachable { url: url.to_string(), source };
            let answer = insist(request, tries(&url)).await.map_err(unreachable)?;
            let status = answer.status().as_u16();
            if status != 200 {
                return Err(PhoneError::Status { url: url.to_string(), status });
            }
            let document = answer.text().await.map_err(unreachable)?;
            Ok(twiml::parse(&document)?)
        }
    }

    fn request(&self, url: Url, form: &[(String, String)]) -> RequestBuilder {
        let signature = sign(self.options.auth_token.expose_secret(), url.as_str(), form);
        let token = format!("{}-{}", self.options.call, form.len());
        self.client
            .post(url)
            .header("X-Twilio-Signature", signature)
            .header("I-Twilio-Idempotency-Token", token)
            .form(form)
    }

    /// The fields that Twilio sends with each request for an incoming call, empty ones included.
    fn form(&self, status: &str) -> Vec<(String, String)> {
        let options = &self.options;
        let (from, to) = (options.from.as_str(), options.to.as_str());
        let mut form: Vec<(String, String)> = [
            ("AccountSid", options.account.as_str()),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", options.call.as_str()),
            ("CallStatus", status),
            ("Called", to),
            ("Caller", from),
            ("Direction", "inbound"),
            ("From", from),
            ("To", to),
            ("StirVerstat", "TN-Validation-Passed-C"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        for who in ["From", "To", "Caller", "Called"] {
            form.extend(["City", "State", "Zip"].map(|what| (format!("{who}{what}"), String::new())));
            form.push((format!("{who}Country"), "ES".to_owned()));
        }
        form
    }

    /// Reports the end as the number's status callback does; nobody waits for its answer on the line.
    async fn report(&self, ended: &Ended, lasted: Duration) -> Option<u16> {
        if self.options.faults.no_status_callback {
            return None;
        }
        let below = || format!("{}/status", self.options.webhook.trim_end_matches('/'));
        let url = parse_url(&self.options.status_callback.clone().unwrap_or_else(below)).ok()?;
        let status = match ended {
            Ended::Failed(_) => "failed",
            Ended::Rejected => "busy",
            Ended::ByCaller | Ended::ByRest | Ended::ByTwiml => "completed",
        };
        let mut form = self.form(status);
        let minutes = lasted.as_secs().div_ceil(60);
        form.extend(
            [
                ("CallbackSource", "call-progress-events".to_owned()),
                ("SequenceNumber", "0".to_owned()),
                ("Timestamp", "Sat, 21 Nov 2026 09:01:31 +0000".to_owned()),
                ("CallDuration", lasted.as_secs().to_string()),
                ("Duration", minutes.to_string()),
                ("SipResponseCode", "200".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let (tries, request) = (tries(&url), self.request(url, &form));
        Some(insist(request, tries).await.ok()?.status().as_u16())
    }
}

/// How often a request is made again that is not answered: `rc` in the fragment of its address, which is never sent.
/// Spec: <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides> (read 2026-11).
fn tries(url: &Url) -> u32 {
    let mut overrides = url.fragment().unwrap_or_default().split('&');
    let told = overrides.find_map(|one| one.strip_prefix("rc=")?.parse().ok());
    told.unwrap_or(0).min(MOST_TRIES)
}

/// Makes a request, and again where nobody answers it or the answer is of a server in trouble. When within its 15 s Twilio tries
/// again is not documented: here evenly over all of them.
async fn insist(request: RequestBuilder, tries: u32) -> reqwest::Result<Response> {
    for _ in 0..tries {
        let Some(again) = request.try_clone() else { break };
        match again.send().await {
            Ok(answer) if !answer.status().is_server_error() => return Ok(answer),
            Ok(_) | Err(_) => sleep(INSISTS / (tries + 1)).await,
        }
    }
    request.send().await
}

fn parse_url(url: &str) -> Result<Url, PhoneError> {
    Url::parse(url).map_err(|_| PhoneError::Url(url.to_owned()))
}
