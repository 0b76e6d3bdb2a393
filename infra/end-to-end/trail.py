"""Which rights the functions have used, from the local cloud's audit trail."""

import hashlib
import json
import re
from collections.abc import Iterator

TRANSACTION_ITEMS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
PARTIQL = re.compile(r'\s*(INSERT)\s+INTO\s+"([^"]+)"|\s*(UPDATE)\s+"([^"]+)"|\s*(DELETE)\s+FROM\s+"([^"]+)"', re.I)
QUEUE_BATCHES = {f"{name}Batch": name for name in ("ChangeMessageVisibility", "DeleteMessage", "SendMessage")}
ENVELOPES = {"BatchExecuteStatement", "ReEncrypt", "TransactGetItems", "TransactWriteItems"} | QUEUE_BATCHES.keys()
MOST_LOOKS, PER_LOOK = 40, 50


def used(cloudtrail, key: str, actions: set[str]) -> set[tuple[str, str]]:
    """Every (action, physical resource) that the holder of an access key was seen to use."""
    names = {action.partition(":")[2] for action in actions} | ENVELOPES
    return {right for name in names for event in events(cloudtrail, key, name) for right in rights(event)}


def events(cloudtrail, key: str, name: str) -> Iterator[dict]:
    """All calls of one name, newest first. The trail has no pages: each look goes on where the last one ended."""
    wanted = [
        {"AttributeKey": "AccessKeyId", "AttributeValue": key},
        {"AttributeKey": "EventName", "AttributeValue": name},
    ]
    before = {}
    for _ in range(MOST_LOOKS):
        found = cloudtrail.lookup_events(LookupAttributes=wanted, MaxResults=PER_LOOK, **before)["Events"]
        yield from (json.loads(event["CloudTrailEvent"]) for event in found)
        if len(found) < PER_LOOK:
            return
        before = {"EndTime": found[-1]["EventTime"]}


def access_key(function: dict) -> str:
    """The one that the local cloud gives to a function's processes; no other caller has it."""
    digest = hashlib.sha256(f"{function['FunctionArn']}:{function['Role']}".encode()).hexdigest()
    return f"ASIA{digest[:16].upper()}"


def rights(event: dict) -> Iterator[tuple[str, str]]:
    service, name, sent = event["eventSource"].partition(".")[0], event["eventName"], event["requestParameters"]
    if name.startswith("Transact"):
        for item in sent["TransactItems"]:
            yield from ((TRANSACTION_ITEMS[kind], part["TableName"]) for kind, part in item.items())
    elif "RequestItems" in sent:
        yield from ((f"dynamodb:{name}", table) for table in sent["RequestItems"])
    elif "Statements" in sent:
        for statement in sent["Statements"]:
            verb, table = filter(None, PARTIQL.match(statement["Statement"]).groups())
            yield f"dynamodb:PartiQL{verb.capitalize()}", table
    elif name == "ReEncrypt":
        yield "kms:ReEncryptFrom", sent["SourceKeyId"]
        yield "kms:ReEncryptTo", sent["DestinationKeyId"]
    elif "IndexName" in sent:
        yield f"{service}:{name}", f"{sent['TableName']}/index/{sent['IndexName']}"
    elif "QueueUrl" in sent:
        yield f"sqs:{QUEUE_BATCHES.get(name, name)}", sent["QueueUrl"].rpartition("/")[2]
    else:
        yield f"{service}:{name}", sent.get("TableName") or sent.get("KeyId") or json.dumps(sent)
