//! Parcels in the ledger, on every engine at hand.
