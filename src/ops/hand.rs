//! What the operator sets right by hand beside orders: each with the operator's name in the audit.

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::audit::{self, Entry, Who};
use crate::catalog::Entries;
use crate::ledger::Resend;
use crate::model::entry::{Entered, Selection, Way};
use crate::model::ids::{DeliveryId, OverrideId, PartnerId};
use crate::model::partner::Mode;
use crate::model::webhook::EndpointState;
use crate::ops::look::overrides::Wanted;
use crate::ops::look::{Books, Trouble, webhooks as look};
use crate::partners::NewBuyer;
use crate::sql;
use crate::webhooks::{MOST_RESENT, Webhooks};

/// The most offers that are selected at once.
const MOST_GOODS: usize = 1_000;

/// The longest name of a buyer account.
const MOST_NAME: usize = 80;

/// What is to be sent again, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Resent {
    /// One delivery.
    pub delivery: Option<String>,
    /// From this moment on.
    pub from: Option<String>,
    /// Before this one.
    pub to: Option<String>,
    /// What was delivered as well.
    pub all: bool,
}

/// Lets a disabled endpoint hear again, from the next event on.
pub async fn enable_endpoint(books: &Books, room: &Webhooks, operator: &str, id: &str) -> Result<(), Trouble> {
    let endpoint = look::found(books, id).await?;
    if !books.ledger.enable_endpoint_by(Who::from(operator), &endpoint.id).await? {
        return Err(Trouble::NotSo("This endpoint is enabled already.".to_owned()));
    }
    room.ring();
    Ok(())
}

/// Sends deliveries of an enabled endpoint again; gives how many.
pub async fn resend(books: &Books, room: &Webhooks, operator: &str, id: &str, asked: &Resent) -> Result<u64, Trouble> {
    let endpoint = look::found(books, id).await?;
    if endpoint.state == EndpointState::Disabled {
        return Err(Trouble::NotSo("This endpoint is disabled; enable it first.".to_owned()));
    }
    let what = read(asked)?;
    let detail = match &what {
        Resend::One(delivery) => {
            if !books.ledger.has_delivery(&endpoint.id, delivery).await? {
                return Err(Trouble::Missing(format!("This endpoint has no delivery {delivery}.")));
            }
            format!("delivery {delivery}")
        }
        Resend::Missed(from, to) | Resend::All(from, to) => {
            let events = books.ledger.count_events(&endpoint, *from, *to).await?;
            if events > MOST_RESENT {
                let told = format!("{events} events lie between; choose a stretch with at most {MOST_RESENT}.");
                return Err(Trouble::Wrong(told));
            }
            format!("{} from {from} to {to}", if asked.all { "all" } else { "what was missed" })
        }
    };
    // Noted first: what is sent without a note would be worse than a note of what then failed.
    note(books, Entry::new(books.clock.now(), operator, "webhook_endpoint.resend", &endpoint.id, detail)).await?;
    let count = books.ledger.resend(&endpoint, &what).await?;
    room.ring();
    Ok(count)
}

/// Which goods go into cross-border trade or out of it, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Goods {
    /// `live` or `sandbox`.
    pub mode: String,
    /// Everything that qualifies.
    pub all: bool,
    /// Everything of this supplier that qualifies.
    pub supplier: Option<String>,
    /// These offers.
    pub offers: Vec<String>,
}

/// Enters goods into cross-border trade, or takes them out; partners see it within two seconds.
pub async fn turn_goods(
    books: &Books,
    entries: &Entries,
    operator: &str,
    way: Way,
    goods: &Goods,
) -> Result<Entered, Trouble> {
    let (mode, which) = goods.read(way)?;
    if !entries.serves(mode) {
        return Err(Trouble::NotSo(format!("This gateway has no {} world; upstream.{0}.url is empty.", mode.name())));
    }
    // Noted first: what is done without a note would be worse than a note of what then failed.
    let entry = Entry::new(books.clock.now(), operator, way.action(), &which, which.detail(mode));
    note(books, entry).await?;
    Ok(entries.change(mode, way, &which).await?)
}

impl Goods {
    fn read(&self, way: Way) -> Result<(Mode, Selection), Trouble> {
        let wrong = |said: String| Trouble::Wrong(said);
        let mode = self.mode.parse().map_err(|_| wrong("mode: live or sandbox".to_owned()))?;
        let which = match (self.all, self.supplier.as_deref(), self.offers.as_slice()) {
            (true, None, []) if way == Way::In => Selection::Everything,
            (true, None, []) => {
                return Err(wrong("Everything cannot be taken out at once; name a supplier, or offers.".to_owned()));
            }
            (false, Some(id), []) => {
                let id = id.trim().parse().map_err(|why| wrong(format!("supplier: {why}")))?;
                Selection::Supplier(id)
            }
            (false, None, ids @ [_, ..]) if ids.len() <= MOST_GOODS => {
                let read = |id: &String| id.parse().map_err(|why| wrong(format!("offer {id}: {why}")));
                Selection::Offers(ids.iter().map(read).collect::<Result<_, _>>()?)
            }
            (false, None, [_, ..]) => return Err(wrong(format!("At most {MOST_GOODS} offers at once."))),
            _ => return Err(wrong("Name all, a supplier, or offers: one of them.".to_owned())),
        };
        Ok((mode, which))
    }
}

/// What can be done to a partner's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Refuse it until it is resumed.
    Suspend,
    /// Let it in again.
    Resume,
}

/// Suspends or resumes a partner, or one key of it; counts at every node within two seconds.
pub async fn turn(
    books: &Books,
    operator: &str,
    partner: &str,
    key: Option<&str>,
    turn: Turn,
    reason: &str,
) -> Result<(), Trouble> {
    let (id, directory) = (known(books, partner)?, &books.directory);
    if let Some(key) = key {
        let known = directory.list_keys(Some(&id)).await?;
        if !known.iter().any(|one| one.id == key) {
            return Err(Trouble::Missing(format!("{partner} has no key {key}.")));
        }
    }
    let reason = if turn == Turn::Suspend { crate::ops::look::orders::reason(reason)? } else { String::new() };
    let done = match (key, turn) {
        (Some(key), Turn::Suspend) => directory.suspend_key(operator, key, &reason).await,
        (Some(key), Turn::Resume) => directory.resume_key(operator, key).await,
        (None, Turn::Suspend) => directory.suspend_partner(operator, &id, &reason).await,
        (None, Turn::Resume) => directory.resume_partner(operator, &id).await,
    };
    Ok(done?)
}

/// Gives a partner figures of its own for a while, or tries others in shadow; counts at every node within two seconds.
pub async fn set_override(
    books: &Books,
    operator: &str,
    partner: &str,
    wanted: &Wanted,
) -> Result<OverrideId, Trouble> {
    let new = wanted.read(known(books, partner)?, books.clock.now())?;
    Ok(books.directory.set_override(new, operator).await?)
}

/// Ends an override of a partner before its time.
pub async fn end_override(books: &Books, operator: &str, partner: &str, id: &str) -> Result<(), Trouble> {
    let missing = || Trouble::Missing(format!("{partner} has no override {id}."));
    let (known, id) = (known(books, partner)?, id.parse::<OverrideId>().map_err(|_| missing())?);
    let own = books.directory.overrides(Some(&known)).await?;
    if !own.iter().any(|one| one.id == id) {
        return Err(missing());
    }
    Ok(books.directory.end_override(&id, operator).await?)
}

/// Makes a partner a buyer account, or opens a closed one again; gives its login and its password.
pub async fn add_buyer(
    books: &Books,
    operator: &str,
    partner: &str,
    branch: &str,
    name: &str,
) -> Result<(String, Zeroizing<String>), Trouble> {
    let branch = Some(branch.trim()).filter(|branch| !branch.is_empty()).map(str::to_owned);
    let name: String = name.trim().chars().take(MOST_NAME).collect();
    let new = NewBuyer { partner: known(books, partner)?, branch, name };
    Ok(books.directory.add_buyer(operator, new).await?)
}

/// Makes a buyer account of a partner another password.
pub async fn renew_buyer(
    books: &Books,
    operator: &str,
    partner: &str,
    account: &str,
) -> Result<Zeroizing<String>, Trouble> {
    of_partner(books, partner, account).await?;
    Ok(books.directory.renew_buyer(operator, account).await?)
}

/// Closes a buyer account of a partner; gives how many tokens for it were withdrawn.
pub async fn close_buyer(books: &Books, operator: &str, partner: &str, account: &str) -> Result<u64, Trouble> {
    of_partner(books, partner, account).await?;
    Ok(books.directory.close_buyer(operator, account).await?)
}

async fn of_partner(books: &Books, partner: &str, account: &str) -> Result<(), Trouble> {
    let own = books.directory.buyers(Some(&known(books, partner)?)).await?;
    let found = own.iter().any(|buyer| buyer.account == account);
    if found { Ok(()) } else { Err(Trouble::Missing(format!("{partner} has no buyer account {account}."))) }
}

/// A partner that is there.
fn known(books: &Books, partner: &str) -> Result<PartnerId, Trouble> {
    let known = books.directory.find_partner(partner).map(|partner| partner.id.clone());
    known.ok_or_else(|| Trouble::Missing(format!("No partner is called {partner}.")))
}

fn read(asked: &Resent) -> Result<Resend, Trouble> {
    if let Some(delivery) = &asked.delivery {
        let id = delivery.parse::<DeliveryId>().map_err(|wrong| Trouble::Wrong(format!("delivery: {wrong}")))?;
        return Ok(Resend::One(id));
    }
    let (Some(from), Some(to)) = (&asked.from, &asked.to) else {
        return Err(Trouble::Wrong("Name a delivery, or a stretch of time with from and to.".to_owned()));
    };
    let (from, to) = (moment("from", from)?, moment("to", to)?);
    if from >= to {
        return Err(Trouble::Wrong("from must lie before to.".to_owned()));
    }
    Ok(if asked.all { Resend::All(from, to) } else { Resend::Missed(from, to) })
}

/// A moment, or what a browser's field for one gives, taken as UTC.
fn moment(name: &str, text: &str) -> Result<Timestamp, Trouble> {
    let civil = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let read = text.parse().ok().or_else(|| civil().map(|zoned| zoned.timestamp()));
    read.ok_or_else(|| Trouble::Wrong(format!("{name}: a moment like 2026-11-23T10:00 (UTC)")))
}

async fn note(books: &Books, entry: Entry) -> Result<(), sql::Error> {
    books.sql.transaction(move |tx| Box::pin(async move { audit::note(tx, &entry).await })).await
}

#[cfg(test)]
mod tests {
    use super::{Goods, Resent, read};
    use crate::ledger::Resend;
    use crate::model::entry::{Selection, Way};

    #[test]
    fn goods_are_named_in_one_way_and_never_all_of_them_taken_out() {
        let goods = |all, supplier: &str, offers: &[&str]| Goods {
            mode: "live".into(),
            all,
            supplier: Some(supplier.to_owned()).filter(|text| !text.is_empty()),
            offers: offers.iter().map(|id| (*id).to_owned()).collect(),
        };
        assert_eq!(goods(true, "", &[]).read(Way::In).unwrap().1, Selection::Everything);
        assert!(goods(true, "", &[]).read(Way::Out).is_err());
        let of_supplier = goods(false, "2200000001", &[]);
        assert!(matches!(of_supplier.read(Way::Out).unwrap().1, Selection::Supplier(_)));
        let Selection::Offers(ids) = goods(false, "", &["610947572360", "7"]).read(Way::Out).unwrap().1 else {
            panic!("no offers")
        };
        assert_eq!(ids.len(), 2);
        for wrong in [
            goods(false, "", &[]),
            goods(true, "2200000001", &[]),
            goods(true, "", &["7"]),
            goods(false, "2200000001", &["7"]),
            goods(false, "x", &[]),
            goods(false, "", &["7", "x"]),
            goods(false, "", &["7"; 1_001]),
            Goods { mode: "moon".into(), ..goods(true, "", &[]) },
        ] {
            assert!(wrong.read(Way::In).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_stretch_of_time_is_read_as_browsers_and_people_write_it() {
        let asked = |from: &str, to: &str, all| Resent {
            from: Some(from.into()),
            to: Some(to.into()),
            all,
            ..Resent::default()
        };
        let Resend::Missed(from, to) = read(&asked("2026-11-23T10:00", "2026-11-23T11:00:00Z", false)).unwrap() else {
            panic!("not what was missed")
        };
        assert_eq!((from.to_string().as_str(), (to - from).get_seconds()), ("2026-11-23T10:00:00Z", 3_600));
        assert!(matches!(read(&asked("2026-11-23T10:00", "2026-11-24T10:00", true)), Ok(Resend::All(..))));
        for wrong in [asked("2026-11-23T10:00", "2026-11-23T10:00", false), asked("x", "y", false), Resent::default()] {
            assert!(read(&wrong).is_err(), "{wrong:?}");
        }
    }
}
