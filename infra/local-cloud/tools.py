"""Installs the pinned tools into .venv. Runs on the machine's own Python, so it uses nothing but that."""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

from paths import LOGS, ROOT, VENV, shown
from say import Stop, line, run, step

OLDEST, NEWEST = (3, 11), (3, 14)
VENV_GB = 1.2
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
INSTALLED = VENV / "installed"
SAM_SETTINGS = VENV / "sam" / "metadata.json"
FAR_FUTURE = 4_102_444_800.0


def main() -> None:
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if INSTALLED.is_file() and INSTALLED.read_text() == wanted and (VENV / "bin" / "python").exists():
        return
    check_python()
    check_disk()
    install()
    keep_sam_to_itself()
    INSTALLED.write_text(wanted)


def check_python() -> None:
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        have, oldest, newest = (".".join(map(str, v)) for v in (version, OLDEST, NEWEST))
        raise Stop(
            f"Python {oldest} to {newest} is needed and this is {have}: run it as `make up PYTHON=python{oldest}`."
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise Stop(
            "This Python cannot make virtual environments: install its venv package (python3-venv), then run it again."
        )


def check_disk() -> None:
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < VENV_GB:
        raise Stop(f"The tools need {VENV_GB} GB and {free:.1f} GB are free: make room, then run it again.")


def install() -> None:
    log = LOGS / "tools.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    make = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    fill = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--requirement", str(REQUIREMENTS)]
    with step(f"Installing the pinned tools into {shown(VENV)} (a minute or two, once)"), log.open("w") as out:
        for command in (make, fill):
            if subprocess.run(command, stdout=out, stderr=subprocess.STDOUT).returncode != 0:
                line("\n".join(log.read_text().splitlines()[-8:]))
                raise Stop(f"The tools could not be installed. Mend that ({shown(log)} has it all), then run it again.")


def keep_sam_to_itself() -> None:
    """SAM reports its use and asks for newer versions over the network, unless its settings say otherwise."""
    SAM_SETTINGS.parent.mkdir()
    SAM_SETTINGS.write_text(json.dumps({"telemetryEnabled": False, "lastVersionCheck": FAR_FUTURE}))


if __name__ == "__main__":
    run(main)
