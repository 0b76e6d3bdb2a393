//! Everything around the process under test: Runtime API, AWS stand-in and provider, each on a port of its own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Request;
use testing::cloud::{Answer, Cloud};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::Failure;
use crate::case::Case;
use crate::http::{Reply, reply, serve, set_header};
use crate::options::Options;
use crate::process::{Process, Usage};
use crate::quota::Quota;
use crate::runtime_api::RuntimeApi;
use crate::tls::Tls;
use crate::upstream::Upstream;

const START_LIMIT: Duration = Duration::from_secs(20);
const SEED_LIMIT: Duration = Duration::from_secs(120);

/// The surroundings of one run.
pub(crate) struct Stage {
    /// Hands over events.
    pub(crate) runtime: Rc<RuntimeApi>,
    /// The AWS stand-in.
    pub(crate) cloud: Cloud,
    /// The provider.
    pub(crate) upstream: Rc<Upstream>,
    case: Case,
    env: BTreeMap<String, String>,
    tenants: u64,
    aws_delay: Rc<Cell<Duration>>,
    log: Option<std::path::PathBuf>,
    _tls: Option<Tls>,
}

/// How a process started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started {
    /// From its making to its first `/next`.
    pub(crate) took: Duration,
    /// What it had used by then.
    pub(crate) usage: Usage,
}

impl Stage {
    /// Opens the ports; with `tls`, AWS and the provider speak TLS.
    ///
    /// # Errors
    /// If a port cannot be opened.
    pub(crate) async fn set(case: &Case, options: &Options, tls: bool) -> Result<Self, Failure> {
        let tls = tls.then(Tls::new).transpose()?;
        let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
        let runtime = Rc::<RuntimeApi>::default();
        let upstream = Rc::new(Upstream::new(
            options.upstream_delay,
            case.authorization.as_deref(),
        ));
        let cloud = cloud_of(std::slice::from_ref(case));
        let (listener, runtime_port) = listen(0).await?;
        serve(listener, None, {
            let runtime = runtime.clone();
            move |request| runtime.clone().handle(request)
        });
        let aws_delay = Rc::new(Cell::new(options.aws_delay));
        let aws_port = serve_aws(&cloud, 0, acceptor.clone(), aws_delay.clone()).await?;
        let (listener, upstream_port) = listen(0).await?;
        serve(listener, acceptor, {
            let upstream = upstream.clone();
            move |request| upstream.clone().handle(request)
        });
        let base = |port: u16| match &tls {
            None => format!("http://127.0.0.1:{port}"),
            Some(_) => format!("https://localhost:{port}"),
        };
        let (aws, provider) = (base(aws_port), base(upstream_port));
        let ca = tls.as_ref().map(|tls| tls.ca_file().display().to_string());
        let case = case.clone().filled(|name| match name {
            "aws" => Some(aws.clone()),
            "upstream" => Some(provider.clone()),
            "ca" => Some(ca.clone().unwrap_or_default()),
            _ => None,
        });
        let mut env = lambda_environment(runtime_port, &aws);
        for name in ["EXTRA_CA_FILE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] {
            env.extend(ca.clone().map(|ca| (name.to_owned(), ca)));
        }
        env.extend(case.env.clone());
        let (tenants, log) = (options.tenants, options.log.clone());
        Ok(Self {
            runtime,
            cloud,
            upstream,
            case,
            env,
            tenants,
            aws_delay,
            log,
            _tls: tls,
        })
    }

    /// Runs the case's seed command, which AWS answers without delay.
    ///
    /// # Errors
    /// If it fails or takes too long.
    pub(crate) async fn seed(&self) -> Result<(), Failure> {
        if self.case.seed.is_empty() {
            return Ok(());
        }
        let mut env = self.env.clone();
        env.insert("TENANTS".to_owned(), self.tenants.to_string());
        let delay = self.aws_delay.take();
        let mut seed = Process::start(&self.case.seed, &env, self.log.as_deref())?;
        let limit = Instant::now() + SEED_LIMIT;
        let status = loop {
            if let Some(status) = seed.ended() {
                break status;
            }
            if Instant::now() > limit {
                return Err(format!("seeding took over {} s", SEED_LIMIT.as_secs()).into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        if !status.success() {
            return Err(
                format!("the seed command ended with {status}; --log FILE shows why").into(),
            );
        }
        self.aws_delay.set(delay);
        self.cloud.reset_counts();
        Ok(())
    }

    /// Starts the process and waits for its first `/next`.
    ///
    /// # Errors
    /// If it ends, reports an error or asks for nothing.
    pub(crate) async fn start(&self, quota: Option<Quota>) -> Result<(Process, Started), Failure> {
        let name = &self.case.name;
        let mut process = Process::start(&self.case.command, &self.env, self.log.as_deref())?;
        self.runtime.expect(process.id(), quota);
        let limit = Instant::now() + START_LIMIT;
        loop {
            let first = tokio::time::timeout(Duration::from_millis(20), self.runtime.first_next());
            match first.await {
                Ok(Ok((at, usage))) => {
                    let took = at - process.started;
                    return Ok((process, Started { took, usage }));
                }
                Ok(Err(error)) => return Err(format!("{name} did not start: {error}").into()),
                Err(_) => {}
            }
            if let Some(status) = process.ended() {
                return Err(format!(
                    "{name} ended with {status} before its first event; --log FILE shows why"
                )
                .into());
            }
            if Instant::now() > limit {
                return Err(
                    format!("{name} asked for no event in {} s", START_LIMIT.as_secs()).into(),
                );
            }
        }
    }
}

/// The stand-in with what the cases say it has.
pub(crate) fn cloud_of(cases: &[Case]) -> Cloud {
    let keys = cases.iter().flat_map(|case| &case.keys);
    let queues = cases.iter().flat_map(|case| &case.queues);
    let cloud = keys.fold(Cloud::default(), |cloud, key| cloud.with_key(key));
    queues.fold(cloud, |cloud, queue| cloud.with_queue(queue))
}

/// Serves the stand-in, which takes `delay` for each answer; gives the port.
///
/// # Errors
/// If the port cannot be opened.
pub(crate) async fn serve_aws(
    cloud: &Cloud,
    port: u16,
    tls: Option<TlsAcceptor>,
    delay: Rc<Cell<Duration>>,
) -> Result<u16, Failure> {
    let (listener, port) = listen(port).await?;
    let cloud = cloud.clone();
    serve(listener, tls, move |request| {
        answer(cloud.clone(), request, delay.get())
    });
    Ok(port)
}

async fn answer(cloud: Cloud, request: Request<Bytes>, delay: Duration) -> Option<Reply> {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    match cloud.answer(target.unwrap_or_default(), request.body()) {
        Answer::Reply(answered) => {
            let mut response = reply(answered.status, "application/x-amz-json-1.0", answered.body);
            for (name, value) in answered.headers {
                set_header(&mut response, name, &value);
            }
            Some(response)
        }
        Answer::Reset => None,
        Answer::Silence => std::future::pending().await,
    }
}

async fn listen(port: u16) -> Result<(TcpListener, u16), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("port {port} of 127.0.0.1: {error}"))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// What Lambda sets, with keys from AWS's documentation.
fn lambda_environment(runtime_port: u16, aws: &str) -> BTreeMap<String, String> {
    [
        (
            "AWS_LAMBDA_RUNTIME_API",
            format!("127.0.0.1:{runtime_port}"),
        ),
        ("AWS_ENDPOINT_URL", aws.to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".to_owned()),
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        ),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench".to_owned()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Runs one measurement on a runtime of its own, so that no socket of the last one is left.
///
/// # Errors
/// Those of the measurement.
pub(crate) fn alone<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::LocalSet::new().block_on(&runtime, work)
}
