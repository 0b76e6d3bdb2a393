"""Rights that ministack asks for by names that AWS does not have, derived from those that the template grants."""

import json
from collections.abc import Iterator

from cloud import Cloud
from paths import FUNCTIONS, STACK

POLICY = "local-cloud"
ALSO = {
    "sqs:SendMessage": "sqs:SendMessageBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
    "dynamodb:PartiQLInsert": "dynamodb:BatchExecuteStatement",
}
WITHOUT_RESOURCE = {"dynamodb:BatchExecuteStatement"}


def grant(cloud: Cloud, operator_role: str) -> None:
    """To the role of each function and, by its ARN, the operator's."""
    iam = cloud.client("iam")
    for role in (arn.rpartition("/")[2] for arn in (*roles(cloud), operator_role)):
        if statements := list(derived(own_statements(iam, role))):
            document = {"Version": "2012-10-17", "Statement": statements}
            iam.put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=json.dumps(document))


def roles(cloud: Cloud) -> Iterator[str]:
    for function in FUNCTIONS:
        yield cloud.client("lambda").get_function_configuration(FunctionName=f"{STACK}-{function}")["Role"]


def own_statements(iam, role: str) -> Iterator[dict]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        if name != POLICY:
            yield from iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]


def derived(statements: Iterator[dict]) -> Iterator[dict]:
    for statement in statements:
        for action in as_list(statement["Action"]):
            if action in ALSO:
                resource = "*" if ALSO[action] in WITHOUT_RESOURCE else statement["Resource"]
                yield {"Effect": "Allow", "Action": ALSO[action], "Resource": resource}


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]
