//! What is found, and what is not.

use super::*;

/// Characters that every encoding has to change.
const SECRET: &str = "EAAG/k+~\"x\\y z?>>>%2F&<'";
/// As long and as odd, but another.
const OTHER: &str = "EAAG/k+~\"x\\y z?>>!%2F&<'";
/// Beyond ASCII.
const WIDE: &str = "EAAG/k+ü~\"x\\y z?>>>😀";

/// A text in all known ways, and in some that leave most of it as it is.
fn ways(text: &str) -> Vec<(Encoding, Vec<u8>)> {
    let sparing = [
        (
            Encoding::Percent,
            text.replace('%', "%25")
                .replace('/', "%2f")
                .replace('+', "%2B")
                .replace(' ', "+"),
        ),
        (
            Encoding::Json,
            text.replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('/', "\\/"),
        ),
        (Encoding::Json, serde_json::to_string(text).unwrap()),
        (
            Encoding::Json,
            serde_json::to_string(&serde_json::to_string(text).unwrap()).unwrap(),
        ),
    ];
    let backwards: Vec<u8> = text.bytes().rev().collect();
    let all = written(text).into_iter().chain(sparing);
    all.map(|(encoding, text)| (encoding, text.into_bytes()))
        .chain([(Encoding::Reversed, backwards)])
        .collect()
}

fn amid(text: &[u8]) -> Vec<u8> {
    [b"before ".as_slice(), text, b" after"].concat()
}

#[test]
fn every_encoding_is_found_and_named() {
    for secret in [SECRET, WIDE] {
        let scanner = Scanner::new([("token", secret)]);
        for (encoding, text) in ways(secret) {
            let hay = amid(&text);
            let leaks = scanner.scan(&hay);
            assert!(
                leaks
                    .iter()
                    .any(|leak| leak.encoding == encoding && leak.secret == "token"),
                "{encoding:?} of {:?}: {leaks:?}",
                String::from_utf8_lossy(&hay)
            );
        }
    }
}

#[test]
fn another_text_in_the_same_encoding_is_no_leak() {
    let scanner = Scanner::new([("token", SECRET)]);
    for (encoding, text) in ways(OTHER) {
        assert_eq!(scanner.scan(&text), [], "{encoding:?}");
    }
}

#[test]
fn a_part_of_a_secret_is_no_leak() {
    let scanner = Scanner::new([("token", "abcdefgh12345678")]);
    assert_eq!(scanner.scan(b"abcdefgh1234567 bcdefgh12345678"), []);
    assert_eq!(scanner.scan(b""), []);
}

#[test]
fn an_end_of_a_secret_is_a_leak_to_who_asks_for_ends() {
    const LONG: &str = "be\"/\\+%>-in the middle-<%+\\/\"end";
    let scanner = Scanner::with_ends([("token", LONG)]);
    for (part, text) in [
        (Part::Beginning, &LONG[..8]),
        (Part::End, &LONG[LONG.len() - 8..]),
    ] {
        for (encoding, text) in ways(text) {
            let leaks = scanner.scan(&amid(&text));
            assert!(
                leaks
                    .iter()
                    .any(|leak| leak.encoding == encoding && leak.part == part),
                "{part:?} as {encoding:?} of {:?}: {leaks:?}",
                String::from_utf8_lossy(&text)
            );
        }
    }
    let said = format!("{:?}", scanner.scan(&LONG.as_bytes()[..9]));
    assert_eq!(said, "[beginning of token as Raw at byte 0]");
}

#[test]
fn less_than_an_end_is_no_leak() {
    const LONG: &str = "begin-12-in the middle-34-end-56";
    let scanner = Scanner::with_ends([("token", LONG)]);
    let mask = format!(r#"{{"set":true,"last4":"{}"}}"#, &LONG[LONG.len() - 4..]);
    for less in [&mask, &LONG[..6], &LONG[LONG.len() - 6..], &LONG[2..30]] {
        for (encoding, text) in ways(less) {
            assert_eq!(scanner.scan(&text), [], "{less} as {encoding:?}");
        }
    }
}

#[test]
fn each_secret_is_reported_by_its_name_and_never_by_its_value() {
    let secrets = [
        ("token", "first-secret-value"),
        ("app_secret", "second-secret-text!"),
    ];
    for scanner in [Scanner::new(secrets), Scanner::with_ends(secrets)] {
        let leaks = scanner.scan(b"xx second-secret-text! second-secret-text!");
        assert_eq!(
            leaks,
            [Leak {
                secret: "app_secret".into(),
                part: Part::Whole,
                encoding: Encoding::Raw,
                at: 3
            }]
        );
        assert_eq!(format!("{leaks:?}"), "[app_secret as Raw at byte 3]");
    }
}

#[test]
#[should_panic(expected = "too short")]
fn a_short_secret_is_not_looked_for() {
    Scanner::new([("pin", "1234567")]);
}
