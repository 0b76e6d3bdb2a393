"""Finds Rust types that print themselves although a field of theirs is a secret in plain text or bytes."""

import re
from collections.abc import Iterator

DERIVED = re.compile(
    r"#\[derive\(([^)]*)\)\]((?:\s*(?:#\[[^\]]*\]|///[^\n]*))*)\s*(?:pub(?:\([^)]*\))?\s+)?(struct|enum)\s+(\w+)"
)
FIELD = re.compile(r"\b(\w+)\s*:(?!:)\s*([^,;(){}]+)")
SECRET = re.compile(
    r"(?:^|_)(?:access_key|api_key|credential|passphrase|password|plaintext|private_key|ring_key|secret|token)"
    r"(?:_(?:bytes|plain|text|value))?$"
)
PLAIN = re.compile(r"\b(?:Bytes|String|Zeroizing|str)\b|\bVec<u8>|\[u8\b")
PRINTS = {"Debug", "Serialize"}


def find(source: str) -> Iterator[str]:
    """`Type.field` of each; a field without a name is judged by its type's."""
    for found in DERIVED.finditer(source):
        derived = {name.strip().rpartition("::")[2] for name in found[1].split(",")}
        if derived & PRINTS:
            for name, of in fields(source, found.end(), found[4]):
                if SECRET.search(name) and PLAIN.search(of):
                    yield f"{found[4]}.{name}"


def fields(source: str, start: int, name: str) -> list[tuple[str, str]]:
    """Names and types in the item whose head ends at `start`."""
    opening = re.compile(r"[{;(]").search(source, start)
    if opening is None or opening[0] == ";":
        return []
    closing = {"{": "}", "(": ")"}[opening[0]]
    depth, at = 1, opening.end()
    while depth and at < len(source):
        depth += {opening[0]: 1, closing: -1}.get(source[at], 0)
        at += 1
    inside = re.sub(r"//[^\n]*", "", source[opening.end() : at - 1])
    if opening[0] == "(":
        return [(re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(), inside)]
    return FIELD.findall(inside)
