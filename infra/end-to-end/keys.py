"""Finds what looks like a real key in text; what anybody can see to be made up does not count."""

import hashlib
import re
from collections.abc import Iterator

NAMES = (
    r"access_?token|api_?key|api_?token|app_?secret|auth_?token|client_?secret|password|private_?key"
    r"|secret(?:_access_key)?|signing_?secret|token|verify_?token|xi-api-key"
)
LOOKS = {
    "AWS access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "Exotel key or token": r"(?i)\bexotel[^\n]{0,60}?\b[0-9a-f]{32,}\b",
    "GitHub token": r"\bgh[opsu]_[A-Za-z0-9]{36}",
    "Google API key": r"\bAIza[A-Za-z0-9_-]{35}",
    "Meta access token": r"\bEAA[A-Za-z0-9]{20,}",
    "password in a URL": r"\bhttps?://[^\s/:@\"'{}]+:[^\s/:@\"'{}]{8,}@",
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "secret API key": r"\bsk[_-](?:live_|test_|proj-)?[A-Za-z0-9]{20,}",
    "signed JWT": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "value of a secret's name": rf"(?i)\b(?:{NAMES})[\"']?[\])]*\s*[:=,]\s*&?"
    r"[\"'](?=[^\"']*\d)([\w+/=.|~-]{16,})[\"']",
}
PATTERNS = {kind: re.compile(look) for kind, look in LOOKS.items()}

KNOWN = {hashlib.md5(b"hello").hexdigest()}
EVEN_STEPS = 6


def find(text: str) -> Iterator[tuple[str, str]]:
    """Kind and beginning of each key; never more of it."""
    for kind, pattern in PATTERNS.items():
        for found in pattern.finditer(text):
            key = found.group(found.lastindex or 0)
            if not is_made_up(key):
                yield kind, f"{key[:6]}…"


def is_made_up(key: str) -> bool:
    """It says so, repeats itself, or counts up or down."""
    says = any(word in key.lower() for word in ("canary", "example"))
    repeats = re.search(r"(.{2,})\1\1", key) is not None
    digits = "".join(re.findall(r"[0-9a-fA-F]{2}", key)) if re.fullmatch(r"[0-9a-fA-F]+", key) else ""
    return says or repeats or counts(key.encode()) or counts(bytes.fromhex(digits)) or key in KNOWN


def counts(values: bytes) -> bool:
    steps = [after - before for before, after in zip(values, values[1:], strict=False)]
    return any(len(set(steps[at : at + EVEN_STEPS])) == 1 for at in range(len(steps) - EVEN_STEPS + 1))
