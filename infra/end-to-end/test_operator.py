"""The operator's commands on the deployed stack, under their own role: what they may, they can, while tenants go on."""

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from template import ROOT
from test_sending import sends_of

INTEGRATIONS = "/api/v1/settings/integrations"
AUDIT_LOGS = "/api/v1/settings/audit-logs"
DEAD_LETTERS = "dead-letters"
SECONDS = 120
ROUTED_SECONDS = 20
QUICK = ("--pause", "0")


@pytest.fixture(scope="module")
def operate(stack) -> Callable[..., dict]:
    """`operate("rings", "list")` is the result of that command; one that fails is an error, unless `ends=1`."""
    binary = ROOT / "target" / "debug" / "operator"
    subprocess.run(["cargo", "build", "--quiet", "--package", "operator"], cwd=ROOT, check=True, timeout=600)

    def run(*words: str, ends: int = 0) -> dict:
        command = [str(binary), "--as", "e2e", "--json", *words]
        environment = os.environ | stack["operator"]["env"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == ends, f"{words}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}

    return run


class Throwaway:
    """A tenant that nobody else needs, seen by platform staff."""

    def __init__(self, api, account) -> None:
        self.name, self.api, self.account = f"t_{uuid.uuid4().hex[:16]}", api, account

    def ask(self, method: str, path: str, body: object = None):
        return self.api.request(method, path, body, {"X-Switchboard-Tenant": self.name})

    def connect(self, **about: str) -> dict:
        _, configuration = self.account()
        answer = self.ask("POST", INTEGRATIONS, {"provider": "whatsapp"} | about | configuration)
        assert answer.status == 201, answer
        return answer.json["data"]

    def works(self, integration: dict) -> bool:
        answer = self.ask("POST", f"{INTEGRATIONS}/{integration['id']}/test")
        return answer.status == 200


@pytest.fixture
def tenant(call, account, operate) -> Iterator[Throwaway]:
    tenant = Throwaway(call("operator"), account)
    yield tenant
    operate("tenant", "remove", tenant.name, "--confirm", tenant.name, "--settle", "0")


@pytest.fixture
def kms_keys(root, template) -> Callable[[str], str]:
    """Makes a KMS key that the roles may use which may use that one of the template."""

    def make(like: str) -> str:
        kms, account = root("kms"), root("sts").get_caller_identity()["Account"]
        found = root("cloudformation").describe_stack_resources(StackName="switchboard")["StackResources"]
        names = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}
        statements = [
            {"Sid": "Administer", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
             "Action": ["kms:DescribeKey", "kms:DisableKey", "kms:PutKeyPolicy"], "Resource": "*"}
        ]
        for role in template.of_type("AWS::IAM::Role"):
            if actions := sorted(action for action, key in template.key_grants(role) if key == like):
                arn = root("iam").get_role(RoleName=names[role])["Role"]["Arn"]
                statements.append(
                    {"Sid": role, "Effect": "Allow", "Principal": {"AWS": arn}, "Action": actions, "Resource": "*"}
                )
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        return kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]

    return make


def rings(operate, ring: str) -> list[dict]:
    return [one for one in operate("rings", "list")["rings"] if one["ring"] == ring]


def ring_of(operate, before: list[dict], purpose: str) -> str:
    """The ring of a purpose that holds more than before."""
    held = {(one["ring"], one["version"]): one["records"] for one in before}
    grown = [
        one["ring"]
        for one in operate("rings", "list")["rings"]
        if one["purpose"] == purpose and one["records"] > held.get((one["ring"], one["version"]), 0)
    ]
    (ring,) = set(grown)
    return ring


@pytest.mark.parametrize("purpose", ["credentials", "webhook-secrets"])
def test_f6_a_ring_is_rotated_and_what_it_held_moves(operate, tenant, purpose):
    before = operate("rings", "list")["rings"]
    integration = tenant.connect()
    ring = ring_of(operate, before, purpose)
    old = rings(operate, ring)
    operate("rings", "rotate", ring)
    assert tenant.works(integration), "the old version still opens"
    assert len(rings(operate, ring)) == len(old) + 1
    done = operate("rings", "reseal", ring, str(old[-1]["version"]), *QUICK)
    assert done["moved"] >= 1 and done["left"] == 0, done
    assert [one["records"] for one in rings(operate, ring)][:-1] == [0] * len(old)
    assert tenant.works(integration)


def test_f6_a_tenant_moves_to_a_ring_under_its_own_kms_key_and_back(operate, tenant, kms_keys, root):
    """To wrap rings anew under another KMS key is shown elsewhere: the local cloud's KMS has no `ReEncrypt`."""
    integration = tenant.connect()
    own = {like: kms_keys(like) for like in ("CredentialsKey", "WebhookSecretsKey")}
    operate(
        "tenant", "own-ring", tenant.name, *QUICK,
        "--kms-key", own["CredentialsKey"], "--webhook-kms-key", own["WebhookSecretsKey"],
    )  # fmt: skip
    assert tenant.works(integration), "under a KMS key of its own"
    changed = tenant.ask("PATCH", f"{INTEGRATIONS}/{integration['id']}", {"graph_version": "v24.0"})
    assert changed.status == 200, changed
    operate("tenant", "shared-ring", tenant.name, *QUICK)
    for key in own.values():
        root("kms").disable_key(KeyId=key)
    assert tenant.works(integration), "nothing of it is under its own KMS key any more"


def test_the_trail_of_a_tenant_is_whole_and_tells_of_an_edited_record(operate, tenant, stack, root):
    integration = tenant.connect()
    assert tenant.works(integration)
    logs = tenant.ask("GET", f"{AUDIT_LOGS}?provider=whatsapp").json["data"]
    assert [line["number"] for line in logs] == sorted((line["number"] for line in logs), reverse=True)
    assert {"integration.configure", "webhook.register", "credentials.open", "integration.test"} <= {
        line["action"] for line in logs
    }
    verified = operate("audit", "verify", tenant.name)
    assert verified["broken"] is None and verified["records"] >= len(logs)
    operate("audit", "verify", tenant.name, "--head", verified["head"])

    table, key = stack["tables"]["audit"], {"pk": {"S": tenant.name}, "sk": {"S": f"{2:016}"}}
    kept = root("dynamodb").get_item(TableName=table, Key=key)["Item"]
    record = {"S": kept["record"]["S"].replace('"ok"', '"refused"')}
    root("dynamodb").put_item(TableName=table, Item=kept | {"record": record})
    assert operate("audit", "verify", tenant.name, ends=1)["broken_at"] == 2
    root("dynamodb").put_item(TableName=table, Item=kept)
    operate("audit", "verify", tenant.name)


def test_b10_a_removed_tenant_is_gone_and_cannot_come_back(operate, call, account, stack, root):
    tenant = Throwaway(call("operator"), account)
    tenant.connect()
    # Of a user's own, and a message, so that there is something to sweep up in every table.
    tenant.connect(owner="user")
    payload = {"to": "+919876543220", "type": "text", "text": {"body": "Hello!"}}
    assert tenant.ask("POST", "/api/v1/messages", {"wabaPayload": payload}).status == 202
    done = operate("tenant", "remove", tenant.name, "--confirm", tenant.name, "--settle", "5")
    assert done["left"] == 0 and done["integrations"] == 2, done
    assert tenant.ask("GET", INTEGRATIONS).json["data"] == []
    _, configuration = account()
    again = tenant.ask("POST", INTEGRATIONS, {"provider": "whatsapp"} | configuration)
    assert (again.status, again.json["code"]) == (403, "tenant_removed")
    table = stack["tables"]["integrations"]
    left = root("dynamodb").query(
        TableName=table, KeyConditionExpression="pk = :t", ExpressionAttributeValues={":t": {"S": tenant.name}}
    )["Items"]
    assert [item["sk"]["S"] for item in left] == ["ROSTER"]
    operate("audit", "verify", tenant.name)


def test_a10_what_was_sent_is_put_back_and_not_sent_again_and_what_was_not_is_sent(
    operate, stack, root, producer, sandbox, integration
):
    sqs, queue, aside = root("sqs"), stack["queues"]["messages"], stack["queues"]["messages_dlq"]
    sent, waiting = producer.send(integration), f"m_{uuid.uuid4().hex}"
    producer.wait(sent, until=["read"])
    for message in (sent, waiting):
        body = json.dumps(producer.body(message, integration, "15550000000", {}))
        sqs.send_message(QueueUrl=aside, MessageBody=body, MessageGroupId=producer.tenant)
    unreadable = f"not a message {uuid.uuid4().hex}"
    sqs.send_message(QueueUrl=queue, MessageBody=unreadable)
    listed = waited_for(lambda: operate(DEAD_LETTERS, "list"), lambda found: any(of_nobody(found)))
    told = {letter["id"]: letter for letter in listed["letters"]}
    assert [told[message]["tenant"] for message in (sent, waiting)] == [producer.tenant] * 2
    assert all("events/schemas/message.json" in letter["reason"] for letter in of_nobody(listed))
    assert unreadable not in json.dumps(listed) and "15550000000" not in json.dumps(listed)

    rehearsed = operate(DEAD_LETTERS, "redrive", "--dry-run")
    assert rehearsed["moved"] == 0 and rehearsed["would_move"] >= 2, rehearsed
    redriven = operate(DEAD_LETTERS, "redrive", "--tenant", producer.tenant)
    assert redriven["moved"] >= 2 and redriven["on_both"] == 0, redriven
    producer.wait(waiting, until=["read"])
    later = producer.send(integration)
    producer.wait(later, until=["read"])
    assert sorted(sends_of(sandbox, integration)) == sorted([sent, waiting, later])
    assert operate(DEAD_LETTERS, "redrive")["left"] == {"unreadable": len(list(of_nobody(listed)))}
    sqs.purge_queue(QueueUrl=aside)


def test_what_came_in_and_was_set_aside_is_put_back_and_kept(operate, stack, root, call, integration):
    tenant, wamid = stack["tenants"]["one"], f"wamid.{uuid.uuid4().hex}"
    samples = json.loads((ROOT / "events" / "inbound-router.json").read_text())["Records"]
    event = json.loads(samples[1]["body"]) | {"tenant": tenant, "integration": integration["id"]}
    event["event"]["id"] = event["event"]["payload"]["id"] = wamid
    aside = stack["queues"]["inbound_dlq"]
    root("sqs").send_message(QueueUrl=aside, MessageBody=json.dumps(event), MessageGroupId=tenant)
    listed = operate(DEAD_LETTERS, "list", "--queue", "inbound")
    assert tenant in [letter["tenant"] for letter in listed["letters"]], listed
    assert operate(DEAD_LETTERS, "redrive", "--queue", "inbound")["moved"] >= 1

    path = f"/api/v1/events?integration={integration['id']}"
    kept = waited_for(lambda: call("admin").get(path).json["data"], len)
    assert [one["payload"]["id"] for one in kept] == [wamid]


def of_nobody(listed: dict) -> Iterator[dict]:
    return (letter for letter in listed["letters"] if letter["unreadable"])


def waited_for(look: Callable[[], object], enough: Callable[[object], object]) -> object:
    deadline = time.monotonic() + ROUTED_SECONDS
    while not enough(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found


def test_rings_and_tenants_are_the_operators_alone(stack, as_function):
    """Every function is refused what the operator's commands do across tenants."""
    from botocore.exceptions import ClientError

    tables = stack["tables"]
    by_seal = {"TableName": tables["integrations"], "IndexName": "BySeal", "KeyConditionExpression": "seal = :s",
               "ExpressionAttributeValues": {":s": {"S": "credentials/shared-0#1"}}}  # fmt: skip
    for function in stack["functions"]:
        with pytest.raises(ClientError) as refused:
            as_function(function, "dynamodb").query(**by_seal)
        assert refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}, function
