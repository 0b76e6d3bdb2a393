//! All that can happen next, and how the model asks it.

use stateright::{Model, Property};

use crate::rules::{Defect, Rules};
use crate::worker::{Step, Turn, Worker};
use crate::world::{FIRST, Queued, World, remove};

/// The model: the rules, and how far they are tried.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) rules: Rules,
    pub(crate) limits: Limits,
    /// What is asked of every state.
    pub(crate) questions: fn() -> Vec<Property<Self>>,
}

/// What keeps the states countable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From this attempt on the provider accepts, refuses for good, or says nothing.
    pub(crate) attempts: u32,
    /// Ends of processes, lost calls and answers, copies given out twice, repeats by the client and by the repair: so
    /// many, of whatever kinds.
    pub(crate) mishaps: u8,
    /// Ways that the message may take.
    pub(crate) routes: usize,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A worker receives a copy and prepares to take a route.
    Received {
        worker: usize,
        copy: Queued,
        route: usize,
    },
    /// A worker's next step turns out like that.
    Stepped {
        worker: usize,
        step: Step,
        turn: Turn,
    },
    /// The last attempt's lease is over.
    LeaseEnded,
    /// The last attempt's successor need not wait any longer.
    WaitEnded,
    /// The provider sends the message for an attempt.
    SentByProvider(u32),
    /// The provider tells that it sent the message.
    ToldSent,
    /// The provider tells that it could not deliver the message.
    ToldFailed,
    /// An operator sends a dead letter on.
    Redriven(Queued),
    /// A repair puts what was parked on the queue.
    Released,
    /// The repair forgets what it put back.
    Forgotten,
    /// A mishap: a worker's process ends.
    Crashed(usize),
    /// A mishap: the queue gives a copy out twice.
    Duplicated(Queued),
    /// A mishap: the client hands the message in again.
    Retried,
    /// A mishap: the repair puts on the queue again what it has not yet forgotten.
    ReleasedAgain,
}

impl World {
    /// What can happen of itself.
    fn events(&self, scenario: &Scenario) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(worker) = self.workers.iter().position(Option::is_none) {
            for copy in distinct(&self.queue) {
                // A route may be unusable at present: then one behind it is taken.
                events.extend(
                    (copy.route..scenario.limits.routes).map(|route| Event::Received {
                        worker,
                        copy,
                        route,
                    }),
                );
            }
        }
        for (at, worker) in self.workers.iter().enumerate() {
            let Some(worker) = worker else { continue };
            events.extend(
                self.turns(worker, scenario)
                    .into_iter()
                    .map(|turn| Event::Stepped {
                        worker: at,
                        step: worker.steps[0].clone(),
                        turn,
                    }),
            );
        }
        let too_short = scenario.rules.with(Defect::LeaseTooShort);
        if self
            .record
            .lease()
            .is_some_and(|owner| owner.is_none() || too_short)
        {
            events.push(Event::LeaseEnded);
        }
        if self.record.waits() {
            events.push(Event::WaitEnded);
        }
        events.extend(self.provider.open().map(Event::SentByProvider));
        if self.provider.sent() > 0 && !self.record.has_evidence() {
            events.extend([Event::ToldSent, Event::ToldFailed]);
        }
        events.extend(distinct(&self.dead).map(Event::Redriven));
        events.extend(self.parked.map(|kept| match kept.released {
            true => Event::Forgotten,
            false => Event::Released,
        }));
        events
    }

    /// What can go wrong.
    fn mishaps(&self) -> Vec<Event> {
        let mut events = vec![Event::Retried];
        let held = self
            .workers
            .iter()
            .flatten()
            .filter_map(|worker| worker.held);
        let copies: Vec<_> = self.queue.iter().copied().chain(held).collect();
        events.extend(distinct(&copies).map(Event::Duplicated));
        let busy = (0..self.workers.len()).filter(|at| self.workers[*at].is_some());
        events.extend(busy.map(Event::Crashed));
        if self.parked.is_some_and(|kept| kept.released) {
            events.push(Event::ReleasedAgain);
        }
        events
    }

    fn pass(&mut self, event: Event, rules: &Rules) {
        match event {
            Event::Received {
                worker,
                copy,
                route,
            } => {
                remove(&mut self.queue, copy);
                self.workers[worker] = Some(Worker::receiving(copy, route));
            }
            Event::Stepped { worker, turn, .. } => self.step(worker, turn, rules),
            Event::LeaseEnded => self.record.end_lease(),
            Event::WaitEnded => self.record.end_wait(),
            Event::SentByProvider(attempt) => self.provider.take(attempt),
            Event::ToldSent => self.record.told_sent = true,
            Event::ToldFailed => self.record.told_failed = true,
            Event::Redriven(copy) => {
                remove(&mut self.dead, copy);
                self.put(copy);
            }
            Event::Released => self.unpark(),
            Event::Forgotten => self.parked = None,
            Event::Crashed(worker) => {
                self.mishaps -= 1;
                self.leave(worker);
            }
            Event::Duplicated(copy) => {
                self.mishaps -= 1;
                self.put(copy);
            }
            Event::Retried => {
                self.mishaps -= 1;
                self.put(FIRST);
            }
            Event::ReleasedAgain => {
                self.mishaps -= 1;
                self.unpark();
            }
        }
        self.order_workers();
    }

    /// Workers are alike: a state and the same one with the workers changed round are one.
    fn order_workers(&mut self) {
        if self.workers[0] < self.workers[1] {
            self.workers.swap(0, 1);
            self.record.swap_owners();
        }
    }
}

impl Model for Scenario {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.limits.mishaps)]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        events.extend(world.events(self));
        if world.mishaps > 0 {
            events.extend(world.mishaps());
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        next.pass(event, &self.rules);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        (self.questions)()
    }
}

/// Each copy once; `copies` need not be in order.
fn distinct(copies: &[Queued]) -> impl Iterator<Item = Queued> + use<> {
    let mut copies = copies.to_vec();
    copies.sort();
    copies.dedup();
    copies.into_iter()
}
