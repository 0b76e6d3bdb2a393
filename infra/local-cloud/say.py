"""What the commands tell their reader: steps with the time they took, and failures as sentences."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TICK_SECONDS = 10


class Stop(Exception):
    """The command cannot go on; the text says what happened and what to do next."""


def line(text: str = "") -> None:
    print(text, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Announces a step, shows that it is alive while it runs, and how long it took."""
    line(f"* {name}")
    began = time.monotonic()
    over = threading.Event()

    def tick() -> None:
        while not over.wait(TICK_SECONDS):
            line(f"    still at it, {time.monotonic() - began:.0f} s")

    threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    finally:
        over.set()
    line(f"    {time.monotonic() - began:.1f} s")


def run(main: Callable[[], None]) -> None:
    """Runs a command's `main`; what stops it is one sentence, not a traceback."""
    try:
        main()
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr, flush=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("\nInterrupted. `make up` goes on from here, `make down` stops what runs.", file=sys.stderr, flush=True)
        raise SystemExit(130) from None
