//! Which IP addresses are public: the ends of all ranges, their neighbours, and whatever lies between.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use providers::address::is_public;

/// Closed ranges of IPv4 by first and last address.
const CLOSED_V4: [(&str, &str); 16] = [
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "239.255.255.255"),
    ("240.0.0.0", "255.255.255.255"),
];

/// Open ranges of IPv6, and what lies between them.
const OPEN_V6: [(&str, &str); 5] = [
    ("2000::", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:200::", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db9::", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2003::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("3fff:1000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
];

/// Prefixes under which other addresses hide, or which lead nowhere, with their lengths.
const HIDING: [(&str, u32); 14] = [
    ("::", 96),
    ("::ffff:0:0", 96),
    ("::ffff:0:0:0", 96),
    ("64:ff9b::", 96),
    ("64:ff9b:1::", 48),
    ("100::", 64),
    ("2001::", 32),
    ("2002::", 16),
    ("2001:db8::", 32),
    ("5f00::", 16),
    ("fc00::", 7),
    ("fe80::", 10),
    ("fec0::", 10),
    ("ff00::", 8),
];

fn v4(text: &str) -> u32 {
    text.parse::<Ipv4Addr>().expect("an address").to_bits()
}

fn v6(text: &str) -> u128 {
    text.parse::<Ipv6Addr>().expect("an address").to_bits()
}

fn public_v4(bits: u32) -> bool {
    is_public(Ipv4Addr::from_bits(bits).into())
}

fn public_v6(bits: u128) -> bool {
    is_public(Ipv6Addr::from_bits(bits).into())
}

fn closed_v4(bits: u32) -> bool {
    let mut ranges = CLOSED_V4.iter();
    ranges.any(|(first, last)| (v4(first)..=v4(last)).contains(&bits))
}

fn open_v6(bits: u128) -> bool {
    let mut ranges = OPEN_V6.iter();
    ranges.any(|(first, last)| (v6(first)..=v6(last)).contains(&bits))
}

#[test]
fn d3b_each_range_is_closed_to_its_ends_and_no_further() {
    for (first, last) in CLOSED_V4 {
        assert!(!public_v4(v4(first)) && !public_v4(v4(last)), "{first}");
        let neighbours = [v4(first).checked_sub(1), v4(last).checked_add(1)];
        for neighbour in neighbours.into_iter().flatten() {
            assert_eq!(public_v4(neighbour), !closed_v4(neighbour), "{first}");
        }
    }
    // Only the last two lie side by side.
    assert!(!public_v4(v4("239.255.255.255")) && public_v4(v4("223.255.255.255")));
}

#[test]
fn d3_each_range_is_open_to_its_ends_and_no_further() {
    for (first, last) in OPEN_V6 {
        assert!(public_v6(v6(first)) && public_v6(v6(last)), "{first}");
    }
    for (first, last) in OPEN_V6 {
        let neighbours = [v6(first) - 1, v6(last) + 1];
        assert!(neighbours.iter().any(|bits| !public_v6(*bits)), "{first}");
        for neighbour in neighbours {
            assert_eq!(public_v6(neighbour), open_v6(neighbour), "{first}");
        }
    }
    assert!(!public_v6(0) && !public_v6(u128::MAX));
}

/// An address under one of the prefixes in [`HIDING`].
fn hidden() -> impl Strategy<Value = u128> {
    (prop::sample::select(&HIDING[..]), any::<u128>())
        .prop_map(|((first, length), rest)| v6(first) | (rest >> length))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn d3b_an_ipv4_address_is_public_outside_the_ranges_only(bits: u32) {
        prop_assert_eq!(public_v4(bits), !closed_v4(bits));
    }

    #[test]
    fn d3b_no_address_in_a_range_is_public(range in 0..CLOSED_V4.len(), at: u32) {
        let (first, last) = (v4(CLOSED_V4[range].0), v4(CLOSED_V4[range].1));
        let bits = first + u32::try_from(u64::from(at) % (u64::from(last - first) + 1)).expect("within");
        prop_assert!(!public_v4(bits));
    }

    #[test]
    fn d3_an_ipv6_address_is_public_within_the_ranges_only(bits: u128, within: bool) {
        // Half of them where it is decided finely.
        let bits = if within { 0x2 << 124 | bits >> 3 } else { bits };
        prop_assert_eq!(public_v6(bits), open_v6(bits));
    }

    #[test]
    fn d3_nothing_hides_in_an_ipv6_address(bits in hidden()) {
        prop_assert!(!public_v6(bits));
    }

    #[test]
    fn d3_no_ipv4_address_is_public_within_an_ipv6_one(bits: u32) {
        let inside = Ipv4Addr::from_bits(bits);
        prop_assert!(!is_public(inside.to_ipv6_mapped().into()));
        prop_assert!(!is_public(inside.to_ipv6_compatible().into()));
        prop_assert!(!public_v6(v6("64:ff9b::") | u128::from(bits)));
        prop_assert!(!public_v6(v6("2002::") | u128::from(bits) << 80));
    }
}

#[test]
fn d3_control_a_list_of_what_is_bad_is_found_wanting() {
    // As many are written: unwrap what is mapped, refuse what the standard library has a name for.
    let not_listed = |bits: u128| match Ipv6Addr::from_bits(bits).to_canonical() {
        IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_private() || v4.is_link_local()),
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    };
    let forgetful = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let found = TestRunner::new(forgetful).run(&hidden(), |bits| {
        prop_assert!(!not_listed(bits));
        Ok(())
    });
    assert!(found.is_err());
}
