//! One request to a provider: it is logged, meets a fault or not, and is answered.

use std::io;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State as Shared;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::provider::{Provider, Reply, Request, json_reply};
use crate::server::Connection;
use crate::state::{Arrival, State, timestamp};

/// Everything that is not the control API.
pub(crate) async fn serve(
    Shared(state): Shared<Arc<State>>,
    Extension(connection): Extension<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut arrival = Arrival {
        time: timestamp(),
        provider: None,
        account: None,
        method: method.to_string(),
        path: uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        headers: shown_headers(&headers),
        body: shown_body(&body),
        status: None,
        fault: None,
    };
    let Some((provider, inner)) = state.route(&uri) else {
        arrival.status = Some(StatusCode::NOT_FOUND.as_u16());
        let message = format!("no provider of the sandbox serves {}", uri.path());
        state.requests.push(arrival);
        return json_reply(StatusCode::NOT_FOUND, &json!({ "error": message })).map(Body::from);
    };

    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = inner;
    *request.headers_mut() = headers;

    let account = provider.account_of(&request);
    let fault = state
        .faults
        .take(provider.id(), &arrival.path, account.as_deref());
    arrival.provider = Some(provider.id());
    arrival.account = account;
    arrival.fault = fault.as_ref().map(Fault::shown);
    let number = state.requests.push(arrival);

    let reply = answer(provider, &request, fault, &connection).await;
    state.requests.update(number, |arrival| {
        arrival.status = Some(reply.status().as_u16())
    });
    reply
}

async fn answer(
    provider: &dyn Provider,
    request: &Request,
    fault: Option<Fault>,
    connection: &Connection,
) -> Response<Body> {
    match fault {
        None => provider.answer(request).await.map(Body::from),
        Some(Fault::Failure(failure)) => provider.fail(request, failure).map(Body::from),
        Some(Fault::Answer(reply)) => reply.map(Body::from),
        Some(Fault::Delay(delay)) => {
            // The request has its effect at once, only the answer is late: what a caller that times
            // out must expect.
            let reply = provider.answer(request).await;
            tokio::time::sleep(delay).await;
            reply.map(Body::from)
        }
        Some(Fault::Truncate) => truncated(provider.answer(request).await),
        Some(Fault::Reset) => match connection.reset().await {},
        Some(Fault::AcceptThenReset) => {
            provider.answer(request).await;
            match connection.reset().await {}
        }
    }
}

/// Promises the whole body, sends half of it and closes.
fn truncated(reply: Reply) -> Response<Body> {
    let (mut parts, body) = reply.into_parts();
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let half = body.slice(..body.len() / 2);
    let end = async {
        // One turn for the server to flush, so that the half that was promised does arrive.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    };
    Response::from_parts(
        parts,
        Body::from_stream(stream::iter([Ok(half)]).chain(stream::once(end))),
    )
}

fn shown_headers(headers: &HeaderMap) -> Map<String, Value> {
    let text = |name| {
        let values = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        values.collect::<Vec<_>>().join(", ")
    };
    headers
        .keys()
        .map(|name| (name.to_string(), text(name).into()))
        .collect()
}

fn shown_body(body: &Bytes) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}
