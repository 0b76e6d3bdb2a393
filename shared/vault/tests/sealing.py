"""Seals as the vault does, or with one mistake, for vectors."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from good_vectors import ORDINARY, SHARED, TOKEN
from reader import COMMITMENT_LABEL, KEY_LABEL, NONCE, Place, derive

Derive = Callable[[bytes, bytes, bytes, bytes], bytes]


@dataclass(frozen=True)
class Sealing:
    """All that goes into a seal; what is not given is as the layout says."""

    ring_key: bytes
    salt: bytes
    ring: str = SHARED
    version: int = 1
    place: Place = ORDINARY
    plaintext: bytes = TOKEN
    context: bytes | None = None
    header: bytes | None = None
    key: bytes | None = None
    commitment: bytes | None = None
    associated: bytes | None = None
    nonce: bytes = NONCE
    derive: Derive = derive
    cipher: type = AESGCM

    def but(self, **changes: object) -> "Sealing":
        return replace(self, **changes)

    def the_context(self) -> bytes:
        return self.place.canonical() if self.context is None else self.context

    def the_header(self) -> bytes:
        if self.header is not None:
            return self.header
        name = self.ring.encode()
        return b"SB\x01\x01" + bytes([len(name)]) + name + self.version.to_bytes(4, "big") + self.salt

    def derived(self, label: bytes) -> bytes:
        return self.derive(self.ring_key, self.salt, label, self.the_context())

    def sealed(self) -> bytes:
        header = self.the_header()
        key = self.derived(KEY_LABEL) if self.key is None else self.key
        commitment = self.derived(COMMITMENT_LABEL) if self.commitment is None else self.commitment
        associated = header + self.the_context() if self.associated is None else self.associated
        return header + commitment + self.cipher(key).encrypt(self.nonce, self.plaintext, associated)
