"""A message from the queue to the provider and back, in good weather and in bad."""

import json
import time
import uuid

import pytest
from producer import steps

INTEGRATIONS = "/api/v1/settings/integrations"
BATCH = "/api/v1/messages/batch"
FOREVER = 0
# A refusal has consequences when it is met again half a minute later.
SECOND_LOOK_SECONDS = 90
READ = ["accepted", "sending", "sent", "delivered", "read"]
BURST = 1000
BURST_SECONDS = 120


def test_a_message_is_sent_and_followed_until_it_is_read(producer, integration):
    message = producer.wait(producer.send(integration), until=["read"])
    assert steps(message) == READ
    assert message["integration_id"] == integration["id"]
    assert message["channel"] == "whatsapp"


def test_a_message_that_comes_twice_is_sent_once(stack, root, producer, sandbox, integration):
    message = producer.send(integration)
    producer.wait(message, until=["read"])
    again = json.dumps(producer.body(message, integration, "15550000000", {}))
    root("sqs").send_message(QueueUrl=stack["queues"]["messages"], MessageBody=again)
    producer.wait(producer.send(integration), until=["read"])
    assert len(sends_of(sandbox, integration)) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "repair"),
    [("bad_credential", "credentials_rejected", "save"), ("missing_scope", "permission_missing", "test")],
)
def test_a_refused_credential_parks_its_messages_until_it_is_repaired(
    producer, sandbox, call, integration, fault, kind, repair
):
    break_(sandbox, integration, fault=fault, times=FOREVER)
    message = producer.wait(producer.send(integration), until=["parked"], seconds=SECOND_LOOK_SECONDS)
    assert message["error"]["kind"] == kind
    assert message["error"]["hint"]
    place = f"{INTEGRATIONS}/{integration['id']}"
    assert call("admin").get(place).json["data"]["status"] == "invalid"

    sandbox.request("DELETE", "/_sandbox/faults")
    if repair == "save":
        repaired = call("admin").post(place, integration["configuration"])
    else:
        repaired = call("admin").request("POST", f"{place}/test")
    assert (repaired.status, repaired.json["data"]["status"]) == (200, "connected")
    producer.wait(message["id"], until=["read"])


@pytest.mark.parametrize(
    ("fault", "ends_as", "requests"),
    [
        ("rate_limit", "read", 2),
        ({"status": 503, "body": {"error": {"code": 2, "message": "Service temporarily unavailable"}}}, "read", 2),
        ("accept_then_reset", "read", 1),
        ("truncate", "read", 1),
        ({"delay_ms": 12_000}, "read", 1),
        ("reset", "unknown", 1),
        ({"status": 500}, "unknown", 1),
    ],
)
def test_trouble_is_tried_again_only_when_nothing_was_sent(producer, sandbox, integration, fault, ends_as, requests):
    break_(sandbox, integration, fault=fault, path="/messages", times=1)
    message = producer.wait(producer.send(integration), until=[ends_as], seconds=60)
    assert sends_of(sandbox, integration) == [message["id"]] * requests
    assert ends_as == "read" or message["error"]["hint"]


def test_what_nobody_can_read_is_set_aside_with_the_reason(stack, root, producer, integration):
    sqs, aside = root("sqs"), stack["queues"]["messages_dlq"]
    unreadable = f"not a message {uuid.uuid4().hex}"
    sqs.send_message(QueueUrl=stack["queues"]["messages"], MessageBody=unreadable)
    producer.wait(producer.send(integration), until=["read"])
    found = sqs.receive_message(QueueUrl=aside, MessageAttributeNames=["All"], MaxNumberOfMessages=10)["Messages"]
    (ours,) = [message for message in found if message["Body"] == unreadable]
    assert ours["MessageAttributes"]["switchboard.reason"]["StringValue"]
    sqs.delete_message(QueueUrl=aside, ReceiptHandle=ours["ReceiptHandle"])


def test_a_batch_is_taken_in_once_however_often_it_is_asked_for(call, producer, sandbox, integration):
    def message(number: int) -> dict:
        payload = {"to": f"1555{number:07}", "type": "text", "text": {"body": "Hello!"}}
        return {"metadata": {"integrationId": integration["id"]}, "wabaPayload": payload}

    batch, key = {"messages": [message(number) for number in range(25)]}, {"Idempotency-Key": uuid.uuid4().hex}
    first, again = (call("admin").request("POST", BATCH, batch, key) for _ in range(2))
    assert (first.status, again.text) == (202, first.text)
    taken = first.json["data"]
    assert (taken["accepted"], taken["refused"]) == (25, 0)
    messages = [one["id"] for one in taken["messages"]]
    for one in messages:
        producer.wait(one, until=["read"], seconds=60)
    assert sorted(sends_of(sandbox, integration)) == sorted(messages)


def test_a_thousand_messages_arrive_exactly_once(producer, sandbox, integration):
    messages = producer.send_many(BURST, integration)
    deadline = time.monotonic() + BURST_SECONDS
    while len(arrived := sends_of(sandbox, integration)) < BURST:
        assert time.monotonic() < deadline, f"{len(arrived)} of {BURST} arrived in {BURST_SECONDS} s"
        time.sleep(1)
    for message in messages[:: BURST // 10]:
        producer.wait(message, until=["read"], seconds=60)
    assert sorted(sends_of(sandbox, integration)) == sorted(messages)


def break_(sandbox, integration: dict, **fault: object) -> None:
    asked = sandbox.post("/_sandbox/faults", {"provider": "whatsapp", "account": integration["account"]} | fault)
    assert asked.status == 200, asked


def sends_of(sandbox, integration: dict) -> list[str]:
    """Our ids of the messages that reached the provider, oldest first."""
    arrived = sandbox.get(f"/_sandbox/requests?provider=whatsapp&account={integration['account']}&path=/messages").json
    return [request["body"]["biz_opaque_callback_data"] for request in arrived]
