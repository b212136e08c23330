//! After sales: money back, with or without the goods, and what is needed until it is settled.
