//! `POST /messages/batch`: many messages, each taken in or refused as it would be alone.

use contract::Route;
use contract::messages::{
    AcceptedBatch, BatchItem, GivenMessages, MESSAGES_PER_REQUEST, MOST_BATCH_BYTES, MOST_MESSAGES,
};
use domain::MessageId;
use domain::ledger::MessageStatus;
use edge::Problem;
use edge::http::{HttpReply, json_object};
use edge::problem::ItemProblem;

use super::accept::{Refused, accept};
use super::asked::{Asked, Key, Named, key_of};
use crate::ask::Ask;

pub(crate) async fn send(ask: &Ask<'_>, route: &Route) -> Result<HttpReply, Problem> {
    let body = ask.request.json_body(MOST_BATCH_BYTES)?;
    let texts = read(&body)?;
    let more = texts.len().div_ceil(MESSAGES_PER_REQUEST) - 1;
    let pace = &ask.context.pace;
    pace.check_more(&ask.caller.tenant, route, more)?;
    let key = key_of(ask)?;
    let named = texts.enumerate().map(|(place, text)| {
        let asked = json_object(text).and_then(Asked::read)?;
        let key = key.as_ref().map(|key| Key::of_several(key, place));
        Named::of(ask.caller, asked, key)
    });
    let outcomes = accept(ask, named.collect()).await?;
    answer(outcomes)
}

/// The messages as they stand: at least one.
fn read(body: &[u8]) -> Result<impl ExactSizeIterator<Item = &[u8]>, Problem> {
    let says =
        format!("must be a list of 1 to {MOST_MESSAGES} messages, and all that the body holds");
    let unfit = || Problem::invalid_field("messages", &says);
    let given: GivenMessages<'_> =
        edge::json::read(body).map_err(|error| match error.other_form {
            true => unfit(),
            false => Problem::not_json(error),
        })?;
    let texts = given.messages.texts();
    match texts.len() {
        0 => Err(unfit()),
        _ => Ok(texts),
    }
}

fn answer(outcomes: Vec<Result<MessageId, Refused>>) -> Result<HttpReply, Problem> {
    let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.len() - accepted;
    let outcomes = outcomes.into_iter().enumerate();
    if accepted == 0 {
        let items = outcomes.filter_map(|(index, outcome)| Some(told(index, outcome.err()?)));
        return Err(none_accepted(items.collect()));
    }
    let messages = outcomes.map(|(index, outcome)| match outcome {
        Ok(id) => BatchItem::Accepted {
            index,
            id,
            status: MessageStatus::Accepted,
        },
        Err(refused) => BatchItem::Refused(told(index, refused)),
    });
    let batch = AcceptedBatch {
        accepted,
        refused,
        messages: messages.collect(),
    };
    Ok(HttpReply::data(202, &batch))
}

fn told(index: usize, refused: Refused) -> ItemProblem {
    ItemProblem {
        index,
        id: refused.id.map(|id| id.to_string()),
        error: refused.problem.into(),
    }
}

/// Where one of them may be taken in another time, the whole may.
fn none_accepted(items: Vec<ItemProblem>) -> Problem {
    let problem = if items.iter().any(|item| item.error.is_temporary()) {
        Problem::unavailable()
    } else {
        let detail = "None of the messages was taken in.";
        Problem::new(422, "no_message_accepted", detail)
            .hint("What is wrong with each is told under items.")
    };
    problem.items(items)
}
