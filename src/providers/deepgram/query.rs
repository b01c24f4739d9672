//! The address of a recogniser's socket, which says all that it is to do.

use super::{ListenOptions, Options, wire};
use crate::ports::stt::SttSpec;
use http::Uri;

/// The address with all settings; `None` where it is no URI, which a parsed base address cannot cause.
pub(super) fn address(options: &Options, spec: &SttSpec) -> Option<Uri> {
    let listen = &options.listen;
    let (path, settings) = if listen.is_flux() {
        ("/v2/listen", flux(listen, spec))
    } else {
        ("/v1/listen", nova(listen, spec))
    };
    let mut url = options.base_url.ws(path);
    let mut query = url.query_pairs_mut();
    query.append_pair("model", &listen.model);
    for (name, value) in settings {
        query.append_pair(name, &value);
    }
    for keyterm in &listen.keyterms {
        query.append_pair("keyterm", keyterm);
    }
    if listen.no_training {
        query.append_pair("mip_opt_out", "true");
    }
    drop(query);
    url.as_str().parse().ok()
}

fn nova(listen: &ListenOptions, spec: &SttSpec) -> Vec<(&'static str, String)> {
    let language = listen.language.clone().unwrap_or_else(|| wire::language_code(&spec.tag));
    vec![
        ("language", language),
        ("encoding", "mulaw".to_owned()),
        ("sample_rate", "8000".to_owned()),
        ("channels", "1".to_owned()),
        ("interim_results", "true".to_owned()),
        ("endpointing", listen.endpointing.as_millis().to_string()),
        ("utterance_end_ms", listen.utterance_end.as_millis().to_string()),
        ("vad_events", "true".to_owned()),
        ("smart_format", listen.smart_format.to_string()),
        ("punctuate", listen.punctuate.to_string()),
    ]
}

/// Flux is told no language, only which one to expect, by its bare code; and that only where it knows several.
fn flux(listen: &ListenOptions, spec: &SttSpec) -> Vec<(&'static str, String)> {
    let mut settings = vec![("encoding", "mulaw".to_owned()), ("sample_rate", "8000".to_owned())];
    if let Some(sure) = listen.eager {
        settings.push(("eager_eot_threshold", sure.to_string()));
    }
    if listen.model.ends_with("-multi") {
        let tag = listen.language.as_deref().unwrap_or(&spec.tag);
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        settings.push(("language_hint", language.to_ascii_lowercase()));
    }
    settings
}
