//! ONNX Runtime, loaded from a file: one environment in the process, sessions of one thread each.

use ort::{environment::Environment, session::Session};
use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Why a model does not run on ONNX Runtime.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The library is missing, damaged or too old.
    #[error("ONNX Runtime cannot be loaded: {0}")]
    Library(String),
    /// The model is damaged or does not fit the library.
    #[error("{0}")]
    Model(String),
}

impl From<ort::Error> for OnnxError {
    fn from(error: ort::Error) -> Self {
        Self::Model(error.to_string())
    }
}

/// The process has one environment and keeps it: `ort` allows no second one, even after the first is gone.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// A model in memory that computes on the calling thread. The first `library` that loads serves all later sessions.
///
/// # Errors
/// See [`OnnxError`].
pub(super) fn session(library: &Path, model: &Path) -> Result<Session, OnnxError> {
    let environment = environment(library)?;
    let of_model = |error: String| OnnxError::Model(format!("{}: {error}", model.display()));
    let options = Session::builder(&environment)
        .and_then(|options| Ok(options.with_intra_threads(1)?))
        .and_then(|options| Ok(options.with_inter_threads(1)?));
    let mut options = options.map_err(|error| of_model(error.to_string()))?;
    options.commit_from_file(model).map_err(|error| of_model(error.to_string()))
}

fn environment(library: &Path) -> Result<Environment, OnnxError> {
    let mut kept = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = kept.as_ref() {
        return Ok(environment.clone());
    }
    let failed = |error: String| OnnxError::Library(format!("{}: {error}", library.display()));
    let builder = ort::init_from(library).map_err(|error| failed(error.to_string()))?;
    let environment = builder.with_name("centralita").build().map_err(|error| failed(error.to_string()))?;
    *kept = Some(environment.clone());
    Ok(environment)
}
