//! What must hold of deliveries on every engine at hand.
