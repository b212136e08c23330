//! What the rooms count, gathered when somebody scrapes.

use std::pin::Pin;
use std::sync::Arc;

use crate::telemetry::metrics::Reading;

type Taken = Pin<Box<dyn Future<Output = Vec<Reading>> + Send>>;

/// Everything there is to read.
#[derive(Clone)]
pub struct Readings(Arc<dyn Fn() -> Taken + Send + Sync>);

impl std::fmt::Debug for Readings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Readings(…)")
    }
}

impl Readings {
    /// Readings taken by this function.
    pub fn by<F: Future<Output = Vec<Reading>> + Send + 'static>(take: impl Fn() -> F + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || Box::pin(take())))
    }

    /// Takes them now.
    pub async fn take(&self) -> Vec<Reading> {
        (self.0)().await
    }
}
