//! What is public: whether the function answers, and what the API promises.

use contract::document::document as openapi;
use contract::page::{SECURITY_POLICY, page as to_read};
use contract::system::Health;
use edge::http::HttpReply;

use crate::Context;

pub(crate) fn health() -> HttpReply {
    HttpReply::json(200, &Health { status: "ok" })
}

pub(crate) fn document(context: &Context) -> HttpReply {
    HttpReply::json(200, &openapi(&context.public_base_url))
}

pub(crate) fn page(context: &Context) -> HttpReply {
    let page = to_read(&openapi(&context.public_base_url));
    HttpReply::new(200, "text/html; charset=utf-8", page)
        .header("content-security-policy", SECURITY_POLICY.to_owned())
}
