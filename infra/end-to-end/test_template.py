"""Numbers and settings of the template that have to hold together."""

import copy
import re

import api
import pytest
from constants import constant
from template import ROOT, Template

CONSUMER_HEADROOM = 6
MAX_RECEIVES = 5
DAY = 24 * 3600
GATEWAY_SECONDS = 30
# Left of a function's time when the longest that it may begin has ended.
TO_SPARE = 5
ACCOUNT_CONCURRENCY = 1000
LASTING_TABLES = ("IntegrationsTable", "WebhookRoutesTable", "KeyRingsTable", "AuditTable")
KEYS = ("CredentialsKey", "WebhookSecretsKey")
PUBLIC_ROUTES = {
    "GET /health",
    "GET /openapi.json",
    "GET /docs",
    "GET /webhooks/{provider}/{token}",
    "POST /webhooks/{provider}/{token}",
}


def test_functions_are_blocks_in_the_order_of_their_folders(template):
    folders = sorted(folder.name for folder in (ROOT / "functions").iterdir() if (folder / "Cargo.toml").is_file())
    assert [function.name for function in template.functions()] == folders
    for function in template.functions():
        assert function.block == "".join(word.capitalize() for word in function.name.split("-"))
        assert function.properties["FunctionName"]["Fn::Sub"] == f"${{AWS::StackName}}-{function.name}"


def test_a_message_stays_invisible_six_times_as_long_as_its_consumer_may_take(template):
    queues = template.of_type("AWS::SQS::Queue")
    for function in template.functions():
        for mapping in template.mappings(function):
            queue = queues[mapping["Queue"]["Fn::GetAtt"][0]]
            window = mapping.get("MaximumBatchingWindowInSeconds", 0)
            assert queue["VisibilityTimeout"] >= CONSUMER_HEADROOM * function.properties["Timeout"] + window


def test_a_5_a_failed_message_comes_back_alone(template):
    for function in template.functions():
        for mapping in template.mappings(function):
            assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            assert mapping["BatchSize"] == 10
            assert "FilterCriteria" not in mapping, "what a filter drops is deleted for good"


def test_a10_every_queue_sets_aside_what_keeps_failing_and_keeps_it_longer(template):
    queues = template.of_type("AWS::SQS::Queue")
    sources = {name: queue for name, queue in queues.items() if "RedrivePolicy" in queue}
    dead_letters = [queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for queue in sources.values()]
    assert sorted([*sources, *dead_letters]) == sorted(queues)
    for queue, aside in zip(sources.values(), dead_letters, strict=True):
        assert queue["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES
        assert queue["MessageRetentionPeriod"] == 4 * DAY
        assert queues[aside]["MessageRetentionPeriod"] == 14 * DAY
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())


def test_a10_the_dispatcher_sets_aside_what_comes_again_before_sqs_would(template):
    queue = template.of_type("AWS::SQS::Queue")["MessagesQueue"]
    assert constant("LAST_RECEIVE") == queue["RedrivePolicy"]["maxReceiveCount"]
    assert constant("LONGEST_LIFE") < queue["MessageRetentionPeriod"]


def test_a7_what_a_claim_may_lead_to_ends_before_the_dispatcher_does(template):
    """All messages of a batch are sent side by side, so the slowest of them is what a batch takes."""
    dispatch = next(function for function in template.functions() if function.name == "message-dispatch")
    connect, exchange = constant("CONNECT_TIMEOUT", "shared/providers"), constant("TOTAL_TIMEOUT")
    assert connect < exchange < constant("LEAST_TIME") <= dispatch.properties["Timeout"] - TO_SPARE
    # A claim that nobody works on any more can be told from one that is worked on, before its message comes again.
    (mapping,) = template.mappings(dispatch)
    queue = template.of_type("AWS::SQS::Queue")[mapping["Queue"]["Fn::GetAtt"][0]]
    lease = dispatch.properties["Timeout"] + constant("LEASE_MARGIN")
    assert dispatch.properties["Timeout"] < lease < queue["VisibilityTimeout"]


def test_a10_numbers_that_do_not_hold_together_are_noticed(template):
    sets_aside = test_a10_the_dispatcher_sets_aside_what_comes_again_before_sqs_would
    ends = test_a7_what_a_claim_may_lead_to_ends_before_the_dispatcher_does
    for test, block, path, number in (
        (sets_aside, "MessagesQueue", ("RedrivePolicy", "maxReceiveCount"), 4),
        (sets_aside, "MessagesQueue", ("MessageRetentionPeriod",), DAY),
        (ends, "MessagesQueue", ("VisibilityTimeout",), 35),
        (ends, "MessageDispatch", ("Timeout",), 29),
    ):
        content = copy.deepcopy(template.content)
        *within, name = "Properties", *path
        place = content["Resources"][block]
        for step in within:
            place = place[step]
        place[name] = number
        with pytest.raises(AssertionError):
            test(Template(content))


def test_consumers_fit_into_the_account_and_reserve_nothing(template):
    for scale in template.content["Mappings"]["Concurrency"].values():
        assert all(2 <= batches <= ACCOUNT_CONCURRENCY for batches in scale.values())
        assert sum(scale.values()) < ACCOUNT_CONCURRENCY
    assert not any("ReservedConcurrentExecutions" in function.properties for function in template.functions())


def test_a_function_behind_the_api_ends_before_the_gateway_gives_up(template):
    for integration in template.of_type("AWS::ApiGatewayV2::Integration").values():
        block = integration["IntegrationUri"]["Fn::GetAtt"][0]
        assert template.resources[block]["Properties"]["Timeout"] < GATEWAY_SECONDS


def test_i3_every_route_but_the_public_ones_needs_a_token(template):
    routes = template.of_type("AWS::ApiGatewayV2::Route").values()
    assert {route["RouteKey"] for route in routes if route["AuthorizationType"] == "NONE"} == PUBLIC_ROUTES
    for route in routes:
        if route["RouteKey"] not in PUBLIC_ROUTES:
            assert (route["AuthorizationType"], route["AuthorizerId"]) == ("JWT", {"Ref": "SignedIn"})


def test_pages_of_front_ends_that_are_named_may_use_the_whole_api(template, stack):
    (gateway,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    condition, allowed, nothing = gateway["CorsConfiguration"]["Fn::If"]
    assert (condition, nothing) == ("HasFrontEnds", {"Ref": "AWS::NoValue"})
    assert "AllowCredentials" not in allowed
    described = api.of(stack).get("/openapi.json").json["paths"].values()
    operations = [(method, operation) for path in described for method, operation in path.items()]
    assert {method.upper() for method, _ in operations} == set(allowed["AllowMethods"])
    sent = {
        parameter["name"].lower()
        for _, operation in operations
        for parameter in operation["parameters"]
        if parameter["in"] == "header"
    }
    assert sent | {"authorization", "content-type", "x-switchboard-tenant"} == set(allowed["AllowHeaders"])


def test_the_access_log_does_not_hold_webhook_addresses(template):
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    logged = set(re.findall(r"\$context\.([a-zA-Z.]+)", stage["AccessLogSettings"]["Format"]))
    assert "routeKey" in logged
    assert not [name for name in logged if "path" in name.lower() or "authorizer.claims" in name]


def test_requests_are_throttled(template):
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    assert {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= set(stage["DefaultRouteSettings"])


def test_users_cannot_write_their_tenant(template):
    (client,) = template.of_type("AWS::Cognito::UserPoolClient").values()
    assert "custom:tenant_id" in client["ReadAttributes"]
    assert "custom:tenant_id" not in client["WriteAttributes"]


def test_what_cannot_be_made_again_outlives_the_stack(template):
    for name in (*LASTING_TABLES, *KEYS):
        assert template.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert template.resources[name]["UpdateReplacePolicy"] == "Retain"
    tables = template.of_type("AWS::DynamoDB::Table")
    assert tables["KeyRingsTable"]["DeletionProtectionEnabled"]
    for name in LASTING_TABLES:
        assert tables[name]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert all(table["SSESpecification"]["SSEEnabled"] for table in tables.values())
    assert all(key["EnableKeyRotation"] for key in template.of_type("AWS::KMS::Key").values())


def platform_variables(config: str) -> set[str]:
    """The variables that a function reads because descriptors name them for accounts of the platform's own."""
    declared = re.search(r"PLATFORM_TYPES: &\[&str\] = &\[(.*)\];", config)
    types = re.findall(r'"(\w+)"', declared[1]) if declared else []
    sources = [path.read_text() for path in (ROOT / "shared/providers/src").rglob("*.rs")]
    described = [source for source in sources if any(f'id: "{name}"' in source for name in types)]
    return {variable for source in described for variable in re.findall(r'\.platform\("(\w+)"\)', source)}


def test_functions_get_the_variables_that_they_read_and_no_others(template):
    for function in template.functions():
        config = (ROOT / "functions" / function.name / "src" / "config.rs").read_text()
        read = set(re.findall(r'env\s*\.\w+\(\s*"(\w+)"', config))
        if "ClaimNames::read" in config:
            read |= {"TENANT_CLAIM", "GROUPS_CLAIM"}
        read |= platform_variables(config)
        assert set(function.properties["Environment"]["Variables"]) == read, function.name


def test_s3_30_accounts_of_the_platforms_own_may_be_left_out_and_are_not_shown(template):
    config = (ROOT / "functions/message-dispatch/src/config.rs").read_text()
    assert "WHATSAPP_ACCESS_TOKEN" in platform_variables(config)
    given = template.resources["MessageDispatch"]["Properties"]["Environment"]["Variables"]
    for variable in platform_variables(config):
        parameter = template.content["Parameters"][given[variable]["Ref"]]
        assert (parameter["Default"], parameter["NoEcho"]) == ("", True), variable


def shows_crashes(variables: dict) -> bool:
    return any(name.startswith("RUST_") for name in variables)


def test_e8_a_crash_shows_no_backtrace(template):
    shared = template.content["Globals"]["Function"]["Environment"]["Variables"]
    assert not shows_crashes(shared)
    assert shows_crashes(shared | {"RUST_BACKTRACE": "1"})
    for function in template.functions():
        assert not shows_crashes(function.properties["Environment"]["Variables"]), function.name


def test_e2_a_deployed_function_cannot_be_asked_to_say_more(template):
    assert template.content["Parameters"]["LogLevel"]["AllowedValues"] == ["error", "warn", "info"]


def test_the_stack_file_names_the_environment_of_the_template(template, stack):
    for function in template.functions():
        declared = function.properties["Environment"]["Variables"]
        given = stack["functions"][function.name]["env"]
        assert set(declared) <= set(given)
