//! Who buys, and who sells: the account of a token, the others that buy for its partner, and sellers as buyers see them.

pub mod buyers;
pub mod grants;
pub mod rows;
pub mod seller;
