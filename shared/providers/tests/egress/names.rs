//! Names, by what they lead to.

use std::net::IpAddr;

use providers::Overrides;
use providers::address::Rule;
use providers::http::NoAnswer;
use rustls::ALL_VERSIONS;

use crate::hostile::GOOD;
use crate::server::{Authority, Server};
use crate::stage::{Found, PUBLIC, Script, egress, get, named, trusting};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

fn found(addresses: &[&str]) -> Found {
    let parsed = addresses.iter().map(|one| one.parse().expect("an address"));
    Some(parsed.collect())
}

/// Names whose text is good, what they lead to, and the rule that stops them; none where nothing can be told.
fn rows() -> Vec<(u8, &'static str, Found, Option<Rule>)> {
    let closed = Some(Rule::NotPublic);
    vec![
        (118, "127.0.0.1.nip.io", found(&["127.0.0.1"]), closed),
        (
            119,
            "169-254-169-254.sslip.io",
            found(&["169.254.169.254"]),
            closed,
        ),
        (120, "localtest.me", found(&["::1"]), closed),
        (121, "hooks.example.org", found(&["10.0.0.5"]), closed),
        (
            122,
            "hooks.example.org",
            found(&["93.184.215.14", "10.0.0.5"]),
            closed,
        ),
        // By way of an alias for a metadata service.
        (
            124,
            "alias.example.org",
            found(&["169.254.169.254"]),
            closed,
        ),
        (
            125,
            "hooks.example.org",
            found(&["64:ff9b::a9fe:a9fe"]),
            closed,
        ),
        (
            126,
            "hooks.example.org",
            found(&["::ffff:10.0.0.1"]),
            closed,
        ),
        (127, "hooks.example.org", found(&[]), Some(Rule::NoAddress)),
        (128, "hooks.example.org", None, None),
        (
            129,
            "kms.eu-central-1.amazonaws.com",
            found(&["10.0.3.7"]),
            closed,
        ),
    ]
}

fn is_stopped(sent: Option<NoAnswer>, rule: Option<Rule>) -> bool {
    match (sent, rule) {
        (Some(NoAnswer::Refused(refused)), Some(rule)) => refused.rule() == rule,
        (sent, None) => sent == Some(NoAnswer::NotSent),
        _ => false,
    }
}

#[tokio::test]
async fn d2_a_name_that_leads_elsewhere_is_not_dialled() {
    let nobody = "127.0.0.1:1".parse().expect("an address");
    for (number, name, found, rule) in rows() {
        let network = Script::leading([found.clone()], nobody);
        let url = format!("https://{name}/");
        let tenants = egress(&network, &Overrides::default());
        assert!(
            tenants.destination(&url).is_ok(),
            "{number}: the text is good"
        );
        let sent = get(&tenants, &url).await.err();
        assert!(is_stopped(sent, rule), "{number}: {sent:?}");
        assert_eq!(network.looked_up(), [name], "{number}");
        assert_eq!(network.dialled(), [] as [IpAddr; 0], "{number}");
        // Control: what an operator names may lead anywhere.
        let sent = get(&egress(&network, &named(&[&url])), &url).await.err();
        assert_eq!(sent, Some(NoAnswer::NotSent), "{number}");
        assert_eq!(network.dialled(), found.unwrap_or_default(), "{number}");
    }
    println!("names tried {}, dials made 0", rows().len());
}

#[tokio::test]
async fn d2_one_bad_answer_among_a_hundred_is_enough() {
    let nobody = "127.0.0.1:1".parse().expect("an address");
    for bad in 0..100 {
        let mut found = vec![PUBLIC; 100];
        found[bad] = "192.168.0.1".parse().expect("an address");
        let network = Script::leading([Some(found)], nobody);
        let sent = get(
            &egress(&network, &Overrides::default()),
            "https://hooks.example.org/",
        )
        .await;
        assert!(is_stopped(sent.err(), Some(Rule::NotPublic)), "{bad}");
        assert!(network.dialled().is_empty(), "{bad}");
    }
    let network = Script::leading([Some(vec![PUBLIC; 100])], nobody);
    let sent = get(
        &egress(&network, &Overrides::default()),
        "https://hooks.example.org/",
    )
    .await;
    assert_eq!(sent.err(), Some(NoAnswer::NotSent));
    assert_eq!(network.dialled(), vec![PUBLIC; 100]);
}

#[tokio::test]
async fn d2_a_name_that_changes_its_mind_was_asked_once() {
    let authority = Authority::new();
    let certified = authority.certify(&["hooks.example.org"]);
    let server = Server::tls(certified, ALL_VERSIONS, OK).await;
    let metadata = found(&["169.254.169.254"]);
    let network = Script::leading([Some(vec![PUBLIC]), metadata], server.at);
    let egress = trusting(&network, &Overrides::default(), Some(&authority.pem()));
    // 123: what was checked is what is connected to.
    let answer = get(&egress, "https://hooks.example.org/").await;
    assert_eq!(answer.map(|answer| answer.status), Ok(200));
    assert_eq!(
        (network.looked_up().len(), network.dialled()),
        (1, vec![PUBLIC])
    );
    let again = get(&egress, "https://hooks.example.org/").await;
    assert!(is_stopped(again.err(), Some(Rule::NotPublic)));
    assert_eq!(
        (network.looked_up().len(), network.dialled()),
        (2, vec![PUBLIC])
    );
}

#[tokio::test]
async fn d2_d11_the_server_is_asked_by_its_name_whatever_address_was_dialled() {
    let authority = Authority::new();
    for addresses in [
        &["93.184.215.14"][..],
        &["2606:4700:4700::1111"],
        &["2606:4700:4700::1111", "1.1.1.1"],
    ] {
        for (url, host) in GOOD {
            let server = Server::tls(authority.certify(&[host]), ALL_VERSIONS, OK).await;
            let network = Script::leading([found(addresses)], server.at);
            let egress = trusting(&network, &Overrides::default(), Some(&authority.pem()));
            // A port that is written out is the server's own.
            let answer = get(&egress, url).await;
            assert_eq!(answer.map(|answer| answer.status), Ok(200), "{url}");
            assert_eq!(Some(network.dialled()), found(addresses), "{url}");
            let seen = server.seen();
            assert_eq!(seen.len(), 1, "{url}");
            assert_eq!(seen[0].server_name.as_deref(), Some(host), "{url}");
            assert!(
                seen[0].head.contains(&format!("host: {host}\r\n")),
                "{:?}",
                seen[0]
            );
        }
    }
}
