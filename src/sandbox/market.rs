//! The running service's whole state: the shop, its index, and the book behind one lock. HTTP is left to the handlers.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use super::clock::Clock;
use super::commit::Mark;
use super::envelope::{Code, Refusal};
use super::faults::Faults;
use super::feed::Feed;
use super::goods::{Lang, Shop};
use super::likeness::{Likeness, Match, Small, Window};
use super::persist::Journal;
use super::pictures::Pictures;
use super::search::{Asking, Failure, Page, Sales, Search, Wanted};
use super::settings::{Error, Progress, Settings};
use super::shelf::{Changed, Item};
use super::stats::Stats;
use super::trade::Book;

/// How much moves on by itself before somebody else may use the book.
const AT_ONCE: usize = 100;

/// Everything a handler may need.
pub struct Market {
    /// The authored goods.
    pub shop: Shop,
    /// Who may call.
    pub token: String,
    /// Of a thousand goods so many are not translated.
    untranslated_permille: u32,
    /// Whether requests may ask for their own faults.
    pub faults_by_header: bool,
    /// Where "now" comes from.
    pub clock: Clock,
    /// Faults that wait to happen.
    pub faults: Mutex<Faults>,
    /// What was called how often.
    pub stats: Mutex<Stats>,
    /// What happened, numbered.
    pub feed: Arc<Feed>,
    /// The bytes of vouchers.
    pub pictures: Pictures,
    /// Which goods look like a picture.
    pub likeness: Likeness,
    search: Search,
    book: Mutex<Journaled>,
    public_url: OnceLock<String>,
    closing: watch::Sender<bool>,
}

struct Journaled {
    book: Book,
    journal: Option<Journal>,
}

impl Market {
    /// Loads everything; this takes a while and tells how far it is.
    pub fn open(settings: &Settings, progress: &(dyn Fn(Progress) + Sync)) -> Result<Market, Error> {
        let shop = Shop::open(settings.seed, settings.offers).as_of(settings.clock.now_ms() / 1000);
        let feed = Arc::new(Feed::default());
        let mut book = Book::new(settings.pace, Arc::clone(&feed));
        let journal = match &settings.data {
            Some(folder) => {
                let replay = |entry| book.replay(&shop, entry);
                Some(Journal::open(folder, settings.seed, settings.fsync, Arc::clone(&feed), replay)?)
            }
            None => None,
        };
        book.resume(settings.clock.now_ms());
        feed.publish(feed.newest());
        let search = Search::open(&shop, settings.seed, settings.data.as_deref(), progress)?;
        Ok(Market {
            shop,
            token: settings.token.clone(),
            untranslated_permille: settings.untranslated_permille,
            faults_by_header: settings.faults_by_header,
            clock: settings.clock.clone(),
            faults: Mutex::default(),
            stats: Mutex::default(),
            feed,
            pictures: Pictures::open(settings.data.as_deref(), settings.fsync)?,
            likeness: Likeness::open(settings.data.as_deref())?,
            search,
            book: Mutex::new(Journaled { book, journal }),
            public_url: OnceLock::new(),
            closing: watch::Sender::new(false),
        })
    }

    /// Reads or changes the book without waiting until what happened is lasting.
    pub fn book<T>(&self, work: impl FnOnce(&mut Book) -> T) -> T {
        self.work(work).0
    }

    /// Reads or changes the book, and answers when everything that the answer rests on is lasting.
    pub async fn lasting<T>(&self, work: impl FnOnce(&mut Book) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let (answer, mark) = self.work(work);
        if let Some(mark) = mark {
            mark.lasting().await?;
        }
        answer
    }

    /// What happened is written down under the same lock, so that the journal has the order in which it happened.
    fn work<T>(&self, work: impl FnOnce(&mut Book) -> T) -> (T, Option<Mark>) {
        let mut guard = self.lock();
        let Journaled { book, journal } = &mut *guard;
        let answer = work(book);
        let entries = book.take_entries();
        if !entries.is_empty() {
            let newest = self.feed.newest();
            match journal {
                Some(journal) => journal.write(&entries, newest),
                None => self.feed.publish(newest),
            }
        }
        (answer, journal.as_ref().map(Journal::mark))
    }

    fn lock(&self) -> MutexGuard<'_, Journaled> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a goods is translated into any language.
    pub fn is_translated(&self, goods_id: i64) -> bool {
        // Any spread will do that is the same tomorrow.
        let spread = goods_id.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        spread % 1000 >= u64::from(self.untranslated_permille)
    }

    /// A goods that callers may see.
    pub fn visible(&self, goods_id: i64) -> Result<Item, Refusal> {
        let item = self.item(goods_id)?;
        if item.is_open() { Ok(item) } else { Err(Code::GoodsHeld.into()) }
    }

    /// A goods, held ones too.
    pub fn item(&self, goods_id: i64) -> Result<Item, Refusal> {
        let is_ours = self.shop.is_goods_number(goods_id);
        let none = if is_ours { Code::GoodsNotFound } else { Code::GoodsForeign };
        let index = self.shop.index_of(goods_id).ok_or(Refusal::from(none))?;
        Ok(self.book(|book| book.shelf.item(&self.shop, index)))
    }

    /// What changed about goods, for a search that is about to begin.
    pub fn changed(&self) -> Arc<HashMap<u32, Changed>> {
        self.book(|book| book.shelf.changed())
    }

    /// Finds one page of goods.
    pub fn search(&self, wanted: &Wanted, page_token: Option<&str>, size: usize) -> Result<Page, Refusal> {
        self.search.page(&self.shop, wanted, &self.asking(page_token, size, false)).map_err(failed)
    }

    /// The same, with all matches counted by what they are.
    pub fn search_counted(&self, wanted: &Wanted, page_token: Option<&str>, size: usize) -> Result<Page, Refusal> {
        self.search.page(&self.shop, wanted, &self.asking(page_token, size, true)).map_err(failed)
    }

    /// How each type of goods sells now, the best first.
    pub fn types_by_sales(&self, wanted: &Wanted) -> Result<Vec<(usize, Sales)>, Refusal> {
        self.search.types_by_sales(&self.shop, wanted, &self.asking(None, 0, false)).map_err(failed)
    }

    /// Goods that are like one, best first.
    pub fn related(&self, item: &Item, wanted: &Wanted, size: usize) -> Result<Vec<u32>, Refusal> {
        self.search.related(&self.shop, &item.goods, wanted, &self.asking(None, size, false)).map_err(failed)
    }

    /// The visible goods whose pictures are most like a part of one, the most like first. This takes a while.
    pub fn alike(&self, picture: &Small, part: Window, wanted: &Wanted) -> Result<Vec<Match>, Refusal> {
        let fitting = if is_everything(wanted) {
            None
        } else {
            let all = self.search(wanted, None, self.shop.len() as usize)?.goods;
            let mut fitting = vec![false; self.shop.len() as usize];
            for goods in all {
                if let Some(fits) = fitting.get_mut(goods as usize) {
                    *fits = true;
                }
            }
            Some(fitting)
        };
        let fits =
            |goods: u32| fitting.as_ref().is_none_or(|fitting| fitting.get(goods as usize).copied().unwrap_or(false));
        let mut found = self.likeness.matches(&self.shop, picture, part, fits);
        let open = |goods| self.book(|book| book.shelf.item(&self.shop, goods)).is_open();
        found.retain(|one| fitting.is_some() || open(one.goods));
        Ok(found)
    }

    /// Where a keyword is found in a shown text.
    pub fn highlights(&self, keyword: &str, shown: &str, lang: Lang) -> Vec<(usize, usize)> {
        if keyword.is_empty() { Vec::new() } else { self.search.highlights(keyword, shown, lang) }
    }

    fn asking<'a>(&self, page_token: Option<&'a str>, size: usize, counts: bool) -> Asking<'a> {
        Asking { page_token, size, changed: self.changed(), counts, now_s: self.clock.now_ms() / 1000 }
    }

    /// Moves on everything that is due; says how many orders, parcels, refunds and consignments moved.
    pub fn tick(&self) -> usize {
        let now_ms = self.clock.now_ms();
        let mut moved = 0;
        // Little by little: callers get at the book in between.
        while self.book(|book| book.is_due(now_ms)) {
            moved += self.book(|book| book.step_due(&self.shop, AT_ONCE, now_ms));
        }
        moved
    }

    /// How the service is reached from outside.
    pub fn public_url(&self) -> &str {
        self.public_url.get().map_or("", String::as_str)
    }

    /// Tells how the service is reached; the first word counts.
    pub fn set_public_url(&self, url: String) {
        self.public_url.get_or_init(|| url);
    }

    /// Hears when the service is about to stop.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Tells all who wait that the service is about to stop.
    pub fn close(&self) {
        self.likeness.give_up();
        self.closing.send_replace(true);
    }

    /// Lets go of the data folder, once nothing is answered any more.
    pub fn release(&self) {
        self.lock().journal = None;
    }
}

/// Whether no word and no filter narrows a search.
fn is_everything(wanted: &Wanted) -> bool {
    let print = |wanted: &Wanted| {
        let mut hasher = DefaultHasher::new();
        wanted.hash(&mut hasher);
        hasher.finish()
    };
    print(wanted) == print(&Wanted::default())
}

fn failed(failure: Failure) -> Refusal {
    match failure {
        Failure::Token => Refusal::param("pageToken"),
        Failure::Index(error) => {
            tracing::error!(%error, "the sandbox index failed");
            Code::SystemError.into()
        }
    }
}
