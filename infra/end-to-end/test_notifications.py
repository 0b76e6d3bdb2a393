"""What somebody should know reaches those whose integration it is about, and nobody else."""

INTEGRATIONS = "/api/v1/settings/integrations"
NOTIFICATIONS = "/api/v1/settings/notifications"


def told(api, integration: dict) -> list[dict]:
    answer = api.get(f"{NOTIFICATIONS}?limit=100")
    assert answer.status == 200, answer
    return [line for line in answer.json["data"] if line["integration_id"] == integration["id"]]


def test_admins_are_told_when_credentials_are_revealed(call, integration):
    admin = call("admin")
    assert told(admin, integration) == []
    revealed = admin.get(f"{INTEGRATIONS}/{integration['id']}/credentials?reason=moving")
    assert revealed.status == 200, revealed
    (line,) = told(admin, integration)
    assert line["code"] == "credentials_revealed"
    assert "moving" in line["detail"]
    assert told(call("agent"), integration) == []
