//! A1, A2, A3: with every batch a process dies once, at every kind of point that there is.

use std::collections::BTreeMap;

use chaos::judge::Verdict;
use chaos::message::Sending;
use chaos::point::{Kind, Moment, SEND};
use chaos::powers::Seen;
use chaos::provider::Answer;
use chaos::reapers::{Either, Once};
use chaos::runs::{alone, each, seeds};
use chaos::world::{Layout, World};
use domain::ledger::MessageStatus::{Failed, Parked, Sent, Unknown};
use testing::dice::Dice;

use crate::{minutes, seconds};

/// Where so few invocations come, the first of several points is tried.
const FEW: u32 = 4;

/// What happens to messages besides the death that is tried.
struct Situation {
    name: &'static str,
    messages: usize,
    tenants: usize,
    sending: fn(Sending) -> Sending,
    provider: fn(&World),
    /// A process has died with each batch before, in mid-request.
    died_before: bool,
    /// When all is quiet the tenants repair their accounts.
    repaired: bool,
}

const ALL_IS_WELL: Situation = Situation {
    name: "all is well",
    messages: 1_000,
    tenants: 20,
    sending: |sending| sending,
    provider: |_| {},
    died_before: false,
    repaired: false,
};

/// What else may happen. Only points are tried that do not come when all is well.
const SITUATIONS: [Situation; 6] = [
    Situation {
        name: "died before, in mid-request",
        messages: 100,
        died_before: true,
        ..ALL_IS_WELL
    },
    Situation {
        name: "slow down",
        messages: 100,
        provider: |world| {
            world.provider.answers(|request| match request.earlier {
                0 => Answer::SlowDown(seconds(3)),
                _ => Answer::Accept,
            });
        },
        ..ALL_IS_WELL
    },
    Situation {
        name: "trouble of the provider's",
        messages: 100,
        provider: |world| {
            world.provider.answers(|request| match request.earlier {
                0 => Answer::Unavailable,
                _ => Answer::Accept,
            });
        },
        ..ALL_IS_WELL
    },
    Situation {
        name: "no answer, and to be sent once more",
        messages: 100,
        sending: |sending| Sending {
            resend: true,
            ..sending
        },
        provider: |world| {
            world.provider.answers(|request| match request.earlier {
                0 => Answer::AcceptSilently,
                _ => Answer::Accept,
            });
        },
        ..ALL_IS_WELL
    },
    Situation {
        name: "refused credentials, and a repair",
        messages: 100,
        tenants: 2,
        provider: |world| {
            world.provider.answers(|request| match request.version {
                1 => Answer::BadCredential,
                _ => Answer::Accept,
            });
            world.provider.checks(|caller| match caller.version {
                1 => Answer::BadCredential,
                _ => Answer::Accept,
            });
        },
        repaired: true,
        ..ALL_IS_WELL
    },
    Situation {
        name: "unreadable",
        messages: 100,
        sending: |sending| Sending {
            unreadable: true,
            ..sending
        },
        ..ALL_IS_WELL
    },
];

impl Situation {
    async fn world(&self, dice: Dice) -> World {
        let layout = Layout {
            tenants: self.tenants,
            ..Layout::default()
        };
        let world = World::new(layout, dice).await;
        (self.provider)(&world);
        world
    }

    /// The death that has come before, if one has.
    fn before(&self, seed: u64) -> Once {
        let kind = Kind {
            delivery: if self.died_before { 1 } else { 0 },
            step: SEND.into(),
            moment: Moment::Arrived,
        };
        Once::at(kind, 10, Dice::from(seed))
    }

    async fn play(&self, world: &World) {
        world.produce_so(self.messages, self.sending);
        world.until_quiet(minutes(30)).await;
        if self.repaired {
            for number in 0..self.tenants {
                world.repair(number).await;
            }
            world.until_quiet(minutes(30)).await;
        }
    }

    /// The kinds of points that it comes to.
    fn kinds(&self, seed: u64) -> BTreeMap<Kind, Seen> {
        alone(seed, async |dice| {
            let world = self.world(dice).await;
            world.powers.reap(self.before(seed));
            self.play(&world).await;
            world.judge().await.hold(self.name);
            world.powers.seen()
        })
    }

    fn try_each(&self, seed: u64, kinds: &[(Kind, Seen)]) {
        let ends = each(seed, kinds, async |(kind, seen), dice| {
            let world = self.world(dice).await;
            let most = if seen.invocations > FEW { seen.most } else { 1 };
            let once = Once::at(kind.clone(), most, Dice::from(seed));
            world.powers.reap(Either(self.before(seed), once));
            self.play(&world).await;
            (world.deaths(), world.judge().await)
        });
        self.print(kinds, &ends);
        for ((kind, _), (deaths, verdict)) in kinds.iter().zip(&ends) {
            verdict.hold(&format!("{}, {kind}", self.name));
            assert!(*deaths > 0, "{kind}");
        }
    }

    fn print(&self, kinds: &[(Kind, Seen)], ends: &[(usize, Verdict)]) {
        println!(
            "{:44}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}",
            self.name, "deaths", "sent", "failed", "parked", "unknown", "dead", "lost", "twice"
        );
        for ((kind, _), (deaths, verdict)) in kinds.iter().zip(ends) {
            let counts = [
                *deaths,
                verdict.count(Sent),
                verdict.count(Failed),
                verdict.count(Parked),
                verdict.count(Unknown),
                verdict.dead,
                verdict.lost(),
                verdict.twice(),
            ];
            let columns: String = counts.iter().map(|count| format!("{count:>8}")).collect();
            println!("{:44}{columns}", kind.to_string());
        }
    }
}

#[test]
fn a1_a2_a3_a_death_at_any_point_loses_nothing_and_repeats_nothing() {
    for seed in seeds("a death at any point") {
        let kinds: Vec<_> = ALL_IS_WELL.kinds(seed).into_iter().collect();
        ALL_IS_WELL.try_each(seed, &kinds);
    }
}

#[test]
fn a1_a2_a3_a_death_at_any_point_of_whatever_else_may_happen() {
    for seed in seeds("a death in any situation") {
        let usual = ALL_IS_WELL.kinds(seed);
        for situation in &SITUATIONS {
            let kinds = situation.kinds(seed).into_iter();
            let kinds: Vec<_> = kinds
                .filter(|(kind, _)| !usual.contains_key(kind))
                .collect();
            situation.try_each(seed, &kinds);
        }
    }
}
