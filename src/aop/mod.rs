//! What both sides of 1688's open platform have in common: `param2` answers in it, `upstream::open1688` asks in it. Only
//! words; who signs, and what is asked, are for others.

pub mod dates;
