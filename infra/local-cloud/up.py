"""`make up`: builds, starts and deploys everything on this machine, then does the main job once to show it."""

import fcntl
import json
import platform
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import build
import cloud
import deploy
import main_job
import people
import sandbox
import stack
from paths import LOCAL, shown
from say import Stop, line, run, step


def main() -> None:
    started = bring_up()
    if "--without-main-job" not in sys.argv:
        main_job.show(started)
        invite(started)


def bring_up() -> dict:
    LOCAL.mkdir(exist_ok=True)
    with alone():
        return start_everything()


@contextmanager
def alone() -> Iterator[None]:
    """Two runs at once would deploy over each other."""
    with (LOCAL / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stop("Another `make up` or `make test` is bringing the stack up: wait until it is done.") from None
        yield


def start_everything() -> dict:
    build.build()
    sandbox_url = sandbox.start()
    here = cloud.start()
    outputs = deploy.deploy(here, parameters(sandbox_url))
    with step("Signing in the users"):
        everyone = people.sign_in_everyone(here, outputs["UserPoolId"], outputs["UserPoolClientId"])
    return stack.write(here, outputs, sandbox_url, everyone)


def parameters(sandbox_url: str) -> dict[str, str]:
    return {
        "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        "IdTokenMinutes": "1440",
        "Scale": "small",
        "ProviderOverrides": json.dumps(overrides(sandbox_url)),
    }


def overrides(sandbox_url: str) -> dict[str, dict[str, str]]:
    """Every provider that the sandbox plays is reached there, each under a path of its own but for the main one."""
    with urllib.request.urlopen(f"{sandbox_url}/_sandbox/credentials", timeout=10) as answer:
        types = json.load(answer)
    path = {"whatsapp": ""}
    return {name: {"base_url": sandbox_url + path.get(name, f"/{name}")} for name in sorted(types)}


def invite(running: dict) -> None:
    line()
    line(f"The stack is running; {shown(stack.FILE)} says where everything is. Try:")
    line(f"""
  curl -H 'Host: {running["api_host"]}' \\
       -H "Authorization: Bearer $(.venv/bin/python infra/local-cloud/show.py tokens admin)" \\
       {running["api_url"]}/api/v1/settings/integrations

  make test    checks everything, against this stack
  make down    stops it""")


if __name__ == "__main__":
    run(main)
