"""Deploys the real template to the local cloud, when it or what it deploys has changed."""

import hashlib
import json
import subprocess

import local_rights
from cloud import Cloud
from paths import FUNCTIONS, LOCAL, LOGS, STACK, TEMPLATE, VENV, bootstrap, shown
from say import Stop, line, step

BUCKET = "deployments"
PARAMETERS = LOCAL / "parameters.yaml"
DEPLOYED = LOCAL / "deployed"


def deploy(cloud: Cloud, parameters: dict[str, str]) -> dict[str, str]:
    """The outputs of the deployed stack."""
    PARAMETERS.write_text(json.dumps(parameters, indent=2))
    wanted = fingerprint(cloud)
    if not DEPLOYED.is_file() or DEPLOYED.read_text() != wanted:
        with step("Deploying template.yaml with sam deploy"):
            sam_deploy(cloud)
            local_rights.grant(cloud, outputs(cloud)["OperatorRoleArn"])
        DEPLOYED.write_text(wanted)
    return outputs(cloud)


def fingerprint(cloud: Cloud) -> str:
    digest = hashlib.sha256(cloud.identity.encode())
    for file in [TEMPLATE, PARAMETERS, *map(bootstrap, FUNCTIONS)]:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def sam_deploy(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    log = LOGS / "sam-deploy.log"
    with log.open("w") as out:
        done = subprocess.run(
            [
                str(VENV / "bin" / "sam"), "deploy",
                "--template-file", str(TEMPLATE),
                "--stack-name", STACK,
                "--s3-bucket", BUCKET,
                "--capabilities", "CAPABILITY_IAM",
                "--parameter-overrides", f"file://{PARAMETERS}",
                "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar",
            ],
            cwd=LOCAL, env=cloud.environment(), stdout=out, stderr=subprocess.STDOUT, timeout=600,
        )  # fmt: skip
    if done.returncode != 0:
        line("\n".join(log.read_text().splitlines()[-12:]))
        raise Stop(f"sam deploy failed; {shown(log)} has the whole story. `make down`, then `make up` starts afresh.")


def outputs(cloud: Cloud) -> dict[str, str]:
    stack = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
