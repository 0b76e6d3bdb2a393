//! What can be connected, and what each provider asks for.

use edge::http::HttpReply;

pub(crate) fn list() -> HttpReply {
    let all: Vec<_> = providers::ALL
        .iter()
        .map(|provider| provider.descriptor())
        .collect();
    HttpReply::data(200, &all)
}
