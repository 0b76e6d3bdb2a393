//! A sandbox on a free port, a client that says what happened on the wire, and a receiver of
//! webhooks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use provider_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Longest that anything may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A running sandbox with the values of one account.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) account: Account,
}

/// The configuration of an account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) token: String,
    pub(crate) phone: String,
    pub(crate) waba: String,
    pub(crate) app: String,
    pub(crate) secret: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// HTTP status, code and, where there is one, subcode.
    pub(crate) fn error(&self) -> (u16, i64, Option<i64>) {
        let error = &self.body["error"];
        assert!(
            error["message"].is_string() && error["type"].is_string(),
            "{self:?}"
        );
        assert!(error["fbtrace_id"].is_string(), "{self:?}");
        (
            self.status,
            error["code"].as_i64().unwrap(),
            error["error_subcode"].as_i64(),
        )
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::of("one").await
    }

    pub(crate) async fn of(account: &str) -> Self {
        let options = Options {
            port: 0,
            status_gap: Duration::from_millis(5),
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let path = format!("/_sandbox/credentials?account={account}");
        let all = call(sandbox.address(), Method::GET, &path, None, None)
            .await
            .unwrap()
            .body;
        let account = Account::of(&all["whatsapp"]);
        Self { sandbox, account }
    }

    /// A request to the control API that has to succeed.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.try_control(method, path, body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }

    pub(crate) async fn try_control(&self, method: Method, path: &str, body: Value) -> Answer {
        let path = format!("/_sandbox/{path}");
        let body = (!body.is_null()).then_some(body);
        call(self.sandbox.address(), method, &path, None, body)
            .await
            .unwrap()
    }

    pub(crate) async fn fault(&self, fault: Value) -> Value {
        let mut rule = json!({ "provider": "whatsapp" });
        rule.as_object_mut()
            .unwrap()
            .extend(fault.as_object().unwrap().clone());
        self.control(Method::POST, "faults", rule).await
    }

    /// A Graph call with the account's token.
    pub(crate) async fn graph(&self, method: Method, path: &str, body: Value) -> Answer {
        self.try_graph(method, path, body).await.unwrap()
    }

    pub(crate) async fn try_graph(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Answer, String> {
        self.graph_as(&self.account.token, method, path, body).await
    }

    pub(crate) async fn graph_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Answer, String> {
        let body = (!body.is_null()).then_some(body);
        let path = format!("/v25.0/{path}");
        call(self.sandbox.address(), method, &path, Some(token), body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.graph(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn send(&self, message: Value) -> Answer {
        self.try_send(message).await.unwrap()
    }

    pub(crate) async fn try_send(&self, message: Value) -> Result<Answer, String> {
        let path = format!("{}/messages", self.account.phone);
        self.try_graph(Method::POST, &path, message).await
    }

    /// Subscribes the app and sets the override of the WABA.
    pub(crate) async fn register(&self, receiver: &Receiver) {
        let path = format!("{}/subscribed_apps", self.account.waba);
        assert_eq!(
            self.graph(Method::POST, &path, Value::Null).await.status,
            200
        );
        let body = json!({ "override_callback_uri": receiver.url(), "verify_token": VERIFY_TOKEN });
        let answer = self.graph(Method::POST, &path, body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }

    pub(crate) async fn requests(&self) -> Vec<Value> {
        let all = self
            .control(Method::GET, "requests?provider=whatsapp", Value::Null)
            .await;
        all.as_array().unwrap().clone()
    }
}

impl Account {
    pub(crate) fn of(configuration: &Value) -> Self {
        let text = |field: &str| configuration[field].as_str().unwrap().to_owned();
        Self {
            token: text("access_token"),
            phone: text("phone_number_id"),
            waba: text("waba_id"),
            app: text("app_id"),
            secret: text("app_secret"),
        }
    }
}

/// A text message that is right.
pub(crate) fn text_message(body: &str) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+14155550199",
        "type": "text",
        "text": { "body": body },
    })
}

/// One request on a connection of its own. The error tells how the connection ended.
pub(crate) async fn call(
    address: SocketAddr,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<Value>,
) -> Result<Answer, String> {
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    if let Some(token) = token {
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
    }
    if let Some(body) = body {
        let json = "application/json".parse().unwrap();
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        *request.body_mut() = Full::new(Bytes::from(body.to_string()));
    }
    exchange(address, request).await
}

/// Sends any request and reads the answer.
pub(crate) async fn exchange(
    address: SocketAddr,
    mut request: Request<Full<Bytes>>,
) -> Result<Answer, String> {
    let host = address.to_string().parse().unwrap();
    request.headers_mut().insert(header::HOST, host);
    let exchange = async {
        let stream = TcpStream::connect(address).await.map_err(chain)?;
        let (mut sender, connection) = client::handshake(TokioIo::new(stream))
            .await
            .map_err(chain)?;
        tokio::spawn(connection);
        let (head, body) = sender
            .send_request(request)
            .await
            .map_err(chain)?
            .into_parts();
        let body = body.collect().await.map_err(chain)?.to_bytes();
        let text = String::from_utf8_lossy(&body);
        let body = serde_json::from_slice(&body).unwrap_or_else(|_| text.into());
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    };
    tokio::time::timeout(LIMIT, exchange)
        .await
        .expect("an answer in time")
}

/// An error with what it was caused by.
fn chain(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The token that receivers expect.
pub(crate) const VERIFY_TOKEN: &str = "letmein & /?=";

/// Plays our side: answers verifications and keeps what is delivered.
pub(crate) struct Receiver {
    address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    _serving: JoinSet<()>,
}

/// What a receiver got, and how it answers.
#[derive(Default)]
pub(crate) struct Seen {
    posts: Mutex<Vec<Post>>,
    arrived: Notify,
    verifications: Mutex<Vec<String>>,
    /// Statuses for the coming POSTs; 200 once they are used up.
    pub(crate) answers: Mutex<Vec<StatusCode>>,
    /// Pause before each answer.
    pub(crate) pause: Mutex<Duration>,
    /// What is put behind an echoed challenge.
    pub(crate) spoil: Mutex<String>,
}

/// One POST as it came.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Post {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Message id and name of each status in it.
    pub(crate) fn statuses(&self) -> Vec<(String, String)> {
        let body = self.json();
        let changes = body["entry"][0]["changes"].as_array().unwrap().clone();
        let all = changes
            .iter()
            .flat_map(|change| change["value"]["statuses"].as_array().unwrap().clone());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all.map(|status| (text(&status["id"]), text(&status["status"])))
            .collect()
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let mut serving = JoinSet::new();
        let state = Arc::clone(&seen);
        serving.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    let service = service_fn(|request| respond(Arc::clone(&state), request));
                    server::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                        .ok();
                });
            }
        });
        Self {
            address,
            seen,
            _serving: serving,
        }
    }

    /// A URL with a name that only the local cloud knows.
    pub(crate) fn url(&self) -> String {
        format!(
            "http://ab12.execute-api.localhost:{}/hooks/one?way=in",
            self.address.port()
        )
    }

    /// The POSTs so far, once there are as many as that.
    pub(crate) async fn posts(&self, least: usize) -> Vec<Post> {
        self.posts_until(|posts| posts.len() >= least).await
    }

    pub(crate) async fn posts_until(&self, enough: impl Fn(&[Post]) -> bool) -> Vec<Post> {
        let wait = async {
            loop {
                let arrived = self.seen.arrived.notified();
                let posts = self.seen.posts.lock().unwrap().clone();
                if enough(&posts) {
                    return posts;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(LIMIT, wait)
            .await
            .expect("webhooks in time")
    }

    /// Host and query of each verification.
    pub(crate) fn verifications(&self) -> Vec<String> {
        self.seen.verifications.lock().unwrap().clone()
    }
}

async fn respond(
    seen: Arc<Seen>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let mut response = Response::new(Full::default());
    if head.method == Method::GET {
        let host = head.headers[header::HOST].to_str().unwrap();
        let query: std::collections::HashMap<String, String> =
            url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        seen.verifications
            .lock()
            .unwrap()
            .push(format!("{host}{}", head.uri));
        if query["hub.mode"] == "subscribe" && query["hub.verify_token"] == VERIFY_TOKEN {
            let echo = format!("{}{}", query["hub.challenge"], seen.spoil.lock().unwrap());
            *response.body_mut() = Full::new(Bytes::from(echo));
        } else {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
        return Ok(response);
    }
    let body = body.collect().await?.to_bytes();
    let pause = *seen.pause.lock().unwrap();
    tokio::time::sleep(pause).await;
    *response.status_mut() = seen.answers.lock().unwrap().pop().unwrap_or(StatusCode::OK);
    seen.posts.lock().unwrap().push(Post {
        headers: head.headers,
        body,
    });
    seen.arrived.notify_waiters();
    Ok(response)
}
