"""The main job, once, before the reader's eyes: a tenant's WhatsApp from credential to read message."""

import base64
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

import api
import cloud
import leaks
import stack as stack_file
from say import Stop, line, run

CONFIGURE = "/api/v1/settings/integrations/whatsapp"
SECRET_FIELDS = ("access_token", "app_secret")
PATIENCE_SECONDS = 90
STATUS_GAP_MS = 500
LAST = "read"
ENDED_BADLY = ("failed", "parked", "unknown")


def show(stack: dict) -> None:
    began = time.monotonic()
    credentials = api.sandbox(stack).get("/_sandbox/credentials").json["whatsapp"]
    integration = configure(stack, credentials)
    show_sealed(stack, integration, {name: credentials[name] for name in SECRET_FIELDS})
    with unhurried(stack):
        message = enqueue(stack, credentials["phone_number_id"])
        follow(stack, message)
    line(f"\nThe main job is done, in {time.monotonic() - began:.1f} s.")


@contextmanager
def unhurried(stack: dict) -> Iterator[None]:
    """Lets the provider take its time between two statuses, so that one can see the timeline grow."""
    sandbox = api.sandbox(stack)
    usual = sandbox.get("/_sandbox/settings").json
    sandbox.post("/_sandbox/settings", {"status_gap_ms": STATUS_GAP_MS})
    try:
        yield
    finally:
        sandbox.post("/_sandbox/settings", usual)


def configure(stack: dict, credentials: dict[str, str]) -> dict:
    line(f"\n1. Tenant one's admin configures WhatsApp: POST {CONFIGURE}")
    answer = api.of(stack, "admin").post(CONFIGURE, credentials)
    if answer.status not in (200, 201):
        raise Stop(f"The API answered {answer.status}: {answer.text}\n{where_to_look()}")
    integration = answer.json["data"]
    line(f"   {answer.status}; tested against the provider: {integration['status']}, {integration.get('verified_at')}")
    return integration


def show_sealed(stack: dict, integration: dict, secrets: dict[str, str]) -> None:
    line("\n2. What DynamoDB holds of it, raw:")
    table = client(stack, "dynamodb")
    pages = table.get_paginator("scan").paginate(TableName=stack["tables"]["integrations"])
    items = [item for page in pages for item in page["Items"] if integration["id"] in str(item)]
    if not items:
        raise Stop(f"No stored item names integration {integration['id']}.\n{where_to_look()}")
    for item in items:
        line(indented(json.dumps(item, indent=2, sort_keys=True, default=as_base64)))
    found = leaks.find(secrets, leaks.everything(items))
    if found:
        raise Stop(f"A secret is stored in the clear: {', '.join(found)}.")
    line(f"   Sealed: no byte of {' or '.join(secrets)} is in it, as text, hex, base64, UTF-16 or URL encoding.")


def enqueue(stack: dict, phone_number_id: str) -> str:
    message = f"m_{uuid.uuid4().hex}"
    body = {
        "metadata": {"tenantId": stack["tenants"]["one"], "phoneNumberId": phone_number_id, "messageId": message},
        "wabaPayload": {"to": "15550100", "type": "text", "text": {"body": "Hello!"}},
    }
    line("\n3. A producer puts a message on the messages queue:")
    line(indented(json.dumps(body, indent=2)))
    client(stack, "sqs").send_message(
        QueueUrl=stack["queues"]["messages"], MessageBody=json.dumps(body), MessageGroupId=stack["tenants"]["one"]
    )
    return message


def follow(stack: dict, message: str) -> None:
    """Prints the timeline as it grows, until the message is read, ends badly or patience ends."""
    path = f"/api/v1/messages/{message}"
    line(f"\n4. Its timeline, as the provider's signed webhooks come back: GET {path}")
    admin = api.of(stack, "admin")
    deadline = time.monotonic() + PATIENCE_SECONDS
    shown: list[dict] = []
    status = None
    while time.monotonic() < deadline:
        answer = admin.get(path)
        if answer.status == 200:
            found = answer.json["data"]
            status = found["status"]
            for entry in found["timeline"][len(shown) :]:
                line(f"   {entry['at']}  {entry['status']}")
            shown = found["timeline"]
            if status == LAST:
                return
            if status in ENDED_BADLY:
                raise Stop(f"The message ended as {status}: {found.get('error')}\n{where_to_look()}")
        time.sleep(0.2)
    raise Stop(f"After {PATIENCE_SECONDS} s the message is {status or 'not known yet'}, not {LAST}.\n{where_to_look()}")


def where_to_look() -> str:
    return "`.venv/bin/python infra/local-cloud/logs.py` shows what the functions said of it."


def client(stack: dict, service: str):
    return boto3.Session(cloud.ROOT_KEY, cloud.ROOT_KEY, region_name=stack["region"]).client(
        service, endpoint_url=stack["aws_endpoint_url"]
    )


def as_base64(value: object) -> str:
    return base64.b64encode(bytes(value)).decode()


def indented(text: str) -> str:
    return "\n".join(f"   {row}" for row in text.splitlines())


if __name__ == "__main__":
    run(lambda: show(stack_file.read()))
