"""Prints one value of the running stack: `show.py tokens admin`, `show.py queues messages`."""

import json
import sys

import stack
from say import Stop, line, run


def main() -> None:
    value = stack.read()
    for word in sys.argv[1:]:
        if not isinstance(value, dict) or word not in value:
            known = ", ".join(value) if isinstance(value, dict) else "nothing"
            raise Stop(f"There is no {word!r} here; there is {known}.")
        value = value[word]
    line(value if isinstance(value, str) else json.dumps(value, indent=2))


if __name__ == "__main__":
    run(main)
