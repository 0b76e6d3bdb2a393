//! Puts dead letters back on their queue: first there, then off the pile. So whatever breaks off in between leaves a
//! message on both, and a message that comes twice is sent once.

use std::collections::BTreeMap;

use domain::{TenantId, Timestamp};
use edge::queue::{Entry, Queue};
use serde::Serialize;

use super::letter::Letter;
use super::look::Look;
use super::pile::{Height, Pile};
use crate::arguments::{QueueName, Wanted};
use crate::failure::Failure;
use crate::run::{Deed, Ended, Run};
use crate::table::table;
use crate::voice::{Outcome, Voice};

/// Progress is told after so many letters.
const STRIDE: usize = 100;

/// What is to be put back.
pub(super) struct Redrive<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) queue: QueueName,
    /// Most letters that are put back.
    pub(super) limit: u32,
    pub(super) wanted: &'a Wanted,
}

/// What became of the letters that were seen.
#[derive(Debug, Default, Serialize)]
pub(super) struct Redriven {
    queue: &'static str,
    /// In a rehearsal these stay where they are.
    would_move: usize,
    moved: usize,
    /// Of those: they are still dead letters too.
    on_both: usize,
    left: BTreeMap<Stays, usize>,
    /// There may be more that were not looked at.
    more: bool,
}

/// Why a letter stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stays {
    OtherTenant,
    OtherReason,
    Unreadable,
    CameMeanwhile,
    NotTaken,
}

impl Redrive<'_> {
    /// Puts them back.
    pub(super) async fn carry_out(&self, voice: &mut Voice<'_>) -> Result<Redriven, Failure> {
        let platform = TenantId::platform();
        let tenant = self.wanted.tenant.as_ref().map(|tenant| &tenant.0);
        let deed = Deed {
            chain: tenant.unwrap_or(&platform),
            action: "dead_letters.redrive",
            subject: Some(self.queue.name().to_owned()),
        };
        let queue = self.run.context.source(self.queue);
        self.run
            .recorded(deed, async {
                let redriven = self.look(Some(&queue), voice).await?;
                let ended = Ended {
                    complete: redriven.is_complete(),
                    count: Some(redriven.moved),
                };
                Ok((redriven, ended))
            })
            .await
    }

    /// Only tells what would be put back.
    pub(super) async fn rehearse(&self, voice: &mut Voice<'_>) -> Result<Redriven, Failure> {
        self.look(None, voice).await
    }

    async fn look(
        &self,
        queue: Option<&Queue>,
        voice: &mut Voice<'_>,
    ) -> Result<Redriven, Failure> {
        let pile = self.run.context.dead_letters(self.queue);
        let Height { visible, hidden } = pile.height().await?;
        voice.tell(format_args!(
            "about {visible} dead letters, and {hidden} that are hidden for now"
        ));
        let mut round = Round::new(self, &pile);
        let done = round.run(queue, voice).await;
        round.look.end(voice).await;
        done.map(|()| round.redriven)
    }
}

/// One time through the pile.
struct Round<'a> {
    of: &'a Redrive<'a>,
    look: Look<'a>,
    began: Timestamp,
    redriven: Redriven,
}

impl<'a> Round<'a> {
    fn new(of: &'a Redrive<'a>, pile: &'a Pile<'a>) -> Self {
        Self {
            of,
            look: Look::new(pile),
            began: of.run.context.clock.now(),
            redriven: Redriven {
                queue: of.queue.name(),
                ..Redriven::default()
            },
        }
    }

    /// Goes through the pile until nothing new is found, or enough was.
    async fn run(&mut self, queue: Option<&Queue>, voice: &mut Voice<'_>) -> Result<(), Failure> {
        let limit = usize::try_from(self.of.limit).unwrap_or(usize::MAX);
        loop {
            let found = self.redriven.found();
            if found == limit || self.look.is_full() {
                self.redriven.more = true;
                return Ok(());
            }
            let letters = self.look.next(limit - found).await?;
            if letters.is_empty() {
                return Ok(());
            }
            let mut wanted = Vec::with_capacity(letters.len());
            for letter in letters {
                match self.objection(&letter) {
                    Some(why) => self.redriven.leave(why, 1),
                    None => wanted.push(letter),
                }
            }
            match queue {
                None => self.redriven.would_move += wanted.len(),
                Some(queue) => self.put_back(queue, &wanted).await?,
            }
            if found / STRIDE < self.redriven.found() / STRIDE {
                voice.tell(format_args!("{} so far", self.redriven.found()));
            }
        }
    }

    fn objection(&self, letter: &Letter) -> Option<Stays> {
        let Wanted {
            tenant,
            reason_contains,
            unreadable,
        } = self.of.wanted;
        let is_of = |tenant: &TenantId| letter.tenant.as_ref() == Some(tenant);
        let says = |part: &str| letter.reason().is_some_and(|reason| reason.contains(part));
        if tenant.as_ref().is_some_and(|tenant| !is_of(&tenant.0)) {
            Some(Stays::OtherTenant)
        } else if reason_contains.as_ref().is_some_and(|part| !says(&part.0)) {
            Some(Stays::OtherReason)
        } else if letter.is_unreadable() && !unreadable {
            Some(Stays::Unreadable)
        } else if letter.came_after(self.began) {
            Some(Stays::CameMeanwhile)
        } else {
            None
        }
    }

    /// Puts letters on their queue, and takes off the pile those that the queue has confirmed.
    async fn put_back(&mut self, queue: &Queue, letters: &[Letter]) -> Result<(), Failure> {
        if letters.is_empty() {
            return Ok(());
        }
        let now = self.of.run.context.clock.now();
        let entries: Vec<Entry<'_>> = letters.iter().map(|letter| letter.again(now)).collect();
        let taken = queue.send(&entries).await;
        let moved: Vec<&Letter> = letters
            .iter()
            .zip(taken)
            .filter_map(|(letter, taken)| taken.then_some(letter))
            .collect();
        if moved.is_empty() {
            let queue = self.of.queue.name();
            let reason = format!(
                "the queue of {queue} took none of {} in a row",
                letters.len()
            );
            return Err(Failure::BrokenOff(reason.into()));
        }
        let deleted = self.look.take_off(&moved).await?;
        self.redriven.moved += moved.len();
        self.redriven.on_both += moved.len() - deleted;
        self.redriven
            .leave(Stays::NotTaken, letters.len() - moved.len());
        Ok(())
    }
}

impl Redriven {
    /// How many were what was wanted.
    fn found(&self) -> usize {
        self.moved + self.would_move
    }

    fn leave(&mut self, why: Stays, count: usize) {
        if count > 0 {
            *self.left.entry(why).or_default() += count;
        }
    }
}

impl Stays {
    fn says(self) -> &'static str {
        match self {
            Self::OtherTenant => "left: of other tenants",
            Self::OtherReason => "left: for other reasons",
            Self::Unreadable => "left: nobody can read them (--unreadable moves them)",
            Self::CameMeanwhile => "left: set aside while this ran",
            Self::NotTaken => "left: the queue did not take them",
        }
    }
}

impl Outcome for Redriven {
    fn is_complete(&self) -> bool {
        self.on_both == 0 && !self.left.contains_key(&Stays::NotTaken)
    }

    fn text(&self) -> String {
        let mut rows = vec![("moved", self.moved)];
        if self.would_move > 0 {
            rows = vec![("would be moved", self.would_move)];
        }
        if self.on_both > 0 {
            rows.push(("of these still dead letters too", self.on_both));
        }
        rows.extend(self.left.iter().map(|(why, count)| (why.says(), *count)));
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(what, count)| [what.to_owned(), count.to_string()])
            .collect();
        let mut text = table([self.queue, ""], &rows);
        if !self.is_complete() {
            text.push_str("\nRun this once more: what comes twice is handled once.\n");
        } else if self.more {
            text.push_str("\nThat was as many as --limit allows; there may be more.\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_what_went_back_and_what_to_do_about_the_rest() {
        let mut redriven = Redriven {
            queue: "messages",
            moved: 12,
            ..Redriven::default()
        };
        redriven.leave(Stays::Unreadable, 2);
        redriven.leave(Stays::NotTaken, 0);
        let expected = [
            "messages",
            "moved                                                 12",
            "left: nobody can read them (--unreadable moves them)  2",
        ];
        assert_eq!(redriven.text().lines().collect::<Vec<_>>(), expected);
        assert!(redriven.is_complete());

        redriven.leave(Stays::NotTaken, 1);
        assert!(!redriven.is_complete());
        assert!(redriven.text().contains("Run this once more"));
    }
}
