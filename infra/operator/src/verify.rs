//! Walks along an audit trail's chain.

use domain::TenantId;
use domain::audit::{Break, ChainCheck, Head, Link};
use domain::failure::StoreError;
use serde::Serialize;

use crate::failure::Failure;
use crate::names::NotedHead;
use crate::run::Run;
use crate::voice::{Outcome, Voice};

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Verified {
    chain: TenantId,
    records: u64,
    seconds: f64,
    head: Option<String>,
    /// What is wrong, in a sentence.
    broken: Option<String>,
    /// The first record that is not what was written.
    broken_at: Option<u64>,
}

/// Where a chain is not what it should be.
struct Broken {
    at: u64,
    says: String,
}

/// Walks along the chain; with a head that was noted before, past that.
pub(crate) async fn verify(
    run: &Run<'_>,
    chain: &TenantId,
    noted: Option<NotedHead>,
    voice: &mut Voice<'_>,
) -> Result<Verified, Failure> {
    let clock = &run.context.clock;
    let began = clock.now();
    let mut walk = Walk {
        run,
        chain,
        check: ChainCheck::new(chain.clone()),
        noted,
    };
    let broken = walk.go(voice).await?;
    let Head { number, hash, .. } = walk.check.head();
    Ok(Verified {
        chain: chain.clone(),
        records: number,
        seconds: began.until(clock.now()).as_secs_f64(),
        head: (number > 0).then(|| format!("{number}:{hash}")),
        broken_at: broken.as_ref().map(|broken| broken.at),
        broken: broken.map(|broken| broken.says),
    })
}

struct Walk<'a> {
    run: &'a Run<'a>,
    chain: &'a TenantId,
    check: ChainCheck,
    noted: Option<NotedHead>,
}

impl Walk<'_> {
    /// The first place where the chain is broken, if there is one.
    async fn go(&mut self, voice: &mut Voice<'_>) -> Result<Option<Broken>, Failure> {
        loop {
            let number = self.check.head().number;
            let page = match self.run.context.trail.page_after(self.chain, number).await {
                Ok(page) => page,
                Err(StoreError::Malformed(_)) => return self.one_by_one().await.map(Some),
                Err(error) => return Err(error.into()),
            };
            if page.is_empty() {
                return Ok(self.cut_off());
            }
            for link in &page {
                if let Err(broken) = self.step(link) {
                    return Ok(Some(broken));
                }
            }
            voice.tell(format_args!("{} records", self.check.head().number));
        }
    }

    fn step(&mut self, link: &Link) -> Result<(), Broken> {
        self.check.next(link)?;
        match self.noted {
            Some(noted) if noted.number == link.number && noted.hash != link.hash => Err(Broken {
                at: link.number,
                says: format!(
                    "record {} is not the one that was noted: the chain was written anew",
                    link.number
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Whether the chain ends before the head that was noted.
    fn cut_off(&self) -> Option<Broken> {
        let ends = self.check.head().number;
        let noted = self.noted.filter(|noted| noted.number > ends)?;
        Some(Broken {
            at: ends + 1,
            says: format!(
                "the chain was cut off: it ends with record {ends}, and {} was noted",
                noted.number
            ),
        })
    }

    /// Finds the record on this page that is not in our form, or is wrong before it.
    async fn one_by_one(&mut self) -> Result<Broken, Failure> {
        let trail = &self.run.context.trail;
        loop {
            let number = self.check.head().number + 1;
            let at_most = trail.list(self.chain, None, Some(number + 1), 1).await;
            let link = match at_most {
                Ok(records) => records.into_iter().next().map(|stored| stored.link),
                Err(StoreError::Malformed(what)) => {
                    return Ok(Broken {
                        at: number,
                        says: format!("record {number} was edited: its {what} is not in our form"),
                    });
                }
                Err(error) => return Err(error.into()),
            };
            let Some(link) = link.filter(|link| link.number == number) else {
                return Ok(Broken {
                    at: number,
                    says: format!("record {number} is missing"),
                });
            };
            if let Err(broken) = self.step(&link) {
                return Ok(broken);
            }
        }
    }
}

impl From<Break> for Broken {
    fn from(broken: Break) -> Self {
        let at = match broken {
            Break::Missing { expected, .. } => expected,
            Break::Relinked(number) | Break::Edited(number) => number,
        };
        Self {
            at,
            says: broken.to_string(),
        }
    }
}

impl Outcome for Verified {
    fn is_complete(&self) -> bool {
        self.broken.is_none()
    }

    fn text(&self) -> String {
        let Self {
            chain,
            records,
            seconds,
            head,
            broken,
            ..
        } = self;
        let head = head.as_deref().unwrap_or("none, the chain is empty");
        match broken {
            None => format!(
                "{chain}: {records} records in {seconds:.1} s, each as it was written\nhead {head}\n"
            ),
            Some(broken) => format!(
                "{chain}: {broken}\n{records} records before it are as they were written, head {head}\n\n\
                 Somebody has changed the table by another way than Switchboard. Find out who (CloudTrail), and compare \
                 with a restored copy of the table.\n"
            ),
        }
    }
}
