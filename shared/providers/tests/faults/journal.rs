//! What a fake provider was asked, and what it gave.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::watch;

/// Stands in what is said for the number of an id that is given.
const NUMBER: &[u8] = b"########";

/// Which of its requests a script is for.
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    /// Of all, from 0 on, as they were waited for.
    pub(crate) overall: usize,
    /// Of the connection, from 0 on.
    pub(crate) here: usize,
}

/// What came, and what was given for it.
#[derive(Default)]
pub(crate) struct Journal {
    /// Of each request the message's id, where it was read.
    requests: Mutex<Vec<Option<String>>>,
    /// Ids that were given, each to a message.
    given: Mutex<HashMap<String, String>>,
    turns: Mutex<usize>,
    count: watch::Sender<usize>,
}

impl Journal {
    /// A request is waited for, on a connection that has had so many.
    pub(crate) fn turn(&self, here: usize) -> Turn {
        let mut turns = self.turns.lock().expect("unpoisoned");
        *turns += 1;
        Turn {
            overall: *turns - 1,
            here,
        }
    }

    /// A request begins to arrive.
    pub(crate) fn began(&self) -> usize {
        let mut requests = self.requests.lock().expect("unpoisoned");
        requests.push(None);
        self.count.send_replace(requests.len());
        requests.len() - 1
    }

    /// A request that began to arrive has been read.
    pub(crate) fn read(&self, request: usize, message: Option<String>) {
        self.requests.lock().expect("unpoisoned")[request] = message;
    }

    /// With the number of a new id, where there is to be one.
    pub(crate) fn give(&self, mut said: Vec<u8>, message: Option<&str>) -> Vec<u8> {
        if !said.contains(&NUMBER[0]) {
            return said;
        }
        let place = said
            .windows(NUMBER.len())
            .position(|window| window == NUMBER);
        if let (Some(place), Some(message)) = (place, message) {
            let mut given = self.given.lock().expect("unpoisoned");
            let number = format!("{:08}", given.len());
            said[place..place + NUMBER.len()].copy_from_slice(number.as_bytes());
            given.insert(format!("wamid.{number}"), message.to_owned());
        }
        said
    }

    /// Of each request that began to arrive the message's id, where it was read.
    pub(crate) fn requests(&self) -> Vec<Option<String>> {
        self.requests.lock().expect("unpoisoned").clone()
    }

    /// Waits until so many requests have begun to arrive.
    pub(crate) async fn has(&self, requests: usize) {
        let mut count = self.count.subscribe();
        count
            .wait_for(|count| *count >= requests)
            .await
            .expect("it runs");
    }

    /// Whether that id was given to that message.
    pub(crate) fn gave(&self, id: &str, message: &str) -> bool {
        let given = self.given.lock().expect("unpoisoned");
        given.get(id).is_some_and(|to| to == message)
    }
}
