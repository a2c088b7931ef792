//! Where a request comes from, as far as limits on floods ask: the network behind which one house,
//! one hall or one attacker sits.
//!
//! The address is that of the connection. Only a proxy that the operator trusts is believed when it
//! names another in `X-Forwarded-For` or `Forwarded` (RFC 7239).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};

use crate::settings::proxies::TrustedProxies;

/// One address of IPv4; of IPv6 the first 64 bits, which is what one customer has at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// Stands for all whose own place cannot be remembered.
    pub const OTHERS: Self = Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED));

    pub fn of(request: &HttpRequest, proxies: &TrustedProxies) -> Self {
        match request.peer_addr() {
            Some(peer) => Self::from(client(peer.ip(), request.headers(), proxies)),
            // Not over a network at all.
            None => Self::OTHERS,
        }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// The address that the nearest hop which is no trusted proxy has.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    if !proxies.trust(peer) {
        return peer;
    }
    let follow = |name, read: fn(&str) -> Option<IpAddr>| {
        let hops = hops(headers, name)?;
        Some(nearest(peer, hops.iter().rev().map(|hop| read(hop)), proxies))
    };
    match (follow(X_FORWARDED_FOR, address), follow(FORWARDED, forwarded_for)) {
        (Some(one), Some(other)) if one != other => {
            // Which of the two the proxy wrote cannot be told, so the client brought one along:
            // whoever does that shares the proxy's own place.
            peer
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => peer,
    }
}

/// From the nearest hop outwards, as far as each is trusted to name the next.
fn nearest(peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>, proxies: &TrustedProxies) -> IpAddr {
    let mut known = peer;
    for hop in hops {
        let Some(hop) = hop else { return known };
        known = hop;
        if !proxies.trust(hop) {
            return known;
        }
    }
    known
}

/// The elements of a list that may stand in several headers; the nearest hop last.
fn hops(headers: &HeaderMap, name: HeaderName) -> Option<Vec<String>> {
    let mut values = headers.get_all(name).peekable();
    values.peek()?;
    let lines = values.map(|value| value.to_str().unwrap_or_default());
    Some(
        lines
            .flat_map(|line| line.split(','))
            .map(|hop| hop.trim().to_owned())
            .collect(),
    )
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let parsed = bare.unwrap_or(hop).parse().ok();
    let address = parsed.or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(address.to_canonical())
}

/// `for="[2001:db8::1]:4711";proto=https`; no address where it says `unknown` or a made-up name.
fn forwarded_for(hop: &str) -> Option<IpAddr> {
    let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs
        .into_iter()
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const PROXIES: &str = "127.0.0.1, 10.0.0.0/8, 2001:db8:1::/48";

    fn seen(peer: &str, headers: &[(HeaderName, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let proxies = PROXIES.parse().unwrap();
        client(peer.parse().unwrap(), &map, &proxies).to_string()
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        let forged = [(X_FORWARDED_FOR, "198.51.100.1"), (FORWARDED, "for=198.51.100.1")];
        assert_eq!(seen("203.0.113.7", &forged), "203.0.113.7");
        assert_eq!(seen("203.0.113.7", &[]), "203.0.113.7");
        assert_eq!(seen("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", &forged), "198.51.100.1");
    }

    #[test]
    fn what_the_client_wrote_itself_is_passed_over() {
        let chain = "192.0.2.9, 198.51.100.1, 10.0.0.3";
        assert_eq!(seen("127.0.0.1", &[(X_FORWARDED_FOR, chain)]), "198.51.100.1");
        // In several lines, which are one list.
        let lines = [
            (X_FORWARDED_FOR, "192.0.2.9"),
            (X_FORWARDED_FOR, "198.51.100.1,10.0.0.3"),
        ];
        assert_eq!(seen("127.0.0.1", &lines), "198.51.100.1");
        // A request of the proxies' own.
        assert_eq!(
            seen("127.0.0.1", &[(X_FORWARDED_FOR, "10.0.0.9, 10.0.0.3")]),
            "10.0.0.9"
        );
    }

    #[test]
    fn a_header_that_the_proxy_does_not_write_moves_nobody_elsewhere() {
        let both = [(X_FORWARDED_FOR, "198.51.100.1"), (FORWARDED, "for=192.0.2.9")];
        assert_eq!(seen("127.0.0.1", &both), "127.0.0.1");
    }

    #[test]
    fn every_spelling_of_an_address_is_read() {
        for hop in [
            "198.51.100.1",
            "198.51.100.1:4711",
            " 198.51.100.1 ",
            "::ffff:198.51.100.1",
        ] {
            assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, hop)]), "198.51.100.1", "{hop}");
        }
        for hop in ["2001:db8::9", "[2001:db8::9]", "[2001:db8::9]:4711"] {
            assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, hop)]), "2001:db8::9", "{hop}");
        }
        for hop in [
            "for=198.51.100.1",
            "For=\"198.51.100.1:4711\";proto=https",
            "proto=http; by=203.0.113.43 ;for=198.51.100.1",
            "for=192.0.2.9, for=198.51.100.1, for=\"[2001:db8:1::1]:80\"",
        ] {
            assert_eq!(seen("10.0.0.1", &[(FORWARDED, hop)]), "198.51.100.1", "{hop}");
        }
    }

    #[test]
    fn a_hop_without_an_address_ends_the_trail() {
        for hop in ["", "unknown", "localhost", "198.51.100.1.2", "198.51.100.1, ", "é"] {
            assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, hop)]), "10.0.0.1", "{hop}");
        }
        for hop in ["for=unknown", "for=_hidden", "proto=https", "for", "for=\"\""] {
            assert_eq!(seen("10.0.0.1", &[(FORWARDED, hop)]), "10.0.0.1", "{hop}");
        }
        assert_eq!(
            seen("10.0.0.1", &[(X_FORWARDED_FOR, "192.0.2.9, unknown, 10.0.0.3")]),
            "10.0.0.3"
        );
    }

    #[test]
    fn one_customer_is_one_network() {
        let network = |text: &str| Network::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8:0:1::5"), network("2001:db8:0:1:ffff::9"));
        assert_ne!(network("2001:db8:0:1::5"), network("2001:db8:0:2::5"));
        assert_ne!(network("198.51.100.1"), network("198.51.100.2"));
        assert_eq!(network("198.51.100.1"), network("::ffff:198.51.100.1"));
    }
}
