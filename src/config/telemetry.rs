//! What is logged and traced.

use crate::config::reader::Reader;

/// The `[telemetry]` section.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Filter of log lines.
    pub log: String,
    /// Lines for people instead of JSON.
    pub pretty: bool,
    /// Share of requests in the access log.
    pub access_log_share: f64,
    /// OTLP over HTTP goes here; `None` = nowhere.
    pub otlp_endpoint: Option<String>,
    /// Share of requests traced.
    pub trace_share: f64,
}

impl Telemetry {
    pub(super) fn read(from: &mut Reader) -> Self {
        let format = from.text("telemetry.format");
        if !matches!(format.as_str(), "json" | "pretty") {
            from.complain("telemetry.format", format!("is {format:?}, must be \"json\" or \"pretty\""));
        }
        let otlp_endpoint = Some(from.text("telemetry.otlp_endpoint")).filter(|text| !text.is_empty());
        if otlp_endpoint.is_some() {
            from.parsed::<url::Url>("telemetry.otlp_endpoint", "http://127.0.0.1:4318");
        }
        Self {
            log: from.text("telemetry.log"),
            pretty: format == "pretty",
            access_log_share: from.share("telemetry.access_log_share"),
            otlp_endpoint,
            trace_share: from.share("telemetry.trace_share"),
        }
    }
}
