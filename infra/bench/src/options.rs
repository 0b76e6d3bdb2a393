//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

use crate::Failure;

/// How to call it.
pub(crate) const USAGE: &str = "\
bench [OPTIONS]                  measure our functions beside the bare runtime
bench case FILE.json… [OPTIONS]  measure any Lambda executables
bench serve [FILE.json…] [OPTIONS]  serve only the AWS stand-in, with those cases' keys and queues
bench vault [--count N]          what opening a credential costs, with its key at hand
bench seed                       fill a stand-in with tenants, as the environment says

What is measured
  --count N        units of work per load run (2000)       --warmup N   before it (200)
  --batch N        records in an SQS batch (10)            --tenants N  tenants (20)
  --starts N       starts per case (20)                    --firsts N   first events over TLS (5)
  --rounds N       load runs per case, the median counts (3)
Circumstances
  --upstream-ms N  the provider's time per call (0)        --aws-ms N   AWS's time per call (0)
  --duplicates N   every Nth event comes twice             --forged N   every Nth webhook is forged
  --memory-mb N    also the first event under the CPU share of that memory size (128 for our functions)
Output
  --json FILE      everything as JSON                      --log FILE   what the processes print
  --markdown FILE  everything as Markdown
  --port N         for serve: the port (0: any)";

/// The command line.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Words that are no options: the verb and its files.
    pub(crate) words: Vec<String>,
    /// Units of work per load run.
    pub(crate) count: u64,
    /// Units of work before it.
    pub(crate) warmup: u64,
    /// Records in a batch.
    pub(crate) batch: u64,
    /// Tenants that are seeded and served in turn.
    pub(crate) tenants: u64,
    /// Starts per case.
    pub(crate) starts: u64,
    /// First events per case.
    pub(crate) firsts: u64,
    /// Load runs per case.
    pub(crate) rounds: u64,
    /// The provider's time per call.
    pub(crate) upstream_delay: Duration,
    /// AWS's time per call.
    pub(crate) aws_delay: Duration,
    /// Every Nth event comes twice; 0 for none.
    pub(crate) duplicates: u64,
    /// Every Nth webhook is forged; 0 for none.
    pub(crate) forged: u64,
    /// Memory size whose CPU share is tried.
    pub(crate) memory_mb: Option<u64>,
    /// Where the report goes as JSON.
    pub(crate) json: Option<PathBuf>,
    /// Where the report goes as Markdown.
    pub(crate) markdown: Option<PathBuf>,
    /// Where the output of the processes goes.
    pub(crate) log: Option<PathBuf>,
    /// The port of `serve`.
    pub(crate) port: u16,
}

impl Options {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// If an option is unknown or its value is not what it has to be.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Self {
            words: Vec::new(),
            count: 2000,
            warmup: 200,
            batch: 10,
            tenants: 20,
            starts: 20,
            firsts: 5,
            rounds: 3,
            upstream_delay: Duration::ZERO,
            aws_delay: Duration::ZERO,
            duplicates: 0,
            forged: 0,
            memory_mb: None,
            json: None,
            markdown: None,
            log: None,
            port: 0,
        };
        let mut arguments = arguments.into_iter();
        while let Some(word) = arguments.next() {
            let Some(name) = word.strip_prefix("--") else {
                options.words.push(word);
                continue;
            };
            let value = arguments
                .next()
                .ok_or_else(|| format!("--{name} takes a value\n\n{USAGE}"))?;
            let number = || -> Result<u64, Failure> {
                Ok(value
                    .parse()
                    .map_err(|_| format!("--{name} takes a number, not {value:?}"))?)
            };
            match name {
                "count" => options.count = number()?,
                "warmup" => options.warmup = number()?,
                "batch" => options.batch = number()?.clamp(1, 10_000),
                "tenants" => options.tenants = number()?.max(1),
                "starts" => options.starts = number()?.max(1),
                "firsts" => options.firsts = number()?,
                "rounds" => options.rounds = number()?,
                "upstream-ms" => options.upstream_delay = Duration::from_millis(number()?),
                "aws-ms" => options.aws_delay = Duration::from_millis(number()?),
                "duplicates" => options.duplicates = number()?,
                "forged" => options.forged = number()?,
                "memory-mb" => options.memory_mb = Some(number()?),
                "json" => options.json = Some(value.into()),
                "markdown" => options.markdown = Some(value.into()),
                "log" => options.log = Some(value.into()),
                "port" => {
                    options.port = number()?
                        .try_into()
                        .map_err(|_| "--port takes 0 to 65535")?
                }
                _ => return Err(format!("--{name} is no option\n\n{USAGE}").into()),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, String> {
        Options::parse(text.split_whitespace().map(str::to_owned))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn words_and_options_mix() {
        let options = parse("case --count 10 a.json --upstream-ms 80 b.json").unwrap();
        assert_eq!(options.words, ["case", "a.json", "b.json"]);
        assert_eq!(
            (options.count, options.upstream_delay.as_millis()),
            (10, 80)
        );
        assert_eq!(options.tenants, 20);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(
            parse("--count")
                .unwrap_err()
                .contains("--count takes a value")
        );
        assert!(parse("--count many").unwrap_err().contains("\"many\""));
        assert!(
            parse("--speed 9")
                .unwrap_err()
                .contains("--speed is no option")
        );
    }
}
