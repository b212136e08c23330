//! Work done by so many at a time, with the time each piece took.

use std::time::Instant;

use anyhow::Result;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::rig::generator::Sent;

/// Does every piece of work, `at_once` of them at any moment.
pub async fn drive<T>(at_once: usize, work: Vec<T>, one: impl AsyncFn(T) -> Result<()>) -> Result<Sent> {
    let (began, one) = (Instant::now(), &one);
    let timed = work.into_iter().map(|piece| async move {
        let began = Instant::now();
        one(piece).await?;
        anyhow::Ok(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX))
    });
    let mut micros: Vec<u32> = stream::iter(timed).buffer_unordered(at_once).try_collect().await?;
    micros.sort_unstable();
    Ok(Sent { seconds: began.elapsed().as_secs_f64(), micros, ..Sent::default() })
}

/// So many names that nobody had before.
pub fn numbered(what: &str, count: usize) -> Vec<String> {
    (0..count).map(|_| format!("{what}-{}", uuid::Uuid::now_v7().simple())).collect()
}
