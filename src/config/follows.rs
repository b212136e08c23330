//! How many offers partners may follow.

use std::str::FromStr;

use crate::config::reader::Reader;

/// The `[follows]` section.
#[derive(Clone, Debug)]
pub struct Follows {
    /// The most of a partner whose plan is not named.
    pub most: u32,
    /// The most by plan.
    pub of_plans: Vec<OfPlan>,
}

/// The most for the partners of one plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfPlan {
    /// The plan's short name.
    pub plan: String,
    /// How many.
    pub most: u32,
}

impl FromStr for OfPlan {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a plan's short name, = and a number up to 1000000";
        let (plan, most) = text.split_once('=').ok_or(WRONG)?;
        let most = most.trim().parse().ok().filter(|most| *most <= 1_000_000).ok_or(WRONG)?;
        let plan = plan.trim().to_owned();
        if plan.is_empty() { Err(WRONG) } else { Ok(Self { plan, most }) }
    }
}

impl Follows {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self { most: from.number("follows.most", 0, 1_000_000), of_plans: from.list("follows.of_plans", "starter=200") }
    }
}

#[cfg(test)]
mod tests {
    use super::OfPlan;

    #[test]
    fn a_plans_bound_is_its_name_and_a_number() {
        assert_eq!("starter = 200".parse(), Ok(OfPlan { plan: "starter".into(), most: 200 }));
        for wrong in ["", "starter", "starter=", "=5", "starter=-1", "starter=1000001"] {
            assert!(wrong.parse::<OfPlan>().is_err(), "{wrong}");
        }
    }
}
