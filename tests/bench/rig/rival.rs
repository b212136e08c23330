//! The peers that take their turns beside us, each with a cache (or a Redis) that holds the same bytes.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, ensure};

use super::contender::{Contender, Questions};
use super::generator;
use super::peers::{Kind, Peer, Presence};
use super::process::Core;

/// A peer, or the reason why its row is empty.
pub struct Rival {
    /// Its row's name.
    pub name: &'static str,
    /// What is there of it.
    pub here: Result<(Peer, Questions, Contender), String>,
}

impl Rival {
    /// Starts it in front of an upstream and asks it once for everything.
    pub async fn start(kind: Kind, core: Core, folder: &Path, upstream: SocketAddr, paths: &[String]) -> Result<Self> {
        let name = kind.name;
        let peer = match kind.start(core, folder, upstream).await? {
            Presence::Here(peer) => *peer,
            Presence::Missing(why) => return Ok(Self { name, here: Err(why) }),
        };
        let questions = Questions { at: peer.at, signer: peer.signer.clone(), paths: paths.to_vec() };
        let warm = questions.batch(paths.len())?;
        let sent = generator::send_over(1, peer.at, warm, None).await?;
        if sent.failures > 0 {
            return Ok(Self { name, here: Err(format!("it does not answer: {}", sent.told.join("\n"))) });
        }
        refuses_the_unsigned(&peer, &questions, name).await?;
        println!("{name}: process {}", peer.process.id());
        Ok(Self { name, here: Ok((peer, questions, Contender::default())) })
    }

    /// Takes its turn, if it is here.
    pub async fn turn(&mut self, count: usize) -> Result<()> {
        match &mut self.here {
            Ok((peer, questions, figures)) => figures.turn(&peer.process, questions, count).await,
            Err(_) => Ok(()),
        }
    }

    /// Its figures, if it is here.
    pub fn figures(&self) -> Option<&Contender> {
        self.here.as_ref().ok().map(|(_, _, figures)| figures)
    }
}

/// The same work on both sides: a peer that lets a request in twice checks less than we do.
async fn refuses_the_unsigned(peer: &Peer, questions: &Questions, name: &str) -> Result<()> {
    if !name.contains("HMAC") {
        return Ok(());
    }
    let once = questions.batch(1)?;
    ensure!(generator::ask(peer.at, &once).await?.status == 200, "{name} refuses a signed request");
    ensure!(generator::ask(peer.at, &once).await?.status == 401, "{name} takes a request twice");
    let wrong = Questions { paths: vec!["/v1/offers/1".to_owned()], signer: questions.signer.clone(), at: peer.at };
    let forged = wrong.batch(1)?.forged();
    ensure!(generator::ask(peer.at, &forged).await?.status == 401, "{name} takes a forged signature");
    Ok(())
}
