"""The paths that front ends and services have always known answer as they expect; documents.yaml holds the requests."""

import re
from pathlib import Path

import pytest
import yaml

STEPS = yaml.safe_load((Path(__file__).parent / "documents.yaml").read_text())
METHODS = ("get", "post", "put", "delete")
TYPES = {"<str>": str, "<bool>": bool, "<list>": list, "<dict>": dict, "<null>": type(None)}


@pytest.fixture(scope="module")
def values(stack, sandbox, account, call) -> dict:
    """What stands for the braces; ids out of answers are added on the way."""
    credentials = sandbox.get("/_sandbox/credentials?account=one").json
    _, credentials["own"] = account()
    yield credentials | {"tenant": stack["tenants"]["one"]}
    own = call("admin").get("/api/v1/settings/integrations?owner=user").json["data"]
    for integration in own:
        call("admin").request("DELETE", f"/api/v1/settings/integrations/{integration['id']}")


def filled(value: object, values: dict) -> object:
    if isinstance(value, dict):
        return {name: filled(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, values) for inner in value]
    if not isinstance(value, str):
        return value

    def known(match: re.Match) -> str:
        found = values
        for word in match[1].split("."):
            found = found[word]
        return found

    return re.sub(r"\{([\w.]+)\}", known, value)


def check(wanted: object, found: object, place: str = "the answer") -> None:
    """Holds what is wanted against what was found, of which there may be more."""
    if isinstance(wanted, dict):
        for name, inner in wanted.items():
            assert name in found, f"{place} has no {name}: {found}"
            check(inner, found[name], f"{place}.{name}")
    elif isinstance(wanted, list):
        for number, inner in enumerate(wanted):
            check(inner, found[number], f"{place}.{number}")
    elif wanted in TYPES:
        assert isinstance(found, TYPES[wanted]), f"{place} is {found!r}, not {wanted}"
    elif wanted == "<masked>":
        assert re.fullmatch(r"••••.{0,4}", found), f"{place} is no mask"
    else:
        assert found == wanted, place


def at(found: object, path: str) -> object:
    for word in path.split("."):
        found = found[int(word) if word.isdigit() else word]
    return found


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["id"])
def test_a_path_answers_as_its_document_says(call, values, step):
    (method,) = [method for method in METHODS if method in step]
    api = call(step.get("who", "admin"))
    answer = api.request(method.upper(), filled(step[method], values), filled(step.get("body"), values))
    assert answer.status == step.get("status", 200), answer
    check(filled(step["answers"], values), answer.json)
    for name, path in step.get("keep", {}).items():
        values[name] = at(answer.json, path)


def test_what_is_wrong_with_an_answer_is_noticed():
    with pytest.raises(AssertionError):
        check({"data": [{"id": "<str>"}]}, {"data": [{"id": 5}]})
    with pytest.raises(AssertionError):
        check({"key": "<masked>"}, {"key": "sk_in_the_clear"})
    with pytest.raises(AssertionError):
        check({"missing": "<null>"}, {})
