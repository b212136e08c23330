//! Who still uses the older door: when an app called last, and how often. A call costs two numbers in memory, which outlive
//! the snapshots; they are written down every few seconds, added to what other nodes wrote.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::sql::{Rows, args};

/// What an app did since it was last written down.
#[derive(Debug, Default)]
pub struct Use {
    last_ms: AtomicI64,
    calls: AtomicI64,
}

impl Use {
    /// The app calls now.
    pub fn note(&self, now_ms: i64) {
        self.last_ms.store(now_ms, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

impl Directory {
    /// Writes down what apps did meanwhile; gives how many did anything. What cannot be written is kept for the next time.
    pub async fn write_uses(&self) -> Result<usize, Error> {
        static WRITE: Rows = Rows::with_tail(
            "INSERT INTO app_uses (app_key, last_at, calls) VALUES",
            3,
            "ON CONFLICT (app_key) DO UPDATE SET calls = app_uses.calls + excluded.calls, last_at = \
             CASE WHEN app_uses.last_at < excluded.last_at THEN excluded.last_at ELSE app_uses.last_at END",
        );
        let snapshot = self.snapshot();
        let taken = |used: &Use| (used.calls.swap(0, Ordering::Relaxed), used.last_ms.load(Ordering::Relaxed));
        let mut used: Vec<_> =
            snapshot.apps().map(|app| (app.key.clone(), Arc::clone(&app.used), taken(&app.used))).collect();
        used.retain(|(_, _, (calls, _))| *calls > 0);
        // Rows are locked in one order by all nodes.
        used.sort_by(|one, other| one.0.cmp(&other.0));
        if used.is_empty() {
            return Ok(0);
        }
        let rows: Vec<_> = used.iter().map(|(key, _, (calls, last))| args![&**key, *last, *calls]).collect();
        let written: Result<(), Error> = self
            .sql
            .transaction(move |tx| {
                let rows = rows.clone();
                Box::pin(async move { Ok(WRITE.insert(tx, rows).await?) })
            })
            .await;
        if let Err(error) = written {
            for (_, used, (calls, _)) in &used {
                used.calls.fetch_add(*calls, Ordering::Relaxed);
            }
            return Err(error);
        }
        Ok(used.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::Clock;
    use crate::model::partner::{Mode, Scopes};
    use crate::partners::{AppPolicy, Directory, MasterKeys, NewPartner, Sealer};
    use crate::sql::trial;

    #[tokio::test]
    async fn calls_of_all_nodes_are_added_up_and_the_last_one_is_remembered() {
        let master = MasterKeys::generate(1).unwrap();
        for house in trial::houses().await {
            let clock = Clock::shiftable();
            let sealer = || Sealer::new(MasterKeys::parse(&master).unwrap());
            let open = async || Directory::open(house.another().await, sealer(), clock.clone()).await.unwrap();
            let one = open().await;
            let acme: crate::model::ids::PartnerId = "acme".parse().unwrap();
            let new =
                NewPartner { id: acme.clone(), name: "Acme".into(), country: "JP".into(), plan: "starter".into() };
            one.create_partner("test", new).await.unwrap();
            let policy = AppPolicy { mode: Mode::Sandbox, scopes: Scopes::all(), allowed: Vec::new() };
            let app = one.issue_app("test", &acme, policy).await.unwrap().app_key;
            let two = open().await;
            let row = async || one.list_apps(Some(&acme)).await.unwrap().remove(0);
            assert_eq!((row().await.calls, row().await.last_used_at), (0, None));
            assert_eq!(one.write_uses().await.unwrap(), 0);
            let used = |node: &Directory, at| node.find_app(&app).unwrap().used.note(at);
            used(&two, 9_000);
            used(&one, 5_000);
            used(&one, 7_000);
            // A newer snapshot goes on where the one before was.
            one.open_door("test", &acme, false).await.unwrap();
            assert_eq!((two.write_uses().await.unwrap(), one.write_uses().await.unwrap()), (1, 1));
            let told = row().await;
            assert_eq!((told.calls, told.last_used_at.map(|at| at.as_millisecond())), (3, Some(9_000)));
            assert_eq!(one.write_uses().await.unwrap(), 0, "each call is counted once");
        }
    }
}
