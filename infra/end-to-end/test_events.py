"""The sample events are of the kind that the queues' contracts describe, and one is there for every function."""

import json

import pytest
from jsonschema import Draft202012Validator
from template import ROOT

EVENTS = ROOT / "events"


def schema(name: str) -> dict:
    return json.loads((EVENTS / "schemas" / f"{name}.json").read_text())


@pytest.mark.parametrize(("function", "contract"), [("message-dispatch", "message"), ("inbound-router", "inbound")])
def test_what_is_on_a_queue_follows_its_contract(function, contract):
    records = json.loads((EVENTS / f"{function}.json").read_text())["Records"]
    for record in records:
        Draft202012Validator(schema(contract)).validate(json.loads(record["body"]))


def test_every_function_has_a_sample_event(template):
    for function in template.functions():
        assert (EVENTS / f"{function.name}.json").is_file(), function.name
