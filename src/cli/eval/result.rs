//! What came of the scenarios: for people as lines, for machines as JUnit XML.

use crate::testbed::eval::{Held, Scenario};
use std::time::Duration;

/// One scenario that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The agent.
    pub agent: String,
    /// What was tried.
    pub scenario: Scenario,
    /// What came of it; a reason where it could not be held at all.
    pub held: Result<Held, String>,
    /// What is not as it should be.
    pub misses: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Tried {
    /// `clinica/booking`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.agent, self.scenario.name)
    }

    /// A line, and one more for each further miss.
    pub fn line(&self) -> String {
        let verdict = if self.misses.is_empty() { "ok  " } else { "MISS" };
        let turns = self.held.as_ref().map_or(0, |held| held.exchanges.len());
        let head = format!("{verdict}  {:<34} {turns:>2} turns", self.name());
        let misses = self.misses.iter().map(|miss| format!("      {miss}"));
        std::iter::once(head).chain(misses).collect::<Vec<_>>().join("\n")
    }

    /// All that was said and done.
    pub fn transcript(&self) -> String {
        let mut text = format!("{}: {}\n", self.name(), self.scenario.title);
        let Ok(held) = &self.held else { return text };
        for exchange in &held.exchanges {
            append(&mut text, format_args!("> {}", exchange.caller));
            for (name, arguments) in &exchange.tools {
                append(&mut text, format_args!("  [{name} {arguments}]"));
            }
            append(&mut text, format_args!("{}", exchange.agent));
        }
        append(&mut text, format_args!("({:?} ended it)", held.ended));
        text
    }
}

fn append(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.push_str(&line.to_string());
    text.push('\n');
}

/// All of them as JUnit XML, which CI systems read: a suite for each agent.
pub fn junit(tried: &[Tried]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    let mut agents: Vec<&str> = tried.iter().map(|each| each.agent.as_str()).collect();
    agents.dedup();
    for agent in agents {
        let of_agent = || tried.iter().filter(|each| each.agent == agent);
        let (tests, failures) =
            (of_agent().count(), of_agent().filter(|each| !each.misses.is_empty()).count());
        let name = escaped(agent);
        append(
            &mut xml,
            format_args!("  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">"),
        );
        of_agent().for_each(|each| testcase(each, &mut xml));
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn testcase(tried: &Tried, xml: &mut String) {
    let (agent, name) = (escaped(&tried.agent), escaped(&tried.scenario.name));
    let head = format!(
        "    <testcase classname=\"{agent}\" name=\"{name}\" time=\"{:.3}\"",
        tried.took.as_secs_f64()
    );
    if tried.misses.is_empty() {
        append(xml, format_args!("{head}/>"));
        return;
    }
    let (what, text) = (escaped(&tried.misses.join("; ")), escaped(&tried.transcript()));
    append(xml, format_args!("{head}>\n      <failure message=\"{what}\">{text}</failure>\n    </testcase>"));
}

/// Text as it may stand in XML: what XML 1.0 does not allow at all becomes a question mark.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('?'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::eval::{Ended, Exchange};

    #[test]
    fn what_was_said_can_stand_in_xml() {
        let exchange = Exchange { caller: "a <b> \u{7}".into(), agent: "\"&\"".into(), tools: Vec::new() };
        let tried = |agent: &str, misses: &[&str]| Tried {
            agent: agent.to_owned(),
            scenario: toml::from_str("title = 't'\ngoal = 'g'\nopening = 'o'").unwrap(),
            held: Ok(Held {
                exchanges: vec![exchange.clone()],
                ended: Ended::Caller,
                book: [Vec::new(), Vec::new()],
            }),
            misses: misses.iter().map(|&miss| miss.to_owned()).collect(),
            took: Duration::from_millis(12),
        };
        let xml = junit(&[tried("a", &[]), tried("a", &["said: <x>", "y"]), tried("b", &[])]);
        assert_eq!(xml.matches("<testsuite ").count(), 2);
        assert!(xml.contains("<testsuite name=\"a\" tests=\"2\" failures=\"1\">"), "{xml}");
        assert!(xml.contains("message=\"said: &lt;x&gt;; y\">"), "{xml}");
        assert!(xml.contains("&gt; a &lt;b&gt; ?\n&quot;&amp;&quot;\n"), "{xml}");
    }
}
