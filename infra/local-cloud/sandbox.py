"""The provider sandbox: stands in for the providers on 127.0.0.1."""

import os

import ports
import processes
from build import SANDBOX
from cloud import answers
from say import step

NAME = "provider-sandbox"
PORT_VARIABLE = "SWITCHBOARD_SANDBOX_PORT"


def start() -> str:
    """Its address. A running one is replaced when it was built anew."""
    running = processes.find(NAME)
    if running is not None and SANDBOX.stat().st_mtime > processes.record(NAME).stat().st_mtime:
        processes.stop(NAME)
        running = None
    if running is not None:
        ports.check_forced(NAME, PORT_VARIABLE, running.port)
    else:
        with step("Starting the provider sandbox"):
            port = ports.choose(NAME, PORT_VARIABLE)
            env = {"PATH": os.environ["PATH"]}
            running = processes.start(NAME, [str(SANDBOX), "--port", str(port)], env, port)
            url = f"http://127.0.0.1:{port}"
            processes.wait_until(running, lambda: answers(f"{url}/_sandbox/health"), seconds=20)
    return f"http://127.0.0.1:{running.port}"
