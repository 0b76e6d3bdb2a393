"""`make down`: stops what `make up` started, and nothing else. Runs on the machine's own Python."""

import processes
from paths import LOCAL
from say import line, run


def main() -> None:
    stopped = [name for name in processes.remembered() if processes.stop(name)]
    (LOCAL / "stack.json").unlink(missing_ok=True)
    line(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing is running.")


if __name__ == "__main__":
    run(main)
