//! `centralita fakes`: the paid services on this machine, until they are told to stop.

use super::terminal::{complain, say};
use crate::testbed::{
    deepgram::DeepgramOptions,
    elevenlabs::{ElevenLabsOptions, ScribePace},
    fakes::{FakeOptions, Fakes},
    openai::{ModelPace, OpenAiOptions},
    sink::SinkOptions,
    speech::SpeechPace,
    twilio_rest::TwilioOptions,
};
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// How the fakes behave.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Listen on this port and the four after it; free ports if left out.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..65_531))]
    port_base: Option<u16>,
    /// From the caller's last voiced frame to the final result.
    #[arg(long, value_name = "MS", default_value_t = 350)]
    deepgram_delay_ms: u64,
    /// From the question to the model's first token.
    #[arg(long, value_name = "MS", default_value_t = 200)]
    openai_delay_ms: u64,
    /// From the text to the voice's first byte.
    #[arg(long, value_name = "MS", default_value_t = 100)]
    voice_delay_ms: u64,
    /// Write what happens as JSON lines too.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

impl Args {
    fn options(&self) -> FakeOptions {
        let port = |number: u16| self.port_base.map_or(0, |base| base + number);
        let speech =
            SpeechPace { first_byte: Duration::from_millis(self.voice_delay_ms), ..SpeechPace::default() };
        let final_after = Duration::from_millis(self.deepgram_delay_ms);
        let pace =
            ModelPace { first_token: Duration::from_millis(self.openai_delay_ms), ..ModelPace::default() };
        FakeOptions {
            deepgram: DeepgramOptions { port: port(0), final_after, speech, ..DeepgramOptions::default() },
            openai: OpenAiOptions { port: port(1), pace, speech, ..OpenAiOptions::default() },
            elevenlabs: ElevenLabsOptions {
                port: port(2),
                pace: speech,
                scribe: ScribePace { final_after, ..ScribePace::default() },
                ..ElevenLabsOptions::default()
            },
            // The phones are in other processes: every call is taken to be in progress.
            twilio: TwilioOptions { port: port(3), any_call: true, ..TwilioOptions::default() },
            sink: SinkOptions { port: port(4), honours_keys: true, ..SinkOptions::default() },
            log_file: self.log.clone(),
        }
    }
}

/// Serves until the process is told to stop.
pub fn run(args: &Args) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        let fakes = match Fakes::start(args.options()).await {
            Ok(fakes) => fakes,
            Err(error) => {
                complain(format!("the fakes cannot start: {error}; choose another --port-base"));
                return ExitCode::FAILURE;
            }
        };
        for (name, value) in fakes.environment() {
            say(format!("export {name}={value}"));
        }
        say("# The fakes are running; ctrl-C ends them.");
        match tokio::signal::ctrl_c().await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(format!("cannot wait for ctrl-C: {error}"));
                ExitCode::FAILURE
            }
        }
    })
}
