//! Logs, traces and metrics: their set-up and the names of their fields. Who has something to tell says it with
//! `tracing` or counts it in an atomic; this room only decides where it goes.

pub mod access;
pub mod line;
pub mod metrics;
pub mod trace;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// What is logged and where traces go.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Filter of log lines.
    pub log: String,
    /// Lines for people instead of JSON.
    pub pretty: bool,
    /// OTLP over HTTP; `None` = nowhere.
    pub otlp_endpoint: Option<String>,
}

/// Telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log filter is no filter.
    #[error("telemetry.log cannot be read: {0}; right would be \"info\" or \"info,xunyuan::upstream=debug\"")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Traces cannot be exported.
    #[error("traces cannot be exported to telemetry.otlp_endpoint: {0}")]
    Export(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Somebody else set up logging already.
    #[error("logging is already set up in this process")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Says what we say ourselves, once for each try to reach a cluster that is gone; `log` may still ask for it.
const QUIET: &str = "redis=off";

/// Keeps exporters alive; flushes them when dropped.
#[derive(Debug)]
pub struct Guard(Option<SdkTracerProvider>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take()
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces could not be exported");
        }
    }
}

/// Sets up logging to standard error and, when configured, export of traces. Call it before any runtime is started:
/// the exporter has a thread of its own.
pub fn start(settings: &Settings) -> Result<Guard, Error> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", settings.log))?;
    let provider = settings.otlp_endpoint.as_deref().map(exporter).transpose()?;
    let traces = provider.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("xunyuan"));
        layer.with_filter(tracing_subscriber::filter::filter_fn(|meta| meta.target().starts_with("xunyuan")))
    });
    let lines = if settings.pretty {
        tracing_subscriber::fmt::layer().compact().with_target(false).with_writer(std::io::stderr).boxed()
    } else {
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces).try_init()?;
    trace::export(provider.is_some());
    Ok(Guard(provider))
}

fn exporter(endpoint: &str) -> Result<SdkTracerProvider, Error> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()?;
    let builder = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
        .with_resource(Resource::builder().with_service_name("xunyuan").build());
    Ok(builder.build())
}
