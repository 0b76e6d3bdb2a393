"""Looks for secrets in what should not hold them, in every form in which they might hide."""

import base64
import json
from urllib.parse import quote_from_bytes

SHORTEST = 8


def find(secrets: dict[str, str], hay: bytes) -> list[str]:
    """Names of the secrets that are in `hay`, with the form."""
    folded = hay.lower()
    return [
        f"{name} as {form}"
        for name, secret in secrets.items()
        for form, needle in forms(secret.encode())
        if len(needle) >= SHORTEST and (needle in hay or (form == "hex" and needle in folded))
    ]


def forms(secret: bytes) -> list[tuple[str, bytes]]:
    return [
        ("text", secret),
        ("reversed text", secret[::-1]),
        ("JSON", json.dumps(secret.decode()).strip('"').encode()),
        ("URL encoding", quote_from_bytes(secret, safe="").encode()),
        ("hex", secret.hex().encode()),
        ("UTF-16", secret.decode().encode("utf-16-le")),
        *(("base64", form) for form in base64_forms(secret)),
    ]


def base64_forms(secret: bytes) -> set[bytes]:
    """What base64 shows of a secret inside a longer text, wherever it begins, in both alphabets."""
    found = set()
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + secret)
        whole = encoded[4 if offset else 0 : len(encoded) - 4]
        found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def everything(item: object) -> bytes:
    """All text and all bytes of a stored item, as they are and once more unpacked."""
    if isinstance(item, dict):
        return b"\n".join(everything(part) for pair in item.items() for part in pair)
    if isinstance(item, (list, tuple, set)):
        return b"\n".join(map(everything, item))
    if isinstance(item, (bytes, bytearray)):
        return bytes(item) + b"\n" + base64.b64encode(bytes(item))
    text = str(item).encode()
    try:
        return text + b"\n" + base64.b64decode(text, validate=True)
    except ValueError:
        return text
