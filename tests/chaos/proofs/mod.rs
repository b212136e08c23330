//! Planted errors, each of which has to be found.

mod checker;
mod events;
