//! Which address a request is taken to come from, by the peer, the header, and how many proxies are trusted.

use std::net::IpAddr;

use axum::http::Request;
use divine_whispers::http::{ClientAddress, PeerAddress};

/// The address of a request over a connection from 10.0.0.9 with these lines of the header.
fn address(lines: &[&str], trusted_proxies: usize) -> String {
    let mut request = Request::builder().extension(PeerAddress(IpAddr::from([10, 0, 0, 9])));
    for line in lines {
        request = request.header("X-Forwarded-For", *line);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let ClientAddress(address) = ClientAddress::of(&parts, trusted_proxies);
    address.unwrap().to_string()
}

#[test]
fn without_trusted_proxies_the_header_is_not_believed() {
    assert_eq!(address(&["203.0.113.7"], 0), "10.0.0.9");
    assert_eq!(address(&[], 0), "10.0.0.9");
}

#[test]
fn each_trusted_proxy_is_one_entry_from_the_end() {
    let lines = ["forged, 198.51.100.1", "203.0.113.7, 10.0.0.8"];
    assert_eq!(address(&lines, 1), "10.0.0.8");
    assert_eq!(address(&lines, 2), "203.0.113.7");
    assert_eq!(address(&lines, 3), "198.51.100.1");
}

#[test]
fn what_does_not_fit_the_settings_leaves_the_peer() {
    for lines in [&[][..], &["203.0.113.7"], &["unknown, 10.0.0.8"], &[", "]] {
        assert_eq!(address(lines, 2), "10.0.0.9", "{lines:?}");
    }
}

#[test]
fn ports_and_both_families_are_understood() {
    for (entry, expected) in [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ] {
        assert_eq!(address(&[entry], 1), expected);
    }
}

#[test]
fn a_request_without_a_connection_has_no_address() {
    let (parts, ()) = Request::new(()).into_parts();
    assert_eq!(ClientAddress::of(&parts, 1), ClientAddress(None));
}
