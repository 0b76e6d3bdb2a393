//! DynamoDB through its SDK.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{self, B, Bool, L, M, N, S};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BatchStatementErrorCodeEnum, BatchStatementRequest, ConditionCheck,
    ConditionalOperator, Delete, DeleteRequest, KeySchemaElement, KeyType, KeysAndAttributes, Put,
    PutRequest, ReturnValue, ReturnValuesOnConditionCheckFailure, ScalarAttributeType,
    TransactWriteItem, Update, WriteRequest,
};
use std::collections::HashMap;
use testing::cloud::{Calls, Cloud, Fault, KeyAttribute};

use crate::code;

fn cloud() -> Cloud {
    Cloud::default()
        .with_table("Activity", "pk", Some("sk".into()))
        .with_table("Routes", "pk", None)
        .with_table("KeyRings", "ring", Some(KeyAttribute::number("version")))
}

fn client(cloud: &Cloud) -> Client {
    Client::new(&cloud.sdk_config())
}

fn text(value: &str) -> AttributeValue {
    S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    N(value.to_string())
}

fn item(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into()
}

async fn put(client: &Client, pk: &str, sk: &str) {
    client
        .put_item()
        .table_name("Activity")
        .set_item(Some(item(pk, sk)))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_item_comes_back_as_it_was_put() {
    let cloud = cloud();
    let client = client(&cloud);
    let mut whole = item("t", "m");
    whole.insert("n".into(), N("-1.5".into()));
    whole.insert("bytes".into(), B(Blob::new([0, 255])));
    whole.insert("flag".into(), Bool(true));
    whole.insert(
        "deep".into(),
        M([("entries".to_owned(), L(vec![text("x")]))].into()),
    );
    whole.insert(
        "set".into(),
        AttributeValue::Ss(vec!["a".into(), "b".into()]),
    );
    whole.insert("nothing".into(), AttributeValue::Null(true));
    client
        .put_item()
        .table_name("Activity")
        .set_item(Some(whole.clone()))
        .send()
        .await
        .unwrap();

    let get = |sk| {
        client
            .get_item()
            .table_name("Activity")
            .key("pk", text("t"))
            .key("sk", text(sk))
    };
    assert_eq!(get("m").send().await.unwrap().item, Some(whole));
    assert_eq!(get("other").send().await.unwrap().item, None);
    let part = get("m")
        .projection_expression("deep.entries, #n, absent")
        .expression_attribute_names("#n", "n")
        .send()
        .await
        .unwrap()
        .item
        .unwrap();
    let mut names: Vec<&String> = part.keys().collect();
    names.sort();
    assert_eq!(names, ["deep", "n"]);
    assert!(cloud.refused().is_empty());
}

#[tokio::test]
async fn a_conditional_put_is_made_once() {
    let cloud = cloud();
    let client = client(&cloud);
    let put = || {
        client
            .put_item()
            .table_name("Routes")
            .item("pk", text("a"))
            .item("owner", text("one"))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    };
    put().send().await.unwrap();
    let error = put()
        .item("owner", text("two"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let PutItemError::ConditionalCheckFailedException(failed) = error else {
        panic!("{error:?}")
    };
    assert_eq!(failed.item().unwrap()["owner"], text("one"));
    assert_eq!(
        cloud.items("Routes"),
        [serde_json::json!({"owner": {"S": "one"}, "pk": {"S": "a"}})]
    );
    assert_eq!(
        cloud.count("PutItem"),
        2,
        "a failed condition is not retried"
    );
}

#[tokio::test]
async fn an_update_changes_makes_and_returns() {
    let cloud = cloud();
    let client = client(&cloud);
    let count = |condition: Option<&str>| {
        client
            .update_item()
            .table_name("Routes")
            .key("pk", text("a"))
            .update_expression("SET hits = if_not_exists(hits, :zero) + :one")
            .set_condition_expression(condition.map(str::to_owned))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .send()
    };
    assert_eq!(
        count(None).await.unwrap().attributes.unwrap()["hits"],
        number(1)
    );
    assert_eq!(
        count(Some("hits = :one"))
            .await
            .unwrap()
            .attributes
            .unwrap()["hits"],
        number(2)
    );
    assert_eq!(
        code(count(Some("hits = :one")).await),
        "ConditionalCheckFailedException"
    );
    assert_eq!(cloud.items("Routes")[0]["hits"]["N"], "2");
}

#[tokio::test]
async fn a_delete_returns_what_was_there() {
    let cloud = cloud();
    let client = client(&cloud);
    put(&client, "t", "m").await;
    let delete = || {
        client
            .delete_item()
            .table_name("Activity")
            .set_key(Some(item("t", "m")))
            .return_values(ReturnValue::AllOld)
    };
    assert_eq!(
        delete().send().await.unwrap().attributes,
        Some(item("t", "m"))
    );
    assert_eq!(delete().send().await.unwrap().attributes, None);
    let guarded = delete()
        .condition_expression("attribute_exists(pk)")
        .send()
        .await;
    assert_eq!(code(guarded), "ConditionalCheckFailedException");
}

#[tokio::test]
async fn a_query_walks_a_partition_in_order() {
    let cloud = cloud();
    let client = client(&cloud);
    for sk in ["MESSAGE#2", "EVENT#1", "MESSAGE#1", "MESSAGE#3"] {
        put(&client, "t", sk).await;
    }
    put(&client, "other", "MESSAGE#9").await;
    let query = |condition: &str| {
        client
            .query()
            .table_name("Activity")
            .key_condition_expression(condition)
            .expression_attribute_values(":t", text("t"))
    };
    let keys = |items: &[HashMap<String, AttributeValue>]| -> Vec<String> {
        items
            .iter()
            .map(|item| item["sk"].as_s().unwrap().clone())
            .collect()
    };
    let all = query("pk = :t").send().await.unwrap();
    assert_eq!(
        keys(all.items()),
        ["EVENT#1", "MESSAGE#1", "MESSAGE#2", "MESSAGE#3"]
    );
    assert_eq!(all.last_evaluated_key, None);

    let messages = || {
        query("pk = :t AND begins_with(sk, :m)").expression_attribute_values(":m", text("MESSAGE#"))
    };
    let newest = messages()
        .scan_index_forward(false)
        .limit(2)
        .send()
        .await
        .unwrap();
    assert_eq!(keys(newest.items()), ["MESSAGE#3", "MESSAGE#2"]);
    let rest = messages()
        .scan_index_forward(false)
        .set_exclusive_start_key(newest.last_evaluated_key)
        .send()
        .await
        .unwrap();
    assert_eq!(keys(rest.items()), ["MESSAGE#1"]);

    let between = query("pk = :t AND sk BETWEEN :a AND :b")
        .expression_attribute_values(":a", text("MESSAGE#1"))
        .expression_attribute_values(":b", text("MESSAGE#2"))
        .filter_expression("attribute_not_exists(expires_at_s)")
        .send()
        .await
        .unwrap();
    assert_eq!(between.count(), 2);
    let after = query("pk = :t AND sk > :a")
        .expression_attribute_values(":a", text("MESSAGE#2"))
        .send()
        .await
        .unwrap();
    assert_eq!(keys(after.items()), ["MESSAGE#3"]);
    let before = query("pk = :t AND sk <= :a")
        .expression_attribute_values(":a", text("MESSAGE#1"))
        .send()
        .await
        .unwrap();
    assert_eq!(keys(before.items()), ["EVENT#1", "MESSAGE#1"]);
    let absent = query("pk = :t AND begins_with(sk, :a)")
        .expression_attribute_values(":a", text("F"))
        .send()
        .await
        .unwrap();
    assert_eq!(absent.count(), 0);
    let exact = query("pk = :t AND sk = :a")
        .expression_attribute_values(":a", text("MESSAGE#2"))
        .send()
        .await
        .unwrap();
    assert_eq!(keys(exact.items()), ["MESSAGE#2"]);
    for refused in [
        query("pk = :t OR sk = :t"),
        query("sk = :t"),
        query("pk = :t AND sk <> :t"),
        query("pk = :t AND pk = :t"),
        query("pk = :t AND sk > :t AND sk < :t"),
        query("pk = :t AND sk BETWEEN :t AND :a").expression_attribute_values(":a", text("a")),
        query("pk = :t").filter_expression("sk = :t"),
        query("pk = :t AND sk = :n").expression_attribute_values(":n", number(1)),
    ] {
        assert_eq!(code(refused.send().await), "ValidationException");
    }
}

#[tokio::test]
async fn numbers_sort_as_numbers() {
    let cloud = cloud();
    let client = client(&cloud);
    for version in [2, 10, 1] {
        let put = client
            .put_item()
            .table_name("KeyRings")
            .item("ring", text("r"));
        put.item("version", number(version)).send().await.unwrap();
    }
    let newest = client
        .query()
        .table_name("KeyRings")
        .key_condition_expression("ring = :ring")
        .expression_attribute_values(":ring", text("r"))
        .scan_index_forward(false)
        .limit(1)
        .send()
        .await
        .unwrap();
    assert_eq!(newest.items()[0]["version"], number(10));
    let wrong = client
        .put_item()
        .table_name("KeyRings")
        .item("ring", text("r"))
        .item("version", text("1"));
    assert_eq!(code(wrong.send().await), "ValidationException");
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing() {
    let cloud = cloud();
    let client = client(&cloud);
    put(&client, "t", "taken").await;
    let write = |sk: &str, condition: &str| {
        let put = Put::builder()
            .table_name("Activity")
            .set_item(Some(item("t", sk)))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        TransactWriteItem::builder()
            .put(put.build().unwrap())
            .build()
    };
    let refused = client
        .transact_write_items()
        .transact_items(write("free", "attribute_not_exists(pk)"))
        .transact_items(write("taken", "attribute_not_exists(pk)"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = refused else {
        panic!("{refused:?}")
    };
    let reasons = cancelled.cancellation_reasons();
    assert_eq!(reasons[0].code(), Some("None"));
    assert_eq!(reasons[1].code(), Some("ConditionalCheckFailed"));
    assert_eq!(reasons[1].item(), Some(&item("t", "taken")));
    assert_eq!(cloud.items("Activity").len(), 1);

    cloud.reset_counts();
    let update = Update::builder()
        .table_name("Activity")
        .set_key(Some(item("t", "taken")))
        .update_expression("SET #s = :s")
        .expression_attribute_names("#s", "status")
        .expression_attribute_values(":s", text("sent"));
    let check = ConditionCheck::builder()
        .table_name("Activity")
        .set_key(Some(item("t", "absent")))
        .condition_expression("attribute_not_exists(pk)");
    let delete = Delete::builder().table_name("Routes").key("pk", text("a"));
    client
        .transact_write_items()
        .transact_items(write("free", "attribute_not_exists(pk)"))
        .transact_items(
            TransactWriteItem::builder()
                .update(update.build().unwrap())
                .build(),
        )
        .transact_items(
            TransactWriteItem::builder()
                .condition_check(check.build().unwrap())
                .build(),
        )
        .transact_items(
            TransactWriteItem::builder()
                .delete(delete.build().unwrap())
                .build(),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(cloud.items("Activity")[1]["status"]["S"], "sent");
    assert_eq!(cloud.items("Activity").len(), 2);
    assert_eq!(cloud.units().write, 8.0);

    let twice = client.transact_write_items();
    let twice = twice.transact_items(write("x", "attribute_not_exists(pk)"));
    let twice = twice.transact_items(write("x", "attribute_not_exists(pk)"));
    assert_eq!(code(twice.send().await), "ValidationException");
}

#[tokio::test]
async fn a_check_that_fails_cancels_a_transaction() {
    let cloud = cloud();
    let client = client(&cloud);
    put(&client, "t", "there").await;
    let check = |sk: &str, condition: &str| {
        let check = ConditionCheck::builder()
            .table_name("Activity")
            .set_key(Some(item("t", sk)))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        TransactWriteItem::builder()
            .condition_check(check.build().unwrap())
            .build()
    };
    let update = |sk: &str, expression: &str| {
        let update = Update::builder()
            .table_name("Activity")
            .set_key(Some(item("t", sk)))
            .update_expression(expression);
        TransactWriteItem::builder()
            .update(update.build().unwrap())
            .build()
    };
    let transact = |items: Vec<TransactWriteItem>| {
        let transaction = client.transact_write_items();
        transaction.set_transact_items(Some(items)).send()
    };
    let reasons = async |items| {
        let refused = transact(items).await.unwrap_err().into_service_error();
        let TransactWriteItemsError::TransactionCanceledException(cancelled) = refused else {
            panic!("{refused:?}")
        };
        let reasons = cancelled.cancellation_reasons().iter();
        let reasons =
            reasons.map(|reason| (reason.code().unwrap().to_owned(), reason.item().cloned()));
        reasons.collect::<Vec<_>>()
    };
    let told = |code: &str, item| (code.to_owned(), item);
    assert_eq!(
        reasons(vec![
            update("new", "SET a = pk"),
            check("there", "attribute_not_exists(pk)"),
            check("absent", "attribute_exists(pk)"),
            check("neither", "attribute_not_exists(pk)"),
        ])
        .await,
        [
            told("ValidationError", None),
            told("ConditionalCheckFailed", Some(item("t", "there"))),
            told("ConditionalCheckFailed", None),
            told("None", None),
        ]
    );
    let twice = vec![
        check("there", "attribute_not_exists(pk)"),
        update("there", "REMOVE a"),
    ];
    assert_eq!(code(transact(twice).await), "ValidationException");
    transact(vec![check("there", "attribute_exists(pk)")])
        .await
        .unwrap();
    assert_eq!(cloud.items("Activity").len(), 1, "a check writes nothing");
}

#[tokio::test]
async fn a_page_begins_within_its_query() {
    let cloud = cloud();
    let client = client(&cloud);
    for sk in ["a", "b", "c"] {
        put(&client, "t", sk).await;
    }
    let behind = |pk: &str, sk: &str| {
        client
            .query()
            .table_name("Activity")
            .key_condition_expression("pk = :t AND sk >= :b")
            .expression_attribute_values(":t", text("t"))
            .expression_attribute_values(":b", text("b"))
            .set_exclusive_start_key(Some(item(pk, sk)))
            .send()
    };
    assert_eq!(behind("t", "b").await.unwrap().count(), 1);
    assert_eq!(behind("t", "bb").await.unwrap().count(), 1);
    assert_eq!(behind("t", "c").await.unwrap().count(), 0);
    for outside in [behind("other", "b"), behind("t", "a")] {
        assert_eq!(code(outside.await), "ValidationException");
    }
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_is_not_repeated() {
    let cloud = cloud();
    let client = client(&cloud);
    cloud
        .faults()
        .fail(Calls::of("TransactWriteItems"), Fault::AppliedButLost);
    let put = Put::builder()
        .table_name("Activity")
        .set_item(Some(item("t", "m")))
        .condition_expression("attribute_not_exists(pk)");
    client
        .transact_write_items()
        .transact_items(
            TransactWriteItem::builder()
                .put(put.build().unwrap())
                .build(),
        )
        .send()
        .await
        .expect("the SDK tries again with the same token");
    assert_eq!(cloud.count("TransactWriteItems"), 2);
    assert_eq!(cloud.items("Activity").len(), 1);
}

#[tokio::test]
async fn batches_read_and_write() {
    let cloud = cloud();
    let client = client(&cloud);
    let put = |sk: &str| {
        let put = PutRequest::builder()
            .set_item(Some(item("t", sk)))
            .build()
            .unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let delete = |sk: &str| {
        let delete = DeleteRequest::builder()
            .set_key(Some(item("t", sk)))
            .build()
            .unwrap();
        WriteRequest::builder().delete_request(delete).build()
    };
    let write = |writes: Vec<WriteRequest>| {
        client
            .batch_write_item()
            .request_items("Activity", writes)
            .send()
    };
    let answer = write(vec![put("1"), put("2"), put("3")]).await.unwrap();
    assert!(answer.unprocessed_items().is_none_or(HashMap::is_empty));
    write(vec![delete("1"), put("4")]).await.unwrap();
    assert_eq!(
        code(write(vec![put("5"), delete("5")]).await),
        "ValidationException"
    );
    assert_eq!(code(write(vec![]).await), "ValidationException");
    assert_eq!(
        code(write((0..26).map(|n| put(&n.to_string())).collect()).await),
        "ValidationException"
    );

    let read = |keys: &[&str]| {
        let keys = keys.iter().map(|sk| item("t", sk)).collect();
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .build()
            .unwrap();
        client
            .batch_get_item()
            .request_items("Activity", keys)
            .send()
    };
    let answer = read(&["1", "2", "3", "4"]).await.unwrap();
    assert_eq!(answer.responses().unwrap()["Activity"].len(), 3);
    assert_eq!(code(read(&["1", "1"]).await), "ValidationException");

    cloud
        .faults()
        .fail(Calls::of("BatchGetItem").on("Activity"), Fault::Partial(1));
    let answer = read(&["2", "3", "4"]).await.unwrap();
    assert_eq!(answer.responses().unwrap()["Activity"].len(), 1);
    assert_eq!(
        answer.unprocessed_keys().unwrap()["Activity"].keys().len(),
        2
    );
    cloud
        .faults()
        .fail(Calls::of("BatchWriteItem"), Fault::Partial(1));
    let answer = write(vec![put("8"), put("9")]).await.unwrap();
    assert_eq!(answer.unprocessed_items().unwrap()["Activity"].len(), 1);
    assert_eq!(cloud.items("Activity").len(), 4);
}

#[tokio::test]
async fn each_insert_of_a_batch_succeeds_or_fails_alone() {
    let cloud = cloud();
    let client = client(&cloud);
    put(&client, "t", "taken").await;
    let statement = |sk: &str| {
        BatchStatementRequest::builder()
            .statement(r#"INSERT INTO "Activity" VALUE {'pk': ?, 'sk': ?, 'status': ?}"#)
            .set_parameters(Some(vec![text("t"), text(sk), text("sending")]))
            .build()
            .unwrap()
    };
    cloud.reset_counts();
    cloud.faults().fail(
        Calls::of("BatchExecuteStatement").on("Activity"),
        Fault::Partial(2),
    );
    let answer = client
        .batch_execute_statement()
        .statements(statement("free"))
        .statements(statement("taken"))
        .statements(statement("late"))
        .send()
        .await
        .unwrap();
    let codes: Vec<_> = answer
        .responses()
        .iter()
        .map(|response| response.error().and_then(|error| error.code()))
        .collect();
    let expected = [
        None,
        Some(&BatchStatementErrorCodeEnum::DuplicateItem),
        Some(&BatchStatementErrorCodeEnum::ThrottlingError),
    ];
    assert_eq!(codes, expected);
    assert_eq!(answer.responses()[0].table_name(), Some("Activity"));
    assert_eq!(cloud.items("Activity").len(), 2);
    assert_eq!(
        cloud.units().write,
        2.0,
        "a duplicate is billed, a throttled one is not"
    );
    let twice = client
        .batch_execute_statement()
        .statements(statement("a"))
        .statements(statement("a"));
    assert_eq!(code(twice.send().await), "ValidationException");
}

#[tokio::test]
async fn what_dynamodb_would_refuse_is_refused() {
    let cloud = cloud();
    let client = client(&cloud);
    let update = |expression: &str| {
        client
            .update_item()
            .table_name("Activity")
            .set_key(Some(item("t", "m")))
            .update_expression(expression)
            .expression_attribute_values(":v", text("v"))
            .send()
    };
    assert_eq!(
        code(update("SET status = :v").await),
        "ValidationException",
        "reserved word"
    );
    assert_eq!(
        code(update("SET sk = :v").await),
        "ValidationException",
        "part of the key"
    );
    assert_eq!(
        code(update("REMOVE a").await),
        "ValidationException",
        "unused value"
    );
    update("SET state_of_it = :v").await.unwrap();

    let empty = client
        .put_item()
        .table_name("Activity")
        .set_item(Some(item("t", "")));
    assert_eq!(code(empty.send().await), "ValidationException");
    let keyless = client
        .put_item()
        .table_name("Activity")
        .item("pk", text("t"));
    assert_eq!(code(keyless.send().await), "ValidationException");
    let wide = client
        .get_item()
        .table_name("Routes")
        .set_key(Some(item("t", "m")));
    assert_eq!(code(wide.send().await), "ValidationException");
    let large = client.put_item().table_name("Routes").item("pk", text("a"));
    let large = large.item("b", B(Blob::new(vec![0; 400 * 1024])));
    assert_eq!(code(large.send().await), "ValidationException");
    let unknown = client
        .put_item()
        .table_name("Elsewhere")
        .item("pk", text("a"));
    assert_eq!(code(unknown.send().await), "ResourceNotFoundException");
    assert!(
        cloud.refused().is_empty(),
        "all of these AWS would refuse as well"
    );
}

#[tokio::test]
async fn what_is_not_known_is_refused_loudly() {
    let cloud = cloud();
    let client = client(&cloud);
    assert_eq!(
        code(client.scan().table_name("Activity").send().await),
        "UnknownOperationException"
    );
    let legacy = client
        .query()
        .table_name("Activity")
        .conditional_operator(ConditionalOperator::And)
        .key_condition_expression("pk = :t")
        .expression_attribute_values(":t", text("t"));
    assert_eq!(code(legacy.send().await), "SerializationException");
    assert_eq!(cloud.refused().len(), 2);
    assert!(
        cloud.refused()[0].starts_with("Scan: "),
        "{:?}",
        cloud.refused()
    );
}

#[tokio::test]
async fn a_table_can_be_made_over_the_wire() {
    let cloud = Cloud::default();
    let client = client(&cloud);
    let attribute = |name: &str, kind| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(kind)
            .build()
            .unwrap()
    };
    let key = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let create = || {
        client
            .create_table()
            .table_name("KeyRings")
            .attribute_definitions(attribute("ring", ScalarAttributeType::S))
            .attribute_definitions(attribute("version", ScalarAttributeType::N))
            .key_schema(key("ring", KeyType::Hash))
            .key_schema(key("version", KeyType::Range))
            .send()
    };
    create().await.unwrap();
    assert_eq!(code(create().await), "ResourceInUseException");
    let put = client
        .put_item()
        .table_name("KeyRings")
        .item("ring", text("r"))
        .item("version", number(1));
    put.send().await.unwrap();
    assert_eq!(cloud.items("KeyRings").len(), 1);
}

#[tokio::test]
async fn units_are_counted_as_they_are_billed() {
    let cloud = cloud();
    let client = client(&cloud);
    let large = client.put_item().table_name("Routes").item("pk", text("a"));
    large
        .item("b", B(Blob::new(vec![0; 5000])))
        .send()
        .await
        .unwrap();
    assert_eq!(cloud.units().write, 5.0);
    let get = || client.get_item().table_name("Routes").key("pk", text("a"));
    get().send().await.unwrap();
    get().consistent_read(true).send().await.unwrap();
    assert_eq!(cloud.units().read, 3.0);
    cloud.reset_counts();
    assert_eq!(cloud.units().read, 0.0);
    let missing = client
        .get_item()
        .table_name("Routes")
        .key("pk", text("b"))
        .send()
        .await;
    assert!(matches!(missing, Ok(_) | Err(SdkError::ServiceError(_))));
    assert_eq!(cloud.units().read, 0.5);
}
