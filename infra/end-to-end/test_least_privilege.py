"""What the template grants, compared with what each function needs. (J1, J2, J3, J7)"""

import copy
from pathlib import Path

import yaml
from template import OPERATOR, Template, as_list, target

MATRIX = yaml.safe_load(Path(__file__).with_name("permissions.yaml").read_text())
USES_OF_A_KEY = ("Decrypt", "Encrypt", "GenerateDataKey", "ReEncrypt", "CreateGrant", "*")
READS_WHOLE_TABLES = {"dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:ExportTableToPointInTime"}


def needed(who: str) -> set[tuple[str, str]]:
    return {(action, resource) for action, resources in MATRIX[who].items() for resource in resources}


def roles(template: Template) -> dict[str, str]:
    """The role of each function, and of the operator."""
    return {function.name: function.role for function in template.functions()} | {"operator": OPERATOR}


def test_j2_every_function_has_a_row_and_every_row_a_function(template):
    assert list(MATRIX) == list(roles(template))


def test_j2_nothing_is_granted_that_is_not_needed_and_nothing_needed_is_missing(template):
    for who, role in roles(template).items():
        granted = template.role_grants(role)
        assert granted - needed(who) == set(), f"{who} may do more than it needs"
        assert needed(who) - granted == set(), f"{who} may do less than it needs"


def test_j2_one_right_more_or_less_is_noticed(template):
    function = template.functions()[0]
    statements = copy.deepcopy(template.role_statements(function.role))
    for changed in ([*statements, {"Action": "dynamodb:Scan", "Resource": {"Ref": "AuditTable"}}], statements[1:]):
        content = copy.deepcopy(template.content)
        content["Resources"][function.role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] = changed
        assert Template(content).grants(function) != needed(function.name)


def test_j1_one_role_per_function_which_only_lambda_can_take(template):
    named = list(roles(template).values())
    assert len(set(named)) == len(named)
    assert set(template.of_type("AWS::IAM::Role")) == set(named)
    for role, properties in template.of_type("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in properties
        (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
        if role == OPERATOR:
            assert statement["Principal"]["AWS"]["Fn::Sub"].endswith("${AWS::AccountId}:root")
        else:
            assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_j1_no_action_and_no_resource_is_a_wildcard(template):
    for who, role in roles(template).items():
        for action, resource in template.role_grants(role):
            assert "*" not in action, f"{who}: {action}"
            assert resource.partition("/")[0] in template.resources, f"{who}: {action} on {resource}"


def test_j3_webhooks_cannot_open_credentials(template):
    ingress = next(function for function in template.functions() if function.name == "webhook-ingress")
    assert [grant for grant in template.grants(ingress) if "CredentialsKey" in grant] == []


def test_j7_nobody_reads_whole_tables(template):
    for role in roles(template).values():
        assert {action for action, _ in template.role_grants(role)} & READS_WHOLE_TABLES == set()


def test_only_the_operator_reads_across_tenants_and_moves_keys(template):
    across = {"IntegrationsTable/index/BySeal", "WebhookRoutesTable/index/BySeal", "KeyRingsTable/index/ByKmsKey"}
    for function in template.functions():
        grants = template.grants(function)
        assert {resource for _, resource in grants} & across == set(), function.name
        assert not [action for action, _ in grants if action.startswith("kms:ReEncrypt")], function.name


def test_who_administers_a_key_cannot_use_it_and_who_uses_it_is_named(template):
    for properties in template.of_type("AWS::KMS::Key").values():
        for statement in properties["KeyPolicy"]["Statement"]:
            actions = as_list(statement["Action"])
            if statement["Sid"] == "Administer":
                assert not [action for action in actions if any(use in action for use in USES_OF_A_KEY)]
            else:
                moves = {"kms:ReEncryptFrom", "kms:ReEncryptTo"} if statement["Sid"] == "Operate" else set()
                assert set(actions) <= {"kms:Decrypt", "kms:GenerateDataKey"} | moves
                assert {target(role) for role in as_list(statement["Principal"]["AWS"])} <= set(template.resources)


def test_a_function_is_invoked_by_our_api_only(template):
    for permission in template.of_type("AWS::Lambda::Permission").values():
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert "${HttpApi}" in permission["SourceArn"]["Fn::Sub"]
    assert template.of_type("AWS::Lambda::Url") == {}
