//! Who changed what: one row for each change of a key, a plan, an order or a setting, written with the change itself.
