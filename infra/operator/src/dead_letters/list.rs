//! Shows dead letters: whose they are and why they are there, never what they say.

use std::time::Duration;

use domain::{TenantId, Timestamp};
use serde::Serialize;

use super::letter::Letter;
use super::look::Look;
use super::pile::Height;
use crate::arguments::QueueName;
use crate::failure::Failure;
use crate::run::Run;
use crate::table::table;
use crate::voice::{Outcome, Voice};

/// Most characters of a reason that are shown.
const LONGEST_REASON: usize = 300;

/// Some of the dead letters of a queue.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    queue: &'static str,
    #[serde(flatten)]
    height: Height,
    letters: Vec<Line>,
}

/// What is told of a dead letter.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    tenant: Option<TenantId>,
    attempts: u32,
    accepted_at: Option<Timestamp>,
    age_s: Option<u64>,
    /// `None` if SQS set it aside.
    reason: Option<String>,
    unreadable: bool,
}

pub(super) async fn list(
    run: &Run<'_>,
    queue: QueueName,
    limit: u32,
    voice: &mut Voice<'_>,
) -> Result<Listed, Failure> {
    let pile = run.context.dead_letters(queue);
    let height = pile.height().await?;
    let mut look = Look::new(&pile);
    let lines = lines(&mut look, limit, run.context.clock.now()).await;
    look.end(voice).await;
    Ok(Listed {
        queue: queue.name(),
        height,
        letters: lines?,
    })
}

async fn lines(look: &mut Look<'_>, limit: u32, now: Timestamp) -> Result<Vec<Line>, Failure> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut lines = Vec::new();
    while lines.len() < limit {
        let letters = look.next(limit - lines.len()).await?;
        if letters.is_empty() {
            break;
        }
        lines.extend(letters.iter().map(|letter| Line::of(letter, now)));
    }
    Ok(lines)
}

impl Line {
    fn of(letter: &Letter, now: Timestamp) -> Self {
        let accepted_at = letter.accepted_at();
        Self {
            id: letter.id().to_owned(),
            tenant: letter.tenant.clone(),
            attempts: letter.attempts(),
            accepted_at,
            age_s: accepted_at.map(|accepted_at| accepted_at.until(now).as_secs()),
            reason: letter.reason().map(printable),
            unreadable: letter.is_unreadable(),
        }
    }
}

/// What a terminal can show of a text, cut to a line.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_REASON)
        .collect()
}

/// A duration in its largest unit.
fn rough(duration: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let seconds = duration.as_secs();
    UNITS
        .into_iter()
        .find(|(unit, _)| seconds >= *unit)
        .map_or_else(
            || format!("{seconds} s"),
            |(unit, name)| format!("{} {name}", seconds / unit),
        )
}

impl Outcome for Listed {
    fn text(&self) -> String {
        let Height { visible, hidden } = self.height;
        let rows: Vec<[String; 5]> = self
            .letters
            .iter()
            .map(|line| {
                let unknown = || "?".to_owned();
                let age = line.age_s.map(|age| rough(Duration::from_secs(age)));
                [
                    line.id.clone(),
                    line.tenant
                        .as_ref()
                        .map_or_else(unknown, ToString::to_string),
                    line.attempts.to_string(),
                    age.unwrap_or_else(unknown),
                    line.reason
                        .clone()
                        .unwrap_or_else(|| "Received too often: set aside by SQS.".to_owned()),
                ]
            })
            .collect();
        let mut text = table(["id", "tenant", "attempts", "age", "reason"], &rows);
        text.push_str(&format!(
            "\n{} of about {visible} dead letters of {}; {hidden} more are hidden for now\n",
            self.letters.len(),
            self.queue
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_does_nothing_to_a_terminal() {
        assert_eq!(
            printable("Tried\u{1b}[2J 8 times\r\n."),
            "Tried[2J 8 times."
        );
        assert_eq!(
            printable(&"ö".repeat(10_000)).chars().count(),
            LONGEST_REASON
        );
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let told = [0, 59, 60, 7_199, 90_000].map(|age| rough(Duration::from_secs(age)));
        assert_eq!(told, ["0 s", "59 s", "1 min", "1 h", "1 d"]);
    }
}
