//! What is counted is told.

use super::*;

#[test]
fn everything_counted_is_rendered_under_its_name() {
    let metrics = install().unwrap();
    call_began();
    call_ended("test_completed");
    turn_step(Step::Endpoint, Duration::from_millis(30));
    barge_in_cleared(Duration::from_millis(90));
    frames_late(2);
    admission_closed("test", true);
    memory_used(40);
    pacing_late(3);
    draft_spoken();
    draft_wasted(7, 20);
    stt_dropped(Duration::from_millis(60));
    turn_end_unjudged();
    call_trouble("test", "busy");
    provider_error("test", "busy");
    provider_failover("llm", "one", "two");
    provider_resting("llm", "one", true);
    phrase_spoken(true);
    http_request("/healthz", 200);
    redis_up(true);
    redis_failure("test");
    job_ended("test", "done");
    delivery_tried("test", "sent");
    metrics.keep_up();
    let text = install().unwrap().render();
    for line in [
        "# HELP calls_active Calls that are being held.",
        "calls_total{outcome=\"test_completed\"} 1",
        "turn_latency_ms_bucket{step=\"endpoint\",le=\"40\"} ",
        "barge_in_clear_ms_bucket{le=\"100\"} ",
        "frames_late_total ",
        "admission_closed{reason=\"test\"} 1",
        "memory_used_percent ",
        "pacing_late_total ",
        "drafts_total{outcome=\"spoken\"} ",
        "drafts_total{outcome=\"dropped\"} ",
        "llm_tokens_wasted_total 7",
        "tts_characters_wasted_total 20",
        "stt_dropped_ms_total ",
        "turn_ends_unjudged_total ",
        "call_troubles_total{part=\"test\",kind=\"busy\"} 1",
        "provider_errors_total{provider=\"test\",kind=\"busy\"} 1",
        "provider_failovers_total{kind=\"llm\",from=\"one\",to=\"two\"} 1",
        "provider_resting{kind=\"llm\",provider=\"one\"} 1",
        "phrases_total{from=\"kept\"} ",
        "redis_up 1",
        "redis_failures_total{kind=\"test\"} 1",
        "jobs_total{kind=\"test\",outcome=\"done\"} 1",
        "deliveries_total{target=\"test\",outcome=\"sent\"} 1",
        "http_requests_total{route=\"/healthz\",status=\"200\"} ",
    ] {
        assert!(text.contains(line), "{line}\nis missing in\n{text}");
    }
}
