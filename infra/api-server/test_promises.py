"""The API keeps what its document promises: the real functions behind a server on loopback, asked by schemathesis."""

import json
import urllib.request

import pytest
import schemathesis_run
import server
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

LEAST_REQUESTS = 1_000

CHECKS = {
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "unsupported_method",
    "allow_header_conformance", "missing_required_header", "ignored_auth", "use_after_free",
    "ensure_resource_availability",
}  # fmt: skip

# Who asks for how much: an admin may do most. What removes is asked for with a server of its own, or there would soon be
# nothing left for the others.
MUCH = ("--phases", "examples,coverage,fuzzing", "--exclude-method", "DELETE")
A_LITTLE = ("--phases", "examples,fuzzing", "--max-examples", "4", "--exclude-method", "DELETE")
RUNS = {
    "admin": ("admin", *MUCH),
    "admin, removing": ("admin", "--phases", "coverage,fuzzing", "--include-method", "DELETE"),
    "admin, in steps": ("admin", "--phases", "stateful"),
    "agent": ("agent", *A_LITTLE),
    "service": ("service", *A_LITTLE),
    "operator": ("operator", *A_LITTLE, "--header", "X-Switchboard-Tenant: t_1"),
}

# What each mistake is found as, see `flaw.rs`.
FLAWS = {
    "status": "ServerError",
    "surprise": "UndefinedStatusCode",
    "body": "JsonSchemaError",
    "type": "UndefinedContentType",
    "header": "MissingHeaders",
    "token": "IgnoredAuth",
}


@pytest.mark.parametrize("name", RUNS)
def test_the_api_keeps_what_its_document_promises(name, runs):
    who, *arguments = RUNS[name]
    with server.running() as url:
        run = schemathesis_run.run(name, url, who, *arguments)
    runs.append(run)
    assert run.passed and not run.failures, run.output


def test_everything_is_checked_often_enough(runs):
    assert sum(run.requests for run in runs) >= LEAST_REQUESTS
    assert set().union(*(run.checks for run in runs)) >= CHECKS


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_broken_promise_is_found(flaw):
    with server.running("--flaw", flaw) as url:
        run = schemathesis_run.run(flaw, url, "admin", "--phases", "examples", "--include-operation-id", "ShowIntegration")
    assert not run.passed and FLAWS[flaw] in run.failures, run.output


def test_the_document_is_openapi():
    with server.running() as url, urllib.request.urlopen(f"{url}/openapi.json") as answer:
        document = json.load(answer)
    assert errors_of(document) == []
    assert errors_of(document | {"paths": []}) != []


def errors_of(document: dict) -> list[str]:
    """What breaks the schema of OpenAPI 3.1."""
    return [f"{error.instance_path}: {error.message}" for error in OPENAPI_31_VALIDATOR.iter_errors(document)]
