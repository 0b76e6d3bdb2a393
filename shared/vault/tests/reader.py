"""A second reader of sealed values, written from the vault's documentation and sharing no code with it.

`reader.py` opens the good vectors of `vectors.json`, refuses the bad ones, and says how many of each class there were.
Unlike the vault, which shows one error whatever is wrong, it says why; the vault's users must never learn that.
"""

import hmac
import json
import sys
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VECTORS = Path(__file__).with_name("vectors.json")

START = b"SB" + bytes([1, 1])
LONGEST_RING = 96
VERSION, SALT, COMMITMENT, TAG = 4, 32, 32, 16
NONCE = bytes(12)
KEY_LABEL = b"switchboard seal v1 key"
COMMITMENT_LABEL = b"switchboard seal v1 commitment"

CLASSES = MALFORMED, UNKNOWN_RING, DOES_NOT_OPEN = "malformed", "unknown_ring", "does_not_open"

Rings = dict[tuple[str, int], bytes]


class Refused(Exception):
    """Its text is the class of the error."""


@dataclass(frozen=True)
class Place:
    tenant: str
    provider: str
    integration: str
    purpose: str
    record: str
    revision: int
    origin: str | None

    @classmethod
    def of(cls, vector: dict) -> "Place":
        return cls(**{field.name: vector[field.name] for field in fields(cls)})

    def canonical(self) -> bytes:
        texts = (self.tenant, self.provider, self.integration, self.purpose, self.record)
        form = b"".join(prefixed(text.encode()) for text in texts) + prefixed(self.revision.to_bytes(8, "big"))
        return form + (b"\xff" * 4 if self.origin is None else prefixed(self.origin.encode()))


def prefixed(field: bytes) -> bytes:
    return len(field).to_bytes(4, "big") + field


@dataclass(frozen=True)
class Layout:
    ring: str
    version: int
    salt: bytes
    header: bytes
    commitment: bytes
    body: bytes

    @classmethod
    def parse(cls, sealed: bytes) -> "Layout":
        rest = memoryview(sealed)

        def take(count: int) -> bytes:
            nonlocal rest
            if len(rest) < count:
                raise Refused(MALFORMED)
            taken, rest = bytes(rest[:count]), rest[count:]
            return taken

        start, (length,) = take(len(START)), take(1)
        ring, version, salt = take(length), int.from_bytes(take(VERSION), "big"), take(SALT)
        header = sealed[: len(sealed) - len(rest)]
        commitment, body = take(COMMITMENT), bytes(rest)
        named = 1 <= length <= LONGEST_RING and all(0x21 <= byte <= 0x7E for byte in ring)
        if start != START or not named or version == 0 or len(body) < TAG:
            raise Refused(MALFORMED)
        return cls(ring.decode(), version, salt, header, commitment, body)


def derive(ring_key: bytes, salt: bytes, label: bytes, context: bytes) -> bytes:
    return HKDF(algorithm=SHA512(), length=32, salt=salt, info=label + context).derive(ring_key)


def open_sealed(rings: Rings, place: Place, sealed: bytes) -> bytes:
    layout, context = Layout.parse(sealed), place.canonical()
    ring_key = rings.get((layout.ring, layout.version))
    if ring_key is None or not layout.ring.startswith(f"{place.purpose}/"):
        raise Refused(UNKNOWN_RING)
    if not hmac.compare_digest(derive(ring_key, layout.salt, COMMITMENT_LABEL, context), layout.commitment):
        raise Refused(DOES_NOT_OPEN)
    key = derive(ring_key, layout.salt, KEY_LABEL, context)
    try:
        return AESGCM(key).decrypt(NONCE, layout.body, layout.header + context)
    except InvalidTag:
        raise Refused(DOES_NOT_OPEN) from None


def read(rings: Rings, vector: dict) -> str:
    """The plaintext in hexadecimal, or the class of the error."""
    try:
        return open_sealed(rings, Place.of(vector), bytes.fromhex(vector["sealed"])).hex()
    except Refused as refused:
        return str(refused)


def rings_of(vectors: dict) -> Rings:
    return {(ring["ring"], ring["version"]): bytes.fromhex(ring["key"]) for ring in vectors["rings"]}


def expected(vector: dict) -> str:
    return vector["plaintext"] if "plaintext" in vector else vector["class"]


def main() -> None:
    vectors = json.loads(VECTORS.read_text())
    rings, seen, wrong = rings_of(vectors), Counter(), []
    for vector in vectors["opens"] + vectors["refused"]:
        answer = read(rings, vector)
        seen[answer if answer in CLASSES else "opens"] += 1
        if answer != expected(vector):
            wrong.append(f"{vector['name']}: {answer}, not {expected(vector)}")
    print(", ".join(f"{count} {answer}" for answer, count in seen.items()))
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
