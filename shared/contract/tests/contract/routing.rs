//! The way from a method and a path to a route.

use contract::routes::ROUTES;
use contract::{Miss, Operation, lookup};

fn found(method: &str, path: &str) -> (Operation, Vec<String>) {
    let found = lookup::find(method, path).unwrap_or_else(|miss| panic!("{path}: {miss:?}"));
    let named = found.named.iter().filter(|value| !value.is_empty());
    (
        found.route.operation,
        named.map(ToString::to_string).collect(),
    )
}

fn missed(method: &str, path: &str) -> Miss {
    match lookup::find(method, path) {
        Ok(found) => panic!("{path}: {:?}", found.route.operation),
        Err(miss) => miss,
    }
}

#[test]
fn every_route_is_found_by_its_own_path() {
    for route in ROUTES {
        let mut path = route.path.to_owned();
        let mut values = Vec::new();
        for name in route.names() {
            let value = format!("any-{name}");
            path = path.replace(&format!("{{{name}}}"), &value);
            values.push(value);
        }
        assert_eq!(found(route.method, &path), (route.operation, values));
    }
}

#[test]
fn words_go_before_values() {
    const OF: &str = "/api/dashboard/integrations";
    assert_eq!(
        found("POST", &format!("{OF}/test")).0,
        Operation::TestDashboardIntegration
    );
    assert_eq!(
        found("PUT", &format!("{OF}/int_1")),
        (
            Operation::ChangeDashboardIntegration,
            vec!["int_1".to_owned()]
        )
    );
    // A word is no value, also for another method.
    assert_eq!(
        missed("PUT", &format!("{OF}/test")),
        Miss::Method("POST".to_owned())
    );
}

#[test]
fn values_come_without_percent_escapes() {
    for (given, value) in [
        ("whats%61pp", "whatsapp"),
        ("a%20b", "a b"),
        ("%e0%a4%b9", "ह"),
        ("a%2Fb", "a/b"),
        ("100%", "100%"),
        // No text: it names nothing.
        ("%ff", "%"),
        ("%00", "\0"),
    ] {
        let path = format!("/api/v1/agents/{given}");
        assert_eq!(
            found("GET", &path),
            (Operation::ShowAgent, vec![value.to_owned()])
        );
    }
    // The words of a path have none.
    assert_eq!(missed("GET", "/api/v1/%61gents"), Miss::NoRoute);
}

#[test]
fn what_is_no_path_is_told_from_what_takes_other_methods() {
    for path in [
        "",
        "/",
        "//",
        "/api",
        "/api/v1/agents/",
        "/api/v1/agents//",
        "/api/v1/agents/a/b",
        "/HEALTH",
    ] {
        assert_eq!(missed("GET", path), Miss::NoRoute, "{path}");
    }
    for method in ["PUT", "TRACE", "get", ""] {
        assert_eq!(
            missed(method, "/api/v1/agents"),
            Miss::Method("GET, POST".to_owned()),
            "{method}"
        );
    }
}
