//! The gateway in between when a check goes through two: it stands in front of the sandbox catalogue, and the demo's own
//! gateway asks it in the older protocol, as an app of a partner of its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};

use crate::clock::Clock;
use crate::commands::CannotStart;
use crate::commands::demo::folder::Folder;
use crate::commands::demo::{Pairs, load};
use crate::model::partner::{Mode, Scopes};
use crate::partners::{AppPolicy, NewPartner};
use crate::server::house::House;
use crate::server::listeners::{Doors, Running, serve};
use crate::telemetry::access::AccessLog;

const PARTNER: &str = "gateway";
const ACTOR: &str = "demo";

/// A running gateway, and what the one in front of it is told about it.
pub struct Between {
    running: Running,
    settings: Pairs,
}

impl Between {
    /// Opens it with the demo's settings, but on ports and a database of its own.
    pub async fn open(settings: &Pairs, folder: &Folder) -> Result<Self> {
        let own = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let doors = Doors::bind(own, own).map_err(CannotStart::because)?;
        let here = doors.partners_address().map_err(CannotStart::because)?;
        let mut pairs = settings.clone();
        pairs.extend([
            ("DATABASE__URL", format!("sqlite://{}", folder.path("between.db").display())),
            ("SERVER__PUBLIC_URL", format!("http://{here}")),
            // What the other gateway remembers is not this one's.
            ("REDIS__URL", String::new()),
        ]);
        let house = House::open(load(pairs)?, Clock::System, AccessLog::none()).await.map_err(CannotStart::because)?;
        let running = serve(house, doors).map_err(CannotStart::because)?;
        let settings = [Mode::Live, Mode::Sandbox].map(|mode| app(&running, mode, here));
        let mut told = Vec::new();
        for one in settings {
            told.extend(one.await?);
        }
        Ok(Self { running, settings: told })
    }

    /// With what the gateway in front reaches it.
    pub fn settings(&self) -> Pairs {
        self.settings.clone()
    }

    /// Stops it.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

/// An app for one world, and the settings that name it.
async fn app(running: &Running, mode: Mode, here: SocketAddr) -> Result<Pairs> {
    let directory = &running.house.directory;
    let partner = PARTNER.parse()?;
    if directory.find_partner(PARTNER).is_none() {
        let new =
            NewPartner { id: PARTNER.parse()?, name: PARTNER.into(), country: "JP".into(), plan: "enterprise".into() };
        directory.create_partner(ACTOR, new).await.map_err(CannotStart::because)?;
        directory.open_door(ACTOR, &partner, false).await?;
    }
    let policy = AppPolicy { mode, scopes: Scopes::all(), allowed: Vec::new() };
    let app = directory.issue_app(ACTOR, &partner, policy).await?;
    let code = directory.issue_code(ACTOR, &app.app_key, PARTNER).await?;
    let granted = directory.redeem_code(&app.app_key, &code).await?.context("the code was just made")?;
    let refresh = granted.refresh.context("a code brings a refresh token")?.token;
    let names = match mode {
        Mode::Live => [
            "UPSTREAM__LIVE__KIND",
            "UPSTREAM__LIVE__URL",
            "UPSTREAM__LIVE__TOKEN",
            "UPSTREAM__LIVE__APP_KEY",
            "UPSTREAM__LIVE__APP_SECRET",
            "UPSTREAM__LIVE__REFRESH_TOKEN",
        ],
        Mode::Sandbox => [
            "UPSTREAM__SANDBOX__KIND",
            "UPSTREAM__SANDBOX__URL",
            "UPSTREAM__SANDBOX__TOKEN",
            "UPSTREAM__SANDBOX__APP_KEY",
            "UPSTREAM__SANDBOX__APP_SECRET",
            "UPSTREAM__SANDBOX__REFRESH_TOKEN",
        ],
    };
    let values = [
        "open1688".to_owned(),
        format!("http://{here}"),
        String::new(),
        app.app_key.clone(),
        app.secret.expose().to_owned(),
        refresh,
    ];
    Ok(names.into_iter().zip(values).collect())
}
