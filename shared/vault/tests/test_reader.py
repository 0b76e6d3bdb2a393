"""Two readers that share no code agree on every published vector, and the vectors are those the script makes."""

import json
from collections import Counter

import pytest

import reader
from make_vectors import made

TEXT = reader.VECTORS.read_text()
VECTORS = json.loads(TEXT)
RINGS = reader.rings_of(VECTORS)


def by_name(vector: dict) -> str:
    return vector["name"].encode("unicode_escape").decode()


@pytest.mark.parametrize("vector", VECTORS["opens"], ids=by_name)
def test_a_good_vector_opens(vector: dict) -> None:
    assert reader.Place.of(vector).canonical().hex() == vector["context"]
    assert RINGS[vector["ring"], vector["ring_version"]].hex() == vector["ring_key"]
    assert reader.read(RINGS, vector) == vector["plaintext"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=by_name)
def test_a_bad_vector_is_refused_for_the_stated_reason(vector: dict) -> None:
    assert reader.read(RINGS, vector) == vector["class"]


def test_there_are_enough_of_each() -> None:
    classes = Counter(vector["class"] for vector in VECTORS["refused"])
    assert len(VECTORS["opens"]) >= 30 and classes.total() >= 200
    assert set(classes) == set(reader.CLASSES) and min(classes.values()) >= 25


def test_the_script_makes_the_same_file_again() -> None:
    assert made(VECTORS) == TEXT
