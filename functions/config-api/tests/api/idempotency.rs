//! A4: a key names one message of one tenant, whatever happens at once, fails, or dies in between. What is promised is
//! sent once; what is not is sent at most once, and its repeat is not held up by what was left behind.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::Value;
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::batches::{BATCH, batch, many, numbered};
use crate::sending_rights::grant;
use crate::stage::{ADMIN, MANAGER, Person, Reply, SERVICE, STRANGER, Stage, WHATSAPP, event};
use crate::two_tenants::dice;

const MESSAGES: &str = "/api/v1/messages";
const INSERTS: &str = "BatchExecuteStatement";
const READS: &str = "BatchGetItem";
const SENDS: &str = "SendMessageBatch";

/// Calls of the API's: what the provider tells meanwhile goes on another queue.
fn calls_of(operation: &'static str) -> Calls {
    match operation {
        SENDS => Calls::of(SENDS).on(names::MESSAGES),
        _ => Calls::of(operation),
    }
}

/// A request under a key: of one message, or of several.
#[derive(Debug, Clone)]
struct Request {
    who: Person,
    key: String,
    alone: bool,
    /// What the messages say, in their places.
    bodies: Vec<usize>,
}

/// What names a message: whose it is, the key, and its place if it is not alone.
type Name = (&'static str, &'static str, String, Option<usize>);

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// It was promised, under that id.
    Accepted(String),
    /// Its name is another message's.
    Reused,
    /// It may be asked for again; under that id, if one was told.
    Later(Option<String>),
    /// Nobody answered.
    Nothing,
}

/// A message that was asked for, and what became of it.
#[derive(Debug, Clone)]
struct Line {
    name: Name,
    body: usize,
    outcome: Outcome,
}

impl Request {
    fn event(&self) -> Value {
        let messages: Vec<Value> = self.bodies.iter().map(|body| numbered(*body)).collect();
        let mut event = match &messages[..] {
            [message] if self.alone => event(self.who, "POST", MESSAGES, message),
            _ => event(self.who, "POST", BATCH, &batch(messages)),
        };
        event["headers"]["idempotency-key"] = self.key.as_str().into();
        event
    }

    fn names(&self) -> impl Iterator<Item = Name> {
        let by = match self.who.role {
            "manager" => self.who.user,
            _ => "",
        };
        let name = move |place| (self.who.tenant, by, self.key.clone(), place);
        let places = 0..self.bodies.len();
        places.map(move |place| name((!self.alone).then_some(place)))
    }

    /// What became of each of its messages.
    fn lines(&self, reply: Option<&Reply>) -> Vec<Line> {
        let outcome = |place: usize| match reply {
            None => Outcome::Nothing,
            Some(reply) if self.alone => alone(reply),
            Some(reply) => of_several(reply, place),
        };
        let told = self.names().zip(&self.bodies).enumerate();
        told.map(|(place, (name, body))| Line {
            name,
            body: *body,
            outcome: outcome(place),
        })
        .collect()
    }
}

fn alone(reply: &Reply) -> Outcome {
    match reply.status {
        202 => Outcome::Accepted(reply.id().to_owned()),
        422 => {
            reply.is_problem(422, "idempotency_key_reused");
            Outcome::Reused
        }
        _ => {
            reply.is_problem(503, "temporarily_unavailable");
            Outcome::Later(None)
        }
    }
}

fn of_several(reply: &Reply, place: usize) -> Outcome {
    let told = match reply.status {
        202 => &reply.body["data"]["messages"][place],
        _ => &reply.body["items"][place],
    };
    let id = told["id"].as_str().map(str::to_owned);
    match told["error"]["code"].as_str() {
        None if told["status"] == "accepted" => Outcome::Accepted(id.expect("an id")),
        Some("idempotency_key_reused") => Outcome::Reused,
        Some("temporarily_unavailable") => Outcome::Later(id),
        // Nobody knew what its sender may send through: then nothing is told of any.
        None if reply.status == 503 => Outcome::Later(None),
        _ => panic!("{}", reply.text),
    }
}

/// What a history breaks of the promise; `sent` is what reached the provider: id and text.
fn broken(history: &[Line], sent: &[(String, String)]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut names: BTreeMap<&str, BTreeSet<Name>> = BTreeMap::new();
    let mut by_name: BTreeMap<Name, Vec<&Line>> = BTreeMap::new();
    for line in history {
        by_name.entry(line.name.clone()).or_default().push(line);
        if let Outcome::Accepted(id) | Outcome::Later(Some(id)) = &line.outcome {
            names.entry(id).or_default().insert(line.name.clone());
        }
    }
    for (id, names) in &names {
        if names.len() > 1 {
            broken.push(format!("{id} is the id of {names:?}"));
        }
    }
    for (name, lines) in by_name {
        let bodies: BTreeSet<usize> = lines.iter().map(|line| line.body).collect();
        let mut accepted: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for line in &lines {
            if let Outcome::Accepted(id) = &line.outcome {
                accepted.entry(line.body).or_default().insert(id);
            }
        }
        if accepted.len() > 1 || accepted.values().any(|ids| ids.len() > 1) {
            broken.push(format!("{name:?} was accepted as {accepted:?}"));
        }
        for line in lines.iter().filter(|line| line.outcome == Outcome::Reused) {
            if accepted.contains_key(&line.body) || bodies.len() == 1 {
                broken.push(format!("{name:?} refused its own body {}", line.body));
            }
        }
        let promised = accepted
            .iter()
            .flat_map(|(body, ids)| ids.iter().map(move |id| (body, id)));
        for (body, id) in promised {
            let texts: Vec<_> = sent
                .iter()
                .filter(|(of, _)| of == id)
                .map(|(_, text)| text)
                .collect();
            if texts != [&format!("Hello {body}!")] {
                broken.push(format!(
                    "{name:?}, promised as {body}, was sent as {texts:?}"
                ));
            }
        }
    }
    let ids: BTreeSet<&str> = sent.iter().map(|(id, _)| id.as_str()).collect();
    if ids.len() < sent.len() {
        broken.push("something was sent twice".to_owned());
    }
    broken
}

/// Both tenants connected, and tenant one's manager permitted to send.
async fn two_connected() -> Stage {
    let (stage, _) = Stage::configured().await;
    grant(&stage, MANAGER).await;
    let form = stage.form("two").await;
    let reply = stage.call(STRANGER, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    stage
}

/// Some requests at once, while AWS may fail; what became of them.
async fn at_once(
    stage: &Stage,
    requests: &[Request],
    trouble: Option<(Calls, Fault)>,
) -> Vec<Line> {
    let all = join_all(requests.iter().map(|request| stage.raw(request.event())));
    let replies = match trouble {
        None => Some(all.await),
        Some((calls, fault @ (Fault::Timeout | Fault::AppliedButSilent))) => {
            stage.killed_at(calls, fault, all).await
        }
        Some((calls, fault)) => {
            stage.cloud.faults().fail(calls, fault);
            let replies = all.await;
            stage.cloud.faults().clear();
            Some(replies)
        }
    };
    let lines = requests.iter().enumerate().map(|(index, request)| {
        let reply = replies.as_ref().map(|replies| &replies[index]);
        request.lines(reply)
    });
    lines.collect::<Vec<_>>().concat()
}

/// Its key is one of a few, and others are in use after a while: what is lost is not always asked for again.
fn request(dice: &mut impl FnMut(u64) -> u64, step: usize) -> Request {
    let mut one_of = |many: u64| usize::try_from(dice(many)).expect("small");
    let who = [ADMIN, SERVICE, MANAGER, STRANGER][one_of(4)];
    let key = format!("key-{}-{}", step / 5, one_of(2));
    let alone = one_of(3) == 0;
    let count = if alone { 1 } else { 1 + one_of(3) };
    Request {
        who,
        key,
        alone,
        bodies: (0..count).map(|_| one_of(2)).collect(),
    }
}

fn trouble(dice: &mut impl FnMut(u64) -> u64) -> Option<(Calls, Fault)> {
    let mut one_of = |many: u64| usize::try_from(dice(many)).expect("small");
    let operation = [INSERTS, READS, SENDS][one_of(3)];
    let calls = calls_of(operation).after(one_of(2));
    let fault = match one_of(8) {
        0 => Fault::Timeout,
        1 => Fault::AppliedButSilent,
        2 => Fault::AppliedButLost,
        3 => Fault::Partial(one_of(3)),
        4 => Fault::Throttle,
        5 => Fault::Reset,
        _ => return None,
    };
    // The SDK asks three times.
    let lasts = matches!(fault, Fault::Throttle | Fault::Reset) && one_of(2) == 0;
    Some((if lasts { calls.times(3) } else { calls }, fault))
}

const STEPS: usize = 30;

/// Random requests at once and one after the other, in good weather and bad, and then each of them once more.
async fn lived(seed: u64) -> (Vec<Line>, Vec<(String, String)>) {
    let stage = two_connected().await;
    let dice = &mut dice(seed);
    let (mut requests, mut history) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        let some: Vec<Request> = (0..=dice(3)).map(|_| request(dice, step)).collect();
        history.extend(at_once(&stage, &some, trouble(dice)).await);
        requests.extend(some);
    }
    // What was promised by now is sent, whether it is asked for again or not.
    let sent = stage.sent().await;
    assert_eq!(broken(&history, &sent), Vec::<String>::new(), "seed {seed}");
    for request in &requests {
        let lines = at_once(&stage, std::slice::from_ref(request), None).await;
        for line in &lines {
            let settled = matches!(line.outcome, Outcome::Accepted(_) | Outcome::Reused);
            assert!(settled, "seed {seed}: {line:?}");
        }
        history.extend(lines);
    }
    let sent = stage.sent().await;
    (history, sent)
}

#[tokio::test]
async fn a4_a_key_names_one_message_whatever_happens() {
    let (mut promised, mut killed, mut reused) = (0, 0, 0);
    for seed in 1..=8 {
        let (history, sent) = lived(seed).await;
        assert_eq!(broken(&history, &sent), Vec::<String>::new(), "seed {seed}");
        let count =
            |of: fn(&Outcome) -> bool| history.iter().filter(|line| of(&line.outcome)).count();
        promised += sent.len();
        killed += count(|outcome| *outcome == Outcome::Nothing);
        reused += count(|outcome| *outcome == Outcome::Reused);
        // After the repeats every name has its message: nothing that was left behind is in its way.
        let names: BTreeSet<&Name> = history.iter().map(|line| &line.name).collect();
        let accepted = history
            .iter()
            .filter(|line| matches!(line.outcome, Outcome::Accepted(_)));
        let accepted: BTreeSet<&Name> = accepted.map(|line| &line.name).collect();
        assert_eq!(names, accepted, "seed {seed}");
    }
    println!("A4: {promised} messages sent once, {reused} refused, {killed} never answered");
    assert!(
        promised > 300 && killed > 50 && reused > 50,
        "{promised} {killed} {reused}"
    );
}

#[test]
fn a4_control_what_breaks_the_promise_is_found() {
    let name: Name = ("t_one", "", "key-1".to_owned(), None);
    let line = |body, outcome| Line {
        name: name.clone(),
        body,
        outcome,
    };
    let accepted = |body| line(body, Outcome::Accepted("m-1".into()));
    let sent = |text: &str| ("m-1".to_owned(), text.to_owned());
    let once = [sent("Hello 0!")];
    let reused = |body| line(body, Outcome::Reused);
    assert!(broken(&[accepted(0), reused(1), accepted(0)], &once).is_empty());
    let elsewhere = Line {
        name: ("t_two", "", "key-1".to_owned(), None),
        ..accepted(0)
    };
    let renamed = line(0, Outcome::Accepted("m-2".into()));
    for (history, sent) in [
        (vec![accepted(0), accepted(1)], &once[..]),
        (vec![accepted(0), reused(0)], &once),
        (vec![reused(0)], &[]),
        (vec![accepted(0), elsewhere], &once),
        (vec![accepted(0), renamed], &once),
        (vec![accepted(0)], &[]),
        (vec![accepted(0)], &[sent("Hello 0!"), sent("Hello 0!")]),
        (vec![accepted(0)], &[sent("Hello 1!")]),
    ] {
        assert!(!broken(&history, sent).is_empty(), "{history:?} {sent:?}");
    }
}

#[tokio::test]
async fn a4_of_two_at_once_both_are_told_of_one_message() {
    let stage = two_connected().await;
    let one = |bodies: &[usize], alone| Request {
        who: ADMIN,
        key: "key-1".to_owned(),
        alone,
        bodies: bodies.to_vec(),
    };
    for alone in [true, false] {
        let lines = at_once(&stage, &[one(&[1], alone), one(&[1], alone)], None).await;
        assert_eq!(lines[0].outcome, lines[1].outcome);
        assert!(matches!(lines[0].outcome, Outcome::Accepted(_)));
    }
    assert_eq!(stage.sent().await.len(), 2);
    // With two bodies one of them wins.
    let other = Request {
        key: "key-2".to_owned(),
        ..one(&[1], true)
    };
    let another = Request {
        bodies: vec![2],
        ..other.clone()
    };
    let lines = at_once(&stage, &[other, another], None).await;
    let refused = lines.iter().filter(|line| line.outcome == Outcome::Reused);
    assert_eq!(refused.count(), 1, "{lines:?}");
    assert_eq!(stage.sent().await.len(), 3);
}

#[tokio::test]
async fn a4_the_same_key_of_two_tenants_names_two_messages() {
    let stage = two_connected().await;
    for alone in [true, false] {
        let of = |who, bodies: &[usize]| Request {
            who,
            key: "key-1".to_owned(),
            alone,
            bodies: bodies.to_vec(),
        };
        let lines = at_once(&stage, &[of(ADMIN, &[1]), of(STRANGER, &[2])], None).await;
        let [Outcome::Accepted(ours), Outcome::Accepted(theirs)] =
            [&lines[0].outcome, &lines[1].outcome]
        else {
            panic!("{lines:?}");
        };
        assert_ne!(ours, theirs);
        // What the other tenant did under the key shows in no answer.
        for (who, own, others) in [(ADMIN, 1, 2), (STRANGER, 2, 1)] {
            let again = at_once(&stage, &[of(who, &[own]), of(who, &[others])], None).await;
            assert!(
                matches!(again[0].outcome, Outcome::Accepted(_)),
                "{again:?}"
            );
            assert_eq!(again[1].outcome, Outcome::Reused);
        }
    }
    assert_eq!(stage.sent().await.len(), 4);
}

/// Where the API is killed: at which call, with or without its effect, and whether the queue may have a message by then.
const CRASHES: [(&str, &str, Fault, bool); 4] = [
    ("K0: before the record", INSERTS, Fault::Timeout, false),
    (
        "K1: after the record",
        INSERTS,
        Fault::AppliedButSilent,
        false,
    ),
    ("K1: before the queue", SENDS, Fault::Timeout, false),
    (
        "K2: before the answer",
        SENDS,
        Fault::AppliedButSilent,
        true,
    ),
];

#[tokio::test]
async fn k0_k1_k2_who_was_not_answered_asks_again_and_is_served_once() {
    for (at, operation, fault, may_be_queued) in CRASHES {
        let stage = two_connected().await;
        let ask = || {
            stage.call_with(
                ADMIN,
                "POST",
                MESSAGES,
                numbered(1),
                &[("idempotency-key", "key-1")],
            )
        };
        let died = stage.killed_at(calls_of(operation), fault, ask()).await;
        assert!(died.is_none(), "{at}");
        let queued = stage.cloud.messages(names::MESSAGES).len();
        assert_eq!(queued, usize::from(may_be_queued), "{at}");
        // Nothing was promised, and nothing that was left behind is in the way of the repeat.
        let reply = ask().await;
        assert_eq!(reply.status, 202, "{at}: {}", reply.text);
        let expected = [(reply.id().to_owned(), "Hello 1!".to_owned())];
        assert_eq!(stage.sent().await, expected, "{at}");
        assert_eq!(ask().await.text, reply.text, "{at}");
        assert_eq!(stage.sent().await, expected, "{at}");
    }
}

#[tokio::test]
async fn k0_k1_k2_a_batch_is_killed_at_any_of_its_calls() {
    const COUNT: usize = 30;
    let stage = two_connected().await;
    let mut sent_before = 0;
    let points = CRASHES.into_iter().flat_map(|(at, operation, fault, _)| {
        let calls = if operation == INSERTS { 2 } else { 3 };
        (0..calls).map(move |nth| (at, calls_of(operation).after(nth), fault))
    });
    for (number, (at, calls, fault)) in points.enumerate() {
        let key = format!("key-{number}");
        let headers = [("idempotency-key", key.as_str())];
        let ask = || stage.call_with(ADMIN, "POST", BATCH, many(COUNT), &headers);
        let told = format!("{at}, {calls:?}");
        assert!(
            stage.killed_at(calls, fault, ask()).await.is_none(),
            "{told}"
        );
        let reply = ask().await;
        assert_eq!(
            reply.body["data"]["accepted"], COUNT,
            "{told}: {}",
            reply.text
        );
        let sent = stage.sent().await.split_off(sent_before);
        let mut texts: Vec<_> = sent.into_iter().map(|(_, text)| text).collect();
        texts.sort();
        let mut expected: Vec<_> = (0..COUNT)
            .map(|number| format!("Hello {number}!"))
            .collect();
        expected.sort();
        assert_eq!(texts, expected, "{told}");
        sent_before += COUNT;
    }
    assert_eq!(sent_before, 10 * COUNT);
}

#[tokio::test]
async fn k2_control_without_its_key_a_repeat_is_sent_twice() {
    let stage = two_connected().await;
    let ask = || stage.call(ADMIN, "POST", MESSAGES, numbered(1));
    let died = stage
        .killed_at(calls_of(SENDS), Fault::AppliedButSilent, ask())
        .await;
    assert!(died.is_none());
    assert_eq!(ask().await.status, 202);
    assert_eq!(stage.sent().await.len(), 2);
}
