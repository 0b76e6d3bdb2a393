"""Prints the last that a function said: `logs.py message-dispatch`, `logs.py` for all of them."""

import sys

import cloud
import processes
from paths import FUNCTIONS, STACK
from say import Stop, line, run

LINES = 40
PLATFORM = ("START ", "END ", "REPORT ")


def main() -> None:
    running = processes.find(cloud.NAME)
    if running is None:
        raise Stop("Nothing is running: `make up` starts it.")
    for function in sys.argv[1:] or FUNCTIONS:
        if function not in FUNCTIONS:
            raise Stop(f"There is no function {function!r}; there is {', '.join(FUNCTIONS)}.")
        line(f"== {function}")
        for said in last(cloud.Cloud(running.port, running.identity), function):
            line(said)


def last(here: cloud.Cloud, function: str) -> list[str]:
    events = (
        here.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{STACK}-{function}")
    )
    said = [event["message"] for page in events for event in page["events"]]
    return [text for text in said if not text.startswith(PLATFORM)][-LINES:]


if __name__ == "__main__":
    run(main)
