//! What is verified: a request with the bytes of its body, where it came from, and how much care it needs.

use std::net::IpAddr;

use crate::counters::Reach;
use crate::signing::http_message::Message;

/// A request that claims to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Method, authority, path, query and header fields as received.
    pub message: Message<'a>,
    /// The body as received; empty when there is none.
    pub body: &'a [u8],
    /// Where it comes from, behind trusted proxies.
    pub address: IpAddr,
    /// What kind of operation it asks for.
    pub class: Class,
}

/// How much a repeated or delayed request could hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Changes nothing: nonces are remembered on this node.
    Read,
    /// Changes something: nonces are remembered in the whole cluster.
    Write,
    /// Moves goods or money: as `Write`, and the signature must be younger.
    OrderWrite,
}

impl Class {
    /// How far a nonce of this class has to be known.
    pub const fn reach(self) -> Reach {
        match self {
            Self::Read => Reach::Node,
            Self::Write | Self::OrderWrite => Reach::Cluster,
        }
    }
}
