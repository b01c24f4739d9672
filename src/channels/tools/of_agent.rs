//! A tool that an agent's file declares: a request to a server of the business.

use crate::{
    dialogue::tools::http::HttpTool,
    ports::{
        http_tool::{HttpToolError, HttpTools},
        tool::{Effect, Occasion, Refusal, Reply, Tool},
    },
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{fmt, sync::Arc};
use tracing::warn;

/// A declared tool, and who sends its requests.
pub(super) struct OfAgent {
    pub(super) tool: HttpTool,
    pub(super) http: Arc<dyn HttpTools>,
}

impl fmt::Debug for OfAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfAgent").field("tool", &self.tool).finish_non_exhaustive()
    }
}

impl Tool for OfAgent {
    fn name(&self) -> &str {
        &self.tool.name
    }

    fn effect(&self, arguments: &str) -> Effect {
        match (self.tool.confirm, self.tool.reads()) {
            (true, _) => Effect::Agreed { values: self.tool.values(arguments) },
            (false, true) => Effect::Reads,
            (false, false) => Effect::Changes,
        }
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let key = key(occasion, &self.tool.name, arguments);
            let request = self.tool.request(arguments, occasion.caller.as_deref(), key);
            let request = request.map_err(|why| Refusal::new("bad_arguments", why))?;
            match self.http.send(request).await {
                Ok(answer) => Ok(json!({ "answer": answer })),
                Err(error) => {
                    warn!(code = "HTTP_TOOL", tool = self.tool.name, %error, "a tool of the agent failed");
                    Err(match error {
                        HttpToolError::Refused(_) => Refusal::new("refused", error.to_string()),
                        HttpToolError::NoAnswer(_) => Refusal::new(
                            "no_answer",
                            "nobody knows whether it was done; say so, and take a message",
                        ),
                        HttpToolError::NotSetUp(_) => Refusal::new("unavailable", "this can't be done now"),
                    })
                }
            }
        })
    }
}

/// The same for the same wish in a turn; `arguments` as the toolbox wrote them, whatever the order of the model's keys.
fn key(occasion: &Occasion, tool: &str, arguments: &str) -> String {
    let Occasion { call, turn, .. } = occasion;
    let digest = Sha256::digest(format!("{call}\n{turn}\n{tool}\n{arguments}"));
    format!("{:x}", Bytes::copy_from_slice(&digest))
}
