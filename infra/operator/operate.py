"""Runs the operator's commands: against the local stack, or with `--stack NAME` against AWS with your own credentials.

On AWS the names come from the stack's outputs, and the rights from its OperatorRole, which you must be allowed to assume.
"""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "infra" / "local-cloud")]

import stack  # noqa: E402
from say import Stop, run  # noqa: E402

HOUR = 3600


def main() -> None:
    words = sys.argv[1:]
    if words[:1] == ["--stack"]:
        if len(words) < 2:
            raise Stop("Which stack? Give its name behind --stack.")
        environment, words = of_aws(words[1]), words[2:]
    else:
        environment = stack.read()["operator"]["env"]
    binary = ROOT / "target" / "debug" / "operator"
    os.execve(binary, [str(binary), *words], os.environ | environment)


def of_aws(name: str) -> dict[str, str]:
    import boto3

    session = boto3.Session()
    (described,) = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    function = session.client("lambda").get_function_configuration(FunctionName=f"{name}-config-api")
    given = session.client("sts").assume_role(
        RoleArn=outputs["OperatorRoleArn"], RoleSessionName="operator", DurationSeconds=HOUR
    )["Credentials"]
    return {variable: outputs[output] for variable, output in stack.OPERATOR.items()} | {
        "PROVIDER_OVERRIDES": function["Environment"]["Variables"].get("PROVIDER_OVERRIDES", json.dumps({})),
        "AWS_REGION": session.region_name,
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


if __name__ == "__main__":
    run(main)
