//! Lists come in pages: `limit`, `after` and `before` in, `paging.cursors` and `paging.next` out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::call::Call;
use super::error::{Graph, GraphError};

/// Where a page begins and ends in a list.
pub(super) struct Page {
    start: usize,
    end: usize,
    total: usize,
    limit: usize,
}

impl Page {
    /// Reads the parameters for a list of `total` items; `limit` is from 1 to `most`, 25 when
    /// absent.
    pub(super) fn of(call: &Call<'_>, total: usize, most: usize) -> Graph<Self> {
        let limit = match call.text("limit") {
            None => 25,
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
                limit.ok_or_else(|| {
                    GraphError::parameter(format!("Param limit must be a number from 1 to {most}"))
                })?
            }
        };
        let place = |name| {
            call.text(name)
                .map(|cursor| decode(&cursor, total, call))
                .transpose()
        };
        let (start, end) = match (place("after")?, place("before")?) {
            (Some(last), _) => (last + 1, last + 1 + limit),
            (None, Some(first)) => (first.saturating_sub(limit), first),
            (None, None) => (0, limit),
        };
        Ok(Self {
            start,
            end: end.min(total),
            total,
            limit,
        })
    }

    /// `{data, paging?}` with the items of this page.
    pub(super) fn answer(&self, call: &Call<'_>, items: Vec<Value>) -> Map<String, Value> {
        let data: Vec<Value> = items.into_iter().take(self.end).skip(self.start).collect();
        let mut answer = Map::new();
        if !data.is_empty() {
            let (before, after) = (encode(self.start), encode(self.end - 1));
            let mut paging = json!({ "cursors": { "before": before, "after": after } });
            if let Some(paging) = paging.as_object_mut() {
                if self.end < self.total {
                    paging.insert("next".to_owned(), self.link(call, "after", &after).into());
                }
                if self.start > 0 {
                    paging.insert(
                        "previous".to_owned(),
                        self.link(call, "before", &before).into(),
                    );
                }
            }
            answer.insert("paging".to_owned(), paging);
        }
        answer.insert("data".to_owned(), data.into());
        answer
    }

    fn link(&self, call: &Call<'_>, direction: &str, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in call
            .params
            .keys()
            .filter(|name| !["limit", "after", "before"].contains(&name.as_str()))
        {
            query.append_pair(name, &call.text(name).unwrap_or_default());
        }
        query
            .append_pair("limit", &self.limit.to_string())
            .append_pair(direction, cursor);
        format!("{}?{}", call.address, query.finish())
    }
}

fn encode(place: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("place:{place}"))
}

/// The error for a cursor that is not one has had a code of its own since v24.0.
fn decode(cursor: &str, total: usize, call: &Call<'_>) -> Graph<usize> {
    let text = URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text
        .as_deref()
        .and_then(|text| text.strip_prefix("place:"))
        .and_then(|place| place.parse().ok());
    place.filter(|place| *place < total).ok_or_else(|| {
        let title = "Invalid cursor for pagination";
        if call.version.0 >= 24 {
            GraphError::titled(
                StatusCode::BAD_REQUEST,
                131_059,
                title,
                "Start again without a cursor.",
            )
        } else {
            GraphError::parameter(title)
        }
    })
}
