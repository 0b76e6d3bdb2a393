"""The README's tour of the API works, command by command."""

import re
import subprocess

import pytest
from template import ROOT

README = (ROOT / "README.md").read_text()
TOUR = README[README.index("### A tour") : README.index("### What holds everywhere")]
BLOCKS = re.findall(r"```sh\n(.*?)```", TOUR, re.S)


def run(script: str) -> subprocess.CompletedProcess:
    # Each command is shown before it runs, so that a failing one is named.
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_tour_has_something_to_show():
    commands = [line for block in BLOCKS for line in block.splitlines() if re.match(r"(AS=\w+ )?api |\w+=\$\(", line)]
    assert len(BLOCKS) >= 6 and len(commands) >= 30, (len(BLOCKS), len(commands))


def test_every_command_of_the_tour_works(stack):
    script = "\n".join([BLOCKS[0], "set -x", *BLOCKS[1:]])
    done = run(script)
    assert done.returncode == 0, f"{done.stdout[-800:]}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("command", ["api /api/v1/nothing", "api /api/v1/agents -X POST -d '{}'"])
def test_a_command_that_fails_stops_the_tour(stack, command):
    assert run(f"{BLOCKS[0]}\n{command}\ntrue").returncode != 0
