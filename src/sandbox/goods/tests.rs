//! Claims about the data and the goods made from it.
