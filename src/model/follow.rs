//! Followed offers: the figures of an offer that are compared, and what changed between two looks at them.

use crate::model::ids::{OfferId, SkuId};
use crate::model::money::Money;
use crate::model::offer::Offer;

macro_rules! standings {
    ($( $variant:ident = $name:literal, $doc:literal; )*) => {
        /// Whether a followed offer can be had.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Standing { $( #[doc = $doc] $variant, )* }

        impl Standing {
            /// All of them.
            pub const ALL: &'static [Standing] = &[ $( Standing::$variant, )* ];
            /// Its name, e.g. `on_sale`.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// The standing of this name.
            pub fn named(name: &str) -> Option<Self> { Self::ALL.iter().copied().find(|one| one.name() == name) }
        }
    };
}

standings! {
    OnSale = "on_sale", "It can be ordered.";
    Held = "held", "It is held back from cross-border trade.";
    Withdrawn = "withdrawn", "It was withdrawn.";
}

/// The stock of one variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkuFigures {
    /// The variant.
    pub id: SkuId,
    /// What a piece of it costs at the smallest quantity, CNY.
    pub price: Money,
    /// Pieces that can be ordered.
    pub stock: u64,
}

/// What is compared of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The supplier's own title.
    pub title: String,
    /// Fewest pieces of one order.
    pub minimum_order: u32,
    /// Quantities are a multiple of this.
    pub order_multiple: Option<u32>,
    /// What a piece costs from so many pieces on, CNY; ascending quantities.
    pub tiers: Vec<(u32, Money)>,
    /// Its variants, by their ids.
    pub skus: Vec<SkuFigures>,
    /// Countries it may not be sold to.
    pub restricted: Vec<String>,
}

impl From<&Offer> for Figures {
    fn from(offer: &Offer) -> Self {
        let first = |tiers: &[crate::model::offer::PriceTier]| tiers.first().map_or(Money::fen(0), |tier| tier.price);
        let sku = |sku: &crate::model::offer::Sku| SkuFigures {
            id: sku.id,
            price: first(&sku.price_tiers),
            stock: sku.stock,
        };
        let mut skus: Vec<_> = offer.skus.iter().map(sku).collect();
        skus.sort_by_key(|sku| sku.id);
        let mut restricted = offer.restricted_countries.clone();
        restricted.sort();
        Self {
            title: offer.summary.title.original.clone(),
            minimum_order: offer.summary.minimum_order,
            order_multiple: offer.order_multiple,
            tiers: offer.price_tiers.iter().map(|tier| (tier.from_quantity, tier.price)).collect(),
            skus,
            restricted,
        }
    }
}

impl Figures {
    /// Pieces of all variants together.
    pub fn stock(&self) -> u64 {
        self.skus.iter().fold(0, |sum, sku| sum.saturating_add(sku.stock))
    }

    /// What a piece costs at the largest quantity and at the smallest.
    pub fn prices(&self) -> (Money, Money) {
        let by_price = |tier: &&(u32, Money)| tier.1.minor;
        let least = self.tiers.iter().min_by_key(by_price).map_or(Money::fen(0), |tier| tier.1);
        let most = self.tiers.iter().max_by_key(by_price).map_or(Money::fen(0), |tier| tier.1);
        (least, most)
    }

    fn sku(&self, id: SkuId) -> Option<&SkuFigures> {
        self.skus.iter().find(|sku| sku.id == id)
    }

    /// What a price is made of, whatever is left of what.
    fn priced(&self, other: &Self) -> bool {
        let offsets = |sku: &SkuFigures| other.sku(sku.id).is_none_or(|there| there.price == sku.price);
        self.tiers == other.tiers && self.skus.iter().all(offsets)
    }
}

/// What one look at an offer saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether it can be had.
    pub standing: Standing,
    /// Its figures; of an offer that cannot be had there are none.
    pub figures: Option<Figures>,
}

/// A variant whose stock is another than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restocked {
    /// The variant.
    pub id: SkuId,
    /// Pieces before; none of a variant that is new.
    pub before: Option<u64>,
    /// Pieces now; none of a variant that is gone.
    pub now: Option<u64>,
}

/// Something that followers are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another price, of all or of some variants.
    Price,
    /// Another number of pieces.
    Stock(Vec<Restocked>),
    /// It cannot be had any more.
    Delisted,
    /// It can be had again.
    Relisted,
    /// Something else of it: the names of what.
    Updated(Vec<&'static str>),
}

impl Change {
    /// The public type of the event that tells it.
    pub const fn event(&self) -> &'static str {
        match self {
            Self::Price => "offer.price_changed",
            Self::Stock(_) => "offer.stock_changed",
            Self::Delisted => "offer.delisted",
            Self::Relisted => "offer.relisted",
            Self::Updated(_) => "offer.updated",
        }
    }
}

/// A followed offer as it stands here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The offer.
    pub offer: OfferId,
    /// How often it changed here; who writes the next change names it.
    pub revision: i64,
    /// What the last look saw; its figures are the last there were. None until the first look.
    pub seen: Option<Look>,
}

impl Watched {
    /// What it is remembered as after this look: figures outlive an offer that cannot be had for a while.
    pub fn after(&self, look: &Look) -> Look {
        let kept = || self.seen.as_ref().and_then(|seen| seen.figures.clone());
        Look { standing: look.standing, figures: look.figures.clone().or_else(kept) }
    }

    /// What followers are told of this look: nothing of the first one.
    pub fn changes(&self, look: &Look) -> Vec<Change> {
        let Some(seen) = &self.seen else { return Vec::new() };
        let mut changes = Vec::new();
        match (seen.standing, look.standing) {
            (Standing::OnSale, Standing::OnSale) => {}
            (_, Standing::OnSale) => changes.push(Change::Relisted),
            (before, now) if before != now => changes.push(Change::Delisted),
            _ => {}
        }
        if let (Some(before), Some(now)) = (&seen.figures, &look.figures) {
            changes.extend(differences(before, now));
        }
        changes
    }
}

fn differences(before: &Figures, now: &Figures) -> Vec<Change> {
    let mut changes = Vec::new();
    if !before.priced(now) {
        changes.push(Change::Price);
    }
    let mut ids: Vec<_> = before.skus.iter().chain(&now.skus).map(|sku| sku.id).collect();
    ids.sort();
    ids.dedup();
    let stock = |figures: &Figures, id| figures.sku(id).map(|sku| sku.stock);
    let moved = |id| Restocked { id, before: stock(before, id), now: stock(now, id) };
    let moved: Vec<_> = ids.into_iter().map(moved).filter(|sku| sku.before != sku.now).collect();
    if !moved.is_empty() {
        changes.push(Change::Stock(moved));
    }
    let others = [
        ("title", before.title != now.title),
        ("minimum_order", before.minimum_order != now.minimum_order),
        ("order_multiple", before.order_multiple != now.order_multiple),
        ("restricted_countries", before.restricted != now.restricted),
    ];
    let others: Vec<_> = others.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
    if !others.is_empty() {
        changes.push(Change::Updated(others));
    }
    changes
}

/// One of a partner's follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    /// The offer, as it stands here.
    pub watched: Watched,
    /// When it was followed, milliseconds since 1970.
    pub since: i64,
    /// When something of it changed last, likewise.
    pub changed_at: i64,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Change, Figures, Look, Restocked, SkuFigures, Standing, Watched};
    use crate::model::ids::{OfferId, SkuId};
    use crate::model::money::Money;

    /// Figures of an offer at this price with so much of its one variant.
    pub(crate) fn figures(fen: i64, stock: u64) -> Figures {
        let sku = SkuFigures { id: SkuId::new(71), price: Money::fen(fen), stock };
        Figures {
            title: "花盆".into(),
            minimum_order: 2,
            order_multiple: None,
            tiers: vec![(2, Money::fen(fen))],
            skus: vec![sku],
            restricted: Vec::new(),
        }
    }

    /// A look at it while it is on sale.
    pub(crate) fn on_sale(fen: i64, stock: u64) -> Look {
        Look { standing: Standing::OnSale, figures: Some(figures(fen, stock)) }
    }

    fn gone(standing: Standing) -> Look {
        Look { standing, figures: None }
    }

    fn told(before: &Look, now: &Look) -> Vec<&'static str> {
        let watched = Watched { offer: OfferId::new(7), revision: 1, seen: Some(before.clone()) };
        watched.changes(now).iter().map(Change::event).collect()
    }

    #[test]
    fn each_difference_is_told_and_what_is_the_same_is_not() {
        assert_eq!(told(&on_sale(100, 5), &on_sale(100, 5)), [""; 0]);
        assert_eq!(told(&on_sale(100, 5), &on_sale(110, 5)), ["offer.price_changed"]);
        assert_eq!(told(&on_sale(100, 5), &on_sale(100, 0)), ["offer.stock_changed"]);
        assert_eq!(told(&on_sale(100, 5), &on_sale(90, 6)), ["offer.price_changed", "offer.stock_changed"]);
        let mut other = figures(100, 5);
        (other.minimum_order, other.title) = (4, "大花盆".into());
        let other = Look { standing: Standing::OnSale, figures: Some(other) };
        let watched = Watched { offer: OfferId::new(7), revision: 1, seen: Some(on_sale(100, 5)) };
        assert_eq!(watched.changes(&other), [Change::Updated(vec!["title", "minimum_order"])]);
    }

    #[test]
    fn an_offer_that_was_away_is_compared_with_what_it_was_when_it_comes_back() {
        assert_eq!(told(&on_sale(100, 5), &gone(Standing::Held)), ["offer.delisted"]);
        assert_eq!(told(&gone(Standing::Held), &gone(Standing::Held)), [""; 0]);
        assert_eq!(told(&gone(Standing::Held), &gone(Standing::Withdrawn)), ["offer.delisted"]);
        assert_eq!(told(&gone(Standing::Held), &on_sale(100, 5)), ["offer.relisted"]);
        let mut watched = Watched { offer: OfferId::new(7), revision: 1, seen: Some(on_sale(100, 5)) };
        watched.seen = Some(watched.after(&gone(Standing::Held)));
        let back: Vec<_> = watched.changes(&on_sale(120, 5)).iter().map(Change::event).collect();
        assert_eq!(back, ["offer.relisted", "offer.price_changed"]);
    }

    #[test]
    fn the_first_look_tells_nothing_and_variants_that_come_and_go_are_stock() {
        let fresh = Watched { offer: OfferId::new(7), revision: 0, seen: None };
        assert_eq!(fresh.changes(&on_sale(100, 5)), []);
        let mut more = figures(100, 5);
        more.skus.push(SkuFigures { id: SkuId::new(72), price: Money::fen(100), stock: 3 });
        let watched = Watched { seen: Some(on_sale(100, 5)), ..fresh };
        let look = Look { standing: Standing::OnSale, figures: Some(more) };
        let added = Restocked { id: SkuId::new(72), before: None, now: Some(3) };
        assert_eq!(watched.changes(&look), [Change::Stock(vec![added])]);
    }
}
