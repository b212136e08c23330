//! What the catalogue does not translate: filled from a curated glossary of the trade, from what a machine translated
//! before, and from a machine-translation provider over HTTP, in this order. Every filled text says which it was.
//!
//! A provider never delays an answer beyond its budget: texts that nobody knows yet are put on a list, and whoever asked
//! waits a moment for them. One background task ([`Interpreter::work`]) asks the provider and remembers the answers in
//! SQL, so that a text is translated once for all nodes. What does not come in time is there for the next who asks.
//! Which members of a document are texts is not known here: that is `translate`.

mod failure;
mod glossary;
mod list;
mod memory;
mod provider;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::Notify;
use tokio::time::Instant;

pub use failure::Error;
use list::List;
use memory::Memory;
use provider::Provider;
pub use provider::{Kind, Settings as ProviderSettings};

use crate::clock::Clock;
use crate::model::language::Language;
use crate::model::offer::Origin;
use crate::sql::Sql;

/// Translations that are kept in the process.
const KEPT: u64 = 50_000;
/// Longer texts are not given to a machine.
const LONGEST: usize = 5_000;
/// After a failure the provider is left alone for so long, twice as long after each further one.
const FIRST_PAUSE_MS: i64 = 1_000;
const LONGEST_PAUSE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// Who translates, and how much of it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The machine; none by default.
    pub provider: Option<ProviderSettings>,
    /// The longest an answer waits for it.
    pub budget: Duration,
    /// So many Chinese characters are given to it within a day, by all nodes together; 0 for any number.
    pub characters_per_day: u64,
}

/// Translates what the catalogue left open; cheap to clone.
#[derive(Clone)]
pub struct Interpreter(Arc<Inner>);

struct Inner {
    settings: Settings,
    provider: Option<Provider>,
    memory: Memory,
    known: Cache<(Language, Arc<str>), Arc<str>>,
    list: Mutex<List>,
    wanted: Notify,
    learned: Notify,
    paused_until_ms: AtomicI64,
    pause_ms: AtomicI64,
    clock: Clock,
}

impl std::fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interpreter").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Interpreter {
    /// An interpreter with its memory in this database.
    pub fn new(settings: Settings, sql: Sql, clock: Clock) -> Result<Self, Error> {
        let provider = settings.provider.as_ref().map(Provider::new).transpose()?;
        Ok(Self(Arc::new(Inner {
            provider,
            settings,
            memory: Memory::new(sql, clock.clone()),
            known: Cache::new(KEPT),
            list: Mutex::default(),
            wanted: Notify::new(),
            learned: Notify::new(),
            paused_until_ms: AtomicI64::new(i64::MIN),
            pause_ms: AtomicI64::new(FIRST_PAUSE_MS),
            clock,
        })))
    }

    /// What is known of these Chinese texts in a language, waiting for the machine no longer than its budget.
    pub async fn translate(&self, language: Language, texts: &[String]) -> HashMap<String, (String, Origin)> {
        let mut told = HashMap::new();
        let mut open: Vec<Arc<str>> = Vec::new();
        for text in texts {
            match glossary::find(language, text) {
                Some(words) => drop(told.insert(text.clone(), (words, Origin::Glossary))),
                None if text.chars().count() <= LONGEST => open.push(text.as_str().into()),
                None => {}
            }
        }
        self.take_known(language, &mut open, &mut told);
        if !open.is_empty() {
            self.remember(language, &open).await;
            self.take_known(language, &mut open, &mut told);
        }
        if !open.is_empty() && self.asks() {
            self.wait_for_machine(language, &mut open, &mut told).await;
        }
        told
    }

    /// Moves what is in the process from the open texts to the told ones.
    fn take_known(&self, language: Language, open: &mut Vec<Arc<str>>, told: &mut HashMap<String, (String, Origin)>) {
        open.retain(|text| match self.0.known.get(&(language, Arc::clone(text))) {
            Some(words) => {
                told.insert(text.to_string(), (words.to_string(), Origin::Machine));
                false
            }
            None => true,
        });
    }

    /// Brings what the database remembers into the process.
    async fn remember(&self, language: Language, open: &[Arc<str>]) {
        match self.0.memory.find(language, open).await {
            Ok(found) => {
                for (text, words) in found {
                    self.0.known.insert((language, text), words);
                }
            }
            Err(error) => tracing::warn!(%error, "translations could not be read; the texts stay as they are"),
        }
    }

    async fn wait_for_machine(
        &self,
        language: Language,
        open: &mut Vec<Arc<str>>,
        told: &mut HashMap<String, (String, Origin)>,
    ) {
        let until = Instant::now() + self.0.settings.budget;
        self.list().add(language, open);
        self.0.wanted.notify_one();
        while !open.is_empty() && self.asks() {
            let mut learned = pin!(self.0.learned.notified());
            // From here on nothing that is learned is missed.
            learned.as_mut().enable();
            self.take_known(language, open, told);
            if open.is_empty() || tokio::time::timeout_at(until, learned).await.is_err() {
                break;
            }
        }
    }

    /// Whether there is a machine that may be asked now.
    fn asks(&self) -> bool {
        self.0.provider.is_some() && self.0.clock.now_ms() >= self.0.paused_until_ms.load(Ordering::Relaxed)
    }

    /// One pass of the background task: waits up to `at_most` for something on the list and has all of it translated.
    pub async fn work(&self, at_most: Duration) {
        let Some(provider) = &self.0.provider else {
            tokio::time::sleep(at_most).await;
            return;
        };
        tokio::time::timeout(at_most, self.0.wanted.notified()).await.ok();
        while let Some((language, texts)) = self.next() {
            let done = self.ask(provider, language, &texts).await;
            self.list().done(language, &texts);
            match done {
                Ok(()) => self.0.pause_ms.store(FIRST_PAUSE_MS, Ordering::Relaxed),
                Err(error) => {
                    let pause_ms = self.0.pause_ms.load(Ordering::Relaxed);
                    tracing::warn!(%error, pause_ms, "texts could not be translated; they stay Chinese for now");
                    self.0.paused_until_ms.store(self.0.clock.now_ms() + pause_ms, Ordering::Relaxed);
                    self.0.pause_ms.store((pause_ms * 2).min(LONGEST_PAUSE_MS), Ordering::Relaxed);
                    // They are put on the list again by whoever asks next.
                    self.list().clear();
                }
            }
            self.0.learned.notify_waiters();
        }
    }

    async fn ask(&self, provider: &Provider, language: Language, texts: &[Arc<str>]) -> Result<(), Error> {
        let characters: usize = texts.iter().map(|text| text.chars().count()).sum();
        let most = self.0.settings.characters_per_day;
        if most > 0 {
            let since_ms = self.0.clock.now_ms() - DAY_MS;
            let spent = self.0.memory.characters_since(since_ms).await?;
            if spent.saturating_add(characters as u64) > most {
                return Err(Error::SpentForToday { spent, most });
            }
        }
        let words = provider.translate(language, texts).await?;
        let pairs: Vec<(Arc<str>, Arc<str>)> = texts.iter().cloned().zip(words.into_iter().map(Arc::from)).collect();
        for (text, words) in &pairs {
            self.0.known.insert((language, Arc::clone(text)), Arc::clone(words));
        }
        self.0.memory.keep(language, provider.name(), pairs).await
    }

    fn next(&self) -> Option<(Language, Vec<Arc<str>>)> {
        self.list().next()
    }

    fn list(&self) -> std::sync::MutexGuard<'_, List> {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
