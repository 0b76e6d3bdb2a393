//! A Runtime API with one event.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::child;

/// What a child let out.
pub(crate) struct Let {
    /// On standard output and standard error.
    pub(crate) printed: String,
    /// The path to which it posted the end of the event.
    pub(crate) path: String,
    /// What it posted there.
    pub(crate) posted: String,
}

/// Runs a child of that kind for one event.
pub(crate) fn let_out(kind: &str, event: &str) -> Let {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([child::NAME, "--exact", "--ignored", "--nocapture"])
        .env_clear()
        .env(child::VARIABLE, kind)
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("AWS_LAMBDA_FUNCTION_NAME", "function")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "id")
        .env("AWS_SECRET_ACCESS_KEY", "key")
        .env("LOG_LEVEL", "trace")
        .env("RUST_LOG", "trace")
        .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .env("RUST_BACKTRACE", "full")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child");
    let ended = serve(&listener, event);
    child.kill().expect("it was running");
    let output = child.wait_with_output().expect("its output");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let Some((path, posted)) = ended else {
        panic!("the child did not end the event: {printed}");
    };
    Let {
        printed,
        path,
        posted,
    }
}

/// Gives out the event until it is ended, and waits for the child to ask for another. The path and body of its end.
fn serve(listener: &TcpListener, event: &str) -> Option<(String, String)> {
    let mut ended = None;
    let until = Instant::now() + Duration::from_secs(20);
    listener.set_nonblocking(true).expect("a listener");
    while Instant::now() < until {
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        stream.set_nonblocking(false).expect("a stream");
        let (path, body) = read(&stream);
        if path.ends_with("/next") && ended.is_some() {
            break;
        } else if path.ends_with("/next") {
            answer(&stream, "200 OK", event);
        } else {
            ended = Some((path, body));
            answer(&stream, "202 Accepted", "");
        }
    }
    ended
}

fn read(stream: &TcpStream) -> (String, String) {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).expect("a request");
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut chunked) = (0, false);
    loop {
        line.clear();
        lines.read_line(&mut line).expect("a header");
        let (name, value) = line.trim().split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a number"),
            "transfer-encoding" => chunked = true,
            "" => break,
            _ => {}
        }
    }
    assert!(!chunked, "bodies are small");
    let mut body = vec![0; length];
    lines.read_exact(&mut body).expect("a body");
    (path, String::from_utf8_lossy(&body).into_owned())
}

fn answer(mut stream: &TcpStream, status: &str, body: &str) {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\
         lambda-runtime-aws-request-id: r-1\r\nlambda-runtime-deadline-ms: 99999999999999\r\n\
         lambda-runtime-invoked-function-arn: arn\r\n\r\n{body}"
    )
    .expect("the child reads");
}
