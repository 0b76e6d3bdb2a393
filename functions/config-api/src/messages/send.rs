//! `POST /messages`: the queue's own contract, with the tenant taken from the caller.

use contract::messages::Accepted;
use domain::ledger::MessageStatus;
use edge::Problem;
use edge::http::HttpReply;

use super::accept;
use super::asked::{Asked, Key, Named, key_of};
use crate::ask::Ask;

pub(crate) async fn send(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let asked = Asked::read(ask.request.json_object()?)?;
    one(ask, asked).await
}

/// Takes a message in, for the caller's own tenant, if the caller may send it.
pub(crate) async fn one(ask: &Ask<'_>, asked: Asked) -> Result<HttpReply, Problem> {
    let key = key_of(ask)?;
    let key = key.as_ref().map(Key::of_one);
    let named = Named::of(ask.caller, asked, key)?;
    let outcome = accept::accept(ask, vec![Ok(named)]).await?.pop();
    let id = match outcome {
        Some(outcome) => outcome.map_err(|refused| refused.problem)?,
        None => return Err(Problem::unavailable()),
    };
    let accepted = Accepted {
        id: &id,
        status: MessageStatus::Accepted,
    };
    Ok(HttpReply::data(202, &accepted))
}
