//! Who is calling, and may they?

use std::sync::Arc;

use super::accounts::{Account, Directory};
use super::call::Call;
use super::error::{Graph, GraphError};

/// The owner of a call's token.
#[derive(Debug)]
pub(super) enum Caller {
    /// A system user of the account, with its access token.
    User(Arc<Account>),
    /// The account's app, with its app token.
    App(Arc<Account>),
}

impl Caller {
    pub(super) fn account(&self) -> &Arc<Account> {
        let (Self::User(account) | Self::App(account)) = self;
        account
    }

    /// Takes the call's token and proof for what they are worth. None when the call has no token.
    pub(super) fn of(call: &Call<'_>, directory: &Directory) -> Graph<Option<Self>> {
        let Some(token) = call.token else {
            return Ok(None);
        };
        let caller = match token.split_once('|') {
            Some((app_id, _)) => {
                let known = directory.by_app(app_id).is_some();
                Self::App(directory.by_app_token(token).ok_or_else(|| {
                    if known {
                        GraphError::wrong_app_secret()
                    } else {
                        GraphError::unknown_app()
                    }
                })?)
            }
            None => Self::User(
                directory
                    .by_token(token)
                    .ok_or_else(GraphError::bad_token)?,
            ),
        };
        let account = caller.account();
        match (&caller, &call.proof) {
            (_, Some(proof)) if *proof != account.proof(token) => Err(GraphError::proof_wrong()),
            (Self::User(account), None) if account.needs_proof() => {
                Err(GraphError::proof_required())
            }
            (Self::User(account), _) if account.expired_at().is_some() => {
                Err(GraphError::expired_token())
            }
            _ => Ok(Some(caller)),
        }
    }
}

/// Fails unless the account's token has been granted a permission.
pub(super) fn require(account: &Account, scope: &str, refusal: fn() -> GraphError) -> Graph<()> {
    if account.scopes().contains(&scope) {
        Ok(())
    } else {
        Err(refusal())
    }
}
