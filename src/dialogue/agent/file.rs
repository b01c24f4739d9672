//! Reads an agent's file: front matter in TOML between two lines `+++`, then the prompt.

use super::{
    Agent, EndOfTurn, Mistake, Patience, prompt,
    section::{Complaints, Place, Section},
    transfer,
};
use crate::{
    base::language::Language,
    dialogue::{
        clinic::Clinic,
        tools::{self, TRANSFER_CALL, http::HttpTool},
    },
};
use jiff::{Timestamp, tz::TimeZone};
use std::{sync::Arc, time::Duration};

const KEYS: [&str; 12] = [
    "language",
    "voice",
    "turns",
    "say_voice",
    "zone",
    "greeting",
    "record",
    "tools",
    "http",
    "transfer",
    "data",
    "patience",
];
const PATIENCE: [&str; 8] = [
    "end_of_turn_ms",
    "speculation",
    "reprompt_ms",
    "reprompts",
    "max_call_ms",
    "hold_ms",
    "tool_ms",
    "keypad_ms",
];
const FENCE: &str = "+++";

/// The name of the data file that the agent's file asks for, before anything is checked.
pub fn data_name(text: &str) -> Option<String> {
    let (front, _) = split(text)?;
    let table: toml::Table = toml::from_str(front).ok()?;
    Some(table.get("data")?.as_str()?.to_owned())
}

impl Agent {
    /// Reads the agent `name` from the text of its file and of its data file.
    ///
    /// # Errors
    /// Every mistake of both files.
    pub fn parse(name: &str, text: &str, data: &str) -> Result<Self, Vec<Mistake>> {
        let file = format!("{name}.md");
        let mut complaints = Complaints::new(&file, text, 0);
        let Some((front, body)) = split(text) else {
            complaints.add(
                &(0..0),
                "the front matter is missing",
                "begin the file with +++, TOML lines and +++",
            );
            return Err(complaints.finish());
        };
        let mut complaints = Complaints::new(&file, front, 1);
        let root = complaints.parse();
        let section = Section::new(root.get_ref(), 0..0, &KEYS, &mut complaints);
        let (data_file, data_place) = section.need("data", &mut complaints);
        let clinic = Clinic::parse(&data_file, data);
        let wrong_data = clinic.as_ref().err().cloned().unwrap_or_default();
        let clinic = clinic.unwrap_or_default();
        if !prompt::can_be_fenced(data) {
            complaints.add(&data_place, "the data is empty or contains ```", "write it as TOML without ```");
        }
        let agent = agent(name, &section, body.1, Arc::new(clinic), data, &mut complaints);
        let mut mistakes = complaints.finish();
        let now = Timestamp::UNIX_EPOCH.to_zoned(agent.zone.clone());
        if let Err(error) = prompt::fill(&agent.prompt, &agent.clinic, &agent, &now, None) {
            let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            mistakes.push(Mistake {
                file: file.clone(),
                line: body.0 + error.line().unwrap_or(1),
                what: format!("the prompt can't be filled: {what}"),
                remedy: "it may use business, phone, today, weekday, hour and caller".to_owned(),
            });
        }
        mistakes.extend(wrong_data);
        if mistakes.is_empty() { Ok(agent) } else { Err(mistakes) }
    }
}

/// The front matter, and the text behind it with the number of lines before it.
fn split(text: &str) -> Option<(&str, (usize, &str))> {
    let rest = text.strip_prefix(FENCE)?.trim_start_matches('\r').strip_prefix('\n')?;
    let end = rest.find("\n+++")? + 1;
    let (front, body) = rest.split_at_checked(end)?;
    let body = body.strip_prefix(FENCE)?;
    Some((front, (front.matches('\n').count() + 1, body)))
}

fn agent(
    name: &str,
    section: &Section<'_>,
    prompt: &str,
    clinic: Arc<Clinic>,
    data: &str,
    complaints: &mut Complaints<'_>,
) -> Agent {
    let (tag, tag_place) = section.need("language", complaints);
    let language = Language::of_tag(&tag);
    if language.is_none() && !tag.is_empty() {
        complaints.add(
            &tag_place,
            format!("language `{tag}` is not spoken"),
            "write es-AR, es-MX, en-US or the like",
        );
    }
    let language = language.unwrap_or_default();
    let (zone, zone_place) = section.need("zone", complaints);
    let zone = read_zone(&zone, &zone_place, complaints);
    let places = transfer::read(section, complaints);
    let mut specs = Vec::new();
    for (tool, place) in section.texts("tools", complaints) {
        if tool == TRANSFER_CALL && places.is_empty() {
            complaints.add(
                &place,
                "there is nobody to transfer to",
                "add a [[transfer]] with `name` and `number`",
            );
        }
        if let Some(spec) = tools::spec(&tool, &clinic, &places, language) {
            specs.push(spec);
        } else {
            let remedy = format!("expected one of: {}", tools::TOOLS.join(", "));
            complaints.add(&place, format!("unknown tool `{tool}`"), remedy);
        }
    }
    let http = tools::http::read(section, complaints);
    specs.extend(http.iter().map(HttpTool::spec));
    if prompt.trim().is_empty() {
        complaints.add(&section.place, "there is no prompt", "write it below the front matter");
    }
    Agent {
        name: name.to_owned(),
        language,
        tag,
        voice: section.text("voice", complaints).map(|(voice, _)| voice).unwrap_or_default(),
        turns: section.flag("turns", complaints).unwrap_or(false),
        say_voice: section.text("say_voice", complaints).map(|(voice, _)| voice).unwrap_or_default(),
        zone,
        greeting: section.need("greeting", complaints).0,
        prompt: prompt.to_owned(),
        tools: specs.into(),
        places: places.into(),
        http: http.into(),
        record: section.flag("record", complaints).unwrap_or(false),
        patience: patience(section, complaints),
        clinic,
        data: data.to_owned(),
    }
}

fn read_zone(zone: &str, place: &Place, complaints: &mut Complaints<'_>) -> TimeZone {
    TimeZone::get(zone).unwrap_or_else(|_| {
        if !zone.is_empty() {
            let remedy = "write it as America/Mexico_City; the machine needs the time zones (package tzdata)";
            complaints.add(place, format!("unknown time zone `{zone}`"), remedy);
        }
        TimeZone::UTC
    })
}

fn patience(section: &Section<'_>, complaints: &mut Complaints<'_>) -> Patience {
    let default = Patience::default();
    let Some(table) = section.section("patience", &PATIENCE, complaints) else { return default };
    let end_of_turn = table.span("end_of_turn_ms", 200..=5_000, complaints);
    let end_of_turn = end_of_turn.map_or(default.end_of_turn, |(least, most)| EndOfTurn {
        least: Duration::from_millis(least),
        most: Duration::from_millis(most),
    });
    let speculation = table.flag("speculation", complaints).unwrap_or(default.speculation);
    let mut time =
        |key, range, default| table.number(key, range, complaints).map_or(default, Duration::from_millis);
    let reprompt = time("reprompt_ms", 1_000..=120_000, default.reprompt);
    let max_call = time("max_call_ms", 10_000..=14_400_000, default.max_call);
    let hold = time("hold_ms", 500..=20_000, default.hold);
    let tool = time("tool_ms", 500..=60_000, default.tool);
    let keypad = time("keypad_ms", 500..=20_000, default.keypad);
    let reprompts = table.number("reprompts", 0..=10, complaints);
    Patience {
        end_of_turn,
        speculation,
        reprompt,
        reprompts: reprompts.and_then(|count| u32::try_from(count).ok()).unwrap_or(default.reprompts),
        max_call,
        hold,
        tool,
        keypad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"name = "Consultorio"
address = "Calle 1"
phone = "+1"
hours = { monday = "08:00-12:00" }
[[specialties]]
name = "Cardiología"
professionals = ["Dra. Paz"]
minutes = 30
hours = { monday = "09:00-10:30" }
"#;
    const TEXT: &str = r#"+++
language = "es-AR"
zone = "UTC"
greeting = "Consultorio, ¿en qué puedo ayudarle?"
tools = ["find_slots", "end_call"]
data = "c.toml"
[patience]
end_of_turn_ms = 700
+++
Atiende {{ business }}. Hoy es {{ weekday }}.
"#;

    fn told(text: &str, data: &str) -> Vec<String> {
        Agent::parse("a", text, data).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_agent_greets_by_the_hour() {
        let agent = Agent::parse("a", TEXT, DATA).unwrap();
        assert_eq!(agent.opening(9), "Buenos días. Consultorio, ¿en qué puedo ayudarle?");
        assert!(agent.opening(12).starts_with("Buenas tardes."));
        assert!(agent.opening(20).starts_with("Buenas noches."));
        assert!(agent.opening(5).starts_with("Buenas noches."));
        assert_eq!(agent.patience.end_of_turn, EndOfTurn::fixed(Duration::from_millis(700)));
        assert_eq!(agent.patience.hold, Patience::default().hold);
        assert_eq!(data_name(TEXT).as_deref(), Some("c.toml"));
    }

    #[test]
    fn the_silence_that_ends_a_turn_is_one_number_or_two() {
        let range =
            |written: &str| TEXT.replace("end_of_turn_ms = 700", &format!("end_of_turn_ms = {written}"));
        let agent = Agent::parse("a", &range("[250, 1_800]\nspeculation = false"), DATA).unwrap();
        let (least, most) = (Duration::from_millis(250), Duration::from_millis(1_800));
        assert_eq!(agent.patience.end_of_turn, EndOfTurn { least, most });
        assert!(!agent.patience.speculation);
        for wrong in ["[900, 300]", "[300]", "100", "[200, 300, 400]", "\"700\"", "[200, 9_000]"] {
            let told = told(&range(wrong), DATA);
            assert_eq!(told.len(), 1, "{wrong}: {told:?}");
            assert!(told[0].starts_with("a.md:8: `end_of_turn_ms` is out of range;"), "{told:?}");
        }
    }

    #[test]
    fn the_system_message_has_the_moment_and_the_data() {
        let agent = Agent::parse("a", TEXT, DATA).unwrap();
        let now = "2026-11-21T12:30:00Z".parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC);
        let message = agent.system_message(&now, Some("+15550100100"));
        assert!(message.starts_with("Atiende Consultorio. Hoy es sábado.\n"), "{message}");
        assert!(message.contains("[call]\nnow = \"2026-11-21T12:30\"\n"), "{message}");
        assert!(message.contains("caller = \"+15550100100\"\n"), "{message}");
        assert!(message.contains("```toml\nname = \"Consultorio\"\n"), "{message}");
    }

    #[test]
    fn mistakes_of_both_files_are_told_together() {
        let text = TEXT
            .replace("UTC", "America/Nowhere")
            .replace("\"end_call\"", "\"fly\"")
            .replace("700", "1")
            .replace("{{ weekday }}", "{{ wekday }}");
        let told = told(&text, &DATA.replace("minutes = 30", "minuts = 30"));
        let begin: Vec<&str> = told.iter().map(|line| line.split(';').next().unwrap()).collect();
        assert_eq!(
            begin,
            [
                "a.md:3: unknown time zone `America/Nowhere`",
                "a.md:5: unknown tool `fly`",
                "a.md:8: `end_of_turn_ms` is out of range",
                "a.md:10: the prompt can't be filled: `wekday` is undefined",
                "c.toml:5: `minutes` is missing",
                "c.toml:8: unknown key `minuts`",
            ]
        );
    }

    #[test]
    fn a_file_without_front_matter_is_told() {
        assert_eq!(told("Hola", DATA).len(), 1);
        assert!(data_name("Hola").is_none());
    }
}
