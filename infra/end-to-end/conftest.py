"""What the end-to-end tests share: the running stack, its API, and clients that hold a function's own role."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "local-cloud")]

import api  # noqa: E402
import cloud  # noqa: E402
import stack as stack_file  # noqa: E402
from producer import Producer  # noqa: E402
from template import Template  # noqa: E402

INTEGRATIONS = "/api/v1/settings/integrations"


@pytest.fixture(scope="session")
def stack() -> dict:
    return stack_file.read()


@pytest.fixture(scope="session")
def template() -> Template:
    return Template()


@pytest.fixture(scope="session")
def call(stack: dict) -> Callable[..., api.Api]:
    """`call("admin")` is the API as that person sees it, `call()` without a token."""
    return lambda who=None: api.of(stack, who)


@pytest.fixture(scope="session")
def sandbox(stack: dict) -> api.Api:
    return api.sandbox(stack)


@pytest.fixture(scope="session")
def root(stack: dict) -> Callable[[str], object]:
    """Clients of the account's root, which may do everything."""
    return lambda service: boto3.Session(cloud.ROOT_KEY, cloud.ROOT_KEY, region_name=stack["region"]).client(
        service, endpoint_url=stack["aws_endpoint_url"]
    )


@pytest.fixture(scope="session")
def as_function(stack: dict) -> Callable[[str, str], object]:
    """`as_function("webhook-ingress", "kms")` may do what that function may, and no more."""

    def client(function: str, service: str) -> object:
        env = stack["functions"][function]["env"]
        return boto3.Session(
            env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"], stack["region"]
        ).client(service, endpoint_url=stack["aws_endpoint_url"])

    return client


@pytest.fixture(scope="session")
def producer(stack: dict, root, call) -> Producer:
    """Sends for tenant one."""
    return Producer(root("sqs"), stack["queues"]["messages"], stack["tenants"]["one"], call("admin"))


@pytest.fixture(scope="session")
def account(sandbox: api.Api) -> Callable[[], tuple[str, dict[str, str]]]:
    """`account()` makes a new account at the provider: its name there, and what to configure for it."""

    def make() -> tuple[str, dict[str, str]]:
        answer = sandbox.post("/_sandbox/accounts", {"provider": "whatsapp", "count": 1})
        (made,) = answer.json["accounts"]
        return made["account"], made["configuration"]

    return make


@pytest.fixture
def integration(call, account) -> Iterator[dict]:
    """A further WhatsApp integration of tenant one, with an account of its own (`["account"]`)."""
    name, configuration = account()
    answer = call("admin").post(INTEGRATIONS, {"provider": "whatsapp", "name": name} | configuration)
    assert answer.status == 201, answer
    made = answer.json["data"]
    yield made | {"account": name, "configuration": configuration}
    call("admin").request("DELETE", f"{INTEGRATIONS}/{made['id']}")
