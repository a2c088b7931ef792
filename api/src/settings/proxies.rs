//! Proxies whose word on where a request comes from is taken: addresses and ranges of them.

use std::net::IpAddr;
use std::str::FromStr;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Range>);

/// All addresses that share the first `length` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    address: IpAddr,
    length: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub struct NotARange(pub String);

impl TrustedProxies {
    pub fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(address.to_canonical()))
    }
}

impl FromStr for TrustedProxies {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let ranges = text.split(',').map(str::trim).filter(|range| !range.is_empty());
        ranges
            .map(|range| Range::parse(range).ok_or_else(|| NotARange(range.to_owned())))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (_, width) = bits(address);
        let length = length.unwrap_or(width);
        (length <= width).then_some(Self { address, length })
    }

    fn contains(self, address: IpAddr) -> bool {
        let ((own, width), (other, other_width)) = (bits(self.address), bits(address));
        // Shifted by all of its bits nothing is left to differ.
        width == other_width && (own ^ other).checked_shr(width - self.length).unwrap_or(0) == 0
    }
}

fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u32::from(address).into(), 32),
        IpAddr::V6(address) => (address.into(), 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(list: &str, address: &str) -> bool {
        let list: TrustedProxies = list.parse().unwrap();
        list.trust(address.parse().unwrap())
    }

    #[test]
    fn addresses_and_ranges_are_told_apart() {
        assert!(trusted("127.0.0.1", "127.0.0.1"));
        assert!(!trusted("127.0.0.1", "127.0.0.2"));
        assert!(trusted("::1, 10.0.0.0/8", "10.255.0.1"));
        assert!(!trusted("::1, 10.0.0.0/8", "11.0.0.1"));
        assert!(trusted("192.0.2.128/25", "192.0.2.200"));
        assert!(!trusted("192.0.2.128/25", "192.0.2.127"));
        assert!(trusted("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!trusted("2001:db8::/32", "2001:db9::1"));
        assert!(trusted("0.0.0.0/0", "203.0.113.9"));
        assert!(!trusted("0.0.0.0/0", "2001:db8::1"), "each family for itself");
        assert!(trusted("::/0", "2001:db8::1"));
        // As a socket for both families shows an address of the older one.
        assert!(trusted("10.0.0.1", "::ffff:10.0.0.1"));
        assert!(!trusted("", "127.0.0.1"));
    }

    #[test]
    fn what_is_no_range_is_named() {
        for bad in [
            "proxy",
            "10.0.0.0/33",
            "::1/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0/8",
            "/8",
        ] {
            let list = format!("127.0.0.1, {bad}");
            assert_eq!(list.parse::<TrustedProxies>(), Err(NotARange(bad.to_owned())));
        }
    }
}
