//! Random states against the oracle. `SEED=n cargo test -p domain --test resolution` makes the same states again.

use domain::agent::Binding;
use domain::grant::{Ended, EndedWhy, Grant};
use domain::integration::{Owner, Status};
use domain::resolution::{Candidate, Resolution, Roster};
use domain::{AgentId, IntegrationId, Timestamp, random};

use crate::oracle::{self, BROKEN, Broken};
use crate::state::{NOW, Request, State, provider, user};

const STATES: u64 = 100_000;

/// SplitMix64: as many numbers as wanted of one seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).expect("small")).expect("small")
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn maybe<T>(&mut self, times: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.once_in(times).then(|| make(self))
    }
}

const TYPES: [&str; 3] = ["whatsapp", "elevenlabs", "exotel_sms"];
const USERS: [&str; 3] = ["u-1", "u-2", "u-3"];
const ACCOUNTS: [&str; 3] = ["a-1", "a-2", "a-3"];

/// Words of which everything is made: few, so that states are full of coincidences.
struct Words {
    integrations: Vec<IntegrationId>,
    agents: Vec<AgentId>,
}

impl Words {
    fn make_of(numbers: &mut Numbers) -> Self {
        let mut word = || {
            random::base32(
                &[numbers.next(), numbers.next()]
                    .map(u64::to_be_bytes)
                    .concat(),
            )
        };
        let mut integration = || IntegrationId::parse(&format!("int_{}", word())).expect("an id");
        let integrations = (0..7).map(|_| integration()).collect();
        let mut agent = || AgentId::parse(&format!("agt_{}", word())).expect("an id");
        let agents = (0..3).map(|_| agent()).collect();
        Self {
            integrations,
            agents,
        }
    }

    fn state(&self, numbers: &mut Numbers) -> State {
        let mut state = State {
            removed: numbers.once_in(50),
            ..State::default()
        };
        for id in &self.integrations[..numbers.below(6)] {
            state.integrations.push((id.clone(), candidate(numbers)));
        }
        for agent in &self.agents[..numbers.below(3)] {
            let binding = Binding {
                integration: numbers.one_of(&self.integrations),
                account: numbers.maybe(3, account),
                enabled: !numbers.once_in(4),
            };
            state.bindings.push((agent.clone(), binding));
        }
        for name in TYPES {
            if numbers.once_in(2) {
                state.grants.push((provider(name), grant(numbers)));
            }
            if numbers.once_in(2) {
                let accounts = (0..numbers.below(3)).map(|_| account(numbers)).collect();
                state.platform.insert(provider(name), accounts);
            }
        }
        let users = (0..numbers.below(4)).map(|_| user(numbers.one_of(&USERS)));
        state.request = Request {
            users: users.collect(),
            provider: (!numbers.once_in(10)).then(|| provider(numbers.one_of(&TYPES[..2]))),
            integration: numbers.maybe(5, |n| n.one_of(&self.integrations)),
            agent: numbers.maybe(3, |n| n.one_of(&self.agents)),
            account: numbers.maybe(3, account),
        };
        state
    }
}

fn account(numbers: &mut Numbers) -> String {
    numbers.one_of(&ACCOUNTS).to_owned()
}

fn candidate(numbers: &mut Numbers) -> Candidate {
    let owner = if numbers.once_in(2) {
        Owner::Tenant
    } else {
        Owner::User(user(numbers.one_of(&USERS)))
    };
    let status = [
        Status::Connected,
        Status::Connected,
        Status::Unverified,
        Status::Invalid,
        Status::Invalid,
        Status::Disabled,
    ];
    Candidate {
        provider: provider(numbers.one_of(&TYPES)),
        owner,
        accounts: (0..numbers.below(3)).map(|_| account(numbers)).collect(),
        enabled: !numbers.once_in(3),
        status: numbers.one_of(&status),
        priority: u32::try_from(numbers.below(3)).expect("small"),
        created_at: Timestamp::from_seconds(i64::try_from(numbers.below(3)).expect("small")),
        version_attested: String::new(),
    }
}

fn grant(numbers: &mut Numbers) -> Grant {
    let at = [
        NOW,
        Timestamp::from_seconds(999),
        Timestamp::from_seconds(1_001),
    ];
    Grant {
        granted_by: user("operator"),
        granted_at: Timestamp::from_seconds(1),
        until: numbers.maybe(2, |n| n.one_of(&at)),
        ended: numbers.maybe(4, |_| Ended {
            at: Timestamp::from_seconds(2),
            by: user("operator"),
            why: EndedWhy::Revoked,
        }),
    }
}

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "whoever runs the test tells what to repeat, and is told"
)]
fn seed() -> u64 {
    let told = std::env::var("SEED").ok();
    let seed = told.map_or_else(
        || u64::from_be_bytes(random::bytes()),
        |text| text.parse().expect("SEED is a number"),
    );
    println!("SEED={seed}");
    seed
}

#[test]
fn random_states_are_resolved_as_the_rules_say() {
    let mut numbers = Numbers(seed());
    let words = Words::make_of(&mut numbers);
    let mut kinds = std::collections::BTreeMap::<_, u32>::new();
    for round in 0..STATES {
        let state = words.state(&mut numbers);
        let mut rosters = state.rosters();
        let answer = state.answer_of(&rosters.iter().collect::<Vec<_>>());
        assert_eq!(
            answer,
            oracle::answer(&state, Broken::Nothing),
            "state {round}: {state:#?}"
        );
        holds(&state, &answer.0);
        shuffle(&mut rosters, &mut numbers);
        let again = state.answer_of(&rosters.iter().collect::<Vec<_>>());
        assert_eq!(answer, again, "state {round}: {state:#?}");
        *kinds.entry((kind(&answer.0), answer.1.name())).or_default() += 1;
    }
    println!("{kinds:#?}");
    // Random states are worth something only if all answers occur.
    assert_eq!(kinds.len(), 29, "{kinds:#?}");
    assert!(kinds.values().all(|count| *count >= 20), "{kinds:#?}");
}

/// What must hold whatever the rules in between.
fn holds(state: &State, answer: &Resolution) {
    match answer {
        Resolution::Platform => {
            let wanted = state.request.provider.as_ref();
            let mut grants = state.grants.iter();
            assert!(
                grants.any(|(of, grant)| Some(of) == wanted && grant.is_live(NOW)),
                "no platform credential without a live grant: {state:#?}"
            );
            assert!(
                wanted.is_some_and(|provider| state.platform.contains_key(provider)),
                "{state:#?}"
            );
        }
        Resolution::Use(id, _) | Resolution::Unusable(id, ..) => {
            let mut all = state.integrations.iter();
            let (_, chosen) = all
                .find(|(other, _)| other == id)
                .expect("one that is there");
            if let Owner::User(owner) = &chosen.owner {
                assert!(state.request.users.contains(owner), "another's: {state:#?}");
            }
            if let Some(named) = &state.request.integration {
                assert_eq!(named, id, "{state:#?}");
            }
            if matches!(answer, Resolution::Use(..)) {
                assert!(chosen.enabled && chosen.status.may_send(), "{state:#?}");
            }
        }
        _ => {}
    }
}

fn shuffle(rosters: &mut [Roster], numbers: &mut Numbers) {
    for place in (1..rosters.len()).rev() {
        rosters.swap(place, numbers.below(place + 1));
    }
}

fn kind(answer: &Resolution) -> String {
    match answer {
        Resolution::Use(_, source) => format!("use {}", source.name()),
        Resolution::Unusable(_, source, status) => format!("{} {}", status.name(), source.name()),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_rule_that_is_broken_is_noticed() {
    let mut numbers = Numbers(seed());
    let words = Words::make_of(&mut numbers);
    let states: Vec<State> = (0..20_000).map(|_| words.state(&mut numbers)).collect();
    let answers: Vec<_> = states.iter().map(State::answer).collect();
    for broken in BROKEN {
        let noticed = states
            .iter()
            .zip(&answers)
            .filter(|(state, answer)| oracle::answer(state, broken) != **answer)
            .count();
        println!("{broken:?}: {noticed} of {}", states.len());
        assert!(noticed > 0, "{broken:?}");
    }
}
