//! What the child process does.

use edge::lambda::Trigger;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use tracing_subscriber::filter::LevelFilter;

/// The variable that makes this process a child, and says which.
pub(crate) const VARIABLE: &str = "CHILD";
/// The name of the test that a child runs.
pub(crate) const NAME: &str = "child::serves";

#[derive(Deserialize)]
struct Event {
    text: String,
    number: u8,
}

impl Trigger for Event {
    type Answer = &'static str;
}

fn handle(event: &Event) -> &'static str {
    assert!(event.number == 0, "{}", event.text);
    "answered"
}

#[test]
#[ignore = "run by the others, in a process of its own"]
fn serves() {
    let kind = edge::Env::new().optional(VARIABLE);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    match kind.as_deref() {
        Some("as_we_do") => {
            edge::start(|_| ()).expect("the environment is complete");
            tracing::trace!(target: "edge", "at our finest level");
            let handle = async |(): &(), event: Event, _| handle(&event);
            runtime.block_on(edge::lambda::serve((), handle))
        }
        Some(_) => {
            let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE);
            tracing::subscriber::set_global_default(lines.finish()).expect("nobody listens yet");
            let service = |event: LambdaEvent<Event>| async move {
                Ok::<_, edge::StartError>(handle(&event.payload))
            };
            runtime.block_on(lambda_runtime::run(service_fn(service)))
        }
        None => return,
    }
    .expect("served until the end");
}
