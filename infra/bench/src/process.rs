//! The process under test: started, its clocks and memory read, ended.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use crate::Failure;

/// The longest that a process may take to end. Lambda would kill it after half a second.
const END_LIMIT: Duration = Duration::from_secs(10);

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// User and system time of all its threads, ended ones too, by the kernel's own clock of the process.
    pub(crate) cpu: Duration,
    /// Bytes of memory resident now.
    pub(crate) resident: u64,
}

impl Usage {
    /// Of a running process of ours.
    pub(crate) fn of(pid: u32) -> Self {
        Self {
            cpu: cpu(pid).unwrap_or_default(),
            resident: resident(pid).unwrap_or_default(),
        }
    }
}

/// CPU time alone, which is quick to read.
pub(crate) fn cpu(pid: u32) -> Option<Duration> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(i32::try_from(pid).ok()?)).ok()?;
    clock_gettime(clock).ok().map(Duration::from)
}

/// The sum over its mappings; the figure in `status` lags behind.
fn resident(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

/// A child process; dropping it ends it.
pub(crate) struct Process {
    child: Child,
    /// Just before it was made.
    pub(crate) started: Instant,
}

impl Process {
    /// Starts a command with nothing in its environment but `env`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start(
        command: &[String],
        env: &BTreeMap<String, String>,
        log: Option<&Path>,
    ) -> Result<Self, Failure> {
        let (program, arguments) = command.split_first().ok_or("the case has no command")?;
        let output = || -> Result<Stdio, Failure> {
            Ok(match log {
                Some(path) => File::options().create(true).append(true).open(path)?.into(),
                None => Stdio::null(),
            })
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(env);
        command
            .stdin(Stdio::null())
            .stdout(output()?)
            .stderr(output()?);
        let started = Instant::now();
        let child = command
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        Ok(Self { child, started })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Tells it to end, as Lambda does, and waits until it has.
    ///
    /// # Errors
    /// If it does not.
    pub(crate) async fn end(&mut self) -> Result<ExitStatus, Failure> {
        kill(Pid::from_raw(i32::try_from(self.id())?), Signal::SIGTERM)?;
        let limit = Instant::now() + END_LIMIT;
        while Instant::now() < limit {
            if let Some(status) = self.ended() {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err(format!("it did not end within {} s", END_LIMIT.as_secs()).into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_a_process_is_its_own() {
        let env = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        let command = [
            "sh",
            "-c",
            "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exec sleep 5",
        ];
        let process = Process::start(&command.map(str::to_owned), &env, None).unwrap();
        let limit = Instant::now() + Duration::from_secs(10);
        while Usage::of(process.id()).cpu < Duration::from_millis(1) && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(10));
        }
        let usage = Usage::of(process.id());
        assert!(usage.cpu >= Duration::from_millis(1), "{usage:?}");
        assert!(usage.resident > 100_000, "{usage:?}");
    }

    #[tokio::test]
    async fn a_process_may_do_something_before_it_ends() {
        let env = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        for (script, wanted) in [
            (
                "trap 'exit 7' TERM; echo >&2; while :; do sleep 0.01; done",
                Some(7),
            ),
            ("echo >&2; exec sleep 5", None),
        ] {
            let log = std::env::temp_dir().join(format!("bench-end-{}", std::process::id()));
            let command = ["sh", "-c", script].map(str::to_owned);
            let mut process = Process::start(&command, &env, Some(&log)).unwrap();
            // What it writes says that it is ready.
            while fs::metadata(&log).unwrap().len() == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            assert_eq!(process.end().await.unwrap().code(), wanted);
            fs::remove_file(log).unwrap();
        }
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let missing = Process::start(&["/no/such/bootstrap".to_owned()], &BTreeMap::new(), None);
        assert!(
            missing
                .err()
                .unwrap()
                .to_string()
                .contains("/no/such/bootstrap")
        );
    }
}
