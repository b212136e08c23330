//! The proof of who calls, over a real directory.
