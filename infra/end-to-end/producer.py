"""Puts messages on the queue as a producer would, and follows them through the API."""

import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from api import Api

BATCH = 10
BETWEEN_LOOKS_SECONDS = 0.2


@dataclass(frozen=True)
class Producer:
    sqs: object
    queue: str
    tenant: str
    api: Api

    def send(self, integration: dict | None = None, **payload: object) -> str:
        """Puts one text message on the queue; its id."""
        (message,) = self.send_many(1, integration, **payload)
        return message

    def send_many(self, count: int, integration: dict | None = None, **payload: object) -> list[str]:
        messages = [f"m_{uuid.uuid4().hex}" for _ in range(count)]
        bodies = [self.body(message, integration, f"1555{n:07}", payload) for n, message in enumerate(messages)]
        for first in range(0, count, BATCH):
            entries = [
                {"Id": str(n), "MessageBody": json.dumps(body), "MessageGroupId": self.tenant}
                for n, body in enumerate(bodies[first : first + BATCH])
            ]
            answer = self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)
            assert not answer.get("Failed"), answer
        return messages

    def body(self, message: str, integration: dict | None, to: str, payload: dict) -> dict:
        metadata = {"tenantId": self.tenant, "messageId": message}
        if integration is not None:
            metadata["integrationId"] = integration["id"]
        return {"metadata": metadata, "wabaPayload": {"to": to, "type": "text", "text": {"body": "Hello!"}} | payload}

    def look(self, message: str) -> dict | None:
        answer = self.api.get(f"/api/v1/messages/{message}")
        assert answer.status in (200, 404), answer
        return answer.json["data"] if answer.status == 200 else None

    def wait(self, message: str, until: Iterable[str], seconds: float = 30) -> dict:
        """The message, once its status is one of these."""
        until = set(until)
        deadline = time.monotonic() + seconds
        while True:
            found = self.look(message)
            if found is not None and found["status"] in until:
                return found
            assert time.monotonic() < deadline, f"after {seconds} s not {' or '.join(sorted(until))}: {found}"
            time.sleep(BETWEEN_LOOKS_SECONDS)


def steps(message: dict) -> list[str]:
    return [step["status"] for step in message["timeline"]]
