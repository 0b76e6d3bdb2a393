"""After a whole round, no secret is anywhere but at the provider."""

import leaks
import pytest
from botocore.exceptions import ClientError

SECRET_FIELDS = ("access_token", "app_secret")


@pytest.fixture
def secrets(producer, integration) -> dict[str, str]:
    """Of an integration that was configured, tested, and sent through."""
    producer.wait(producer.send(integration), until=["read"])
    return {name: integration["configuration"][name] for name in SECRET_FIELDS}


def test_the_search_finds_a_secret_in_every_form(secrets):
    token = secrets["access_token"]
    for hidden in (token, token.encode().hex().upper(), [{"x": token.encode()}], {token: 1}):
        assert leaks.find(secrets, leaks.everything(hidden)), hidden


def test_no_table_holds_a_secret(stack, root, secrets):
    for table in stack["tables"].values():
        pages = root("dynamodb").get_paginator("scan").paginate(TableName=table)
        items = [item for page in pages for item in page["Items"]]
        assert leaks.find(secrets, leaks.everything(items)) == [], table


def test_no_log_holds_a_secret(stack, root, secrets):
    logs = root("logs")
    for function in stack["functions"]:
        try:
            pages = list(
                logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/switchboard-{function}")
            )
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ResourceNotFoundException"
            continue
        said = [event["message"] for page in pages for event in page["events"]]
        assert leaks.find(secrets, "\n".join(said).encode()) == [], function


def test_no_queue_body_holds_a_secret(stack, root, secrets):
    """Dead letters keep whole bodies; everything else is gone within a second."""
    for name, queue in stack["queues"].items():
        if name.endswith("_dlq"):
            found = root("sqs").receive_message(
                QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
            )
            assert leaks.find(secrets, leaks.everything(found.get("Messages", []))) == [], name
