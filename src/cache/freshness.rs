//! How long each kind of document is believed: one table.

/// What a document is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A page of found offers.
    Search,
    /// One offer in full.
    Offer,
    /// All categories.
    Categories,
    /// One supplier.
    Supplier,
    /// A picture.
    Picture,
    /// All warehouses.
    Warehouses,
    /// One category with its properties.
    Category,
    /// Offers that are like one.
    Related,
    /// All pools.
    Pools,
    /// A page of a pool.
    PoolPage,
    /// A ranking.
    Ranking,
    /// What is bought now.
    Keywords,
    /// How an offer sold.
    Trend,
    /// What the road to a place costs.
    Freight,
}

/// Spans of a document's life, each beginning where the one before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Seconds it is shown without asking anyone.
    pub soft_s: u32,
    /// Seconds more it is shown while it is refreshed behind the caller's back.
    pub revalidate_s: u32,
    /// Seconds more it is shown when the catalogue is down.
    pub if_error_s: u32,
    /// Seconds that "there is no such thing" is believed.
    pub absent_s: u32,
    /// Whether Redis keeps it for all nodes.
    pub shared: bool,
}

/// While nobody tells this node what moves, a document is shown without asking for so long …
pub const UNTOLD_SOFT_MS: i64 = 5_000;
/// … and while it is refreshed for so long, whatever the table says.
pub const UNTOLD_REVALIDATE_MS: i64 = 10_000;
/// In this last part of its soft time a document that is asked for often may be refreshed before it ends.
pub const EARLY_SHARE: i64 = 10;

impl Kind {
    /// All kinds.
    pub const ALL: &'static [Kind] = &[
        Kind::Search,
        Kind::Offer,
        Kind::Categories,
        Kind::Supplier,
        Kind::Picture,
        Kind::Warehouses,
        Kind::Category,
        Kind::Related,
        Kind::Pools,
        Kind::PoolPage,
        Kind::Ranking,
        Kind::Keywords,
        Kind::Trend,
        Kind::Freight,
    ];

    /// The kind's row of the table.
    pub const fn freshness(self) -> Freshness {
        match self {
            Self::Search => row(10, 30, 600, 5),
            Self::Offer => row(15, 60, 3_600, 5),
            Self::Categories => row(300, 600, 86_400, 5),
            Self::Supplier => row(120, 600, 86_400, 15),
            // Anyone may ask for pictures; they must not fill what all nodes share.
            Self::Picture => Freshness { shared: false, ..row(3_600, 86_400, 604_800, 60) },
            Self::Warehouses => row(300, 600, 86_400, 5),
            Self::Category => row(300, 600, 86_400, 5),
            Self::Related => row(30, 60, 3_600, 5),
            Self::Pools => row(120, 600, 86_400, 5),
            Self::PoolPage => row(10, 30, 600, 5),
            Self::Ranking => row(60, 120, 3_600, 5),
            Self::Keywords => row(120, 300, 3_600, 5),
            Self::Trend => row(300, 600, 86_400, 5),
            Self::Freight => row(15, 60, 3_600, 60),
        }
    }

    /// A short name for keys and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Offer => "offer",
            Self::Categories => "categories",
            Self::Supplier => "supplier",
            Self::Picture => "picture",
            Self::Warehouses => "warehouses",
            Self::Category => "category",
            Self::Related => "related",
            Self::Pools => "pools",
            Self::PoolPage => "pool_page",
            Self::Ranking => "ranking",
            Self::Keywords => "keywords",
            Self::Trend => "trend",
            Self::Freight => "freight",
        }
    }
}

const fn row(soft_s: u32, revalidate_s: u32, if_error_s: u32, absent_s: u32) -> Freshness {
    Freshness { soft_s, revalidate_s, if_error_s, absent_s, shared: true }
}
