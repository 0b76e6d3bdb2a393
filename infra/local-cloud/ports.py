"""A port on this machine for each thing that listens: the forced one, the one it had last time, or a free one."""

import json
import os
import socket

from paths import LOCAL
from say import Stop

REMEMBERED = LOCAL / "ports.json"


def choose(name: str, variable: str) -> int:
    """The port for `name`, which is not running; remembered for the next time."""
    port = forced(variable)
    if port is not None:
        if not is_free(port):
            raise Stop(
                f"{variable}={port}, but something else listens on that port: stop it, give another number, "
                f"or leave {variable} out to have a free port picked."
            )
    else:
        port = remembered().get(name, 0)
        if not is_free(port):
            port = 0
        port = port or pick()
    REMEMBERED.parent.mkdir(parents=True, exist_ok=True)
    REMEMBERED.write_text(json.dumps(remembered() | {name: port}))
    return port


def check_forced(name: str, variable: str, port: int) -> None:
    """What runs already cannot move to another port."""
    if forced(variable) not in (None, port):
        raise Stop(f"The {name} runs on port {port} already: `make down` first, then start it with {variable} again.")


def forced(variable: str) -> int | None:
    text = os.environ.get(variable)
    if not text:
        return None
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise Stop(f"{variable}={text} is not a port: give a number from 1024 to 65535, or leave it out.")
    return int(text)


def remembered() -> dict[str, int]:
    return json.loads(REMEMBERED.read_text()) if REMEMBERED.is_file() else {}


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def pick() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
