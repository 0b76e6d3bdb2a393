"""`.local/stack.json`: everything that is needed to drive the running stack."""

import json

from cloud import REGION, Cloud
from paths import FUNCTIONS, LOCAL, STACK, bootstrap, shown
from people import TENANTS, SignedIn
from say import Stop

FILE = LOCAL / "stack.json"
SESSION_SECONDS = 12 * 3600

QUEUES = {
    "messages": "MessagesQueueUrl",
    "messages_dlq": "MessagesDlqUrl",
    "calls": "CallsQueueUrl",
    "calls_dlq": "CallsDlqUrl",
    "inbound": "InboundQueueUrl",
    "inbound_dlq": "InboundDlqUrl",
    "maintenance": "MaintenanceQueueUrl",
    "maintenance_dlq": "MaintenanceDlqUrl",
}
OPERATOR = {
    "INTEGRATIONS_TABLE": "IntegrationsTableName",
    "WEBHOOK_ROUTES_TABLE": "WebhookRoutesTableName",
    "ACTIVITY_TABLE": "ActivityTableName",
    "KEY_RINGS_TABLE": "KeyRingsTableName",
    "AUDIT_TABLE": "AuditTableName",
    "MESSAGES_QUEUE_URL": "MessagesQueueUrl",
    "MESSAGES_DLQ_URL": "MessagesDlqUrl",
    "INBOUND_QUEUE_URL": "InboundQueueUrl",
    "INBOUND_DLQ_URL": "InboundDlqUrl",
    "CREDENTIALS_KEY_ID": "CredentialsKeyArn",
    "WEBHOOK_SECRETS_KEY_ID": "WebhookSecretsKeyArn",
    "RING_COUNT": "RingCount",
}
TABLES = {
    "integrations": "IntegrationsTableName",
    "webhook_routes": "WebhookRoutesTableName",
    "activity": "ActivityTableName",
    "key_rings": "KeyRingsTableName",
    "audit": "AuditTableName",
}


def write(cloud: Cloud, outputs: dict[str, str], sandbox_url: str, people: dict[str, SignedIn]) -> dict:
    stack = {
        "api_url": cloud.url,
        "api_host": f"{outputs['ApiId']}.execute-api.localhost",
        "console_url": None,
        "sandbox_url": sandbox_url,
        "aws_endpoint_url": cloud.url,
        "region": REGION,
        "queues": {name: outputs[output] for name, output in QUEUES.items()},
        "tables": {name: outputs[output] for name, output in TABLES.items()},
        "tenants": TENANTS,
        "tokens": {name: person.token for name, person in people.items()},
        "users": {name: person.user for name, person in people.items()},
        "functions": functions(cloud),
        "operator": {"env": operator(cloud, outputs)},
    }
    aside = FILE.with_suffix(".new")
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(stack, indent=2) + "\n")
    aside.replace(FILE)
    return stack


def read() -> dict:
    if not FILE.is_file():
        raise Stop(f"{shown(FILE)} is missing: `make up` starts the stack and writes it.")
    return json.loads(FILE.read_text())


def functions(cloud: Cloud) -> dict[str, dict]:
    """Per function its binary and the environment to run it by itself, with its own role's credentials."""
    return {name: {"bootstrap": str(bootstrap(name)), "env": environment(cloud, name)} for name in FUNCTIONS}


def operator(cloud: Cloud, outputs: dict[str, str]) -> dict[str, str]:
    """The environment of the operator's commands, with the credentials of their role."""
    config = cloud.client("lambda").get_function_configuration(FunctionName=f"{STACK}-config-api")
    variables = {name: outputs[output] for name, output in OPERATOR.items()}
    variables["PROVIDER_OVERRIDES"] = config["Environment"]["Variables"]["PROVIDER_OVERRIDES"]
    return variables | session(cloud, outputs["OperatorRoleArn"], "operator")


def session(cloud: Cloud, role: str, name: str) -> dict[str, str]:
    """Credentials of a role, and where to use them."""
    session = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName=name, DurationSeconds=SESSION_SECONDS)
    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": session["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["Credentials"]["SessionToken"],
    }


def environment(cloud: Cloud, name: str) -> dict[str, str]:
    config = cloud.client("lambda").get_function_configuration(FunctionName=f"{STACK}-{name}")
    credentials = session(cloud, config["Role"], config["FunctionName"])
    return config["Environment"]["Variables"] | credentials | {
        "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
        "_HANDLER": "bootstrap",
    }
