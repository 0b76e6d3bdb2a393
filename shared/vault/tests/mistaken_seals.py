"""Seals with one mistake each, such as another writer might make: a reader that makes it too would open them."""

import json

from cryptography.hazmat.primitives.ciphers.aead import AESCCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from reader import COMMITMENT_LABEL, KEY_LABEL, Place, derive, prefixed
from sealing import Derive, Sealing


def mistaken_seals(seal: Sealing, other_key: bytes) -> dict[str, Sealing]:
    """`seal` gone wrong in many ways, by what it was sealed with; `other_key` is another ring's."""
    header, context = seal.the_header(), seal.the_context()

    def hkdf(algorithm: HashAlgorithm = SHA512(), **parts: bytes | None) -> Derive:
        def other(key: bytes, salt: bytes, label: bytes, context: bytes) -> bytes:
            return HKDF(algorithm, 32, parts.get("salt", salt), parts.get("info", label + context)).derive(key)

        return other

    return {
        "the ring key itself for a key": seal.but(key=seal.ring_key),
        "the commitment for a key": seal.but(key=seal.derived(COMMITMENT_LABEL)),
        "the key for a commitment": seal.but(commitment=seal.derived(KEY_LABEL)),
        "key and commitment exchanged": seal.but(
            key=seal.derived(COMMITMENT_LABEL), commitment=seal.derived(KEY_LABEL)
        ),
        "another ring's key under the right commitment": seal.but(
            key=derive(other_key, seal.salt, KEY_LABEL, context)
        ),
        "another ring's commitment over the right key": seal.but(
            commitment=derive(other_key, seal.salt, COMMITMENT_LABEL, context)
        ),
        "a key of 128 bits": seal.but(key=seal.derived(KEY_LABEL)[:16]),
        "a nonce of one": seal.but(nonce=bytes(11) + b"\x01"),
        "a nonce from the salt": seal.but(nonce=seal.salt[:12]),
        "ChaCha20-Poly1305": seal.but(cipher=ChaCha20Poly1305),
        "AES-CCM": seal.but(cipher=AESCCM),
        "HKDF with SHA-256": seal.but(derive=hkdf(SHA256())),
        "HKDF with SHA-384": seal.but(derive=hkdf(SHA384())),
        "HKDF without salt": seal.but(derive=hkdf(salt=None)),
        "HKDF with the context alone": seal.but(derive=hkdf(info=context)),
        "HKDF without the context": seal.but(derive=lambda key, salt, label, _: derive(key, salt, label, b"")),
        "HKDF with the label last": seal.but(derive=lambda key, salt, label, c: derive(key, salt, c, label)),
        "HKDF with the label ended by zero": seal.but(
            derive=lambda key, salt, label, c: derive(key, salt, label + b"\x00", c)
        ),
        "HKDF with key and salt exchanged": seal.but(derive=lambda key, salt, label, c: derive(salt, key, label, c)),
        "HKDF that only expands": seal.but(
            derive=lambda key, salt, label, c: HKDFExpand(SHA512(), 32, label + c).derive(key)
        ),
        "labels of version 2": seal.but(
            derive=lambda key, salt, label, c: derive(key, salt, label.replace(b"v1", b"v2"), c)
        ),
        "no associated data": seal.but(associated=b""),
        "the header alone as associated data": seal.but(associated=header),
        "the context alone as associated data": seal.but(associated=context),
        "associated data in the other order": seal.but(associated=context + header),
        "associated data with lengths": seal.but(associated=prefixed(header) + prefixed(context)),
        "associated data without the salt": seal.but(associated=header[:-32] + context),
        "associated data without the magic": seal.but(associated=header[2:] + context),
        "associated data with the commitment": seal.but(
            associated=header + seal.derived(COMMITMENT_LABEL) + context
        ),
        **{name: seal.but(context=form) for name, form in wrong_contexts(seal.place).items()},
    }


def wrong_contexts(place: Place) -> dict[str, bytes]:
    names = (place.tenant, place.provider, place.integration, place.purpose, place.record)
    texts = [name.encode() for name in names]
    revision, none = place.revision.to_bytes(8, "big"), b"\xff" * 4
    fields = [*texts, revision]

    def joined_with(length: int, order: str) -> bytes:
        return b"".join(len(field).to_bytes(length, order) + field for field in fields)

    return {
        "no context": b"",
        "lengths in little-endian": joined_with(4, "little") + none,
        "lengths of one byte": joined_with(1, "big") + none,
        "lengths of eight bytes": joined_with(8, "big") + none,
        "no lengths": b"".join(fields) + none,
        "slashes for lengths": b"/".join(fields) + none,
        "the revision in little-endian": b"".join(map(prefixed, [*texts, revision[::-1]])) + none,
        "the revision in four bytes": b"".join(map(prefixed, [*texts, revision[4:]])) + none,
        "the revision in figures": b"".join(map(prefixed, [*texts, b"1"])) + none,
        "the revision without its length": b"".join(map(prefixed, texts)) + revision + none,
        "no revision": b"".join(map(prefixed, texts)) + none,
        "no purpose": b"".join(map(prefixed, fields[:3] + fields[4:])) + none,
        "the origin left out": b"".join(map(prefixed, fields)),
        "an empty origin for none": b"".join(map(prefixed, [*fields, b""])),
        "a length of zeros and ones for no origin": b"".join(map(prefixed, fields)) + b"\x7f\xff\xff\xff",
        "tenant and provider in the other order": b"".join(map(prefixed, [texts[1], texts[0], *fields[2:]])) + none,
        "the origin first": none + b"".join(map(prefixed, fields)),
        "a byte after the context": place.canonical() + b"\x00",
        "the context as JSON": json.dumps([*names, place.revision, None]).encode(),
    }
