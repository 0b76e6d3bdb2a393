//! Global secondary indexes through the SDK of DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{self, B, N, S};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BatchStatementRequest, CancellationReason, GlobalSecondaryIndex,
    KeySchemaElement, KeyType, Projection as SdkProjection, ProjectionType, Put, PutRequest,
    ScalarAttributeType, Select, TransactWriteItem, WriteRequest,
};
use testing::cloud::{Calls, Cloud, Fault, KeyAttribute, Projection};

use crate::code;

type Item = HashMap<String, AttributeValue>;

/// A table with an index of everything by colour and number, and one of keys by seal alone.
fn cloud() -> Cloud {
    let number = Some(KeyAttribute::number("number"));
    Cloud::default()
        .with_table("Things", "pk", Some("sk".into()))
        .with_index("Things", "ByColour", "colour", number, Projection::All)
        .with_index("Things", "BySeal", "seal", None, Projection::KeysOnly)
}

fn client(cloud: &Cloud) -> Client {
    Client::new(&cloud.sdk_config())
}

fn text(value: &str) -> AttributeValue {
    S(value.to_owned())
}

fn item<const COUNT: usize>(sk: &str, others: [(&str, AttributeValue); COUNT]) -> Item {
    let keys = [("pk", text("t")), ("sk", text(sk))];
    keys.into_iter()
        .chain(others)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn coloured(sk: &str, colour: &str, number: i64) -> Item {
    item(
        sk,
        [("colour", text(colour)), ("number", N(number.to_string()))],
    )
}

async fn put(client: &Client, item: Item) {
    let put = client.put_item().table_name("Things");
    put.set_item(Some(item)).send().await.unwrap();
}

/// A query of an index by one text.
fn query(client: &Client, index: &str, condition: &str, value: &str) -> QueryFluentBuilder {
    client
        .query()
        .table_name("Things")
        .index_name(index)
        .key_condition_expression(condition)
        .expression_attribute_values(":v", text(value))
}

fn red(client: &Client) -> QueryFluentBuilder {
    query(client, "ByColour", "colour = :v", "red")
}

fn names(items: &[Item]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["sk"].as_s().unwrap().as_str())
        .collect()
}

/// All pages of so many, and what each page holds.
async fn pages(query: QueryFluentBuilder, limit: i32) -> Vec<Vec<String>> {
    let (mut pages, mut start) = (Vec::new(), None);
    loop {
        let page = query.clone().limit(limit).set_exclusive_start_key(start);
        let page = page.send().await.unwrap();
        let found = names(page.items()).into_iter().map(str::to_owned);
        pages.push(found.collect());
        start = page.last_evaluated_key;
        if start.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn an_index_holds_what_has_its_keys_in_their_order() {
    let cloud = cloud();
    let client = client(&cloud);
    for (sk, colour, number) in [
        ("a", "red", 10),
        ("b", "red", 9),
        ("c", "blue", 1),
        ("d", "red", -1),
    ] {
        put(&client, coloured(sk, colour, number)).await;
    }
    put(&client, item("no-number", [("colour", text("red"))])).await;
    put(&client, item("no-colour", [("number", N("5".into()))])).await;

    let found = red(&client).send().await.unwrap();
    assert_eq!(names(found.items()), ["d", "b", "a"]);
    assert_eq!(found.items()[0], coloured("d", "red", -1));
    let backward = red(&client).scan_index_forward(false).send().await.unwrap();
    assert_eq!(names(backward.items()), ["a", "b", "d"]);

    let above = query(&client, "ByColour", "colour = :v AND #n > :n", "red")
        .expression_attribute_names("#n", "number")
        .expression_attribute_values(":n", N("-1".into()));
    assert_eq!(
        names(above.clone().send().await.unwrap().items()),
        ["b", "a"]
    );
    let filtered = above
        .filter_expression("sk = :b")
        .expression_attribute_values(":b", text("b"));
    let filtered = filtered.send().await.unwrap();
    assert_eq!(names(filtered.items()), ["b"]);
    assert_eq!(filtered.scanned_count(), 2);
    assert!(cloud.refused().is_empty(), "{:?}", cloud.refused());
}

#[tokio::test]
async fn items_that_share_an_index_key_are_paged_in_the_order_of_their_own() {
    let cloud = cloud();
    let client = client(&cloud);
    for (sk, number) in [("e", 2), ("b", 1), ("d", 1), ("a", 1), ("c", 1), ("f", 0)] {
        put(&client, coloured(sk, "red", number)).await;
    }
    let forward = ["f", "a", "b", "c", "d", "e"];
    for limit in 1..=7 {
        let found = pages(red(&client), limit).await.concat();
        assert_eq!(found, forward, "{limit}");
        let query = red(&client).scan_index_forward(false);
        let mut found = pages(query, limit).await.concat();
        found.reverse();
        assert_eq!(found, forward, "{limit}");
    }
    let first = red(&client).limit(2).send().await.unwrap();
    let mut place: Vec<_> = first.last_evaluated_key().unwrap().keys().collect();
    place.sort();
    assert_eq!(place, ["colour", "number", "pk", "sk"]);
    // A page begins behind a place, whether there still is an item or not.
    let delete = client.delete_item().table_name("Things");
    let delete = delete.key("pk", text("t")).key("sk", text("a"));
    delete.send().await.unwrap();
    let rest = red(&client).set_exclusive_start_key(first.last_evaluated_key);
    let rest = rest.send().await.unwrap();
    assert_eq!(names(rest.items()), ["b", "c", "d", "e"]);
}

#[tokio::test]
async fn an_index_follows_every_change() {
    let cloud = cloud();
    let client = client(&cloud);
    put(&client, coloured("a", "red", 1)).await;
    let update = |expression: &str| {
        client
            .update_item()
            .table_name("Things")
            .key("pk", text("t"))
            .key("sk", text("a"))
            .update_expression(expression)
    };
    let found = async |colour| {
        let found = query(&client, "ByColour", "colour = :v", colour);
        found.send().await.unwrap().items().to_vec()
    };
    let paint = |colour| update("SET colour = :c").expression_attribute_values(":c", text(colour));
    paint("blue").send().await.unwrap();
    assert!(found("red").await.is_empty());
    assert_eq!(found("blue").await, [coloured("a", "blue", 1)]);
    update("REMOVE #n")
        .expression_attribute_names("#n", "number")
        .send()
        .await
        .unwrap();
    assert!(found("blue").await.is_empty());
    put(&client, coloured("a", "red", 2)).await;
    assert_eq!(found("red").await.len(), 1);

    let failed = paint("blue").condition_expression("attribute_not_exists(pk)");
    assert_eq!(code(failed.send().await), "ConditionalCheckFailedException");
    cloud
        .faults()
        .fail(Calls::of("UpdateItem"), Fault::AccessDenied);
    paint("blue").send().await.unwrap_err();
    assert_eq!(found("red").await.len(), 1, "nothing was done");
    put(&client, item("a", [])).await;
    assert!(found("red").await.is_empty());
}

#[tokio::test]
async fn an_index_of_keys_tells_no_more() {
    let cloud = cloud();
    let client = client(&cloud);
    let mut sealed = coloured("a", "red", 1);
    sealed.insert("seal".into(), text("ring#1"));
    put(&client, sealed).await;
    let query = || query(&client, "BySeal", "seal = :v", "ring#1");
    let expected = item("a", [("seal", text("ring#1"))]);
    assert_eq!(query().send().await.unwrap().items(), [expected]);
    let filtered = query().filter_expression("attribute_exists(colour)");
    assert_eq!(filtered.send().await.unwrap().count(), 0);
    let all = query().select(Select::AllProjectedAttributes);
    assert_eq!(all.send().await.unwrap().count(), 1);
    for refused in [
        query().select(Select::AllAttributes),
        query().projection_expression("colour"),
    ] {
        assert_eq!(code(refused.send().await), "ValidationException");
    }
}

#[tokio::test]
async fn what_dynamodb_would_refuse_to_read_is_refused() {
    let cloud = cloud();
    let client = client(&cloud);
    put(&client, coloured("a", "red", 1)).await;
    let place = |colour, others: &[(&str, &str)]| {
        let others = others.iter().map(|(name, value)| (*name, text(value)));
        let mut place: Item = [("colour", text(colour)), ("number", N("1".into()))]
            .into_iter()
            .chain(others)
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        place.insert("sk".to_owned(), text("a"));
        red(&client).set_exclusive_start_key(Some(place))
    };
    place("red", &[("pk", "t")]).send().await.unwrap();
    let above = query(&client, "ByColour", "colour = :v AND #n > :n", "red")
        .expression_attribute_names("#n", "number")
        .expression_attribute_values(":n", N("1".into()))
        .set_exclusive_start_key(Some(coloured("a", "red", 1)));
    for (refused, reason) in [
        (red(&client).consistent_read(true), "Consistent reads"),
        (
            query(&client, "ByAge", "colour = :v", "red"),
            "index: ByAge",
        ),
        (query(&client, "ByColour", "pk = :v", "t"), "not supported"),
        (
            red(&client).filter_expression("colour = :v"),
            "Primary key attribute: colour",
        ),
        (place("red", &[]), "starting key is invalid"),
        (
            place("red", &[("pk", "t"), ("x", "x")]),
            "starting key is invalid",
        ),
        (place("blue", &[("pk", "t")]), "outside query boundaries"),
        (above, "range key predicate"),
    ] {
        let error = refused.send().await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some("ValidationException"));
        let message = error.meta().message().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    let of_table = client
        .query()
        .table_name("Things")
        .key_condition_expression("pk = :v")
        .expression_attribute_values(":v", text("t"))
        .select(Select::AllProjectedAttributes);
    assert_eq!(code(of_table.send().await), "ValidationException");
}

#[tokio::test]
async fn what_no_index_can_hold_is_refused() {
    let cloud = cloud();
    let client = client(&cloud);
    for (wrong, in_transaction) in [
        (text(""), "ValidationException"),
        (N("1".into()), "TransactionCanceledException"),
        (text(&"x".repeat(2049)), "TransactionCanceledException"),
    ] {
        let sealed = item("a", [("seal", wrong.clone())]);
        let put = client.put_item().table_name("Things");
        let put = put.set_item(Some(sealed.clone())).send().await;
        assert_eq!(code(put), "ValidationException");
        let update = client
            .update_item()
            .table_name("Things")
            .set_key(Some(item("a", [])))
            .update_expression("SET seal = :s")
            .expression_attribute_values(":s", wrong.clone());
        assert_eq!(code(update.send().await), "ValidationException");

        let of_batch = |item: &Item| {
            let put = PutRequest::builder().set_item(Some(item.clone())).build();
            WriteRequest::builder().put_request(put.unwrap()).build()
        };
        let batch = client
            .batch_write_item()
            .request_items("Things", vec![of_batch(&item("b", [])), of_batch(&sealed)]);
        assert_eq!(code(batch.send().await), "ValidationException");

        let of_transaction = |item: &Item| {
            let put = Put::builder().table_name("Things");
            let put = put.set_item(Some(item.clone())).build().unwrap();
            TransactWriteItem::builder().put(put).build()
        };
        let transaction = client
            .transact_write_items()
            .transact_items(of_transaction(&item("b", [])))
            .transact_items(of_transaction(&sealed));
        let refused = transaction.send().await.unwrap_err().into_service_error();
        assert_eq!(refused.meta().code(), Some(in_transaction));
        if let TransactWriteItemsError::TransactionCanceledException(cancelled) = refused {
            let reasons = cancelled.cancellation_reasons();
            let codes = reasons.iter().map(CancellationReason::code);
            assert!(codes.eq([Some("None"), Some("ValidationError")]));
        }

        let insert = BatchStatementRequest::builder()
            .statement(r#"INSERT INTO "Things" VALUE {'pk': ?, 'sk': ?, 'seal': ?}"#)
            .set_parameters(Some(vec![text("t"), text("a"), wrong]))
            .build()
            .unwrap();
        let answer = client.batch_execute_statement().statements(insert);
        let answer = answer.send().await.unwrap();
        let error = answer.responses()[0].error().unwrap();
        assert_eq!(error.code().unwrap().as_str(), "ValidationError");
    }
    assert!(cloud.items("Things").is_empty());
}

#[tokio::test]
async fn writes_to_indexes_are_billed() {
    let cloud = cloud();
    let client = client(&cloud);
    let cost = async |item: Item| {
        cloud.reset_counts();
        put(&client, item).await;
        cloud.units().write
    };
    let with = |name: &str, value: &str, mut item: Item| {
        item.insert(name.to_owned(), text(value));
        item
    };
    let base = || coloured("a", "red", 1);
    assert_eq!(cost(item("a", [])).await, 1.0, "in no index");
    assert_eq!(cost(base()).await, 2.0, "enters one");
    assert_eq!(cost(base()).await, 1.0, "nothing changes");
    assert_eq!(
        cost(with("note", "x", base())).await,
        2.0,
        "its entry changes"
    );
    assert_eq!(cost(coloured("a", "red", 2)).await, 3.0, "moves within it");
    let sealed = || with("seal", "ring#1", coloured("a", "red", 2));
    assert_eq!(
        cost(sealed()).await,
        3.0,
        "changes in one, enters the other"
    );
    assert_eq!(
        cost(with("note", "x", sealed())).await,
        2.0,
        "the keys are the same"
    );
    assert_eq!(cost(item("a", [])).await, 3.0, "leaves both");
    let large = item(
        "a",
        [("seal", text("s")), ("b", B(Blob::new(vec![0; 5000])))],
    );
    assert_eq!(cost(large).await, 6.0, "an entry of keys is small");

    put(&client, base()).await;
    cloud.reset_counts();
    let delete = client.delete_item().table_name("Things");
    delete.set_key(Some(item("a", []))).send().await.unwrap();
    assert_eq!(cloud.units().write, 2.0);
    cloud.reset_counts();
    let put = Put::builder().table_name("Things").set_item(Some(base()));
    let put = TransactWriteItem::builder().put(put.build().unwrap());
    let transaction = client.transact_write_items().transact_items(put.build());
    transaction.send().await.unwrap();
    assert_eq!(
        cloud.units().write,
        3.0,
        "only the table's write is doubled"
    );
    cloud.reset_counts();
    red(&client).send().await.unwrap();
    assert_eq!(cloud.units().read, 0.5);
}

#[tokio::test]
async fn an_index_can_be_made_over_the_wire() {
    let cloud = Cloud::default();
    let client = client(&cloud);
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let hash = |name: &str| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(KeyType::Hash)
            .build()
            .unwrap()
    };
    let index = |name: &str, projection| {
        let projection = SdkProjection::builder().projection_type(projection);
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(hash("seal"))
            .projection(projection.build())
            .build()
            .unwrap()
    };
    let create = |indexes: Vec<GlobalSecondaryIndex>| {
        client
            .create_table()
            .table_name("Things")
            .attribute_definitions(attribute("pk"))
            .attribute_definitions(attribute("seal"))
            .key_schema(hash("pk"))
            .set_global_secondary_indexes(Some(indexes))
            .send()
    };
    let some = create(vec![index("Some", ProjectionType::Include)]).await;
    assert_eq!(code(some), "UnknownOperationException");
    create(vec![
        index("All", ProjectionType::All),
        index("Keys", ProjectionType::KeysOnly),
    ])
    .await
    .unwrap();
    put(&client, item("x", [("seal", text("s"))])).await;
    for (index, attributes) in [("All", 3), ("Keys", 2)] {
        let found = query(&client, index, "seal = :v", "s")
            .send()
            .await
            .unwrap();
        assert_eq!(found.items()[0].len(), attributes, "{index}");
    }
}

#[tokio::test]
async fn an_index_made_later_holds_what_is_there() {
    let cloud = Cloud::default().with_table("Things", "pk", Some("sk".into()));
    let client = client(&cloud);
    put(&client, item("a", [("seal", text("s"))])).await;
    put(&client, item("b", [("seal", N("1".into()))])).await;
    let cloud = cloud.with_index("Things", "BySeal", "seal", None, Projection::All);
    let found = query(&client, "BySeal", "seal = :v", "s").send().await;
    assert_eq!(names(found.unwrap().items()), ["a"]);
    drop(cloud);
}
