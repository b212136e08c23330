//! What a write was told, kept for the very same request that comes again within seconds.

use bytes::Bytes;

use crate::auth::First;
use crate::edge::problem::Problem;
use crate::error::Code;
use crate::param2::asked::{Answer, Told};
use crate::param2::fault::Refusal;

/// Before an answer, and before a failure in the call's own words.
const DONE: u8 = b'+';
const OWN: u8 = b'-';

/// Tells what came of the first one. What the gateway refused, or what broke, is not kept: whoever asks again may be
/// luckier, and no ledger takes the same order twice.
pub async fn tell(first: First, told: &Told) {
    let kept = match told {
        Ok(Answer::Whole(bytes)) => Some([&[DONE], bytes.as_ref()].concat()),
        Err(Refusal::Own(code, words)) => {
            serde_json::to_vec(&(code, words)).ok().map(|words| [&[OWN], words.as_slice()].concat())
        }
        _ => None,
    };
    match kept {
        Some(kept) => first.answered(Bytes::from(kept)).await,
        None => first.nothing().await,
    }
}

/// Reads what was kept.
pub fn heard(kept: Bytes) -> Result<Told, Refusal> {
    let own = || serde_json::from_slice::<(String, String)>(kept.get(1..)?).ok();
    match kept.first() {
        Some(&DONE) => Ok(Ok(Answer::Whole(kept.slice(1..)))),
        Some(&OWN) => match own() {
            Some((code, words)) => Ok(Err(Refusal::Own(code, words))),
            None => Err(Problem::new(Code::Internal).into()),
        },
        _ => Err(Problem::new(Code::Internal).into()),
    }
}
