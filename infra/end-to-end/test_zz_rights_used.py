"""Runs last: every right that the template grants was used by the tests before, so none is superfluous. (J2)"""

import pytest
import trail

PLATFORM = ("logs:", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


@pytest.fixture(scope="module")
def physical(stack, root) -> dict[str, str]:
    """What the resources of the template are called in the running stack."""
    found = root("cloudformation").describe_stack_resources(StackName="switchboard")["StackResources"]
    named = {resource["LogicalResourceId"]: resource["PhysicalResourceId"].rpartition("/")[2] for resource in found}
    keys = {"CredentialsKey": "CREDENTIALS_KEY_ID", "WebhookSecretsKey": "WEBHOOK_SECRETS_KEY_ID"}
    env = stack["functions"]["config-api"]["env"]
    return named | {name: env[variable] for name, variable in keys.items()}


def test_j2_every_granted_right_is_used(template, stack, root, physical):
    unused = []
    for function in template.functions():
        config = root("lambda").get_function_configuration(FunctionName=f"switchboard-{function.name}")
        ours = {grant for grant in template.grants(function) if not grant[0].startswith(PLATFORM)}
        used = trail.used(root("cloudtrail"), config, {action for action, _ in ours})
        unused += [
            f"{function.name}: {action} on {resource}"
            for action, resource in sorted(ours)
            if (action, physical[resource]) not in used
        ]
    assert unused == []
