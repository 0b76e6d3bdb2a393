"""The API server, started for a test and stopped after."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "target" / "debug" / "api-server"


def build() -> None:
    command = ["cargo", "build", "--quiet", "--target-dir", str(ROOT / "target"), "--package", "api-server"]
    subprocess.run(command, cwd=ROOT, check=True)


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """Its address. At the end it tells whether the functions have done to AWS what they must not do."""
    command = [str(BINARY), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip()
            assert url, "the server has not started"
            yield url
            server.stdin.close()
            assert server.wait(timeout=30) == 0, "the functions did what they must not do; see above"
        finally:
            server.kill()
