//! What a write was told, kept for the very same request that comes again within seconds.

use bytes::Bytes;

use crate::auth::First;
use crate::param2::asked::{Answer, Told};

/// Tells what came of the first one. A refusal has no effect that could be had twice, so none is kept: whoever asks again
/// has mended the cause meanwhile, or is luckier, and no ledger takes the same order twice.
pub async fn tell(first: First, told: &Told) {
    match told {
        Ok(Answer::Whole(bytes)) => first.answered(bytes.clone()).await,
        _ => first.nothing().await,
    }
}

/// Reads what was kept.
pub fn heard(kept: Bytes) -> Told {
    Ok(Answer::Whole(kept))
}
