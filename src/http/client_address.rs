//! Which address a request comes from: the one place that decides it, for limits, sessions and the audit log.
//!
//! `X-Forwarded-For` is written by whoever likes to. Each proxy appends the address that it was called from, so the last
//! entries are those of our own proxies, and only as many are believed as the settings say there are.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::request::Parts;

/// The header that proxies append to.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The address at the other end of the connection, which the server gives to each request as an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// The address of the client; `None` where the request did not come over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    /// The address that a request comes from, behind as many proxies of our own.
    pub fn of(parts: &Parts, trusted_proxies: usize) -> Self {
        let peer = parts.extensions.get::<PeerAddress>();
        Self(peer.map(|PeerAddress(peer)| behind_proxies(*peer, &parts.headers, trusted_proxies)))
    }
}

/// The entry that the outermost of our proxies has appended. Where there are too few entries, or that one is no
/// address, the request did not come the way that the settings say, and only the peer is sure.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted_proxies: usize) -> IpAddr {
    let forwarded = trusted_proxies.checked_sub(1).and_then(|skipped| {
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        read_entry(entries.nth(skipped)?)
    });
    forwarded.unwrap_or(peer).to_canonical()
}

/// An address, with a port or without: some proxies append both.
fn read_entry(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let bracketed = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bracketed.unwrap_or(entry).parse();
    address
        .or_else(|_| entry.parse().map(|address: SocketAddr| address.ip()))
        .ok()
}
