//! A look through a pile of dead letters: each comes once, and at the end what was not taken off lies there as before.

use std::collections::{HashMap, HashSet};

use super::letter::Letter;
use super::pile::{HIDDEN, MOST, Pile};
use crate::failure::Failure;
use crate::voice::Voice;

/// Most letters in hand at once; SQS allows 120,000 of all who look.
const MOST_IN_HAND: usize = 100_000;

/// A look.
pub(super) struct Look<'a> {
    pile: &'a Pile<'a>,
    /// The handle of each letter's last receive, by its id; those before it are void.
    in_hand: HashMap<String, String>,
    taken_off: HashSet<String>,
}

impl<'a> Look<'a> {
    /// A look that has not begun.
    pub(super) fn new(pile: &'a Pile<'a>) -> Self {
        Self {
            pile,
            in_hand: HashMap::new(),
            taken_off: HashSet::new(),
        }
    }

    /// The next letters, at most so many; none if nothing is left that was not seen, or this look is full.
    pub(super) async fn next(&mut self, most: usize) -> Result<Vec<Letter>, Failure> {
        let mut repeats = 0;
        while !self.is_full() {
            let found = self.pile.take(most).await?;
            if found.is_empty() {
                break;
            }
            let count = found.len();
            let new = self.set_repeats_aside(found).await?;
            if !new.is_empty() {
                return Ok(new);
            }
            repeats += count;
            // What is in hand shows up again if that takes too long; once all of it has, there is nothing else.
            if repeats > self.in_hand.len() + MOST {
                break;
            }
        }
        Ok(Vec::new())
    }

    /// Whether no more letters may be in hand, and there may be some that were not seen.
    pub(super) fn is_full(&self) -> bool {
        self.in_hand.len() >= MOST_IN_HAND
    }

    /// Those that were not seen before. They are in hand from now on.
    async fn set_repeats_aside(&mut self, letters: Vec<Letter>) -> Result<Vec<Letter>, Failure> {
        let (mut new, mut gone) = (Vec::new(), Vec::new());
        for letter in letters {
            if self.taken_off.contains(&letter.sqs_id) {
                gone.push(letter.handle);
            } else {
                let (id, handle) = (letter.sqs_id.clone(), letter.handle.clone());
                if self.in_hand.insert(id, handle).is_none() {
                    new.push(letter);
                }
            }
        }
        // A standard queue may give out what was deleted.
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        self.pile.delete(&gone).await?;
        Ok(new)
    }

    /// Takes letters off the pile for good; how many of them were.
    pub(super) async fn take_off(&mut self, letters: &[&Letter]) -> Result<usize, Failure> {
        let handles: Vec<&str> = letters.iter().map(|letter| &*letter.handle).collect();
        let deleted = self.pile.delete(&handles).await?;
        let mut count = 0;
        for (letter, _) in letters.iter().zip(deleted).filter(|(_, deleted)| *deleted) {
            self.in_hand.remove(&letter.sqs_id);
            self.taken_off.insert(letter.sqs_id.clone());
            count += 1;
        }
        Ok(count)
    }

    /// Lets others see again what is still in hand.
    pub(super) async fn end(self, voice: &mut Voice<'_>) {
        let handles: Vec<&str> = self.in_hand.values().map(String::as_str).collect();
        if let Err(error) = self.pile.show_again(&handles).await {
            voice.tell(format_args!(
                "{} dead letters stay hidden for up to {} minutes: {error}",
                handles.len(),
                HIDDEN.as_secs() / 60
            ));
        }
    }
}
