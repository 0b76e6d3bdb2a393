//! The gateway in `template.yaml` lets through what the API promises, and sends it to the function that answers.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

use contract::routes::ROUTES;
use contract::{Access, Function};

/// The gateway's routes: key, whether a token is asked for, integration.
fn routes() -> Vec<(String, bool, String)> {
    let template =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml"));
    let template = template.expect("the template");
    let mut routes = Vec::new();
    for block in template.split("Type: AWS::ApiGatewayV2::Route\n").skip(1) {
        let value = |name: &str| {
            let mut lines = block.lines().map(str::trim);
            let line = lines.find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name} is missing in {block:.200}"))
                .trim()
                .to_owned()
        };
        let signed_in = value("AuthorizationType:") == "JWT";
        routes.push((value("RouteKey:"), signed_in, value("Target:")));
    }
    routes
}

#[test]
fn i3_every_route_is_reached_and_only_what_is_public_without_a_token() {
    let gateway = routes();
    for route in ROUTES {
        // The most specific route wins; `{proxy+}` takes the rest.
        let path = route.path.replace(['{', '}'], "");
        let shape = |key: &str| key.replace(['{', '}'], "");
        let own = gateway
            .iter()
            .find(|(key, ..)| shape(key) == format!("{} {path}", route.method));
        let greedy = || {
            let mut greedy = gateway.iter().filter(|(key, ..)| key.starts_with("ANY "));
            greedy.find(|(key, ..)| {
                let beginning = key[4..].strip_suffix("{proxy+}").expect("greedy");
                route.path.starts_with(beginning)
            })
        };
        let found = own.or_else(greedy);
        let (_, signed_in, target) =
            found.unwrap_or_else(|| panic!("{} is not reached", route.path));
        assert_eq!(*signed_in, route.access != Access::Public, "{}", route.path);
        let function = match route.function {
            Function::ConfigApi => "ConfigApiIntegration",
            Function::ConnectionTest => "ConnectionTestIntegration",
        };
        assert!(target.contains(function), "{}: {target}", route.path);
    }
}
