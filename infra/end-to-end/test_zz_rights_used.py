"""Runs last: every right that the template grants was used by the tests before, so none is superfluous. (J2)"""

import pytest
import trail
from template import OPERATOR

# What Lambda itself does for a function, and what the local cloud's KMS does not know.
OF_LAMBDA = ("logs:", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
UNKNOWN = ("kms:ReEncrypt",)


@pytest.fixture(scope="module")
def physical(stack, root) -> dict[str, str]:
    """What the resources of the template are called in the running stack."""
    found = root("cloudformation").describe_stack_resources(StackName="switchboard")["StackResources"]
    named = {resource["LogicalResourceId"]: resource["PhysicalResourceId"].rpartition("/")[2] for resource in found}
    keys = {"CredentialsKey": "CREDENTIALS_KEY_ID", "WebhookSecretsKey": "WEBHOOK_SECRETS_KEY_ID"}
    env = stack["functions"]["config-api"]["env"]
    return named | {name: env[variable] for name, variable in keys.items()}


def test_j2_every_granted_right_is_used(template, stack, root, physical):
    roles, keys = {"operator": OPERATOR}, {"operator": stack["operator"]["env"]["AWS_ACCESS_KEY_ID"]}
    for function in template.functions():
        config = root("lambda").get_function_configuration(FunctionName=f"switchboard-{function.name}")
        roles[function.name], keys[function.name] = function.role, trail.access_key(config)
    unused = []
    for who, role in roles.items():
        others = UNKNOWN if who == "operator" else UNKNOWN + OF_LAMBDA
        ours = {grant for grant in template.role_grants(role) if not grant[0].startswith(others)}
        used = trail.used(root("cloudtrail"), keys[who], {action for action, _ in ours})
        for action, resource in sorted(ours):
            table, index, name = resource.partition("/index/")
            if (action, physical[table] + index + name) not in used:
                unused.append(f"{who}: {action} on {resource}")
    assert unused == []
