"""One run of schemathesis over the document that a server gives of itself."""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

CONFIG = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@dataclass(frozen=True)
class Run:
    """What came of it."""

    name: str
    operations: int
    requests: int
    checks: Counter[str]
    failures: list[str]
    passed: bool
    seconds: float
    output: str

    def __str__(self) -> str:
        return (
            f"{self.name:<16}{self.operations:>4} operations{self.requests:>7} requests{self.checks.total():>8} checks"
            f"{len(self.failures):>4} failures{self.seconds:>7.1f} s"
        )


def run(name: str, url: str, who: str, *arguments: str) -> Run:
    """Asks as `who`, with further arguments of `schemathesis run`."""
    with tempfile.TemporaryDirectory() as folder:
        totals, events = Path(folder, "totals.json"), Path(folder, "events.ndjson")
        command = [
            str(SCHEMATHESIS), "--config-file", str(CONFIG), "run", f"{url}/openapi.json", "--url", url,
            "--header", f"Authorization: Bearer {who}", "--report", "json,ndjson",
            "--report-json-path", str(totals), "--report-ndjson-path", str(events), *arguments,
        ]  # fmt: skip
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert totals.is_file(), done.stdout
        told = json.loads(totals.read_text())
        return Run(
            name=name,
            operations=told["operations"]["tested"],
            requests=told["test_cases"]["generated"],
            checks=checks_of(events),
            failures=[failure["type"] for failure in told["failures"]],
            passed=done.returncode == 0 and told["complete"],
            seconds=told["running_time"],
            output=done.stdout,
        )


def checks_of(events: Path) -> Counter[str]:
    """How often each check was made."""
    made: Counter[str] = Counter()
    with events.open() as lines:
        for event in map(json.loads, lines):
            recorder = event.get("ScenarioFinished", {}).get("recorder", {})
            made.update(check["name"] for of_case in recorder.get("checks", {}).values() for check in of_case)
    return made
