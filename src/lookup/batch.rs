//! Several offers at once: those that are kept are taken from the cache, all others are asked for in one call, and each is
//! kept as if it had been asked for alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;

use crate::lookup::audience::Audience;
use crate::lookup::failure::Error;
use crate::lookup::question::{Question, parsed};
use crate::lookup::reason::Reason;
use crate::lookup::{Answer, Lookup, brought, completed, document_key, failure, kept_as};
use crate::model::ids::OfferId;
use crate::model::language::Language;
use crate::model::offer::Offer;
use crate::model::partner::Mode;
use crate::upstream::wholesale::calls;
use crate::upstream::wholesale::wire::goods::{Batch, Numbered};
use crate::upstream::{self, Context, Upstream};

/// How many offers one batch holds at most: the service's own limit.
pub const MOST_OFFERS: usize = 50;
/// How long the first who has to ask waits for others at most: until each is found, or has to ask, too. Who waits for
/// what another request or node fetches is not known to be either.
const GATHERING: Duration = Duration::from_millis(25);

type Told = Result<Arc<HashMap<i64, Option<Bytes>>>, upstream::Error>;

/// Those of one batch who have to ask.
struct Together {
    upstream: Upstream,
    mode: Mode,
    language: Language,
    context: Context,
    /// Closed (`None`) as soon as the call is made.
    waiting: Mutex<Option<Vec<i64>>>,
    /// How many are in the batch, and a permit for each of which it is known whether it has to ask.
    all: u32,
    decided: Semaphore,
    told: OnceCell<Told>,
}

impl Lookup {
    /// Several offers, each with its own outcome, in the asked order.
    pub async fn batch(
        &self,
        audience: &Audience,
        ids: &[OfferId],
    ) -> Result<Answer<Vec<Result<Offer, Error>>>, Error> {
        let exchange = self.exchange(audience, true)?;
        let together = Arc::new(Together {
            upstream: self.upstream.clone(),
            mode: audience.mode,
            language: audience.language,
            context: Context::here(),
            waiting: Mutex::new(Some(Vec::new())),
            all: u32::try_from(ids.len()).unwrap_or(u32::MAX),
            decided: Semaphore::new(0),
            told: OnceCell::new(),
        });
        let look = async |id: &OfferId| {
            let together = Arc::clone(&together);
            let number = id.number();
            let call = id.call(audience, &exchange)?;
            let key = document_key(OfferId::KIND, audience, &call);
            let (interpreter, mode, call) = (self.interpreter.clone(), audience.mode, Arc::new(call));
            let asking = Arc::clone(&together);
            let fetch = move || {
                let (together, interpreter, call) = (Arc::clone(&asking), interpreter.clone(), Arc::clone(&call));
                async move {
                    let document = together.fetch(number).await?;
                    Ok(kept_as(OfferId::KIND, mode, &call, completed(interpreter.as_ref(), &call, document).await))
                }
            };
            let found = self.cache.document(&key, OfferId::KIND, fetch).await;
            together.decided.add_permits(1);
            let kept = found.map_err(failure::of)?.kept;
            Ok((self.read(audience, id, &key, &kept)?, kept.fetched_at_ms))
        };
        let looked: Vec<Result<(Offer, i64), Error>> = join_all(ids.iter().map(look)).await;
        let fetched_at_ms = looked.iter().flatten().map(|(_, at_ms)| *at_ms).min().unwrap_or_default();
        let found = looked.into_iter().map(|one| one.map(|(offer, _)| offer)).collect();
        Ok(Answer { found, exchange, fetched_at_ms })
    }
}

impl Together {
    async fn fetch(&self, number: i64) -> Result<Option<Bytes>, upstream::Error> {
        if !self.joins(number) {
            return self.alone(number).await;
        }
        let told = self.told.get_or_init(|| self.ask()).await.clone()?;
        match told.get(&number) {
            Some(document) => Ok(document.clone()),
            // Neither found nor missing: the service said nothing about it.
            None => self.alone(number).await,
        }
    }

    /// Whether there is still time to be asked for with the others.
    fn joins(&self, number: i64) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let joined = waiting.as_mut().map(|numbers| numbers.push(number)).is_some();
        self.decided.add_permits(1);
        joined
    }

    async fn ask(&self) -> Told {
        let _ = timeout(GATHERING, self.decided.acquire_many(self.all)).await;
        let numbers = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        let call = calls::batch_get(&numbers, self.language);
        let document = self.upstream.ask(self.mode, &call, self.context.clone()).await?;
        // What cannot be read leaves all of them to be asked for alone, where each has its own outcome.
        Ok(Arc::new(split(&document).unwrap_or_default()))
    }

    async fn alone(&self, number: i64) -> Result<Option<Bytes>, upstream::Error> {
        let call = calls::goods(OfferId::new(number), self.language);
        brought(self.upstream.ask(self.mode, &call, self.context.clone()).await, OfferId::ABSENT)
    }
}

/// What a batch says of each number.
fn split(document: &Bytes) -> Option<HashMap<i64, Option<Bytes>>> {
    let batch: Batch = parsed(document, "batch").ok()?;
    let mut told = HashMap::new();
    for item in batch.items {
        let Numbered { goods_id } = serde_json::from_str(item.get()).ok()?;
        told.insert(goods_id, Some(Bytes::copy_from_slice(item.get().as_bytes())));
    }
    told.extend(batch.missing.into_iter().map(|id| (id, None)));
    told.extend(batch.held.into_iter().map(|id| (id, Some(Reason::Held.marker()))));
    told.extend(batch.foreign.into_iter().map(|id| (id, Some(Reason::Foreign.marker()))));
    Some(told)
}
