//! Meta's question whether the URL is ours.

use domain::Credentials;
use secrecy::SecretString;

use crate::stage::webhooks;

fn verifier(app_secret: &str, verify_token: &str) -> Box<dyn providers::Verifier> {
    let secret: Credentials = [("app_secret", app_secret), ("verify_token", verify_token)]
        .into_iter()
        .map(|(name, value)| (name, SecretString::from(value)))
        .collect();
    webhooks().verifier(Some(&secret))
}

fn ask(verifier: &dyn providers::Verifier, query: &[(&str, &str)]) -> Option<String> {
    let query: Vec<_> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    verifier.answer_handshake(&query)
}

const MODE: (&str, &str) = ("hub.mode", "subscribe");
const TOKEN: (&str, &str) = ("hub.verify_token", "right");

#[test]
fn only_the_right_token_and_a_sound_challenge_are_answered() {
    let verifier = verifier("0123456789abcdef", "right");
    let (longest, longer) = ("x".repeat(128), "x".repeat(129));
    let challenge = |text| ("hub.challenge", text);
    for text in ["1", "1158201444", "aZ_-9", &longest] {
        for query in [
            [MODE, TOKEN, challenge(text)],
            [challenge(text), TOKEN, MODE],
        ] {
            assert_eq!(ask(&*verifier, &query).as_deref(), Some(text));
        }
    }
    for text in ["", "a b", "<b>", "a\nb", "é", "a.b", "a/b", "%41", &longer] {
        assert_eq!(
            ask(&*verifier, &[MODE, TOKEN, challenge(text)]),
            None,
            "{text}"
        );
    }
    for token in [
        "", "wrong", "right ", " right", "RIGHT", "righ", "rightt", "right\0",
    ] {
        let query = [MODE, ("hub.verify_token", token), challenge("1")];
        assert_eq!(ask(&*verifier, &query), None, "{token}");
    }
    for mode in ["", "unsubscribe", "SUBSCRIBE", "subscribe "] {
        let query = [("hub.mode", mode), TOKEN, challenge("1")];
        assert_eq!(ask(&*verifier, &query), None, "{mode}");
    }
}

#[test]
fn what_is_missing_or_said_twice_is_not_answered() {
    let verifier = verifier("0123456789abcdef", "right");
    let challenge = ("hub.challenge", "1");
    let whole = [MODE, TOKEN, challenge];
    assert!(ask(&*verifier, &whole).is_some());
    assert!(ask(&*verifier, &[]).is_none());
    for left_out in 0..3 {
        let mut query = whole.to_vec();
        let one = query.remove(left_out);
        assert!(ask(&*verifier, &query).is_none(), "without {}", one.0);
        query.extend([one, one]);
        assert!(ask(&*verifier, &query).is_none(), "{} twice", one.0);
    }
    let underscored = [
        ("hub_mode", "subscribe"),
        ("hub_verify_token", "right"),
        ("hub_challenge", "1"),
    ];
    assert!(ask(&*verifier, &underscored).is_none());
}

#[test]
fn without_secrets_nothing_is_answered() {
    let empty = [MODE, ("hub.verify_token", ""), ("hub.challenge", "1")];
    let right = [MODE, TOKEN, ("hub.challenge", "1")];
    for verifier in [
        verifier("", "right"),
        verifier("0123456789abcdef", ""),
        webhooks().verifier(None),
    ] {
        assert_eq!(ask(&*verifier, &empty), None);
        assert_eq!(ask(&*verifier, &right), None);
    }
}
