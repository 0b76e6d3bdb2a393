"""The good vectors: each value in its place, by name."""

from dataclasses import dataclass, replace

from reader import Place

ORDINARY = Place(
    tenant="t_one",
    provider="whatsapp",
    integration="int_0123456789abcdefghjkmnpqrs",
    purpose="credentials",
    record="integration",
    revision=1,
    origin=None,
)
SHARED = "credentials/shared-0"
TOKEN = b"CANARY-token"
LONGEST = 96
GRAPHIC = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True)
class Good:
    plaintext: bytes = TOKEN
    ring: str = SHARED
    version: int = 1
    salt: bytes | None = None
    place: Place = ORDINARY


def at(**changes: str | int | None) -> Good:
    return Good(place=replace(ORDINARY, **changes))


def webhooks(ring: str, record: str = "webhook-route", plaintext: bytes = TOKEN) -> Good:
    return Good(plaintext, ring, place=replace(ORDINARY, purpose="webhook-secrets", record=record))


def pattern(length: int) -> bytes:
    return bytes(n % 256 for n in range(length))


def filled(start: str, letter: str, length: int = LONGEST) -> str:
    return start + letter * (length - len(start))


GOOD = {
    "an ordinary credential": Good(),
    "nothing at all": Good(b""),
    "a byte of zero": Good(b"\x00"),
    "two fields as credentials are written": Good(
        b"\x0caccess_token\x00\x00\x00\x05CANAR\x0aapp_secret\x00\x00\x00\x02CA"
    ),
    "the last revision and ring version": Good(version=2**32 - 1, place=replace(ORDINARY, revision=2**64 - 1)),
    "a destination that the tenant chose": at(provider="custom_crm", origin="https://crm.example:8443"),
    "an empty destination is not none": at(origin=""),
    "a webhook secret": webhooks("webhook-secrets/shared-7", plaintext=b"\x0averify_tokens"),
    "a ring of its own with the longest name": Good(ring=filled("credentials/", "r")),
    "512 bytes that are not text": Good(
        pattern(512), place=replace(ORDINARY, tenant="t_two:eu-1.b", integration="int_zyxwvtsrqpnmkjhgfedcba9876")
    ),
    # Plaintexts.
    "a byte less than a block": Good(pattern(15)),
    "a block": Good(pattern(16)),
    "a byte more than a block": Good(pattern(17)),
    "64 bytes of zero": Good(bytes(64)),
    "4,096 bytes": Good(pattern(4096)),
    "10,001 bytes": Good(pattern(10_001)),
    "text in several scripts": Good("naïve · пароль · パスワード · סיסמה · 🔑".encode()),
    "a plaintext that begins as a sealed value does": Good(b"SB\x01\x01\x14credentials/shared-0\x00\x00\x00\x01"),
    # Salts.
    "a salt of zeros": Good(salt=bytes(32)),
    "a salt of ones": Good(salt=b"\xff" * 32),
    # Rings.
    "the shortest name of a ring": Good(ring="credentials/"),
    "a ring of one letter": Good(ring="credentials/x"),
    "a ring's name a byte less than the longest": Good(ring=filled("credentials/", "r", LONGEST - 1)),
    "a ring's name with more slashes": Good(ring="credentials//webhook-secrets/"),
    "a ring's name with every character up to t": Good(ring="credentials/" + GRAPHIC[:84]),
    "a ring's name with every character from u on": Good(ring="credentials/" + GRAPHIC[84:]),
    "the shortest name of a ring for webhooks": webhooks("webhook-secrets/"),
    "the longest name of a ring for webhooks": webhooks(filled("webhook-secrets/", "w")),
    # Ring versions.
    **{f"ring version {version:,}": Good(version=version) for version in (2, 255, 256, 2**16, 2**31)},
    # Revisions.
    **{
        f"revision {revision:,}": at(revision=revision)
        for revision in (0, 255, 256, 2**32 - 1, 2**32, 2**53 - 1, 2**53 + 1, 2**63 - 1, 2**63)
    },
    # Ids.
    "a tenant of one letter": at(tenant="t"),
    "the longest tenant": at(tenant="t" * 64),
    "every kind of character in a tenant": at(tenant="AZaz09_-.:"),
    "a tenant in capitals": at(tenant="T_ONE"),
    "a provider of one letter": at(provider="p"),
    "the longest provider": at(provider="abcdefghijklmnopqrstuvwxyz_01239"),
    "an integration of zeros": at(integration="int_" + "0" * 26),
    "tenant ab, provider c": at(tenant="ab", provider="c"),
    "tenant a, provider bc": at(tenant="a", provider="bc"),
    "a tenant, a provider and a record of one name": at(tenant="integration", provider="integration"),
    # Records and purposes.
    "a credential of a webhook route": at(record="webhook-route"),
    "a webhook secret of an integration": webhooks("webhook-secrets/shared-7", record="integration"),
    # Origins.
    "an origin with its scheme's own port": at(origin="https://crm.example:443"),
    "an origin without TLS": at(origin="http://crm.example:80"),
    "an IPv4 origin": at(origin="https://192.0.2.7:8443"),
    "an IPv6 origin": at(origin="https://[2001:db8::1]:8443"),
    "an origin in Punycode": at(origin="https://xn--bcher-kva.example:443"),
    "an origin in Unicode, composed": at(origin="https://b\u00fccher.example:443"),
    "an origin in Unicode, decomposed": at(origin="https://bu\u0308cher.example:443"),
    "an origin beyond the basic plane": at(origin="https://\U0001f511.example:443"),
    "an origin of a byte of zero": at(origin="\x00"),
    "an origin of 255 bytes": at(origin=f"https://{'o' * 243}:443"),
    "an origin of 256 bytes": at(origin=f"https://{'o' * 244}:443"),
    "an origin of two letters beyond ASCII": at(origin="\u00ff\u00ff"),
    # All at once.
    "everything at its longest": Good(
        pattern(256),
        filled("credentials/", "z"),
        2**32 - 2,
        place=replace(
            ORDINARY,
            tenant="z" * 64,
            provider="z" * 32,
            integration="int_" + "z" * 26,
            record="webhook-route",
            revision=2**64 - 2,
            origin=f"https://{'z' * 253}:65535",
        ),
    ),
}
