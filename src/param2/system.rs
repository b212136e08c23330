//! The protocol's own calls: the time.

use crate::edge::problem::Problem;
use crate::error::Code;
use crate::param2::asked::{Asked, Told};
use crate::param2::dates;
use crate::param2::gate::Gate;

/// `system/currentTimeMillis`: a bare number.
pub async fn current_time_millis(asked: Asked) -> Told {
    let now = asked.room::<Gate>()?.clock.now_ms();
    asked.answer(&now)
}

/// `system/currentTime`: a bare date.
pub async fn current_time(asked: Asked) -> Told {
    let now = asked.room::<Gate>()?.clock.now();
    asked.answer(&dates::wire(now))
}

/// A row that nobody writes an answer for; no row of the table is left with it.
pub async fn nowhere(_: Asked) -> Told {
    Err(Problem::new(Code::Internal).into())
}
