//! What the gateway knows of partners at one moment: read whole, never changed, swapped for the next.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::partner::Partner;
use crate::partners::apps::App;
use crate::partners::records::KeyRecord;

/// Partners and keys as of one directory version.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The directory version it was read at (or just before).
    pub version: i64,
    /// Keys whose secret does not open; they are left out.
    pub unreadable: usize,
    /// When it has to be read anew though the version is the same: an override or a day ends.
    pub(super) changes_at: Option<Timestamp>,
    keys: HashMap<Arc<str>, Arc<KeyRecord>>,
    apps: HashMap<Arc<str>, Arc<App>>,
    partners: HashMap<Arc<str>, Arc<Partner>>,
}

impl Snapshot {
    /// A snapshot of these partners and keys.
    pub fn new(version: i64, partners: Vec<Arc<Partner>>, keys: Vec<KeyRecord>, unreadable: usize) -> Self {
        Self {
            version,
            unreadable,
            changes_at: None,
            apps: HashMap::new(),
            keys: keys.into_iter().map(|key| (key.id.clone(), Arc::new(key))).collect(),
            partners: partners.into_iter().map(|partner| (partner.id.as_str().into(), partner)).collect(),
        }
    }

    /// The same, good until a moment.
    pub(super) fn until(self, changes_at: Option<Timestamp>) -> Self {
        Self { changes_at, ..self }
    }

    /// The same, with the apps of the older door.
    pub(super) fn with_apps(self, apps: Vec<App>) -> Self {
        Self { apps: apps.into_iter().map(|app| (app.key.clone(), Arc::new(app))).collect(), ..self }
    }

    /// The same, going on with what the apps of the one before are noted to have done.
    pub(super) fn going_on_from(mut self, before: &Self) -> Self {
        for app in self.apps.values_mut() {
            let Some(known) = before.app(&app.key) else { continue };
            let used = Arc::clone(&known.used);
            Arc::make_mut(app).used = used;
        }
        self
    }

    /// All apps of the older door.
    pub fn apps(&self) -> impl Iterator<Item = &Arc<App>> {
        self.apps.values()
    }

    /// The app with this number.
    pub fn app(&self, app_key: &str) -> Option<&Arc<App>> {
        self.apps.get(app_key)
    }

    /// All partners.
    pub fn partners(&self) -> impl Iterator<Item = &Arc<Partner>> {
        self.partners.values()
    }

    /// The key with this id.
    pub fn key(&self, id: &str) -> Option<&Arc<KeyRecord>> {
        self.keys.get(id)
    }

    /// The partner with this short name.
    pub fn partner(&self, id: &str) -> Option<&Arc<Partner>> {
        self.partners.get(id)
    }

    /// How many keys there are.
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }
}
