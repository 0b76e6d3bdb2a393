//! What all of Exotel's integrations ask for. One account serves them all, and so do the platform's values (S1-82).

use super::clusters;
use crate::field::{Field, Form};

/// Names the account in every path.
pub(super) const ACCOUNT_SID: Field = Field::setting(
    "account_sid",
    "Account SID",
    "Exotel dashboard → Settings → API settings, under API credentials.",
    Form::Token { min: 3, max: 64 },
    "yourcompany1",
)
.platform("EXOTEL_SID");

/// The user name of every call. Accounts of the early days have their SID for it.
pub(super) const API_KEY: Field = Field::secret(
    "api_key",
    "API key",
    "Exotel dashboard → Settings → API settings, the user name in the table of API keys.",
    Form::Token { min: 3, max: 128 },
    "5f0c3a9d1b7e4826a0d94c3e7b15f86a",
)
.platform("EXOTEL_API_KEY");

/// The password of every call.
pub(super) const API_TOKEN: Field = Field::secret(
    "api_token",
    "API token",
    "Exotel dashboard → Settings → API settings, the password beside the API key. Only administrators see it.",
    Form::Token { min: 8, max: 128 },
    "c81e728d9d4c2f636f067f89cc14862c",
)
.platform("EXOTEL_TOKEN");

/// Which of Exotel's two clusters the account lives on (T6).
pub(super) const REGION: Field = Field::setting(
    "region",
    "Region",
    "Exotel dashboard → Settings → API settings shows the subdomain: api.exotel.com is singapore, api.in.exotel.com \
     is mumbai. Found for you if left out.",
    Form::Choice { of: clusters::NAMES },
    "mumbai",
)
.optional();
