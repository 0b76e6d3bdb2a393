"""The bad vectors: what never opens, with its class of error."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from good_vectors import LONGEST, ORDINARY, SHARED, TOKEN, filled
from mistaken_seals import mistaken_seals
from reader import DOES_NOT_OPEN, MALFORMED, UNKNOWN_RING, Place, Rings
from sealing import Sealing

NAME, VERSION, SALT, COMMITMENT, TEXT = 5, 25, 29, 61, 93
TAG = TEXT + len(TOKEN)
END = TAG + 16

NO_RING_NAMES = {
    "a name of 97 bytes": filled("credentials/", "r", LONGEST + 1),
    "a name of 128 bytes": filled("credentials/", "r", 128),
    "a name of 255 bytes": filled("credentials/", "r", 255),
    "a name with a blank": "credentials/shared 0",
    "a name with a tab": "credentials/shared\t0",
    "a name that ends with a line": "credentials/shared-0\n",
    "a name that ends with a byte of zero": "credentials/shared-0\0",
    "a name with a delete": "credentials/shared\x7f0",
    "a name beyond ASCII": "credentials/é",
}
RINGS_OF_NO_PURPOSE = {
    "no purpose": "shared-0",
    "a purpose alone": "credentials",
    "a purpose without its slash": "credentialsshared-0",
    "a purpose with a backslash": "credentials\\shared-0",
    "a purpose in capitals": "Credentials/shared-0",
    "a purpose cut short": "credential/shared-0",
    "a purpose after a slash": "/credentials/shared-0",
    "a purpose after another": "webhook-secrets/credentials/shared-0",
    "a name of one letter": "x",
    "a name that is a slash": "/",
}
OTHER_RING, OTHER_VERSION, TWIN_RING, TWIN_VERSION = "credentials/shared-1", 3, "credentials/twin", 7
OTHER_RINGS = [(OTHER_RING, 1), (SHARED, OTHER_VERSION), (SHARED, 0)]
OTHER_RINGS += [(ring, 1) for ring in (NO_RING_NAMES | RINGS_OF_NO_PURPOSE).values()]
# Two names for one key: the commitment fits, and only the tag tells.
TWINS = {(TWIN_RING, 1): (SHARED, 1), (SHARED, TWIN_VERSION): (SHARED, 1)}


@dataclass(frozen=True)
class Bad:
    name: str
    class_: str
    sealed: bytes
    place: Place = ORDINARY


@dataclass(frozen=True)
class Values:
    """What the bad ones are made from: the good ones' sealings, the first of them and its bytes, and all rings."""

    sealings: dict[str, Sealing]
    rings: Rings

    @property
    def first(self) -> Sealing:
        return self.sealings["an ordinary credential"]

    @property
    def bytes(self) -> bytes:
        return self.first.sealed()

    def of(self, name: str) -> bytes:
        return self.sealings[name].sealed()

    def put(self, at: int, new: bytes) -> bytes:
        return self.bytes[:at] + new + self.bytes[at + len(new) :]

    def flipped(self, at: int, bit: int) -> bytes:
        return self.put(at, bytes([self.bytes[at] ^ 1 << bit]))

    def in_ring(self, ring: str, version: int = 1) -> bytes:
        """The first one's like, sealed rightly with that ring's key."""
        return self.first.but(ring=ring, version=version, ring_key=self.rings[ring, version]).sealed()


def bad_vectors(sealings: dict[str, Sealing], rings: Rings) -> list[Bad]:
    values = Values(sealings, rings)
    groups = (first, cut, malformed, unknown_ring, changed, moved, rings_exchanged, joined, sealed_wrongly)
    vectors: dict[tuple, Bad] = {}
    for bad in (bad for group in groups for bad in group(values)):
        # What two groups make alike counts once.
        vectors.setdefault((bad.sealed, bad.place), bad)
    assert len({bad.name for bad in vectors.values()}) == len(vectors), "two bad vectors have one name"
    return list(vectors.values())


def first(v: Values) -> Iterator[Bad]:
    nothing, zero = v.of("nothing at all"), v.of("a byte of zero")
    yield Bad("nothing", MALFORMED, b"")
    yield Bad("magic alone", MALFORMED, b"SB")
    yield Bad("another magic", MALFORMED, v.put(0, b"T"))
    yield Bad("format 0", MALFORMED, v.put(2, b"\x00"))
    yield Bad("format 2", MALFORMED, v.put(2, b"\x02"))
    yield Bad("suite 0", MALFORMED, v.put(3, b"\x00"))
    yield Bad("suite 2", MALFORMED, v.put(3, b"\x02"))
    yield Bad("no ring", MALFORMED, v.bytes[:4] + b"\x00" + v.bytes[VERSION:])
    yield Bad("a ring name cut short", UNKNOWN_RING, v.put(4, b"\x13"))
    yield Bad("a ring name that eats the version", MALFORMED, v.put(4, b"\x15"))
    yield Bad("a ring name beyond the end", MALFORMED, v.put(4, b"\xff"))
    yield Bad("a ring that is not", UNKNOWN_RING, v.put(VERSION - 1, b"9"))
    yield Bad("a blank in the ring's name", MALFORMED, v.put(NAME, b" "))
    yield Bad("a byte in the ring's name that is not ASCII", MALFORMED, v.put(NAME, b"\xe9"))
    yield Bad("ring of the other purpose", UNKNOWN_RING, v.of("a webhook secret"))
    yield Bad("ring version 0", MALFORMED, v.put(VERSION, bytes(4)))
    yield Bad("a ring version that is not", UNKNOWN_RING, v.put(VERSION, bytes([0, 0, 0, 9])))
    yield Bad("another salt", DOES_NOT_OPEN, v.put(SALT, b"\x65"))
    yield Bad("zero commitment", DOES_NOT_OPEN, v.put(COMMITMENT, bytes(32)))
    yield Bad("another value's commitment", DOES_NOT_OPEN, v.put(COMMITMENT, nothing[COMMITMENT:TEXT]))
    yield Bad("no tag", MALFORMED, v.bytes[:TAG])
    yield Bad("a tag cut short", DOES_NOT_OPEN, v.bytes[:-1])
    yield Bad("zero tag", DOES_NOT_OPEN, v.put(TAG, bytes(16)))
    yield Bad("a byte more", DOES_NOT_OPEN, v.bytes + b"\x00")
    yield Bad("twice", DOES_NOT_OPEN, v.bytes * 2)
    yield Bad("head of one, body of another", DOES_NOT_OPEN, v.bytes[:TEXT] + zero[TEXT:])
    yield Bad("plain text", MALFORMED, TOKEN)
    yield Bad("JSON", MALFORMED, b'{"access_token":"CANARY"}')


def cut(v: Values) -> Iterator[Bad]:
    for start in (NAME, VERSION, SALT, COMMITMENT, TEXT):
        for length in (start - 1, start, start + 1):
            yield Bad(f"the first {length} bytes", MALFORMED, v.bytes[:length])
    for length in (1, 3, 15, 45, 77, 100, 108):
        yield Bad(f"the first {length} bytes", MALFORMED, v.bytes[:length])
    for length in (109, 110, 112, 116, 119):
        yield Bad(f"the first {length} bytes", DOES_NOT_OPEN, v.bytes[:length])
    for start in (1, 2, 4, NAME, VERSION, SALT, COMMITMENT, TEXT, TAG):
        yield Bad(f"the last {END - start} bytes", MALFORMED, v.bytes[start:])
    yield Bad("nothing at all, less a byte", MALFORMED, v.of("nothing at all")[:-1])
    yield Bad("nothing at all, without its tag", MALFORMED, v.of("nothing at all")[:-16])
    long = v.of("4,096 bytes")
    yield Bad("4,096 bytes, less a byte", DOES_NOT_OPEN, long[:-1])
    yield Bad("4,096 bytes, less a block", DOES_NOT_OPEN, long[:-16])
    yield Bad("4,096 bytes, but only the last block", DOES_NOT_OPEN, long[:TEXT] + long[-32:])


def malformed(v: Values) -> Iterator[Bad]:
    for magic in (b"sb", b"BS", b"S\x00", b"\x00B", b"SC", b"\x00\x00", b"\xff\xff"):
        yield Bad(f"magic {magic.hex()}", MALFORMED, v.put(0, magic))
        header = magic + v.bytes[2:COMMITMENT]
        yield Bad(f"magic {magic.hex()}, sealed so", MALFORMED, v.first.but(header=header).sealed())
    for at, what in ((2, "format"), (3, "suite")):
        for number in (0, 2, 3, 0x31, 0x7F, 0x80, 0xFF):
            header = v.put(at, bytes([number]))[:COMMITMENT]
            yield Bad(f"{what} {number}, sealed so", MALFORMED, v.first.but(header=header).sealed())
    for length in (0, 1, 12, 97, 128, 254):
        class_ = UNKNOWN_RING if length in (1, 12) else MALFORMED
        # A name of 1 or 12 leaves a version that is part of the name, and enough behind it.
        yield Bad(f"the name's length as {length}", class_, v.put(4, bytes([length])))
    for name, ring in NO_RING_NAMES.items():
        yield Bad(f"{name}, its ring held", MALFORMED, v.in_ring(ring))
    for byte in (0x00, 0x0A, 0x1F, 0x20, 0x7F, 0x80, 0xC0, 0xFF):
        for at, where in ((NAME, "begins"), (VERSION - 1, "ends")):
            yield Bad(f"a name that {where} with {byte:02x}", MALFORMED, v.put(at, bytes([byte])))
    yield Bad("ring version 0, its key held", MALFORMED, v.in_ring(SHARED, 0))
    yield Bad("a byte of zero before it", MALFORMED, b"\x00" + v.bytes)
    yield Bad("a mark of byte order before it", MALFORMED, b"\xef\xbb\xbf" + v.bytes)
    yield Bad("backwards", MALFORMED, v.bytes[::-1])
    yield Bad("in hexadecimal", MALFORMED, v.bytes.hex().encode())
    yield Bad("zeros", MALFORMED, bytes(END))
    yield Bad("ones", MALFORMED, b"\xff" * END)
    yield Bad("a length of two bytes before the name", MALFORMED, v.bytes[:4] + b"\x00" + v.bytes[4:])
    yield Bad("no salt", MALFORMED, v.bytes[:SALT] + v.bytes[COMMITMENT:])
    yield Bad("no commitment", MALFORMED, v.bytes[:COMMITMENT] + v.bytes[TEXT:])


def unknown_ring(v: Values) -> Iterator[Bad]:
    for name, ring in RINGS_OF_NO_PURPOSE.items():
        yield Bad(f"a ring of {name}, its key held", UNKNOWN_RING, v.in_ring(ring))
    for version in (2**24, 2**24 + 1, 2**32 - 3, 8):
        yield Bad(f"ring version {version:,} that is not", UNKNOWN_RING, v.put(VERSION, version.to_bytes(4, "big")))
    for ring in ("credentials/shared-", "credentials/shared-00", "credentials/Shared-0", "credentials/shared-0/"):
        yield Bad(f"{ring} that is not", UNKNOWN_RING, v.first.but(ring=ring).sealed())
    longest = v.sealings["a ring of its own with the longest name"]
    for ring in (longest.ring[:-1] + "s", longest.ring[:-2]):
        yield Bad(f"a ring of {len(ring)} bytes that is not", UNKNOWN_RING, longest.but(ring=ring).sealed())
    webhooks = replace(ORDINARY, purpose="webhook-secrets", record="webhook-route")
    for name in ("an ordinary credential", "the shortest name of a ring", "a ring's name with more slashes"):
        yield Bad(f"{name}, among webhook secrets", UNKNOWN_RING, v.of(name), webhooks)
        sealed = v.sealings[name].but(place=webhooks).sealed()
        yield Bad(f"{name}, sealed for webhook secrets", UNKNOWN_RING, sealed, webhooks)
    for name in ("the shortest name of a ring for webhooks", "the longest name of a ring for webhooks"):
        yield Bad(f"{name}, among credentials", UNKNOWN_RING, v.of(name))
        yield Bad(f"{name}, sealed for credentials", UNKNOWN_RING, v.sealings[name].but(place=ORDINARY).sealed())


def changed(v: Values) -> Iterator[Bad]:
    parts = {"salt": (SALT, COMMITMENT), "commitment": (COMMITMENT, TEXT), "text": (TEXT, TAG), "tag": (TAG, END)}
    for part, (start, end) in parts.items():
        for at in (start, (start + end) // 2, end - 1):
            for bit in (0, 7):
                yield Bad(f"bit {bit} of byte {at - start} of the {part}", DOES_NOT_OPEN, v.flipped(at, bit))
        yield Bad(f"the {part} as zeros", DOES_NOT_OPEN, v.put(start, bytes(end - start)))
        yield Bad(f"the {part} as ones", DOES_NOT_OPEN, v.put(start, b"\xff" * (end - start)))
        yield Bad(f"the {part} backwards", DOES_NOT_OPEN, v.put(start, v.bytes[start:end][::-1]))
        yield Bad(f"a byte more before the {part}", DOES_NOT_OPEN, v.bytes[:start] + b"\x00" + v.bytes[start:])
        yield Bad(f"a byte less in the {part}", DOES_NOT_OPEN, v.bytes[:start] + v.bytes[start + 1 :])
    yield Bad("the salt for a commitment", DOES_NOT_OPEN, v.put(COMMITMENT, v.bytes[SALT:COMMITMENT]))
    salt, commitment = v.bytes[SALT:COMMITMENT], v.bytes[COMMITMENT:TEXT]
    yield Bad("salt and commitment exchanged", DOES_NOT_OPEN, v.put(SALT, commitment + salt))
    yield Bad("text and tag exchanged", DOES_NOT_OPEN, v.bytes[:TEXT] + v.bytes[TAG:] + v.bytes[TEXT:TAG])
    yield Bad("no text", DOES_NOT_OPEN, v.bytes[:TEXT] + v.bytes[TAG:])
    for count in (1, 15, 16, 64):
        yield Bad(f"{count} bytes of ones more", DOES_NOT_OPEN, v.bytes + b"\xff" * count)


def moved(v: Values) -> Iterator[Bad]:
    places = [
        ("an ordinary credential", "tenant", ["t_two", "t_on", "t_one_", "T_ONE", "t_onewhatsapp"]),
        ("an ordinary credential", "provider", ["custom_crm", "whatsap", "whatsapp_"]),
        ("an ordinary credential", "integration", ["int_0123456789abcdefghjkmnpqrt", "int_1123456789abcdefghjkmnpqrs"]),
        ("an ordinary credential", "record", ["webhook-route", "integratio", "integrations", ""]),
        ("an ordinary credential", "revision", [0, 2, 257, 2**32, 2**32 + 1, 2**56, 2**64 - 1]),
        ("an ordinary credential", "origin", ["", "null", "https://crm.example:443"]),
        ("an empty destination is not none", "origin", [None, " ", "\x00"]),
        ("the last revision and ring version", "revision", [0, 2**63, 2**64 - 2, 2**63 - 1]),
        ("revision 9,007,199,254,740,993", "revision", [2**53, 2**53 + 2]),
        ("a tenant in capitals", "tenant", ["t_one"]),
        ("a webhook secret", "record", ["integration"]),
        ("a webhook secret", "tenant", ["t_two"]),
        ("an origin in Unicode, composed", "origin", ["https://bu\u0308cher.example:443"]),
        ("an origin in Unicode, composed", "origin", ["https://xn--bcher-kva.example:443"]),
        ("an origin in Unicode, decomposed", "origin", ["https://b\u00fccher.example:443"]),
        ("an origin of 256 bytes", "origin", [f"https://{'o' * 243}:443"]),
        (
            "an origin with its scheme's own port",
            "origin",
            [
                None,
                "https://crm.example",
                "https://crm.example:443/",
                "https://crm.example:444",
                "http://crm.example:443",
                "https://crm.exampl:443",
                "https://CRM.example:443",
                "https://crm.example.:443",
                "https://a.crm.example:443",
                "https://crm.example:0443",
            ],
        ),
    ]
    for name, field, others in places:
        for other in others:
            place = replace(v.sealings[name].place, **{field: other})
            told = f"{other[:20]}…" if isinstance(other, str) and len(other) > 40 else other
            yield Bad(f"{name}, where the {field} is {ascii(told)}", DOES_NOT_OPEN, v.of(name), place)
    one, other = "tenant ab, provider c", "tenant a, provider bc"
    yield Bad(f"{one}, in the place of {other}", DOES_NOT_OPEN, v.of(one), v.sealings[other].place)
    yield Bad(f"{other}, in the place of {one}", DOES_NOT_OPEN, v.of(other), v.sealings[one].place)
    exchanged = replace(ORDINARY, tenant="whatsapp", provider="t_one")
    yield Bad("tenant and provider exchanged", DOES_NOT_OPEN, v.bytes, exchanged)


def rings_exchanged(v: Values) -> Iterator[Bad]:
    renamed, aged = v.first.but(ring=OTHER_RING), v.first.but(version=OTHER_VERSION)
    yield Bad("another ring's name", DOES_NOT_OPEN, v.put(NAME, OTHER_RING.encode()))
    yield Bad("another ring's name, sealed so with the old key", DOES_NOT_OPEN, renamed.sealed())
    yield Bad("another ring version", DOES_NOT_OPEN, v.put(VERSION, OTHER_VERSION.to_bytes(4, "big")))
    yield Bad("another ring version, sealed so with the old key", DOES_NOT_OPEN, aged.sealed())
    twin = TWIN_RING.encode()
    to_twin = v.bytes[:4] + bytes([len(twin)]) + twin + v.bytes[VERSION:]
    yield Bad("another ring's name for the same key", DOES_NOT_OPEN, to_twin)
    yield Bad("another ring version of the same key", DOES_NOT_OPEN, v.put(VERSION, TWIN_VERSION.to_bytes(4, "big")))


def joined(v: Values) -> Iterator[Bad]:
    other = v.first.but(salt=v.bytes[COMMITMENT:TEXT], plaintext=TOKEN[::-1]).sealed()
    for start, part in ((COMMITMENT, "commitment"), (TEXT, "text"), (TAG, "tag")):
        yield Bad(f"another value from the {part} on", DOES_NOT_OPEN, v.bytes[:start] + other[start:])
        yield Bad(f"another value up to the {part}", DOES_NOT_OPEN, other[:start] + v.bytes[start:])
    yield Bad("another value's text alone", DOES_NOT_OPEN, v.put(TEXT, other[TEXT:TAG]))
    yield Bad("the header twice", DOES_NOT_OPEN, v.bytes[:COMMITMENT] + v.bytes)
    yield Bad("the commitment twice", DOES_NOT_OPEN, v.bytes[:TEXT] + v.bytes[COMMITMENT:])
    yield Bad("the text twice", DOES_NOT_OPEN, v.bytes[:TAG] + v.bytes[TEXT:])
    yield Bad("the tag twice", DOES_NOT_OPEN, v.bytes + v.bytes[TAG:])


def sealed_wrongly(v: Values) -> Iterator[Bad]:
    for name, seal in mistaken_seals(v.first, v.rings[OTHER_RING, 1]).items():
        yield Bad(f"sealed with {name}", DOES_NOT_OPEN, seal.sealed())
    header = v.bytes[:VERSION] + b"\x01\x00\x00\x00" + v.bytes[SALT:COMMITMENT]
    yield Bad("sealed with the ring version in little-endian", UNKNOWN_RING, v.first.but(header=header).sealed())
    long = v.of("64 bytes of zero")
    yield Bad("no commitment, and a long text", DOES_NOT_OPEN, long[:COMMITMENT] + long[TEXT:])
