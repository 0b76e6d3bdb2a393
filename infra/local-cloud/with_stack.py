"""`with_stack.py COMMAND`: runs it against an up-to-date stack, which is stopped after if it was not running before."""

import subprocess
import sys

import cloud
import down
import processes
import up
from paths import ROOT
from say import run


def main() -> None:
    was_running = processes.find(cloud.NAME) is not None
    try:
        up.bring_up()
        raise SystemExit(subprocess.run(sys.argv[1:], cwd=ROOT).returncode)
    finally:
        if not was_running:
            down.main()


if __name__ == "__main__":
    run(main)
