"""Only what the provider signed, for the route's own tenant, gets in; and a refusal tells nothing."""

import hashlib
import hmac
import json
import time
import uuid
from urllib.parse import urlsplit

import pytest
from api import Answer, Api

INTEGRATIONS = "/api/v1/settings/integrations"
QUARANTINE_SECONDS = 20
FIGURES_SECONDS = 150


@pytest.fixture
def route(sandbox, producer, integration) -> str:
    """The path of the integration's webhook, as the provider knows it."""
    producer.wait(producer.send(integration), until=["read"])
    delivered = sandbox.get(f"/_sandbox/webhooks?provider=whatsapp&account={integration['account']}").json
    return urlsplit(delivered[0]["url"]).path


def event(configuration: dict, **changed: str) -> tuple[str, bytes]:
    """A message that somebody wrote: its id, and the body of the webhook."""
    of = configuration | changed
    wamid = f"wamid.{uuid.uuid4().hex}"
    message = {
        "from": "15550101",
        "id": wamid,
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": "Hello back!"},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100", "phone_number_id": of["phone_number_id"]},
        "contacts": [{"profile": {"name": "Somebody"}, "wa_id": "15550101"}],
        "messages": [message],
    }
    entry = {"id": of["waba_id"], "changes": [{"field": "messages", "value": value}]}
    return wamid, json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def deliver(api: Api, path: str, body: bytes, secret: str, sent: bytes | None = None) -> Answer:
    """Posts a body that is signed, or something else with its signature."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
    return api.request("POST", path, sent or body, headers)


def stored(root, stack, wamid: str, seconds: float = 0) -> str:
    """What Activity holds of a provider's event, as text; empty when there is nothing after a while."""
    deadline = time.monotonic() + seconds
    while True:
        pages = root("dynamodb").get_paginator("scan").paginate(TableName=stack["tables"]["activity"])
        found = [str(item) for page in pages for item in page["Items"] if wamid in str(item)]
        if found or time.monotonic() >= deadline:
            return "\n".join(found)
        time.sleep(0.5)


def test_a_signed_event_is_taken_in_once(stack, root, call, integration, route):
    wamid, body = event(integration["configuration"])
    for _ in range(2):
        assert deliver(call(), route, body, integration["configuration"]["app_secret"]).status == 200
    assert stored(root, stack, wamid, seconds=QUARANTINE_SECONDS).count(f"'S': '{stack['tenants']['one']}'") == 1


def test_an_event_is_listed_for_those_who_may_see_it(stack, root, call, integration, route):
    wamid, body = event(integration["configuration"])
    assert deliver(call(), route, body, integration["configuration"]["app_secret"]).status == 200
    assert stored(root, stack, wamid, seconds=QUARANTINE_SECONDS)
    path = f"/api/v1/events?integration={integration['id']}"
    newest = call("admin").get(path).json["data"][0]
    assert (newest["kind"], newest["integration_id"], newest["payload"]["id"]) == ("message", integration["id"], wamid)
    assert call("agent").get(path).status == 403


def test_what_came_in_is_counted_soon_after(call, integration, route):
    """A minute later, with the batch that comes then."""
    place = f"{INTEGRATIONS}/{integration['id']}"
    deadline = time.monotonic() + FIGURES_SECONDS
    while True:
        _, body = event(integration["configuration"])
        assert deliver(call(), route, body, integration["configuration"]["app_secret"]).status == 200
        told = call("agent").get(f"{place}/analytics").json["data"]
        if told["totals"]["received"]:
            break
        assert time.monotonic() < deadline, told
        time.sleep(2)
    assert sum(hour["received"] for hour in told["hours"]) == told["totals"]["received"]
    assert call("agent").get(f"{place}/health").json["data"]["activity"]["last_day"]["received"]


def test_refusals_look_the_same_and_nothing_gets_in(stack, root, call, integration, route):
    secret = integration["configuration"]["app_secret"]
    wamid, body = event(integration["configuration"])
    other_end = "x" if route[-1] != "x" else "y"
    refusals = [
        deliver(call(), route, body, "another secret"),
        deliver(call(), route, body, secret, sent=body.replace(b"Hello", b"Hallo")),
        call().request("POST", route, body, {"Content-Type": "application/json"}),
        deliver(call(), route[:-1] + other_end, body, secret),
        deliver(call(), route.replace("/whatsapp/", "/elevenlabs/"), body, secret),
    ]
    shown = {(answer.status, answer.text, tuple(sorted(answer.headers))) for answer in refusals}
    assert len(shown) == 1
    assert refusals[0].status == 401
    assert stored(root, stack, wamid) == ""


def test_another_tenants_number_in_a_signed_body_is_kept_apart(stack, root, call, integration, route, account):
    _, foreign = account()
    wamid, body = event(integration["configuration"], phone_number_id=foreign["phone_number_id"])
    assert deliver(call(), route, body, integration["configuration"]["app_secret"]).status == 200
    assert "quarantined" in stored(root, stack, wamid, seconds=QUARANTINE_SECONDS)


def test_the_providers_handshake_is_answered_only_with_the_right_token(call, route):
    wrong = "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=wrong"
    assert call().get(route + wrong).status == 401


def test_a_rotated_url_is_told_the_provider_and_the_one_before_is_still_answered(
    stack, root, call, sandbox, integration
):
    place, secret = f"{INTEGRATIONS}/{integration['id']}/webhook", integration["configuration"]["app_secret"]
    before = call("admin").get(place).json["data"]
    assert before["status"] == "registered"
    answer = call("admin").request("POST", f"{place}/rotate")
    assert answer.status == 200, answer
    rotated = answer.json["data"]
    assert rotated["url"] != before["url"]
    assert (rotated["status"], rotated["verify_token"]) == ("registered", before["verify_token"])
    assert rotated["previous"]["until"]
    sent = sandbox.post("/_sandbox/send", {"provider": "whatsapp", "account": integration["account"], "text": "Hello!"})
    assert (sent.json["url"], sent.json["status"]) == (rotated["url"], 200)
    for url in (before["url"], rotated["url"]):
        wamid, body = event(integration["configuration"])
        assert deliver(call(), urlsplit(url).path, body, secret).status == 200
        assert stored(root, stack, wamid, seconds=QUARANTINE_SECONDS)


def test_a_repair_tells_the_provider_the_same_url_once_more(call, sandbox, integration):
    place = f"{INTEGRATIONS}/{integration['id']}/webhook"
    shown = call("admin").get(place).json["data"]
    number = integration["configuration"]["phone_number_id"]
    refusal = {"provider": "whatsapp", "path": number, "fault": "missing_scope", "times": 1}
    assert sandbox.post("/_sandbox/faults", refusal).status == 200
    failed = call("admin").request("POST", f"{place}/repair").json["data"]
    assert (failed["status"], failed["url"]) == ("failed", shown["url"])
    assert failed["error"]["hint"]
    repaired = call("admin").request("POST", f"{place}/repair")
    assert (repaired.status, repaired.json["data"]) == (200, shown)


@pytest.mark.parametrize("who", ["manager", "agent", "other_admin"])
def test_a_webhooks_url_is_told_to_nobody_else(call, integration, who):
    place = f"{INTEGRATIONS}/{integration['id']}/webhook"
    for answer in (call(who).get(place), call(who).request("POST", f"{place}/rotate")):
        assert answer.status == (404 if who == "other_admin" else 403)
        assert "/webhooks/" not in answer.text
