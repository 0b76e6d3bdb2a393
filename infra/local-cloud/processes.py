"""What runs in the background: started, remembered, recognised and stopped by its process id."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from paths import LOCAL, LOGS, shown
from say import Stop

GRACE_SECONDS = 10
RECORDS = LOCAL / "run"


@dataclass(frozen=True)
class Process:
    name: str
    pid: int
    port: int
    identity: str

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"


def record(name: str) -> Path:
    return RECORDS / f"{name}.json"


def remembered() -> list[str]:
    return sorted(file.stem for file in RECORDS.glob("*.json"))


def start(name: str, command: list[str], env: dict[str, str], port: int) -> Process:
    """Starts a command in a session of its own; its output goes to a log file."""
    LOGS.mkdir(parents=True, exist_ok=True)
    RECORDS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("w") as log:
        child = subprocess.Popen(
            command, env=env, cwd=LOCAL, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    process = Process(name, child.pid, port, settled_identity(child.pid))
    record(name).write_text(json.dumps(asdict(process)))
    return process


def find(name: str) -> Process | None:
    """The remembered process, if it still runs and is still the one that we started."""
    if not record(name).is_file():
        return None
    process = Process(**json.loads(record(name).read_text()))
    if process.identity and identity(process.pid) == process.identity:
        return process
    record(name).unlink()
    return None


def wait_until(process: Process, ready: Callable[[], bool], seconds: float) -> None:
    """Waits for a process that was just started; its log says why when it does not get ready."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return
        if find(process.name) is None:
            break
        time.sleep(0.1)
    last = process.log.read_text().splitlines()[-5:]
    stop(process.name)
    raise Stop("\n".join([*last, f"The {process.name} did not start; its whole log is {shown(process.log)}."]))


def stop(name: str) -> bool:
    """Ends the remembered process and what it started; false when nothing of ours runs."""
    process = find(name)
    if process is None:
        return False
    os.kill(process.pid, signal.SIGTERM)
    if not gone(process.pid):
        os.killpg(process.pid, signal.SIGKILL)
    record(name).unlink(missing_ok=True)
    return True


def gone(group: int) -> bool:
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline:
        reap(group)
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def settled_identity(pid: int) -> str:
    """The identity of a new process, which shows no command line for a moment; empty when it ended at once."""
    before = None
    for _ in range(100):
        now = identity(pid)
        if now is not None and now == before:
            return now
        before = now
        time.sleep(0.01)
    return ""


def identity(pid: int) -> str | None:
    """When a process began and what it runs: a process id alone may have passed to somebody else."""
    reap(pid)
    folder = Path("/proc", str(pid))
    if Path("/proc/self/stat").exists():
        try:
            began = (folder / "stat").read_text().rpartition(")")[2].split()[19]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return None
        return f"{began} {command}" if command else None
    shown = subprocess.run(["ps", "-o", "lstart=,command=", "-p", str(pid)], capture_output=True, text=True)
    return shown.stdout.strip() or None
