"""template.yaml, read for tests: its functions, and who may do what."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cfnlint.decode import cfn_yaml

ROOT = Path(__file__).resolve().parents[2]

OPERATOR = "OperatorRole"
INDEX = re.compile(r"\$\{(\w+)\.Arn\}/index/(\w+)")

Grants = set[tuple[str, str]]


@dataclass(frozen=True)
class Function:
    name: str
    block: str
    properties: dict

    @property
    def role(self) -> str:
        return target(self.properties["Role"])


@dataclass(frozen=True)
class Template:
    content: dict = field(default_factory=lambda: cfn_yaml.load(str(ROOT / "template.yaml")))

    @property
    def resources(self) -> dict[str, dict]:
        return self.content["Resources"]

    def of_type(self, kind: str) -> dict[str, dict]:
        """Properties of all resources of a type, by their name in the template."""
        return {name: found["Properties"] for name, found in self.resources.items() if found["Type"] == kind}

    def functions(self) -> list[Function]:
        """In the order of the template."""
        shared = self.content["Globals"]["Function"]
        return [
            Function(properties["CodeUri"].rstrip("/").rpartition("/")[2], block, shared | properties)
            for block, properties in self.of_type("AWS::Serverless::Function").items()
        ]

    def mappings(self, function: Function) -> list[dict]:
        """Properties of the queues' event sources of a function."""
        return [event["Properties"] for event in function.properties.get("Events", {}).values()]

    def grants(self, function: Function) -> Grants:
        """Every (action, resource) that a function's role is given, by itself or by a key."""
        return self.role_grants(function.role)

    def role_grants(self, role: str) -> Grants:
        return {
            (action, target(resource))
            for statement in self.role_statements(role)
            for action in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        } | set(self.key_grants(role))

    def role_statements(self, role: str) -> list[dict]:
        policies = self.resources[role]["Properties"]["Policies"]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def key_grants(self, role: str) -> Iterator[tuple[str, str]]:
        for key, properties in self.of_type("AWS::KMS::Key").items():
            for statement in properties["KeyPolicy"]["Statement"]:
                if role in map(target, as_list(statement["Principal"]["AWS"])):
                    yield from ((action, key) for action in as_list(statement["Action"]))


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]


def target(reference: object) -> str:
    """What a reference names: the resource of `!GetAtt X.Arn` or `!Ref X`, `X/index/Y` for `!Sub ${X.Arn}/index/Y`;
    anything else as it stands."""
    if isinstance(reference, dict) and "Fn::GetAtt" in reference:
        attribute = reference["Fn::GetAtt"]
        return attribute.partition(".")[0] if isinstance(attribute, str) else attribute[0]
    if isinstance(reference, dict) and "Ref" in reference:
        return reference["Ref"]
    if isinstance(reference, dict) and (index := INDEX.fullmatch(str(reference.get("Fn::Sub")))):
        return "/index/".join(index.groups())
    return str(reference)
