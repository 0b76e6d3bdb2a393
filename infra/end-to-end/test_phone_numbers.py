"""The numbers of accounts come by themselves, are listed and assigned, and go with their integration. (S1-16 to S1-19)"""

from collections.abc import Iterator

import pytest

INTEGRATIONS = "/api/v1/settings/integrations"
NUMBERS = "/api/v1/settings/phone-numbers"


@pytest.fixture
def exotel(call, sandbox) -> Iterator[dict]:
    """A further Exotel integration of tenant one, with an account of its own."""
    answer = sandbox.post("/_sandbox/accounts", {"provider": "exotel_phone", "count": 1})
    (made,) = answer.json["accounts"]
    body = {"provider": "exotel_phone", "name": made["account"]} | made["configuration"]
    answer = call("admin").post(INTEGRATIONS, body)
    assert answer.status == 201, answer
    integration = answer.json["data"]
    yield integration
    call("admin").request("DELETE", f"{INTEGRATIONS}/{integration['id']}")


def listed(call, who: str, integration: dict) -> list[dict]:
    """An integration's numbers, in their order."""
    numbers, cursor = [], ""
    while cursor is not None:
        page = call(who).get(f"{NUMBERS}?limit=100" + (f"&cursor={cursor}" if cursor else "")).json
        numbers += page["data"]
        cursor = page.get("next_cursor")
    return [number for number in numbers if number["integration_id"] == integration["id"]]


def test_s1_52_numbers_come_with_their_account_and_go_with_it(call, stack, root, exotel):
    numbers = listed(call, "agent", exotel)
    assert len(numbers) == 4
    assert [number["is_primary"] for number in numbers] == [True, False, False, False]
    assert {number["is_active"] for number in numbers} == {True}
    assert listed(call, "other_admin", exotel) == []
    assert call("admin").request("DELETE", f"{INTEGRATIONS}/{exotel['id']}").status == 200
    assert listed(call, "admin", exotel) == []
    left = root("dynamodb").query(
        TableName=stack["tables"]["integrations"],
        KeyConditionExpression="pk = :t AND begins_with(sk, :n)",
        ExpressionAttributeValues={":t": {"S": stack["tenants"]["one"]}, ":n": {"S": "NUMBER#"}},
    )["Items"]
    assert exotel["id"] not in str(left)


def test_s1_18_an_admin_assigns_a_number_and_a_sync_leaves_it_assigned(call, exotel):
    number = listed(call, "admin", exotel)[1]
    place = f"{NUMBERS}/{number['id']}/assign"
    read = {"If-Match": f'"{number["revision"]}"'}
    assert call("agent").post(place, {"user_id": "u-2"}).status == 403
    assert call("admin").request("POST", place, {"user_id": "u-2"}, read).status == 200
    assert call("admin").request("POST", place, {"user_id": "u-3"}, read).json["code"] == "changed_meanwhile"
    synced = call("admin").request("POST", f"{INTEGRATIONS}/{exotel['id']}/sync")
    assert synced.json["data"] == {"phone_numbers": 4, "added": 0, "retired": 0}, synced
    assert listed(call, "agent", exotel)[1]["assigned_to_user_id"] == "u-2"
    assert call("admin").post(place, {"user_id": None}).json["data"]["assigned_to_user_id"] is None


def test_s0_38_templates_are_listed_page_by_page(call, integration):
    place = f"{INTEGRATIONS}/{integration['id']}/templates"
    first = call("admin").get(f"{place}?limit=5").json
    second = call("admin").get(f"{place}?limit=100&cursor={first['next_cursor']}").json
    whole = call("admin").get(place).json
    assert first["data"] + second["data"] == whole["data"]
    assert "next_cursor" not in second
    assert call("agent").get(place).status == 403


def test_how_an_integration_fares_is_told_to_everybody_of_its_tenant(call, integration):
    place = f"{INTEGRATIONS}/{integration['id']}/health"
    health = call("agent").get(place).json["data"]
    assert (health["status"], health["advice"]) == ("connected", []), health
    assert health["activity"]["parked"] == 0
    assert call("other_admin").get(place).status == 404
