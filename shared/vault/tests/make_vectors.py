"""Writes `vectors.json` anew: the same bytes, and what was added to `good_vectors.py` and `bad_vectors.py`.

A salt or ring key that is in the file stays; a new one is derived from its name. Whatever was published must come out
as it was: look at the difference before keeping it.
"""

import json
from dataclasses import asdict
from hashlib import sha256

from bad_vectors import OTHER_RINGS, TWINS, bad_vectors
from good_vectors import GOOD, Good
from reader import VECTORS
from sealing import Sealing

ABOUT = (
    "Sealed values, made with another implementation of the layout in the crate's documentation. Bytes are "
    "hexadecimal. `rings` are the keys to hold. Those in `opens` open for ever in their place; those in `refused` "
    "never do, each in the place it names. Their class says what is wrong first: `malformed` is no layout of version "
    "1, `unknown_ring` names a ring of another purpose or a key that is not held, and `does_not_open` fails at the "
    "commitment or the tag. The vault itself shows one error for all."
)


def fresh(what: str, *names: object) -> bytes:
    return sha256("\n".join(["switchboard vector", what, *map(str, names)]).encode()).digest()


def main() -> None:
    VECTORS.write_text(made(json.loads(VECTORS.read_text())))


def made(published: dict) -> str:
    salts = {vector["name"]: bytes.fromhex(vector["salt"]) for vector in published["opens"]}
    keys = {(ring["ring"], ring["version"]): bytes.fromhex(ring["key"]) for ring in published["rings"]}
    names = [(good.ring, good.version) for good in GOOD.values()] + OTHER_RINGS
    rings = {ring: keys.get(ring) or fresh("ring key", *ring) for ring in dict.fromkeys(names)}
    rings |= {twin: rings[ring] for twin, ring in TWINS.items()}
    sealings = {
        name: Sealing(
            rings[good.ring, good.version],
            good.salt or salts.get(name) or fresh("salt", name),
            good.ring,
            good.version,
            good.place,
            good.plaintext,
        )
        for name, good in GOOD.items()
    }
    content = {
        "about": ABOUT,
        "rings": [{"ring": ring, "version": version, "key": key.hex()} for (ring, version), key in rings.items()],
        "opens": [written(name, sealing) for name, sealing in sealings.items()],
        "refused": [
            {"name": bad.name, "class": bad.class_, **asdict(bad.place), "sealed": bad.sealed.hex()}
            for bad in bad_vectors(sealings, rings)
        ],
    }
    return json.dumps(content, indent=1) + "\n"


def written(name: str, sealing: Sealing) -> dict:
    return {
        "name": name,
        "ring_key": sealing.ring_key.hex(),
        "ring": sealing.ring,
        "ring_version": sealing.version,
        "salt": sealing.salt.hex(),
        **asdict(sealing.place),
        "plaintext": sealing.plaintext.hex(),
        "context": sealing.the_context().hex(),
        "sealed": sealing.sealed().hex(),
    }


if __name__ == "__main__":
    main()
