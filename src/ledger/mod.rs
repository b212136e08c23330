//! The truth about quotes, orders and payments, in SQL: orders as append-only events, answers kept for repeats,
//! a notice for everything partners hear of, and how far the catalogue's change feeds were followed.
//! Knows what must hold together in one transaction; what to do about it is for `orders`.
//!
//! Three things keep it right when several workers and nodes write at once, none of them a long-held lock:
//! * an order's `version`: who writes the next event names the version it builds on, and only one can be first;
//! * an idempotency key's `fence`: it grows with every lease, and only the newest lease may store the answer;
//! * an unsettled order's `look_at`: who moves it forward has claimed the order for that long.

mod buyers;
mod claims;
mod compare;
mod consignments;
mod deliveries;
mod due;
mod endpoints;
mod error;
mod feeds;
mod follows;
mod groups;
mod holds;
mod images;
mod inquiries;
mod inquiry_words;
mod kept;
mod known;
mod left_out;
mod merit;
mod messages;
mod near;
mod notes;
mod numbered;
mod operator;
mod orders;
mod outbound;
mod outbox;
mod overview;
mod pages;
mod payments;
mod pull;
mod quotes;
mod referrals;
mod refund_words;
mod refunds;
mod shipments;
mod source_matches;
mod stories;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;
mod vouchers;
mod watch;
mod words;
mod writing;

pub use claims::{Answer, Begun, KeyUse, Lease, Once, Told};
pub use consignments::{Consigning, NewConsignment, Written};
pub use deliveries::{Claimed, DeliveryFilter, Made, Resend, Settled, Turn, Undelivered, Verdict};
pub use endpoints::{EndpointChange, NewEndpoint, Secrets, StoredSecret};
pub use error::{Error, most_pieces};
pub use feeds::Turn as FeedTurn;
pub use follows::{FollowCount, Wished};
pub use holds::{Doubted, Hold};
pub use images::{Image, NewImage};
pub use inquiries::{Answers, InquiryFilter, NewInquiry};
pub use kept::{IdOf, Kept, Texts, Unsettled};
pub use left_out::{Left, LeftCount, LeftOut};
pub use messages::{Listener, MessageFacts, Refunding, Traded, Unheard, Wanted};
pub use near::NearLimit;
pub use numbered::{Counted, Slice, Sought, SoughtRefunds, Span};
pub use operator::{Carried, Case, Hand, KeyHeld, News, Paying, Search};
pub use orders::{Filter, NewOrder};
pub use outbound::{Outbound, TakenOut};
pub use outbox::{Announcement, Backlog, Published};
pub use overview::{Count, Daily, Progress, Which};
pub use referrals::{ClickPlace, StorefrontWish};
#[cfg(test)]
pub(crate) use refunds::tests::{Sold, sell};
pub use refunds::{NewRefund, Ordered, RefundFilter, WantedPieces};
pub use source_matches::{ClaimedItem, NewSourceMatch, StoredItem, StoredMatch};
pub use stories::Recorded;
pub use vouchers::{NewVoucher, Voucher};
pub use watch::{DeliveryWhich, Sent, Story, Watched};

use groups::{Beginnings, Settlings};

use crate::clock::Clock;
use crate::sql::Sql;

/// The book of orders; cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    sql: Sql,
    clock: Clock,
    beginnings: Beginnings,
    settlings: Settlings,
}

impl Ledger {
    /// The ledger in this database, whose schema must be up to date.
    pub fn new(sql: Sql, clock: Clock) -> Self {
        let (beginnings, settlings) = (groups::beginnings(&sql, &clock), groups::settlings(&sql, &clock));
        Self { sql, clock, beginnings, settlings }
    }

    /// Forgets keys past their life, quotes long expired, pictures past their time, and events published long ago; gives how many rows went.
    pub async fn tidy(&self) -> Result<u64, Error> {
        const KEYS: &str = "DELETE FROM idempotency WHERE expires_at <= $1";
        const QUOTES: &str = "DELETE FROM quotes WHERE expires_at <= $1";
        const KEEP_QUOTES_MS: i64 = 7 * 86_400_000;
        let now = self.clock.now_ms();
        let keys = self.sql.execute(KEYS, crate::sql::args![now]).await?;
        let events = self.forget_events(now).await?;
        let images = self.forget_images(now).await?;
        Ok(keys + events + images + self.sql.execute(QUOTES, crate::sql::args![now - KEEP_QUOTES_MS]).await?)
    }
}
