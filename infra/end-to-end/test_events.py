"""The sample events are of the kind that the queues' contracts describe, and one is there for every function."""

import copy
import json
import re
from collections.abc import Iterator

import printable
import pytest
from jsonschema import Draft202012Validator
from template import ROOT

EVENTS = ROOT / "events"

# All that a queue and the audit trail may carry: ids, times, kinds, and the provider's own objects. A secret has no
# place among them.
CARRIED = {
    "audit": {
        "tenant",
        "record",
        "record.at",
        "record.actor",
        "record.action",
        "record.provider",
        "record.integration",
        "record.outcome",
        "record.request",
        "record.purpose",
        "record.credential_version",
        "record.count",
    },
    "message": {
        "metadata",
        "metadata.tenantId",
        "metadata.phoneNumberId",
        "metadata.messageId",
        "metadata.userId",
        "metadata.assignedTo",
        "metadata.createdBy",
        "metadata.agentId",
        "metadata.integrationId",
        "metadata.channel",
        "metadata.notAfter",
        "metadata.fallback",
        "metadata.onUnknown",
        "wabaPayload",
    },
    "inbound": {
        "tenant",
        "integration",
        "provider",
        "received_at",
        "event",
        "event.id",
        "event.account",
        "event.occurred_at",
        "event.kind",
        "event.kind.status",
        "event.kind.status.message",
        "event.kind.status.provider_id",
        "event.kind.status.status",
        "event.kind.status.failure",
        "event.contacts",
        "event.payload",
    },
}
ATTRIBUTES = {
    f"switchboard.{name}"
    for name in (
        *("messageId", "attempt", "troubles", "route", "notBefore", "suspect", "lookUps"),
        *("acceptedAt", "redrivenAt", "reason", "kind"),
    )
}
# Where the code has what a contract describes.
WRITTEN = {
    ("audit", "AuditNotice"): "",
    ("audit", "AuditRecord"): "record",
    ("message", "OutboundMessage"): "",
    ("message", "Metadata"): "metadata",
    ("event", "InboundEvent"): "",
    ("event", "ProviderEvent"): "event",
    ("event", "StatusUpdate"): "event.kind.status",
}


def schema(name: str) -> dict:
    return json.loads((EVENTS / "schemas" / f"{name}.json").read_text())


@pytest.mark.parametrize(("function", "contract"), [("message-dispatch", "message"), ("inbound-router", "inbound")])
def test_what_is_on_a_queue_follows_its_contract(function, contract):
    records = json.loads((EVENTS / f"{function}.json").read_text())["Records"]
    for record in records:
        kind = record.get("messageAttributes", {}).get("switchboard.kind", {}).get("stringValue", contract)
        Draft202012Validator(schema(kind)).validate(json.loads(record["body"]))


def test_every_function_has_a_sample_event(template):
    for function in template.functions():
        assert (EVENTS / f"{function.name}.json").is_file(), function.name


def carried(of: dict, within: str = "") -> Iterator[str]:
    for name, inner in of.get("properties", {}).items():
        yield f"{within}{name}"
        for kind in (inner, *inner.get("oneOf", ())):
            yield from carried(kind, f"{within}{name}.")


def written(file: str, struct: str) -> set[str]:
    """Names of a struct's fields as they are on the queue."""
    source = (ROOT / "shared" / "domain" / "src" / f"{file}.rs").read_text()
    head = re.search(rf"(#\[serde\(rename_all = \"camelCase\"\)\]\s*)?pub struct {struct}\b", source)
    camel = (lambda name: re.sub(r"_(\w)", lambda found: found[1].upper(), name)) if head[1] else str
    return {camel(name) for name, _ in printable.fields(source, head.end(), struct)}


def test_e5_a_queue_carries_what_is_listed_and_nothing_else():
    assert {path.stem for path in (EVENTS / "schemas").iterdir()} == CARRIED.keys()
    for name, allowed in CARRIED.items():
        assert set(carried(schema(name))) == allowed, name


def test_e5_the_code_writes_no_field_that_is_not_listed():
    everything = set().union(*CARRIED.values())
    for (file, struct), within in WRITTEN.items():
        fields = {f"{within}.{name}".lstrip(".") for name in written(file, struct)}
        assert fields, struct
        assert fields <= everything, struct


def test_e5_messages_have_our_attributes_and_no_others():
    source = (ROOT / "shared" / "domain" / "src" / "message.rs").read_text()
    assert set(re.findall(r'"(switchboard\.[^"]+)"', source)) == ATTRIBUTES


@pytest.mark.parametrize("within", ["metadata", "event.kind.status", "record"])
def test_e5_a_field_for_a_secret_is_noticed(within):
    (name,) = [name for name, allowed in CARRIED.items() if within in allowed]
    changed = copy.deepcopy(schema(name))
    at = changed
    for step in within.split("."):
        at = next(kind for kind in (at, *at.get("oneOf", ())) if "properties" in kind)["properties"][step]
    at["properties"]["accessToken"] = {"type": "string"}
    assert set(carried(changed)) - CARRIED[name] == {f"{within}.accessToken"}
