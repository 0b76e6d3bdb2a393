//! Every request names its partition, and only such as it may: what does not is found, and what does is not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::{self, N, S};
use aws_sdk_dynamodb::types::{
    BatchStatementRequest, ConditionCheck, Delete, DeleteRequest, KeysAndAttributes, PutRequest,
    TransactWriteItem, WriteRequest,
};
use testing::clock::ManualClock;
use testing::cloud::{Calls, Cloud, Fault};
use testing::switchboard::{
    self, ACTIVITY, AUDIT, BY_KMS_KEY, BY_PROVIDER, BY_SEAL, BY_TIME, INTEGRATIONS, KEY_RINGS,
    WEBHOOK_ROUTES,
};

fn cloud() -> Cloud {
    switchboard::cloud(Arc::new(ManualClock::default()))
}

fn client(cloud: &Cloud) -> Client {
    Client::new(&cloud.sdk_config())
}

fn text(value: &str) -> AttributeValue {
    S(value.to_owned())
}

/// Reads one item; whether there is one does not matter.
async fn get(client: &Client, table: &str, partition: &str) {
    let get = client.get_item().table_name(table);
    let get = match table {
        WEBHOOK_ROUTES => get.key("pk", text(partition)),
        KEY_RINGS => get
            .key("ring", text(partition))
            .key("version", N("1".into())),
        _ => get.key("pk", text(partition)).key("sk", text("x")),
    };
    get.send().await.unwrap();
}

/// Queries what has that text as its partition key.
async fn query(client: &Client, table: &str, index: Option<&str>, key: &str, value: &str) {
    let query = client.query().table_name(table);
    let query = query.set_index_name(index.map(str::to_owned));
    let query = query.key_condition_expression(format!("{key} = :v"));
    let query = query.expression_attribute_values(":v", text(value));
    query.send().await.unwrap();
}

async fn execute(client: &Client, statement: &str, parameters: Vec<AttributeValue>) {
    let parameters = Some(parameters).filter(|parameters| !parameters.is_empty());
    let statement = BatchStatementRequest::builder()
        .statement(statement)
        .set_parameters(parameters)
        .build()
        .unwrap();
    let batch = client.batch_execute_statement().statements(statement);
    drop(batch.send().await);
}

/// Takes the one violation there is, which contains this.
#[track_caller]
fn takes(cloud: &Cloud, expected: &str) {
    let found = cloud.take_violations();
    assert!(
        matches!(found.as_slice(), [one] if one.contains(expected)),
        "{expected}: {found:?}"
    );
}

#[tokio::test]
async fn b2_requests_that_name_their_partition_are_none() {
    let cloud = cloud();
    let client = client(&cloud);
    let hash = "0123456789abcdef".repeat(4);
    for (table, partition) in [
        (INTEGRATIONS, "t_1"),
        (ACTIVITY, "t_1"),
        (AUDIT, "t_1"),
        (WEBHOOK_ROUTES, &hash),
        (WEBHOOK_ROUTES, &format!("CLAIM#{hash}")),
        (KEY_RINGS, "credentials/shared-0"),
        (KEY_RINGS, "webhook-secrets/shared-0"),
    ] {
        get(&client, table, partition).await;
    }
    query(&client, ACTIVITY, None, "pk", "t_1").await;
    query(&client, AUDIT, Some(BY_PROVIDER), "pk", "t_1").await;
    let insert = r#"INSERT INTO "Activity" VALUE {'sk': ?, 'pk': ?}"#;
    execute(&client, insert, vec![text("x"), text("t_1")]).await;
    assert_eq!(cloud.violations(), [""; 0]);
}

#[tokio::test]
async fn b2_a_scan_is_a_violation() {
    let cloud = cloud();
    let client = client(&cloud);
    client.scan().table_name(ACTIVITY).send().await.unwrap_err();
    takes(&cloud, "Scan");
    let statement = client.execute_statement();
    let statement = statement.statement(r#"SELECT * FROM "Activity""#);
    statement.send().await.unwrap_err();
    takes(&cloud, "ExecuteStatement");
}

#[tokio::test]
async fn b2_a_partition_that_is_not_of_its_table_is_a_violation() {
    let cloud = cloud();
    let client = client(&cloud);
    for (table, partition) in [
        (INTEGRATIONS, "t 1"),
        (ACTIVITY, "MESSAGE#1"),
        (AUDIT, "all/tenants"),
        (WEBHOOK_ROUTES, "t_1"),
        (WEBHOOK_ROUTES, "CLAIM#whatsapp"),
        (KEY_RINGS, "t_1"),
        (KEY_RINGS, "other/shared-0"),
    ] {
        get(&client, table, partition).await;
        takes(
            &cloud,
            &format!("GetItem: no partition of {table}: {partition:?}"),
        );
    }
    let elsewhere = client.get_item().table_name("Elsewhere");
    let elsewhere = elsewhere.key("pk", text("t_1"));
    elsewhere.send().await.unwrap_err();
    takes(&cloud, "Elsewhere");
    let keyless = client.get_item().table_name(ACTIVITY);
    let keyless = keyless.key("sk", text("t_1"));
    keyless.send().await.unwrap_err();
    takes(&cloud, "partition key");
}

#[tokio::test]
async fn b2_a_query_must_name_one_partition() {
    let cloud = cloud();
    let client = client(&cloud);
    for condition in [
        "sk = :v",
        "pk > :v",
        "pk = :v OR sk = :v",
        "pk = :v AND pk = :v",
    ] {
        let query = client.query().table_name(ACTIVITY);
        let query = query.key_condition_expression(condition);
        let query = query.expression_attribute_values(":v", text("t_1"));
        query.send().await.unwrap_err();
        takes(&cloud, "Query");
    }
}

#[tokio::test]
async fn b2_a_statement_without_a_key_is_a_violation() {
    let cloud = cloud();
    let client = client(&cloud);
    let unkeyed = r#"INSERT INTO "Activity" VALUE {'sk': ?}"#;
    execute(&client, unkeyed, vec![text("x")]).await;
    takes(
        &cloud,
        "BatchExecuteStatement: Activity: no text as its partition key",
    );
    for statement in [
        r#"SELECT * FROM "Activity""#,
        r#"UPDATE "Activity" SET status = 'sent'"#,
        r#"DELETE FROM "Activity" WHERE "pk" = 't_1' AND "sk" = 'x'"#,
    ] {
        execute(&client, statement, vec![]).await;
        takes(&cloud, "BatchExecuteStatement");
    }
    let insert = r#"INSERT INTO "Activity" VALUE {'pk': ?, 'sk': ?}"#;
    let scope = cloud.only_tenants(["t_1"]);
    execute(&client, insert, vec![text("t_2"), text("x")]).await;
    takes(&cloud, "t_2");
    drop(scope);
}

#[tokio::test]
async fn b2_within_a_scope_other_tenants_are_violations() {
    let cloud = cloud();
    let client = client(&cloud);
    {
        let _scope = cloud.only_tenants(["t_1"]);
        for table in [INTEGRATIONS, ACTIVITY, AUDIT] {
            get(&client, table, "t_1").await;
            get(&client, table, "t_2").await;
            takes(
                &cloud,
                &format!("no tenant of this call: \"t_2\" in {table}"),
            );
        }
        query(&client, AUDIT, Some(BY_PROVIDER), "pk", "t_2").await;
        takes(&cloud, "Audit/ByProvider");
        query(&client, ACTIVITY, Some(BY_TIME), "pk", "t_2").await;
        takes(&cloud, "Activity/ByTime");
        get(&client, KEY_RINGS, "credentials/shared-0").await;
    }
    get(&client, ACTIVITY, "t_2").await;
    assert_eq!(cloud.violations(), [""; 0]);
}

#[tokio::test]
async fn b2_scopes_within_scopes_allow_what_all_of_them_allow() {
    let cloud = cloud();
    let client = client(&cloud);
    let outer = cloud.only_tenants(["t_1", "t_2"]);
    let inner = cloud.only_tenants(["t_2", "t_3"]);
    get(&client, ACTIVITY, "t_2").await;
    for tenant in ["t_1", "t_3"] {
        get(&client, ACTIVITY, tenant).await;
        takes(&cloud, tenant);
    }
    drop(outer);
    get(&client, ACTIVITY, "t_3").await;
    get(&client, ACTIVITY, "t_1").await;
    takes(&cloud, "t_1");
    drop(inner);
    get(&client, ACTIVITY, "t_1").await;
    let _nobody = cloud.only_tenants([""; 0]);
    get(&client, ACTIVITY, "t_1").await;
    takes(&cloud, "t_1");
}

#[tokio::test]
async fn b2_every_entry_of_a_batch_and_a_transaction_is_seen() {
    let cloud = cloud();
    let client = client(&cloud);
    let _scope = cloud.only_tenants(["t_1"]);
    let key = |tenant: &str| {
        let key = [("pk", text(tenant)), ("sk", text("x"))];
        key.map(|(name, value)| (name.to_owned(), value)).into()
    };
    let keys = KeysAndAttributes::builder()
        .keys(key("t_1"))
        .keys(key("t_2"));
    let read = client.batch_get_item();
    let read = read.request_items(ACTIVITY, keys.build().unwrap());
    read.send().await.unwrap();
    takes(&cloud, "BatchGetItem: no tenant of this call: \"t_2\"");

    let put = PutRequest::builder().set_item(Some(key("t_3"))).build();
    let delete = DeleteRequest::builder().set_key(Some(key("t_4"))).build();
    let write = client.batch_write_item().request_items(
        ACTIVITY,
        vec![
            WriteRequest::builder().put_request(put.unwrap()).build(),
            WriteRequest::builder()
                .delete_request(delete.unwrap())
                .build(),
        ],
    );
    write.send().await.unwrap();
    let found = cloud.take_violations();
    assert!(
        found[0].contains("t_3") && found[1].contains("t_4"),
        "{found:?}"
    );

    let check = ConditionCheck::builder()
        .table_name(ACTIVITY)
        .set_key(Some(key("t_5")))
        .condition_expression("attribute_not_exists(pk)");
    let delete = Delete::builder()
        .table_name(INTEGRATIONS)
        .set_key(Some(key("t_6")));
    let check = TransactWriteItem::builder().condition_check(check.build().unwrap());
    let delete = TransactWriteItem::builder().delete(delete.build().unwrap());
    let transaction = client
        .transact_write_items()
        .transact_items(check.build())
        .transact_items(delete.build());
    transaction.send().await.unwrap();
    let found = cloud.take_violations();
    assert!(
        found[0].contains("t_5") && found[1].contains("t_6"),
        "{found:?}"
    );

    let update = client.update_item().table_name(ACTIVITY);
    update.set_key(Some(key("t_7"))).send().await.unwrap();
    takes(&cloud, "t_7");
    let put = client.put_item().table_name(ACTIVITY);
    put.set_item(Some(key("t_8"))).send().await.unwrap();
    takes(&cloud, "t_8");
}

#[tokio::test]
async fn b2_operators_indexes_are_for_operators() {
    let cloud = cloud();
    let client = client(&cloud);
    let indexes = [
        (INTEGRATIONS, BY_SEAL, "seal"),
        (WEBHOOK_ROUTES, BY_SEAL, "seal"),
        (KEY_RINGS, BY_KMS_KEY, "kms_key"),
    ];
    for (table, index, key) in indexes {
        query(&client, table, Some(index), key, "x").await;
        takes(&cloud, &format!("Query: {table}/{index} is for operators"));
    }
    {
        let _operator = cloud.as_operator();
        let _another = cloud.as_operator();
        for (table, index, key) in indexes {
            query(&client, table, Some(index), key, "x").await;
        }
        assert_eq!(cloud.violations(), [""; 0]);
        let _scope = cloud.only_tenants(["t_1"]);
        query(&client, INTEGRATIONS, Some(BY_SEAL), "seal", "x").await;
        takes(&cloud, "no tenant of this call");
    }
    query(&client, KEY_RINGS, Some(BY_KMS_KEY), "kms_key", "x").await;
    takes(&cloud, "for operators");
}

#[tokio::test]
async fn b2_an_index_that_is_not_listed_is_a_violation() {
    let all = testing::cloud::Projection::All;
    let cloud = cloud().with_index(ACTIVITY, "ByStatus", "status", None, all);
    let client = client(&cloud);
    let query = client.query().table_name(ACTIVITY).index_name("ByStatus");
    let query = query.key_condition_expression("#s = :v");
    let query = query.expression_attribute_names("#s", "status");
    let query = query.expression_attribute_values(":v", text("t_1"));
    query.send().await.unwrap();
    takes(&cloud, "no index to be named: Activity/ByStatus");
}

#[tokio::test]
async fn b2_a_request_that_fails_was_made_all_the_same() {
    let cloud = cloud();
    let client = client(&cloud);
    cloud.faults().fail(Calls::of("GetItem"), Fault::Reset);
    get(&client, ACTIVITY, "t 1").await;
    assert_eq!(cloud.take_violations().len(), 2, "one of each attempt");
}

#[tokio::test]
async fn b2_the_last_clone_panics_with_what_was_found() {
    let clone = cloud();
    let cloud = clone.clone();
    let client = client(&cloud);
    get(&client, ACTIVITY, "t 1").await;
    drop(clone);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(cloud))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("no partition of Activity: \"t 1\""),
        "{message}"
    );
    // What was told is not told again.
    get(&client, ACTIVITY, "t_1").await;
    drop(client);
}

#[tokio::test]
async fn b2_a_client_that_outlives_the_cloud_is_watched() {
    let client = client(&cloud());
    get(&client, ACTIVITY, "t 1").await;
    catch_unwind(AssertUnwindSafe(|| drop(client))).unwrap_err();
}

#[tokio::test]
async fn b2_a_failing_test_keeps_its_own_panic() {
    let cloud = cloud();
    get(&client(&cloud), ACTIVITY, "t 1").await;
    let panic = catch_unwind(AssertUnwindSafe(move || {
        let _dropped_while_panicking = cloud;
        panic!("its own");
    }));
    let panic = panic.unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"its own"));
}

#[tokio::test]
async fn b2_without_a_watch_there_are_no_guards() {
    let cloud = Cloud::default();
    assert_eq!(cloud.violations(), [""; 0]);
    assert!(catch_unwind(AssertUnwindSafe(|| cloud.only_tenants(["t_1"]))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| cloud.as_operator())).is_err());
}
