"""A function cannot do what its neighbour may: real calls with each function's own role. (J3)

Every test asks all functions, so that each refusal has its control: the neighbour that is allowed to succeeds.
"""

import uuid
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

CONTEXT = {"purpose": "test"}
REFUSALS = {"AccessDenied", "AccessDeniedException"}


@pytest.fixture(scope="module")
def who_may(stack, as_function):
    """`who_may("sqs", call)` names the functions whose role is not refused when `call(client)` is made."""

    def names(service: str, call: Callable[[object], object]) -> set[str]:
        return {function for function in stack["functions"] if not refused(call, as_function(function, service))}

    return names


def refused(call: Callable[[object], object], client: object) -> bool:
    try:
        call(client)
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSALS:
            raise
        return True
    return False


def wrapped_under(key: str, as_function) -> bytes:
    kms = as_function("config-api", "kms")
    return kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT)["CiphertextBlob"]


@pytest.mark.parametrize(
    ("variable", "openers"),
    [
        ("CREDENTIALS_KEY_ID", {"config-api", "connection-test", "message-dispatch"}),
        ("WEBHOOK_SECRETS_KEY_ID", {"config-api", "webhook-ingress"}),
    ],
)
def test_j3_a_key_serves_its_functions_only(stack, as_function, who_may, variable, openers):
    key = stack["functions"]["config-api"]["env"][variable]
    wrapped = wrapped_under(key, as_function)
    assert who_may("kms", lambda kms: kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=CONTEXT)) == openers
    assert who_may("kms", lambda kms: kms.generate_data_key(KeyId=key, KeySpec="AES_256")) == {"config-api"}


def test_config_api_cannot_read_the_messages_queue(stack, who_may):
    queue = stack["queues"]["messages"]
    readers = who_may("sqs", lambda sqs: sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0))
    assert readers == {"message-dispatch"}


def test_only_webhook_ingress_puts_events_on_the_inbound_queue(stack, who_may):
    """The message is too long for any queue, so that what is allowed is refused for that and leaves no trace."""
    queue = stack["queues"]["inbound"]
    too_long = "x" * (1024 * 1024 + 1)

    def send(sqs) -> None:
        try:
            sqs.send_message(QueueUrl=queue, MessageBody=too_long)
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSALS:
                raise

    assert who_may("sqs", send) == {"webhook-ingress"}


def test_nobody_changes_or_deletes_an_audit_record(stack, as_function, who_may, root):
    table = stack["tables"]["audit"]
    key = {"pk": {"S": f"test-{uuid.uuid4().hex}"}, "sk": {"S": "1"}}
    update = {
        "TableName": table,
        "Key": key,
        "UpdateExpression": "SET outcome = :o",
        "ExpressionAttributeValues": {":o": {"S": "changed"}},
    }
    delete = {"TableName": table, "Key": key}
    as_function("config-api", "dynamodb").put_item(TableName=table, Item=key)

    for change in (
        lambda audit: audit.update_item(**update),
        lambda audit: audit.delete_item(**delete),
        lambda audit: audit.transact_write_items(TransactItems=[{"Update": update}]),
        lambda audit: audit.transact_write_items(TransactItems=[{"Delete": delete}]),
        lambda audit: audit.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key}}]}),
    ):
        assert who_may("dynamodb", change) == set()

    everything = root("dynamodb")
    assert everything.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"] == key
    everything.update_item(**update)
    everything.delete_item(**delete)


def test_webhook_ingress_sees_routes_but_no_integration(stack, who_may):
    routes, integrations = stack["tables"]["webhook_routes"], stack["tables"]["integrations"]
    nothing = {"S": "nothing"}
    one = {"TableName": routes, "Key": {"pk": nothing}}
    several = {"RequestItems": {integrations: {"Keys": [{"pk": nothing, "sk": nothing}]}}}
    assert who_may("dynamodb", lambda db: db.get_item(**one)) == {"webhook-ingress"}
    assert who_may("dynamodb", lambda db: db.batch_get_item(**several)) == {
        "config-api",
        "connection-test",
        "message-dispatch",
    }


def test_only_config_api_writes_webhook_routes(stack, as_function, who_may):
    table, route = stack["tables"]["webhook_routes"], {"pk": {"S": f"test-{uuid.uuid4().hex}"}}
    assert who_may("dynamodb", lambda db: db.put_item(TableName=table, Item=route)) == {"config-api"}
    as_function("config-api", "dynamodb").delete_item(TableName=table, Key=route)


def test_j7_no_function_scans_a_table(stack, who_may):
    for table in stack["tables"].values():
        assert who_may("dynamodb", lambda db, table=table: db.scan(TableName=table, Limit=1)) == set()
