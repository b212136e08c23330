//! A tier in two parts: the newest and hottest as they are used, the many packed. Nothing is packed before its room is
//! needed: what is asked for once and never again costs no compression.

use std::sync::Arc;

use moka::notification::RemovalCause;
use moka::sync::Cache as Tier;

use crate::cache::key::Key;

/// This share of the room is for what is kept as it is used.
const OPEN_SHARE: u64 = 8;

/// Something that can be kept in a smaller form.
pub(super) trait Pack: Send + Sync + Sized + 'static {
    /// The smaller form.
    type Packed: Send + Sync + 'static;

    /// What becomes of it when its room is needed; `before`: what is there of it in the smaller form.
    fn pack(&self, before: Option<&Self::Packed>) -> Packing<Self::Packed>;
    /// Bytes it takes.
    fn weight(&self) -> usize;
    /// Bytes its smaller form takes.
    fn packed_weight(packed: &Self::Packed) -> usize;
}

/// What becomes of something whose room is needed.
pub(super) enum Packing<P> {
    /// It is kept in this form.
    Put(P),
    /// Its smaller form is there already.
    There,
    /// It is not worth keeping.
    Drop,
}

/// What is kept under a key.
#[derive(Debug)]
pub(super) enum Held<V: Pack> {
    Open(Arc<V>),
    Packed(Arc<V::Packed>),
}

/// The tier; its clones share everything.
#[derive(Debug)]
pub(super) struct Parts<V: Pack> {
    open: Tier<Key, Arc<V>>,
    packed: Tier<Key, Arc<V::Packed>>,
}

impl<V: Pack> Clone for Parts<V> {
    fn clone(&self) -> Self {
        Self { open: self.open.clone(), packed: self.packed.clone() }
    }
}

impl<V: Pack> Parts<V> {
    /// An empty tier of so many bytes.
    pub fn of(bytes: u64) -> Self {
        let weigh = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let open_bytes = bytes / OPEN_SHARE;
        let packed = Tier::builder()
            .max_capacity(bytes - open_bytes)
            .weigher(move |key: &Key, packed: &Arc<V::Packed>| weigh(key.bytes().len() + V::packed_weight(packed)))
            .build();
        let open = Tier::builder()
            .max_capacity(open_bytes)
            .weigher(move |key: &Key, open: &Arc<V>| weigh(key.bytes().len() + open.weight()));
        let room = packed.clone();
        let open = open.eviction_listener(move |key: Arc<Key>, value: Arc<V>, cause| {
            if cause == RemovalCause::Size && bytes > 0 {
                make_room(&room, &key, &*value);
            }
        });
        Self { open: open.build(), packed }
    }

    /// What is kept under a key, by its bytes.
    pub fn find(&self, key: &[u8]) -> Option<Held<V>> {
        match self.open.get(key) {
            Some(open) => Some(Held::Open(open)),
            None => self.packed.get(key).map(Held::Packed),
        }
    }

    /// Whether anything is kept under a key.
    pub fn has(&self, key: &Key) -> bool {
        self.open.contains_key(key) || self.packed.contains_key(key)
    }

    /// Keeps something new; what was there before is forgotten.
    pub fn keep(&self, key: Key, value: Arc<V>) {
        if self.packed.contains_key(&key) {
            self.packed.invalidate(&key);
        }
        self.open.insert(key, value);
    }

    /// Keeps something that is small already.
    pub fn keep_packed(&self, key: Key, packed: Arc<V::Packed>) {
        if self.open.contains_key(&key) {
            self.open.invalidate(&key);
        }
        self.packed.insert(key, packed);
    }

    /// Keeps what was packed as it is used, too, if it is hot enough.
    pub fn keep_open(&self, key: Key, value: Arc<V>) {
        self.open.insert(key, value);
    }

    /// Forgets what is kept under a key, by its bytes.
    pub fn forget(&self, key: &[u8]) {
        self.open.invalidate(key);
        self.packed.invalidate(key);
    }

    /// Bytes kept.
    pub fn bytes(&self) -> u64 {
        self.open.weighted_size() + self.packed.weighted_size()
    }

    /// How many are kept; those that are kept in both forms count twice.
    pub fn count(&self) -> u64 {
        self.open.entry_count() + self.packed.entry_count()
    }

    /// Does now what else is done now and then.
    #[cfg(test)]
    pub fn settle(&self) {
        self.open.run_pending_tasks();
        self.packed.run_pending_tasks();
    }
}

fn make_room<V: Pack>(room: &Tier<Key, Arc<V::Packed>>, key: &Key, value: &V) {
    match value.pack(room.get(key).as_deref()) {
        Packing::Put(packed) => room.insert(key.clone(), Arc::new(packed)),
        Packing::There => {}
        Packing::Drop => room.invalidate(key),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Held, Pack, Packing, Parts};
    use crate::cache::freshness::Kind;
    use crate::cache::key::Key;

    static PACKED: AtomicUsize = AtomicUsize::new(0);

    /// A number that takes a hundred bytes, or ten; odd ones are not worth packing.
    #[derive(Debug)]
    struct Number(i64);

    impl Pack for Number {
        type Packed = i64;
        fn pack(&self, before: Option<&i64>) -> Packing<i64> {
            match before {
                Some(number) if *number == self.0 => Packing::There,
                _ if self.0 % 2 == 1 => Packing::Drop,
                _ => {
                    PACKED.fetch_add(1, Ordering::Relaxed);
                    Packing::Put(self.0)
                }
            }
        }
        fn weight(&self) -> usize {
            100
        }
        fn packed_weight(_: &i64) -> usize {
            10
        }
    }

    fn key(number: i64) -> Key {
        Key::of(Kind::Offer).number(number).finish()
    }

    #[test]
    fn what_does_not_fit_is_packed_and_what_fits_is_not() {
        let parts = Parts::<Number>::of(80_000);
        for number in 0..400 {
            parts.keep(key(number), Arc::new(Number(number)));
        }
        parts.settle();
        let held = |number: i64| parts.find(key(number).bytes());
        let open = (0..400).filter(|number| matches!(held(*number), Some(Held::Open(_)))).count();
        assert!((50..=100).contains(&open), "a tenth of a hundred thousand: {open}");
        let packed = (0..400).filter(|number| matches!(held(*number), Some(Held::Packed(_)))).count();
        assert!((150..=200).contains(&packed) && parts.bytes() < 80_000, "{packed}");
        assert!((0..400).step_by(2).all(|number| held(number).is_some()), "each that is worth it is there");
        assert!(PACKED.load(Ordering::Relaxed) <= 400 - open);
    }

    #[test]
    fn a_newer_value_replaces_the_packed_one() {
        let parts = Parts::<Number>::of(80_000);
        parts.keep_packed(key(1), Arc::new(8));
        assert!(matches!(parts.find(key(1).bytes()), Some(Held::Packed(number)) if *number == 8));
        parts.keep(key(1), Arc::new(Number(10)));
        assert!(matches!(parts.find(key(1).bytes()), Some(Held::Open(number)) if number.0 == 10));
        parts.keep_packed(key(1), Arc::new(12));
        assert!(matches!(parts.find(key(1).bytes()), Some(Held::Packed(number)) if *number == 12));
        parts.forget(key(1).bytes());
        assert!(!parts.has(&key(1)));
    }

    #[test]
    fn without_room_nothing_is_kept_and_nothing_packed() {
        let parts = Parts::<Number>::of(0);
        parts.keep(key(6), Arc::new(Number(6)));
        parts.settle();
        assert!(!parts.has(&key(6)) && parts.bytes() == 0);
    }
}
