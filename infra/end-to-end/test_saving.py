"""What is saved was tested before, is sealed, and belongs to one tenant."""

import pytest

INTEGRATIONS = "/api/v1/settings/integrations"


def listed(call, who: str) -> list[dict]:
    return call(who).get(INTEGRATIONS).json["data"]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("access_token", "EAAwrongwrongwrongwrongwrongwrong", "credentials_rejected"),
        ("phone_number_id", "30710000099999999", "provider_object_not_found"),
    ],
)
def test_a_refused_credential_stores_nothing_and_says_why(call, account, field, value, code):
    _, configuration = account()
    before = listed(call, "admin")
    answer = call("admin").post(INTEGRATIONS, {"provider": "whatsapp"} | configuration | {field: value})
    assert 400 <= answer.status < 500
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert (answer.json["code"], answer.json["success"]) == (code, False)
    assert answer.json["hint"]
    assert value not in answer.text
    assert listed(call, "admin") == before


@pytest.mark.parametrize("who", ["manager", "agent"])
def test_who_does_not_manage_integrations_sees_no_credential_and_changes_none(call, account, integration, who):
    _, configuration = account()
    place = f"{INTEGRATIONS}/{integration['id']}"
    assert call(who).post(INTEGRATIONS, {"provider": "whatsapp"} | configuration).status == 403
    assert call(who).post(place, configuration).status == 403
    assert call(who).request("DELETE", place).status == 403
    assert "credentials" not in call(who).get(place).json["data"]


def test_another_tenants_integration_is_answered_like_an_unknown_one(call, integration):
    def answers(reference: str) -> list[tuple[int, str]]:
        place = f"{INTEGRATIONS}/{reference}"
        api = call("other_admin")
        made = [api.get(place), api.request("DELETE", place), api.post(f"{place}/test", {})]
        return [(answer.status, answer.json["code"]) for answer in made]

    assert answers(integration["id"]) == answers("int_00000000000000000000000000")
    assert {status for status, _ in answers(integration["id"])} == {404}


def test_no_token_and_a_forged_one_are_refused(stack, call, integration):
    assert call().get(INTEGRATIONS).status == 401
    head, payload, signature = stack["tokens"]["admin"].split(".")
    forged = {"Authorization": f"Bearer {head}.{payload}.{signature[:-4]}AAAA"}
    assert call().request("GET", INTEGRATIONS, headers=forged).status == 401


def test_a_type_stands_for_its_default_integration(call, integration):
    default = call("agent").get(f"{INTEGRATIONS}/whatsapp").json["data"]
    assert default["id"] in {shown["id"] for shown in listed(call, "agent")}
    assert default["provider"] == integration["provider"]


def test_a_stored_credential_is_tested_without_being_given_again(call, integration):
    for reference in (integration["id"], "whatsapp"):
        place = f"{INTEGRATIONS}/{reference}/test"
        assert call("admin").request("POST", place).json["data"]["status"] == "connected"
        assert call("admin").post(place, integration["configuration"]).json["data"]["status"] == "connected"


def test_a_stored_credential_that_is_refused_turns_invalid_and_its_tenant_is_told(
    call, sandbox, integration, stack, root
):
    fault = {"provider": "whatsapp", "account": integration["account"], "fault": "bad_credential", "times": 50}
    assert sandbox.post("/_sandbox/faults", fault).status == 200
    place = f"{INTEGRATIONS}/{integration['id']}"
    answer = call("admin").request("POST", f"{place}/test")
    assert answer.json["code"] == "credentials_rejected", answer
    assert call("admin").get(place).json["data"]["status"] == "invalid"
    kept = root("dynamodb").query(
        TableName=stack["tables"]["integrations"],
        KeyConditionExpression="pk = :t AND begins_with(sk, :n)",
        ExpressionAttributeValues={":t": {"S": stack["tenants"]["one"]}, ":n": {"S": "NOTIFICATION#"}},
    )["Items"]
    assert [one for one in kept if one["integration"]["S"] == integration["id"]]


def test_a_deleted_integration_sends_nothing_and_leaves_nothing(stack, root, call, producer, account):
    name, configuration = account()
    made = call("admin").post(INTEGRATIONS, {"provider": "whatsapp", "name": name} | configuration).json["data"]
    assert call("admin").request("DELETE", f"{INTEGRATIONS}/{made['id']}").status == 200
    message = producer.wait(producer.send(made), until=["failed"])
    assert message["error"]["kind"] == "not_configured"
    pages = root("dynamodb").get_paginator("scan").paginate(TableName=stack["tables"]["integrations"])
    left = [item for page in pages for item in page["Items"] if made["id"] in str(item)]
    # Whose it was is known for as long as there are events of it.
    assert [item["sk"]["S"] for item in left] == [f"REMOVED##{made['id']}"]


def test_a_message_posted_to_the_api_is_sent_once_per_idempotency_key(call, integration, producer):
    body = producer.body("unused", integration, "15550142", {})
    body["metadata"].pop("messageId")
    key = {"Idempotency-Key": f"key-{integration['id']}"}
    first, second = (call("admin").request("POST", "/api/v1/messages", body, key) for _ in range(2))
    assert first.status == 202, first
    assert second.json["data"]["id"] == first.json["data"]["id"]
    producer.wait(first.json["data"]["id"], until=["read"])
