//! What a person of the operator's may do: each role may do what the one before it may, and more.

use std::str::FromStr;

use crate::model::order::named;
use crate::model::quote::Unfit;

named! {
    /// What somebody may do in the console.
    Role {
        Viewer = "viewer", "Sees everything and changes nothing.";
        Operator = "operator", "Settles orders, resends webhooks, and changes what partners may spend.";
        Admin = "admin", "Does what an operator does, and ends the tokens of others.";
    }
}

impl Role {
    /// Whether this role may do what needs that one.
    pub fn may(self, needed: Self) -> bool {
        self as u8 >= needed as u8
    }

    /// The lesser of two.
    pub fn at_most(self, other: Self) -> Self {
        if self.may(other) { other } else { self }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Role::{Admin, Operator, Viewer};

    #[test]
    fn each_role_may_what_the_one_before_it_may() {
        assert!(Admin.may(Operator) && Operator.may(Viewer) && Viewer.may(Viewer));
        assert!(!Viewer.may(Operator) && !Operator.may(Admin));
        assert_eq!((Admin.at_most(Viewer), Viewer.at_most(Admin)), (Viewer, Viewer));
    }
}
