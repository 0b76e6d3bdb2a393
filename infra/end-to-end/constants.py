"""Constants of the code, read for tests that hold them against the template."""

import re
from pathlib import Path

from template import ROOT

SECONDS = re.compile(r"Duration::from_secs\((.*)\)", re.S)
SUM = re.compile(r"[\d\s+*]+")


def constant(name: str, within: str = "shared") -> int:
    """The number that a Rust constant stands for, in seconds if it is a time. There must be one of that name."""
    written = [found[1] for path in sources(within) for found in declared(name).finditer(path.read_text())]
    assert len(written) == 1, f"{name} is written {len(written)} times in {within}"
    return value(written[0], within)


def sources(within: str) -> list[Path]:
    return [path for path in (ROOT / within).rglob("*.rs") if "src" in path.parts]


def declared(name: str) -> re.Pattern:
    return re.compile(rf"\bconst {name}: [\w:]+ =\s+([^;]+);")


def value(written: str, within: str) -> int:
    """Of sums and products of numbers and of other times."""
    time = SECONDS.fullmatch(written)
    plain = time[1] if time else written
    plain = re.sub(r"(\w+)\.as_secs\(\)", lambda found: str(constant(found[1], within)), plain).replace("_", "")
    assert SUM.fullmatch(plain), f"{written!r} is no sum"
    return sum(product(part) for part in plain.split("+"))


def product(factors: str) -> int:
    result = 1
    for factor in factors.split("*"):
        result *= int(factor)
    return result
