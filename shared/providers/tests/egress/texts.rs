//! Addresses as texts, and as URLs that somebody has parsed already.

use http::Method;
use proptest::prelude::*;
use providers::Overrides;
use providers::address::{self, MAX_BYTES, OwnHosts, Rule};
use providers::http::{NoAnswer, Outgoing};
use tokio::net::TcpListener;
use url::{Host, Url};

use crate::hostile::{FURTHER, GOOD, OWN, REPAIRED, ROWS};
use crate::server::connections;
use crate::stage::{PUBLIC, Script, egress, get, named, own_hosts};

/// As long as may be, or by so many bytes longer.
fn long(more: usize) -> String {
    let start = "https://hooks.example.org/";
    format!("{start}{}", "x".repeat(MAX_BYTES - start.len() + more))
}

/// All hostile addresses by number.
fn all() -> Vec<(u8, String, Rule)> {
    let rows = ROWS
        .iter()
        .map(|(n, text, rule)| (*n, (*text).to_owned(), *rule));
    let own = OWN
        .iter()
        .map(|url| (117, format!("{url}/webhooks/x"), Rule::OwnHost));
    let long = [(116, long(1), Rule::TooLong)];
    rows.chain(long).chain(own).collect()
}

#[test]
fn d1_every_hostile_text_is_refused() {
    let network = Script::new();
    let egress = egress(&network, &Overrides::default());
    for (number, text, rule) in all() {
        let refused = egress.destination(&text).expect_err("hostile");
        assert_eq!(refused.rule(), rule, "{number}: {text:?}");
        assert_eq!(
            address::url(&text, &own_hosts()),
            Err(refused),
            "{number}: {text:?}"
        );
        assert!(address::origin(&text).is_err(), "{number}: {text:?}");
    }
    for text in FURTHER {
        assert!(egress.destination(text).is_err(), "{text:?}");
        assert!(address::origin(text).is_err(), "{text:?}");
    }
    assert!(network.looked_up().is_empty() && network.dialled().is_empty());
    println!("texts tried {}, dials made 0", all().len() + FURTHER.len());
}

#[tokio::test]
async fn d1_no_hostile_url_leaves_however_it_was_parsed() {
    let network = Script::new();
    let egress = egress(&network, &Overrides::default());
    let (mut tried, mut unreadable) = (0, 0);
    for (number, text, _) in all() {
        let Ok(url) = Url::parse(&text) else {
            unreadable += 1;
            continue;
        };
        if REPAIRED.0.contains(&number) {
            assert_eq!(url.host_str(), Some(REPAIRED.1), "{number}");
            continue;
        }
        tried += 1;
        let sent = egress.send(Outgoing::new(Method::POST, url)).await;
        assert!(
            matches!(sent, Err(NoAnswer::Refused(_))),
            "{number}: {text:?}"
        );
    }
    assert!(network.looked_up().is_empty(), "{:?}", network.looked_up());
    assert!(network.dialled().is_empty());
    println!("URLs tried {tried}, texts that are no URL {unreadable}, dials made 0");
}

#[tokio::test]
async fn d1_control_without_the_rules_the_same_urls_are_dialled() {
    let mut dialled = 0;
    for (number, text, _) in all() {
        let Ok(url) = Url::parse(&text) else { continue };
        if !matches!(url.scheme(), "http" | "https") || !matches!(url.host(), Some(Host::Domain(_)))
        {
            continue;
        }
        // What an operator names is held against no rule.
        let network = Script::new();
        let sent = get(&egress(&network, &named(&[&text])), &text).await;
        assert_eq!(sent.err(), Some(NoAnswer::NotSent), "{number}: {text:?}");
        assert_eq!(network.dialled(), [PUBLIC], "{number}: {text:?}");
        dialled += 1;
    }
    assert!(dialled >= 20, "{dialled}");
    println!("control: dials made {dialled}");
}

#[tokio::test]
async fn d4_literals_are_refused_though_no_resolver_sees_them() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let connections = connections(listener);
    let spellings = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ];
    for (number, host) in spellings.iter().enumerate() {
        let url = format!("https://{host}:{port}/");
        let network = Script::new();
        let sent = get(&egress(&network, &Overrides::default()), &url).await;
        assert!(matches!(sent, Err(NoAnswer::Refused(_))), "{host}");
        assert_eq!(connections.so_far(), number, "{host}");
        // Control: it is the rules that kept it from connecting.
        let sent = get(&egress(&network, &named(&[&url])), &url).await;
        assert_eq!(sent.err(), Some(NoAnswer::NotSent), "{host}");
        assert_eq!(connections.so_far(), number + 1, "{host}");
        assert!(network.looked_up().is_empty(), "{host}");
    }
}

#[tokio::test]
async fn d1_what_is_good_passes_up_to_the_dialler() {
    let mut provider_hosts = Vec::new();
    for provider in providers::ALL {
        let base_url = provider.descriptor().base_url;
        if let Ok(url) = Url::parse(base_url) {
            provider_hosts.push((base_url, url.host_str().expect("a host").to_owned()));
        }
    }
    assert!(!provider_hosts.is_empty());
    let good = GOOD.iter().map(|(text, host)| (*text, (*host).to_owned()));
    let as_long_as_may_be = long(0);
    let longest = (as_long_as_may_be.as_str(), "hooks.example.org".to_owned());
    for (text, host) in good.chain([longest]).chain(provider_hosts) {
        let network = Script::new();
        let egress = egress(&network, &Overrides::default());
        let url = egress.destination(text).expect("good");
        let sent = egress.send(Outgoing::new(Method::GET, url)).await;
        assert_eq!(sent.err(), Some(NoAnswer::NotSent), "{text}");
        assert_eq!(
            (network.looked_up(), network.dialled()),
            (vec![host], vec![PUBLIC]),
            "{text}"
        );
    }
}

#[test]
fn d1_where_a_host_is_asked_for_no_more_is_taken() {
    for text in [
        "https://chat.example.com",
        "https://xn--bcher-kva.example.org",
    ] {
        let url = address::origin(text).expect("an origin");
        assert_eq!(url.origin().ascii_serialization(), text);
    }
    for text in [
        "https://chat.example.com/",
        "https://chat.example.com/path",
        "https://chat.example.com?x",
        "https://chat.example.com:443",
        "https://chat.example.com:8443",
        "https://CHAT.example.com",
        "https://user@chat.example.com",
        "http://chat.example.com",
    ] {
        assert!(address::origin(text).is_err(), "{text}");
    }
}

#[test]
fn d1_our_own_hosts_come_as_a_list_of_urls() {
    let hosts: OwnHosts = "https://API.example.net:443/base, ,http://a.example.net,"
        .parse()
        .expect("URLs");
    assert!(hosts.contain("api.example.net") && hosts.contain("a.example.net"));
    assert!(!hosts.contain("example.net") && !OwnHosts::NONE.contain(""));
    assert!("".parse::<OwnHosts>().is_ok());
    for none in ["api.example.net", "https://", "mailto:x"] {
        assert!(none.parse::<OwnHosts>().is_err(), "{none}");
    }
}

#[tokio::test]
async fn what_the_operator_names_is_reached_there_and_nowhere_else() {
    let overrides = named(&["http://crm.corp.example.com:8080/base/", "no URL"]);
    for (url, reached) in [
        ("http://crm.corp.example.com:8080/any", true),
        ("https://crm.corp.example.com/any", false),
        ("http://crm.corp.example.com/any", false),
        ("https://crm.corp.example.com:8080/any", false),
        ("https://www.corp.example.com/any", true),
    ] {
        let network = Script::new();
        let egress = egress(&network, &overrides);
        let sent = get(&egress, url).await;
        assert_eq!(sent.err() == Some(NoAnswer::NotSent), reached, "{url}");
        assert_eq!(network.dialled().len(), usize::from(reached), "{url}");
        let chosen = egress.destination(url).is_ok();
        assert_eq!(
            chosen,
            url.contains("www"),
            "a tenant chooses none of them: {url}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn d1_whatever_passes_is_a_name_on_port_443_spelt_as_it_is_understood(
        text in prop_oneof![
            any::<String>(),
            "https:/{0,4}[a-z0-9A-Z.:@%/\\\\?#\\[\\]-]{0,40}",
            "https://([a-z0-9-]{1,8}\\.){1,3}[a-z]{2,8}(:443)?(/[!-~]{0,20})?",
        ],
    ) {
        if let Ok(url) = address::url(&text, OwnHosts::NONE) {
            let host = url.host_str().unwrap_or_default();
            prop_assert!(matches!(url.host(), Some(Host::Domain(_))));
            prop_assert_eq!(url.port_or_known_default(), Some(443));
            let rest = text.strip_prefix("https://").expect("literally").to_ascii_lowercase();
            let rest = rest.strip_prefix(host).expect("the host comes first");
            prop_assert!(rest.is_empty() || rest.starts_with(['/', '?', ':']));
        }
    }
}
