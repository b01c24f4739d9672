//! What the configuration accepts, decides and complains of.

use super::*;
use crate::base::secret::ExposeSecret;
use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn from_env(pairs: &[(&str, &str)]) -> Result<Config, Complaints> {
    Config::read(&Sources { environment: environment(pairs), ..Sources::default() })
}

fn from_file(text: &str, pairs: &[(&str, &str)]) -> Result<Config, Complaints> {
    Config::read(&Sources {
        file: Some(("centralita.toml", text)),
        environment: environment(pairs),
        ..Sources::default()
    })
}

fn told(result: Result<Config, Complaints>) -> String {
    result.map(|_| ()).unwrap_err().to_string()
}

/// The names of the choices.
fn chosen(config: &Config) -> String {
    fn names<T: Named>(chosen: &[T]) -> String {
        chosen.iter().map(Named::name).collect::<Vec<_>>().join("+")
    }
    [names(&config.stt()), names(&config.llm()), names(&config.tts())].join(" ")
}

#[test]
fn nothing_at_all_serves_this_machine_with_embedded_speech() {
    let config = from_env(&[]).unwrap();
    assert_eq!(config.bind(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_eq!(config.server.port, 8_080);
    assert_eq!(chosen(&config), "embedded embedded embedded");
    assert_eq!(config.agent(), (PathBuf::from("prompts"), "clinica".to_owned()));
    assert!(config.needs_models());
}

#[test]
fn the_default_file_holds_every_setting_once_and_names_its_variable() {
    let table: toml::Table = DEFAULTS.parse().unwrap();
    let keys: Vec<String> = table
        .iter()
        .flat_map(|(section, inner)| {
            inner.as_table().unwrap().keys().map(move |key| format!("{section}.{key}"))
        })
        .collect();
    for key in &keys {
        assert!(VARIABLES.iter().any(|(_, set)| set == key), "{key} has no variable");
    }
    for (name, key) in VARIABLES {
        assert!(keys.iter().any(|known| known == key), "{name} sets {key}, which does not exist");
        assert!(DEFAULTS.contains(&format!("[{name}]")), "default.toml does not mention {name}");
    }
    assert!(SECRETS.iter().all(|secret| keys.contains(&(*secret).to_owned())));
    assert!(from_file(DEFAULTS, &[]).is_ok(), "the printed example is itself a valid file");
}

#[test]
fn an_agent_is_a_name_or_a_file() {
    for (text, folder, name) in [
        ("dental", "prompts", "dental"),
        ("/srv/x/dental.md", "/srv/x", "dental"),
        ("dental.md", ".", "dental"),
    ] {
        assert_eq!(from_env(&[("AGENT", text)]).unwrap().agent(), (PathBuf::from(folder), name.to_owned()));
    }
}

#[test]
fn a_key_that_is_set_chooses_its_provider() {
    let config =
        from_env(&[("DEEPGRAM_API_KEY", "d"), ("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")]).unwrap();
    assert_eq!(chosen(&config), "deepgram openai deepgram");
    assert!(!config.needs_models());
    let judged = [("DEEPGRAM_API_KEY", "d"), ("TURN_END_MODEL", "smart-turn")];
    let config = from_env(&judged).unwrap();
    assert_eq!(config.providers.turn_end, TurnEndModel::SmartTurn);
    assert!(config.needs_models());
    let config = from_env(&[("DEEPGRAM_API_KEY", "d"), ("ELEVENLABS_API_KEY", "e")]).unwrap();
    assert_eq!(chosen(&config), "deepgram embedded elevenlabs");
    let config = from_env(&[("ELEVENLABS_API_KEY", "e")]).unwrap();
    assert_eq!(chosen(&config), "elevenlabs embedded elevenlabs");
    let config = from_env(&[("DEEPGRAM_API_KEY", "d"), ("TTS_PROVIDER", "embedded")]).unwrap();
    assert_eq!(chosen(&config), "deepgram embedded embedded");
}

#[test]
fn those_who_take_over_are_named_in_order() {
    let keys = [
        ("DEEPGRAM_API_KEY", "d"),
        ("OPENAI_API_KEY", "o"),
        ("OPENAI_FALLBACK_BASE_URL", "http://127.0.0.1:1"),
    ];
    let orders = [
        ("STT_PROVIDER", "deepgram, embedded"),
        ("LLM_PROVIDER", "openai, openai_fallback,embedded"),
        ("TTS_PROVIDER", "auto,embedded"),
    ];
    let config = from_env(&[&keys[..], &orders].concat()).unwrap();
    assert_eq!(chosen(&config), "deepgram+embedded openai+openai_fallback+embedded deepgram+embedded");
    assert!(config.needs_models());

    let listed = "[providers]\nllm = [\"auto\", \"openai\", \"embedded\"]\n";
    assert_eq!(chosen(&from_file(listed, &keys).unwrap()), "deepgram openai+embedded deepgram");
    assert_eq!(chosen(&from_file(listed, &keys[1..2]).unwrap()), "embedded openai+embedded embedded");

    for (list, part) in [
        ("[]", "nobody is named"),
        ("[\"openai\", \"openai\"]", "named twice"),
        ("[\"openai\", \"gpt\"]", "unknown variant `gpt`"),
        ("7", "a name or a list of names"),
        ("[\"embedded\", \"openai_fallback\"]", "set OPENAI_FALLBACK_API_KEY or OPENAI_FALLBACK_BASE_URL"),
    ] {
        let told = told(from_file(&format!("[providers]\nllm = {list}\n"), &keys[..2]));
        assert!(told.contains(part) && told.contains("providers.llm"), "{list}: {told}");
    }
}

#[test]
fn an_openai_voice_speaks_where_the_chat_answers_or_at_a_server_of_its_own() {
    let voice = |more: &[(&str, &str)]| {
        let wanted = [("TTS_PROVIDER", "openai"), ("OPENAI_API_KEY", "chat-key")];
        let config = from_env(&[&wanted, more].concat()).unwrap();
        match config.tts().remove(0) {
            Tts::OpenAi { address, key } => {
                (address.to_string(), key.map(|key| key.expose_secret().to_owned()))
            }
            other => panic!("{other:?}"),
        }
    };
    let (openai, local) = ("https://api.openai.com/v1".to_owned(), "http://127.0.0.1:8880/v1");
    let key = |key: &str| Some(key.to_owned());
    assert_eq!(voice(&[]), (openai.clone(), key("chat-key")));
    assert_eq!(voice(&[("OPENAI_SPEECH_API_KEY", "speech-key")]), (openai, key("speech-key")));
    assert_eq!(voice(&[("OPENAI_BASE_URL", local)]), (local.to_owned(), key("chat-key")));
    // A key never goes to a server that it was not given for.
    assert_eq!(voice(&[("OPENAI_SPEECH_BASE_URL", local)]), (local.to_owned(), None));
}

#[test]
fn the_environment_wins_over_the_file_and_a_switch_over_both() {
    let mut sources = Sources {
        file: Some(("c.toml", "[server]\nport = 1\ndrain_s = 5\n")),
        environment: environment(&[("PORT", "2"), ("DRAIN_S", "")]),
        switches: Vec::new(),
    };
    let config = Config::read(&sources).unwrap();
    assert_eq!((config.server.port, config.server.drain), (2, Duration::from_secs(5)));
    sources.switches = vec![("--port", "server.port", "3".to_owned())];
    assert_eq!(Config::read(&sources).unwrap().server.port, 3);
}

#[test]
fn all_mistakes_are_told_together_with_their_place() {
    let text = "[server]\nport = 99999\nprt = 1\n\n[voice]\nmax_calls = 0\n\n[vioce]\nagent = \"x\"\n";
    let told = told(from_file(
        text,
        &[("DEEPGRAM_BASE_URL", "wss://api.deepgram.com"), ("STT_PROVIDER", "whisper")],
    ));
    for part in [
        "The configuration has 6 mistakes:",
        "server.port (centralita.toml line 2): invalid value: integer `99999`, expected u16",
        "server.prt (centralita.toml line 3): unknown field `prt`, expected one of `bind`, `port`",
        "voice.max_calls (centralita.toml line 6): it is 0, so every call would be refused",
        "vioce.agent (centralita.toml line 9): unknown field `vioce`",
        "deepgram.base_url (environment variable DEEPGRAM_BASE_URL): `wss://api.deepgram.com` must begin with",
        "providers.stt (environment variable STT_PROVIDER): unknown variant `whisper`",
    ] {
        assert!(told.contains(part), "{part}\nis missing in\n{told}");
    }
}

#[test]
fn the_room_for_calls_has_bounds_that_zero_takes_away() {
    let voice = from_env(&[]).unwrap().voice;
    let late = Some(Duration::from_millis(40));
    assert_eq!((voice.max_memory, voice.memory_limit, voice.max_late), (Some(85), None, late));
    let off = [("MAX_MEMORY_PERCENT", "0"), ("MAX_LATE_MS", "0"), ("MEMORY_LIMIT_MB", "512")];
    let voice = from_env(&off).unwrap().voice;
    assert_eq!((voice.max_memory, voice.memory_limit, voice.max_late), (None, Some(512), None));
    let told = told(from_file("[voice]\nmax_memory_percent = 100\nmax_late_ms = 5\n", &[]));
    assert!(told.contains("voice.max_memory_percent (centralita.toml line 2)"), "{told}");
    assert!(told.contains("voice.max_late_ms (centralita.toml line 3)"), "{told}");
}

#[test]
fn a_secret_never_stands_in_a_file_and_is_never_printed() {
    let told_literal = told(from_file("[openai]\napi_key = \"sk-canary\"\n", &[]));
    assert!(told_literal.contains("write \"${OPENAI_API_KEY}\""), "{told_literal}");
    let told_number = told(from_file("[twilio]\nauth_token = 424242\n", &[]));
    let told_syntax = told(from_file("[twilio]\nauth_token = \"424242\n", &[]));
    assert!(told_syntax.contains("centralita.toml line 2"), "{told_syntax}");
    let config = from_file(
        "[openai]\napi_key = \"${MY_KEY}\"\n",
        &[("MY_KEY", "sk-canary\n"), ("API_TOKEN", "canary-canary-canary")],
    )
    .unwrap();
    assert_eq!(config.openai.api_key.as_ref().unwrap().expose_secret(), "sk-canary");
    for text in [told_literal, told_number, told_syntax, format!("{config:?}")] {
        assert!(!text.contains("canary") && !text.contains("424242"), "{text}");
    }
    assert!(told(from_file("[openai]\napi_key = \"${GONE}\"\n", &[])).contains("variable `GONE` is not set"));
    assert!(told(from_file("[openai]\nmodel = \"${X}\"\n", &[])).contains("OPENAI_MODEL"));
}

#[test]
fn a_secret_may_lie_in_a_file_and_what_names_the_file_is_never_told() {
    let folder = std::env::temp_dir().join(format!("centralita-secrets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let (token, empty) = (file("token", b"canary\n"), file("empty", b""));
    let (long, binary) = (file("long", "x".repeat(70_000).as_bytes()), file("binary", &[0xC3, 0x28]));
    let url = ("PUBLIC_URL", "https://voice.example.com");
    let secondary = ("TWILIO_AUTH_TOKEN_SECONDARY_FILE", empty.as_str());
    let config = from_env(&[url, ("TWILIO_AUTH_TOKEN_FILE", &token), secondary]).unwrap();
    assert_eq!(config.twilio.auth_token.unwrap().expose_secret(), "canary");
    assert!(config.twilio.auth_token_secondary.is_none());
    // A configuration file may name the variable as if the secret stood in it.
    let named = "[twilio]\nauth_token = \"${TWILIO_AUTH_TOKEN}\"\n";
    assert!(from_file(named, &[url, ("TWILIO_AUTH_TOKEN_FILE", &token)]).unwrap().twilio.can_verify());

    let wrong = [
        ("DEEPGRAM_API_KEY_FILE", "canary"),
        ("OPENAI_API_KEY_FILE", long.as_str()),
        ("ELEVENLABS_API_KEY_FILE", &binary),
        ("REDIS_URL_FILE", &token),
        ("REDIS_URL", "redis://canary@127.0.0.1"),
        ("API_TOKEN_FILE", &token),
    ];
    let told = told(from_env(&wrong));
    for part in [
        "has 5 mistakes",
        "deepgram.api_key (environment variable DEEPGRAM_API_KEY_FILE): the file that it names cannot be read: No such",
        "openai.api_key (environment variable OPENAI_API_KEY_FILE): the file that it names cannot be read: it is too long",
        "ELEVENLABS_API_KEY_FILE): the file that it names cannot be read: stream did not contain valid UTF-8",
        "state.redis_url (environment variable REDIS_URL_FILE): REDIS_URL is set too",
        "server.api_token (environment variable API_TOKEN_FILE): fewer than 16 characters",
    ] {
        assert!(told.contains(part), "{part}\nis missing in\n{told}");
    }
    assert!(!told.contains("canary"), "{told}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn redis_has_two_names_and_its_address_is_a_secret() {
    let (one, other) = ("redis://u:canary@127.0.0.1:6379/1", "rediss://canary@cache.example.com");
    let url = |pairs: &[(&str, &str)]| {
        let state = from_env(pairs).unwrap().state;
        state.redis_url.map(|url| url.expose_secret().to_owned())
    };
    assert_eq!(url(&[]), None);
    assert_eq!(url(&[("KV_URL", other)]).as_deref(), Some(other));
    assert_eq!(url(&[("KV_URL", other), ("REDIS_URL", one)]).as_deref(), Some(one));
    assert_eq!(url(&[("KV_URL", other), ("REDIS_URL", "")]).as_deref(), Some(other));
    let config =
        from_env(&[("REDIS_URL", one), ("KV_REST_API_TOKEN", "canary"), ("KV_REST_API_URL", "")]).unwrap();
    assert_eq!(config.state.ttl, Duration::from_hours(24));
    assert_eq!(
        config.without_meaning.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["KV_REST_API_TOKEN"]
    );
    let told_literal = told(from_file(&format!("[state]\nredis_url = \"{one}\"\n"), &[]));
    assert!(told_literal.contains("write \"${REDIS_URL}\""), "{told_literal}");
    let told_wrong = told(from_env(&[("REDIS_URL", "redis://u:canary@:port")]));
    for text in [told_literal, told_wrong, format!("{config:?}")] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn without_a_way_to_check_signatures_only_this_machine_is_served() {
    assert!(told(from_env(&[("BIND", "0.0.0.0")])).contains("set TWILIO_AUTH_TOKEN, or listen on 127.0.0.1"));
    assert!(from_env(&[("BIND", "::1")]).is_ok());
    let twilio = [("TWILIO_AUTH_TOKEN", "t"), ("PUBLIC_URL", "https://voice.example.com")];
    assert_eq!(from_env(&twilio).unwrap().bind(), IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    assert!(told(from_env(&twilio[..1])).contains("set PUBLIC_URL"));
}

#[test]
fn addresses_are_encrypted_except_on_this_machine() {
    assert!(told(from_env(&[("PUBLIC_URL", "http://voice.example.com")])).contains("wss only"));
    assert!(from_env(&[("PUBLIC_URL", "http://127.0.0.1:8080")]).is_ok());
    assert!(
        told(from_env(&[("OPENAI_BASE_URL", "http://10.0.0.7/v1")])).contains("--allow-private-upstreams")
    );
    assert!(told(from_env(&[("OPENAI_BASE_URL", "http://llm.example.com/v1")])).contains("not encrypted"));
    let allowed = [("OPENAI_BASE_URL", "http://10.0.0.7/v1"), ("ALLOW_PRIVATE_UPSTREAMS", "yes")];
    assert!(from_env(&allowed).is_ok());
}

#[test]
fn what_is_not_what_it_should_be_is_told() {
    for (name, text, part) in [
        ("TWILIO_ACCOUNT_SID", "SK1", "expected `AC` and 32 hexadecimal digits"),
        ("TWILIO_PHONE_NUMBER", "011 5555", "with + and the country code"),
        ("API_TOKEN", "short", "fewer than 16 characters"),
        (
            "REDIS_URL",
            "http://127.0.0.1:6379",
            "state.redis_url (environment variable REDIS_URL): not the address",
        ),
        ("KV_URL", "cache", "write it as redis://"),
        ("STATE_TTL_H", "0", "give 1 to 744 hours"),
        ("STATE_TTL_H", "745", "state.ttl_h"),
        ("STATE_TTL_H", "5124095576030432", "state.ttl_h"),
        (
            "NOTES_SECRET",
            "canary",
            "notes.secret (environment variable NOTES_SECRET): not a secret of Standard Webhooks",
        ),
        ("NOTES_SETTLE", "reconcile", "asks at notes.find_url"),
        ("NOTES_SETTLE", "twice", "unknown variant `twice`"),
        ("NOTES_URL", "http://crm.example.com/notes", "give an https:// address"),
        ("NOTES_FIND_URL", "http://10.0.0.7/notes", "--allow-private-upstreams"),
        ("NOTES_FIND_AFTER_S", "0", "give 1 to 3600 seconds"),
        ("NOTES_TOKEN", "a b", "notes.token"),
        ("RECORDINGS_DAYS", "36501", "retention.recordings_days"),
        ("TRANSCRIPTS_DAYS", "213503982334602", "longer than a hundred years"),
        ("PAYLOADS_DAYS", "-1", "retention.payloads_days"),
        ("DRAIN_S", "-1", "server.drain_s"),
        ("DRAIN_S", "99999", "at most 14400"),
        ("KEEP_CONNECTIONS_S", "-1", "providers.keep_connections_s"),
        ("PORT", "http", "invalid type: string \"http\", expected u16"),
        ("LOG", "loud=very", "log.filter"),
        ("LLM_PROVIDER", "openai", "set OPENAI_API_KEY or OPENAI_BASE_URL"),
        ("STT_PROVIDER", "deepgram,elevenlabs", "set ELEVENLABS_API_KEY"),
        ("TTS_PROVIDER", "elevenlabs", "set ELEVENLABS_API_KEY"),
        ("TTS_PROVIDER", "openai", "set OPENAI_API_KEY, OPENAI_SPEECH_API_KEY or OPENAI_SPEECH_BASE_URL"),
        ("TURN_END_MODEL", "silero", "unknown variant `silero`, expected `none` or `smart-turn`"),
        ("DEEPGRAM_API_KEY", "one\ntwo", "deepgram.api_key"),
        ("OPENAI_API_KEY", "sk-one two", "a blank, a line break"),
        ("ELEVENLABS_API_KEY", "clé", "copy it again"),
        ("API_TOKEN", "sixteen-or-more\u{7}", "server.api_token"),
    ] {
        let told = told(from_env(&[(name, text)]));
        assert!(told.contains(part), "{name}={text}: {told}");
    }
}
