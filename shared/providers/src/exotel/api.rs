//! A read from Exotel's API and its answer. Key and token travel in a header, never in the URL as the vendor's samples
//! have it (T7).

use domain::Failure;
use http::Method;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use super::{errors, fields};
use crate::http::Outgoing;
use crate::{Connection, reading};

/// What a connection needs to call Exotel.
pub(super) struct Api<'a>(Connection<'a>);

impl<'a> Api<'a> {
    pub(super) fn new(connection: Connection<'a>) -> Self {
        Self(connection)
    }

    /// Reads `/{version}/Accounts/{account}/{resource}`.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        version: &str,
        resource: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let account = self.0.setting(fields::ACCOUNT_SID.name);
        let account = account.unwrap_or_default();
        let mut url = reading::url(self.0, &[version, "Accounts", account, resource])?;
        url.query_pairs_mut().extend_pairs(query);
        let mut request = Outgoing::new(Method::GET, url);
        let secret = |name| self.0.credentials.get(name);
        let pair = secret(fields::API_KEY.name).zip(secret(fields::API_TOKEN.name));
        if let Some((key, token)) = pair {
            request = request.basic(key.expose_secret(), token);
        }
        let answer = reading::read(self.0, "Exotel", request).await?;
        if answer.status != 200 {
            return Err(errors::failure_of(answer.status, &answer.body));
        }
        serde_json::from_slice(&answer.body).map_err(|_| errors::failure_within(&answer.body))
    }
}
