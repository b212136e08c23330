//! Where partners want visitors to be sent, how many were, and which orders came of it. An order is attributed in the
//! transaction that writes it down: each click to one order, each order to one click.

use super::{Error, Ledger};
use crate::audit::{self, Entry, Who};
use crate::model::ids::{OrderId, PartnerId};
use crate::model::language::Language;
use crate::model::partner::{Caller, Mode};
use crate::model::quote::Country;
use crate::model::referral::{Click, ReferralCount, Storefront};
use crate::sql::{Row, Tx, args};

const DAY_MS: i64 = 86_400_000;
/// Stands for a country that is not known.
const NOWHERE: &str = "ZZ";

/// What a partner wishes of its storefront.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorefrontWish {
    /// The address of an offer's page, with places to fill in.
    pub template: String,
    /// Visitors from these countries; empty for all.
    pub countries: Vec<Country>,
    /// Visitors who read these languages; empty for all.
    pub languages: Vec<Language>,
    /// Its share.
    pub weight: u32,
    /// Whether anybody is sent there.
    pub enabled: bool,
}

/// Clicks of one partner's visitors from one country on one day, to be added.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClickPlace {
    /// To whom.
    pub partner: PartnerId,
    /// Of which world.
    pub mode: Mode,
    /// From where.
    pub country: Option<Country>,
    /// On which day since 1970, UTC.
    pub day: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.partner, s.mode, s.template, s.countries, s.languages, s.weight, s.enabled, s.version, s.updated_at \
             FROM storefronts s ",
            $rest
        )
    };
}

impl Ledger {
    /// The hosts that the operator registered for a partner.
    pub async fn list_hosts(&self, partner: &PartnerId) -> Result<Vec<String>, Error> {
        const LIST: &str = "SELECT host FROM storefront_hosts WHERE partner = $1 ORDER BY host";
        let rows = self.sql.fetch_all(LIST, args![partner.as_str()]).await?;
        rows.iter().map(|row| Ok(row.text("host")?)).collect()
    }

    /// Registers a host for a partner, or takes it away; a storefront that is there goes with it. False when it was so
    /// already.
    pub async fn set_host(
        &self,
        who: impl Into<Who>,
        partner: &PartnerId,
        host: &str,
        there: bool,
    ) -> Result<bool, Error> {
        const ADD: &str =
            "INSERT INTO storefront_hosts (partner, host, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        const REMOVE: &str = "DELETE FROM storefront_hosts WHERE partner = $1 AND host = $2";
        // A template begins with https://, its host, and then a slash or a question mark: `storefronts` refuses all else.
        const DISABLE: &str = "UPDATE storefronts SET enabled = 0, version = version + 1, updated_at = $3 \
            WHERE partner = $1 AND (template LIKE 'https://' || $2 || '/%' OR template LIKE 'https://' || $2 || '?%')";
        let action = if there { "storefront.host_add" } else { "storefront.host_remove" };
        let entry = Entry::new(self.clock.now(), who, action, partner, host);
        let (partner, host, now) = (partner.clone(), host.to_owned(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let changed = if there {
                        tx.execute(ADD, args![partner.as_str(), &host, now]).await?
                    } else {
                        tx.execute(REMOVE, args![partner.as_str(), &host]).await?
                    };
                    if changed > 0 {
                        audit::note(tx, &entry).await?;
                    }
                    if changed > 0 && !there {
                        tx.execute(DISABLE, args![partner.as_str(), &host, now]).await?;
                    }
                    Ok::<_, Error>(changed > 0)
                })
            })
            .await
    }

    /// A partner's storefront.
    pub async fn find_storefront(&self, partner: &PartnerId, mode: Mode) -> Result<Option<Storefront>, Error> {
        const FIND: &str = select!("WHERE s.partner = $1 AND s.mode = $2");
        let row = self.sql.fetch_optional(FIND, args![partner.as_str(), mode.name()]).await?;
        row.as_ref().map(storefront).transpose()
    }

    /// All storefronts where visitors may be sent: of partners who may call, on hosts that are registered still, whichever
    /// of a storefront's being set and its host's being taken away came last.
    pub async fn list_open_storefronts(&self) -> Result<Vec<Storefront>, Error> {
        const OPEN: &str = select!(
            "JOIN partners p ON p.id = s.partner WHERE s.enabled = 1 AND s.weight > 0 AND p.suspended_at IS NULL \
             AND EXISTS (SELECT 1 FROM storefront_hosts h WHERE h.partner = s.partner \
             AND (s.template LIKE 'https://' || h.host || '/%' OR s.template LIKE 'https://' || h.host || '?%')) \
             ORDER BY s.partner, s.mode"
        );
        self.sql.fetch_all(OPEN, Vec::new()).await?.iter().map(storefront).collect()
    }

    /// Sets a partner's storefront, with a row of the audit.
    pub async fn set_storefront(&self, caller: &Caller, wish: &StorefrontWish) -> Result<Storefront, Error> {
        const SET: &str = "INSERT INTO storefronts \
            (partner, mode, template, countries, languages, weight, enabled, version, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8) ON CONFLICT (partner, mode) DO UPDATE SET \
            template = excluded.template, countries = excluded.countries, languages = excluded.languages, \
            weight = excluded.weight, enabled = excluded.enabled, version = storefronts.version + 1, \
            updated_at = excluded.updated_at \
            RETURNING partner, mode, template, countries, languages, weight, enabled, version, updated_at";
        let words = |words: Vec<&str>| words.join(" ");
        let countries = words(wish.countries.iter().map(Country::as_str).collect());
        let languages = words(wish.languages.iter().map(|language| language.tag()).collect());
        let detail =
            format!("{} {countries}|{languages} weight {} enabled {}", wish.template, wish.weight, wish.enabled);
        let entry = Entry::new(self.clock.now(), caller, "storefront.set", &caller.partner.id, detail);
        let row = args![
            caller.partner.id.as_str(),
            caller.mode.name(),
            &wish.template,
            countries,
            languages,
            wish.weight,
            wish.enabled,
            self.clock.now_ms(),
        ];
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let row = tx.fetch_optional(SET, row).await?;
                    audit::note(tx, &entry).await?;
                    storefront(&row.ok_or_else(|| Error::unreadable("storefront", "it was not written"))?)
                })
            })
            .await
    }

    /// Adds clicks to their days.
    pub async fn add_clicks(&self, clicks: &[(ClickPlace, u64)]) -> Result<(), Error> {
        const ADD: &str = "INSERT INTO referral_clicks (partner, mode, country, day, clicks) VALUES ($1, $2, $3, $4, $5) \
            ON CONFLICT (partner, mode, country, day) DO UPDATE SET clicks = referral_clicks.clicks + excluded.clicks";
        let row = |(place, count): &(ClickPlace, u64)| {
            let country = place.country.as_ref().map_or(NOWHERE, Country::as_str);
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            args![place.partner.as_str(), place.mode.name(), country, place.day, count]
        };
        // In one order on all nodes, so that none waits for another in a circle.
        let mut rows: Vec<_> = clicks.iter().map(row).collect();
        rows.sort_by_key(|row| format!("{row:?}"));
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    for row in rows {
                        tx.execute(ADD, row).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Clicks and orders of the last so many days, today with them, and of as many before; most clicks first.
    pub async fn count_referrals(&self, days: u32) -> Result<Vec<ReferralCount>, Error> {
        // Orders beside clicks, so that neither needs the other to be there. An order counts once the catalogue took it,
        // and as long as it was not given up.
        const COUNT: &str = "SELECT partner, mode, country, \
            CAST(SUM(CASE WHEN day > $1 THEN clicks ELSE 0 END) AS BIGINT) AS clicks, \
            CAST(SUM(CASE WHEN day > $1 THEN 0 ELSE clicks END) AS BIGINT) AS clicks_before, \
            CAST(SUM(CASE WHEN day > $1 THEN orders ELSE 0 END) AS BIGINT) AS orders, \
            CAST(SUM(CASE WHEN day > $1 THEN 0 ELSE orders END) AS BIGINT) AS orders_before FROM ( \
            SELECT partner, mode, country, day, clicks, 0 AS orders FROM referral_clicks WHERE day > $2 UNION ALL \
            SELECT r.partner, r.mode, r.country, r.day, 0 AS clicks, 1 AS orders FROM referred_orders r \
            JOIN orders o ON o.id = r.order_id WHERE r.day > $2 AND o.state NOT IN \
            ('received', 'placing', 'unknown', 'rejected', 'cancelled', 'closed')) AS counted \
            GROUP BY partner, mode, country ORDER BY partner, mode, country";
        let today = self.clock.now_ms() / DAY_MS;
        let (from, before) = (today - i64::from(days), today - 2 * i64::from(days));
        let rows = self.sql.fetch_all(COUNT, args![from, before]).await?;
        let mut counts = rows.iter().map(counted).collect::<Result<Vec<_>, Error>>()?;
        counts.sort_by_key(|count| std::cmp::Reverse(count.clicks));
        Ok(counts)
    }
}

/// Attributes an order that is being written down to the click it names; false when another order has it.
pub(super) async fn attribute(tx: &mut Tx, order: &OrderId, click: &Click, now_ms: i64) -> Result<bool, Error> {
    const ATTRIBUTE: &str = "INSERT INTO referred_orders (click, order_id, partner, mode, country, offer, day) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let country = click.country.as_ref().map_or(NOWHERE, Country::as_str);
    let row = args![
        &click.id,
        order.as_str(),
        click.partner.as_str(),
        click.mode.name(),
        country,
        click.offer.number(),
        now_ms / DAY_MS,
    ];
    Ok(tx.execute(ATTRIBUTE, row).await? > 0)
}

fn storefront(row: &Row) -> Result<Storefront, Error> {
    let number = |column| Ok::<_, Error>(u32::try_from(row.int(column)?).unwrap_or(u32::MAX));
    Ok(Storefront {
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
        template: row.text("template")?,
        countries: words(&row.text("countries")?)?,
        languages: words(&row.text("languages")?)?,
        weight: number("weight")?,
        enabled: row.int("enabled")? == 1,
        version: number("version")?,
        updated_at: row.int("updated_at")?,
    })
}

fn words<T: std::str::FromStr>(text: &str) -> Result<Vec<T>, Error> {
    let read = |word: &str| word.parse().map_err(|_| Error::unreadable("storefront", word));
    text.split_whitespace().map(read).collect()
}

fn counted(row: &Row) -> Result<ReferralCount, Error> {
    let number = |column| Ok::<_, Error>(u64::try_from(row.int(column)?).unwrap_or(0));
    let country = row.text("country")?;
    Ok(ReferralCount {
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
        country: (country != NOWHERE).then(|| country.parse().ok()).flatten(),
        clicks: number("clicks")?,
        orders: number("orders")?,
        clicks_before: number("clicks_before")?,
        orders_before: number("orders_before")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{ClickPlace, StorefrontWish, attribute};
    use crate::clock::Clock;
    use crate::ledger::{Ledger, trial};
    use crate::model::ids::{OfferId, PartnerId};
    use crate::model::partner::{Caller, Mode, Partner, Scopes};
    use crate::model::plan::Plan;
    use crate::model::referral::Click;
    use std::sync::Arc;

    const DAY_MS: i64 = 86_400_000;

    fn acme() -> PartnerId {
        "acme".parse().unwrap()
    }

    fn caller() -> Caller {
        let plan = Plan { id: "starter".into(), policies: Vec::new(), in_flight: 8, price_tier: "standard".into() };
        let (country, suspended) = ("JP".into(), false);
        let partner = Partner { id: acme(), name: "Acme".into(), country, suspended, plan: Arc::new(plan) };
        Caller { partner: Arc::new(partner), key_id: "xyk_test".into(), mode: Mode::Sandbox, scopes: Scopes::all() }
    }

    #[tokio::test]
    async fn a_host_that_is_taken_away_takes_its_storefront_with_it_and_all_of_it_is_audited() {
        for house in crate::sql::trial::houses().await {
            let ledger = Ledger::new(house.another().await, Clock::shiftable());
            let host = |host: &'static str, there| {
                let ledger = ledger.clone();
                async move { ledger.set_host("li", &acme(), host, there).await.unwrap() }
            };
            assert!(host("shop.example", true).await && host("other.example", true).await);
            assert!(!host("shop.example", true).await, "it is there");
            assert_eq!(ledger.list_hosts(&acme()).await.unwrap(), ["other.example", "shop.example"]);
            let wish = StorefrontWish {
                template: "https://shop.example/{offer_id}?r={click_id}".into(),
                countries: vec!["JP".parse().unwrap(), "KR".parse().unwrap()],
                languages: vec!["ja".parse().unwrap()],
                weight: 7,
                enabled: true,
            };
            let set = ledger.set_storefront(&caller(), &wish).await.unwrap();
            assert_eq!((set.version, &set.countries, &set.languages), (1, &wish.countries, &wish.languages));
            assert_eq!(ledger.find_storefront(&acme(), Mode::Sandbox).await.unwrap(), Some(set));
            assert_eq!(ledger.find_storefront(&acme(), Mode::Live).await.unwrap(), None);
            assert!(host("other.example", false).await);
            assert!(
                ledger.find_storefront(&acme(), Mode::Sandbox).await.unwrap().unwrap().enabled,
                "it leads elsewhere"
            );
            assert!(host("shop.example", false).await && !host("shop.example", false).await);
            let after = ledger.find_storefront(&acme(), Mode::Sandbox).await.unwrap().unwrap();
            assert_eq!((after.enabled, after.version), (false, 2));
            let audited = ledger.audited("acme", 10).await.unwrap();
            let mut actions: Vec<_> = audited.iter().map(|entry| entry.action.as_str()).collect();
            actions.sort_unstable();
            let (add, remove) = ("storefront.host_add", "storefront.host_remove");
            assert_eq!(actions, [add, add, remove, remove, "storefront.set"]);
        }
    }

    #[tokio::test]
    async fn a_click_leads_to_one_order_which_counts_once_the_catalogue_took_it() {
        for house in crate::sql::trial::houses().await {
            let clock = Clock::shiftable();
            let ledger = Ledger::new(house.another().await, clock.clone());
            let click = Click {
                id: "c1".into(),
                partner: acme(),
                mode: Mode::Sandbox,
                offer: OfferId::new(7),
                country: "JP".parse().ok(),
                at_s: 0,
            };
            let deeds = [
                trial::written_order(&ledger, &clock, "acme", "PO-1").await,
                trial::written_order(&ledger, &clock, "acme", "PO-2").await,
            ];
            let mut attributed = Vec::new();
            for deed in &deeds {
                let (id, click, now) = (deed.id.clone(), click.clone(), clock.now_ms());
                let done =
                    ledger.sql.transaction(move |tx| Box::pin(async move { attribute(tx, &id, &click, now).await }));
                attributed.push(done.await.unwrap());
            }
            assert_eq!(attributed, [true, false]);
            let place = |country: &str| ClickPlace {
                partner: acme(),
                mode: Mode::Sandbox,
                country: country.parse().ok(),
                day: clock.now_ms() / DAY_MS,
            };
            let clicks = [(place("JP"), 3), (place(""), 2)];
            let (one, other) = tokio::join!(ledger.add_clicks(&clicks), ledger.add_clicks(&clicks));
            one.and(other).unwrap();
            let counts = async || {
                let counts = ledger.count_referrals(7).await.unwrap();
                counts.iter().map(|one| (one.country.is_some(), one.clicks, one.orders)).collect::<Vec<_>>()
            };
            assert_eq!(counts().await, [(true, 6, 0), (false, 4, 0)], "the order is not taken yet");
            let order = ledger.get_order(&deeds[0].id).await.unwrap();
            trial::paid(&ledger, &clock, order, 26).await;
            assert_eq!(counts().await, [(true, 6, 1), (false, 4, 0)]);
            clock.advance_ms(7 * DAY_MS);
            let before = ledger.count_referrals(7).await.unwrap();
            assert_eq!((before[0].clicks, before[0].clicks_before, before[0].orders_before), (0, 6, 1));
        }
    }
}
