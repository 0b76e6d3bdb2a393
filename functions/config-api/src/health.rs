//! Whether the function answers; no more is said in public.

use edge::http::HttpReply;

pub(crate) fn show() -> HttpReply {
    HttpReply::new(200, "application/json", r#"{"status":"ok"}"#.to_owned())
}
