//! What a partner's own warehouse says of the goods that are gathered there: signed for, on the shelves, not as expected,
//! taken out.

pub mod inbound;
pub mod outbound;
pub mod rows;
mod said;
