//! A worker that received the message, and what each of its steps does.
//!
//! Steps are cut where a process can end, or another can come in between. To everybody else a worker that leaves the
//! message to come again because a call failed is one that crashed, so the two are not told apart.

use domain::ledger::{Evidence, Ledger, Next, OnUnknown};

use crate::events::Scenario;
use crate::provider::Refusal;
use crate::record::{Ending, Record};
use crate::rules::{Defect, Rules};
use crate::world::{Queued, World};

/// A worker at work.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Worker {
    /// What it received, until it has acknowledged it.
    pub(crate) held: Option<Queued>,
    /// Which attempt it was received as.
    received_as: u32,
    /// The first route that has not passed the message on, as far as the worker knows.
    first_route: usize,
    /// The route that it prepared to take: that one, or one behind it while that one is unusable.
    route: usize,
    /// What it does next, and then.
    pub(crate) steps: Vec<Step>,
}

/// One thing that a worker does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    /// Reads the record and sees what follows.
    Look {
        /// It has tried to claim, and got no answer.
        unanswered: bool,
    },
    /// Asks the provider what became of the message.
    Inquire {
        /// The attempt to make if it never arrived.
        attempt: u32,
        /// The provider has told before: it was on record.
        known: bool,
    },
    /// Claims an attempt.
    Claim {
        /// Which.
        attempt: u32,
        /// After a look: who is refused now, and does not hold it after all, leaves it.
        looked: bool,
    },
    /// Reads whether an attempt is claimed by it after all.
    Confirm(u32),
    /// Makes the attempt's request.
    Send(u32),
    /// Waits for the answer.
    Await(u32),
    /// Keeps the message aside for the time after the repair.
    Keep(u32),
    /// Records how an attempt of its own ended.
    Record(u32, Ending),
    /// Records how an attempt of another's ended, unless that is on record.
    RecordLeft(u32, Ending),
    /// Puts a copy on the queue, then acknowledges.
    PutBack(Queued),
    /// Puts a copy on the dead-letter queue, then acknowledges.
    DeadLetter(Queued),
    /// Acknowledges what it received.
    Acknowledge,
}

/// How a step turns out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    /// As it should.
    Done,
    /// The call had its effect, but no answer came.
    AnswerLost,
    /// The call never arrived.
    CallLost,
    /// The provider tells that it has the message.
    Found,
    /// The provider tells that it never had the message.
    NeverArrived,
    /// The provider refuses.
    Refused(Refusal),
}

impl Worker {
    /// One that has just received a copy, and is prepared to take a route.
    pub(crate) fn receiving(copy: Queued, route: usize) -> Self {
        // A first attempt is claimed at once; a later one only after a look at what came of those before it.
        let steps = match copy.attempt {
            1 => make_attempt(1, false),
            _ => vec![Step::Look { unanswered: false }],
        };
        Self {
            held: Some(copy),
            received_as: copy.attempt,
            first_route: copy.route,
            route,
            steps,
        }
    }

    fn again(&self, attempt: u32) -> Queued {
        Queued {
            attempt,
            route: self.first_route,
        }
    }

    /// What to do once the record has been read.
    fn follow(&mut self, at: usize, record: &Record, unanswered: bool, rules: &Rules) -> Vec<Step> {
        let ledger = record.ledger();
        let route = rules.route(&ledger);
        self.first_route = self.first_route.max(route);
        let mut steps = match rules.next(&ledger, self.received_as, at) {
            Next::Ours => request(self.received_as),
            Next::Settled => vec![Step::Acknowledge],
            Next::Held(_) => Vec::new(),
            Next::Wait { attempt, .. } => rules.put_back(self.again(attempt)),
            Next::DeadLetter(attempt) => vec![Step::DeadLetter(self.again(attempt))],
            Next::Claim(_) if unanswered => rules.put_back(self.again(self.received_as)),
            Next::Claim(attempt) if self.route < route => rules.put_back(self.again(attempt)),
            Next::Claim(attempt) => make_attempt(attempt, true),
            Next::RecordUnknown(attempt) => {
                let ending = match rules.with(Defect::LeftClaimTakenForFailed) {
                    true => Ending::Failed,
                    false => Ending::Unknown,
                };
                let mut steps = vec![Step::RecordLeft(attempt, ending)];
                steps.extend(self.after(self.received_as, ending, rules));
                steps
            }
        };
        // Only who was asked to send can say that the message never arrived; and only where nobody has said that it did.
        let known = record.has_evidence();
        let sender =
            record.last_route() == Some(self.route) || rules.with(Defect::AnotherAccountAsked);
        let doubted = Ledger {
            evidence: Evidence::default(),
            ..ledger.clone()
        };
        let is_open = match rules.with(Defect::EvidenceDoubted) {
            true => doubted.is_unknown(),
            false => ledger.is_unknown(),
        };
        if rules.can_be_asked && is_open && sender {
            let attempt = ledger.last_attempt() + 1;
            steps.insert(0, Step::Inquire { attempt, known });
        }
        steps
    }

    /// What follows from an attempt's ending, once it is on record.
    fn after(&self, attempt: u32, ending: Ending, rules: &Rules) -> Vec<Step> {
        let next = self.again(attempt + 1);
        match ending {
            Ending::Sent | Ending::Failed | Ending::Parked => vec![Step::Acknowledge],
            Ending::Deferred => rules.put_back(next),
            Ending::PassedOn => rules.put_back(Queued {
                route: self.route + 1,
                ..next
            }),
            Ending::DeadLettered => vec![Step::DeadLetter(next)],
            Ending::Unknown if rules.with(Defect::ResendForgotten) => vec![Step::Acknowledge],
            // The record says whether there is a next attempt, when its time has come.
            Ending::Unknown if rules.can_be_asked || rules.policy == OnUnknown::Resend => {
                rules.put_back(self.again(attempt))
            }
            Ending::Unknown => vec![Step::Acknowledge],
        }
    }

    /// What follows when its attempt has ended.
    fn end(&self, attempt: u32, ending: Ending, rules: &Rules) -> Vec<Step> {
        if ending == Ending::Unknown && rules.with(Defect::PutBackBeforeRecord) {
            let back = Step::PutBack(self.again(attempt + 1));
            return vec![back, Step::Record(attempt, ending)];
        }
        let mut steps = vec![Step::Record(attempt, ending)];
        if ending == Ending::Parked {
            // Kept before its record says so: a crash between the two loses nothing.
            steps.insert(0, Step::Keep(attempt));
        }
        steps.extend(self.after(attempt, ending, rules));
        steps
    }
}

/// The steps of an attempt, as far as they are known beforehand.
fn make_attempt(attempt: u32, looked: bool) -> Vec<Step> {
    let claim = Step::Claim { attempt, looked };
    [vec![claim], request(attempt)].concat()
}

/// Those of an attempt that is claimed.
fn request(attempt: u32) -> Vec<Step> {
    vec![Step::Send(attempt), Step::Await(attempt)]
}

impl Rules {
    /// A copy takes the place of the one that is held.
    fn put_back(&self, copy: Queued) -> Vec<Step> {
        match self.with(Defect::AcknowledgedFirst) {
            true => vec![Step::Acknowledge, Step::PutBack(copy)],
            false => vec![Step::PutBack(copy)],
        }
    }
}

impl World {
    /// How a worker's next step can turn out.
    pub(crate) fn turns(&self, worker: &Worker, scenario: &Scenario) -> Vec<Turn> {
        let mut turns = vec![Turn::Done];
        match &worker.steps[0] {
            Step::Inquire { .. } if self.provider.knows(worker.route) => turns.push(Turn::Found),
            Step::Inquire { attempt, .. } if *attempt <= scenario.limits.attempts => {
                turns.push(Turn::NeverArrived);
            }
            // Silence is the provider's right, and no mishap of ours.
            Step::Await(attempt) if self.provider.has_taken(*attempt) => {
                turns.push(Turn::AnswerLost);
            }
            Step::Await(attempt) => {
                turns = vec![Turn::AnswerLost, Turn::Refused(Refusal::ForGood)];
                if *attempt < scenario.limits.attempts {
                    let for_now = [Refusal::SlowDown, Refusal::TooOften, Refusal::Credential];
                    turns.extend(for_now.map(Turn::Refused));
                    if worker.route + 1 < scenario.limits.routes {
                        turns.push(Turn::Refused(Refusal::Account));
                    }
                }
            }
            step if self.mishaps > 0 => turns.extend(step.mishaps()),
            _ => {}
        }
        turns
    }

    /// A worker's next step turns out like that.
    pub(crate) fn step(&mut self, at: usize, turn: Turn, rules: &Rules) {
        let Some(mut worker) = self.workers[at].take() else {
            return;
        };
        let step = worker.steps.remove(0);
        self.mishaps -= u8::from(step.mishaps().contains(&turn));
        self.carry_out(at, &mut worker, step, turn, rules);
        let is_through = worker.steps.is_empty();
        self.workers[at] = Some(worker);
        if is_through {
            self.leave(at);
        }
    }

    fn carry_out(&mut self, at: usize, worker: &mut Worker, step: Step, turn: Turn, rules: &Rules) {
        match step {
            Step::Look { unanswered } => {
                worker.steps = worker.follow(at, &self.record, unanswered, rules);
                let sends = worker
                    .steps
                    .iter()
                    .any(|step| matches!(step, Step::Send(_)));
                self.wrongs.heedless |= sends && self.record.has_evidence();
            }
            Step::Inquire { attempt, known } => match turn {
                Turn::Found => {
                    self.record.told_sent = true;
                    worker.steps = vec![Step::Acknowledge];
                }
                Turn::NeverArrived => {
                    self.wrongs.heedless |= known;
                    self.provider.disclaim(worker.route);
                    worker.steps = make_attempt(attempt, true);
                }
                _ => {}
            },
            Step::Claim { attempt, looked } => {
                let put = turn != Turn::CallLost && self.claim(attempt, worker.route, at, rules);
                match (put && turn == Turn::Done, looked) {
                    (true, _) => {}
                    (false, true) => worker.steps.insert(0, Step::Confirm(attempt)),
                    (false, false) => {
                        let unanswered = turn != Turn::Done;
                        worker.steps = vec![Step::Look { unanswered }];
                    }
                }
            }
            Step::Confirm(attempt) => {
                if !self.record.is_held(attempt, at) {
                    worker.steps.clear();
                }
            }
            Step::Send(attempt) => self.request(attempt, worker.route, rules),
            Step::Await(attempt) => {
                let ending = match turn {
                    Turn::Refused(refusal) => {
                        self.provider.refuse(attempt);
                        refusal.ending()
                    }
                    Turn::Done => Ending::Sent,
                    _ if rules.with(Defect::SilenceTakenForSent) => Ending::Sent,
                    _ => Ending::Unknown,
                };
                worker.steps = worker.end(attempt, ending, rules);
            }
            Step::Keep(attempt) => self.keep(attempt),
            Step::Record(attempt, ending) => {
                if turn != Turn::CallLost {
                    self.record.put_outcome(attempt, ending, rules.policy);
                }
                // What was not sent can go on as the next attempt, whose number says so; what is kept, is kept.
                let goes_on = !matches!(ending, Ending::Sent | Ending::Failed | Ending::Unknown);
                if turn != Turn::Done && !goes_on {
                    worker.steps.clear();
                }
            }
            Step::RecordLeft(attempt, ending) => {
                self.record.put_outcome_once(attempt, ending, rules.policy);
            }
            Step::PutBack(copy) => self.put(copy),
            Step::DeadLetter(copy) => self.bury(copy),
            Step::Acknowledge => {}
        }
        let acknowledges = matches!(
            step,
            Step::PutBack(_) | Step::DeadLetter(_) | Step::Acknowledge
        );
        if acknowledges && turn == Turn::Done {
            worker.held = None;
        }
    }
}

impl Step {
    /// How it can turn out if something goes wrong.
    fn mishaps(&self) -> &'static [Turn] {
        match self {
            Self::Claim { .. } | Self::Record(..) => &[Turn::AnswerLost, Turn::CallLost],
            // The copy is there, or nothing is left to do; what is held comes again.
            Self::PutBack(_) | Self::DeadLetter(_) | Self::Acknowledge => &[Turn::AnswerLost],
            _ => &[],
        }
    }
}
