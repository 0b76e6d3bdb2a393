//! Requests that cannot be granted, with secrets in every place that they might be pasted into.

use serde_json::{Map, Value, json};

use super::{INTEGRATIONS, Life, MESSAGES, with};
use crate::stage::{ADMIN, AGENT, OPERATOR, Person, SERVICE, STRANGER, event};

impl Life<'_> {
    pub(super) async fn refused(&self) {
        let mut forms = Vec::new();
        for secret in self.secrets() {
            let wrong = self.wrong_forms(&secret).into_iter();
            forms.extend(wrong.map(|changes| with(&self.first.form, &changes)));
            forms.extend(wrong_bodies(&secret).into_iter().map(Value::from));
            self.misplaced(&secret).await;
        }
        forms.extend(self.unknown_to_the_provider());
        self.refuses(&forms).await;
        for who in [AGENT, STRANGER] {
            for (method, below) in [
                ("POST", ""),
                ("PATCH", ""),
                ("DELETE", ""),
                ("POST", "/test"),
            ] {
                let path = format!("{}{below}", self.place);
                let form = self.second.form.clone();
                let (status, _) = self.stage.call(who, method, &path, form).await;
                let may = below == "/test" || (who == STRANGER && !self.is_exclusive());
                assert!(status >= 400 || may, "{who:?} {method} {path}");
            }
        }
    }

    /// Whether nobody else can connect the account.
    fn is_exclusive(&self) -> bool {
        let settings = self.first.form.as_object().expect("a form");
        !self.provider.accounts(settings).exclusive.is_empty()
    }

    /// They are refused wherever a form can be sent, each in one of these places by turns.
    async fn refuses(&self, forms: &[Value]) {
        let places = [
            ("POST", self.place.clone()),
            ("PATCH", self.place.clone()),
            ("POST", INTEGRATIONS.to_owned()),
            ("POST", format!("{}/test", self.place)),
        ];
        for (place, (method, path)) in places.iter().enumerate() {
            for form in forms.iter().skip(place).step_by(places.len()) {
                let mut form = form.clone();
                if path == INTEGRATIONS && form.is_object() {
                    form["provider"] = self.id.into();
                }
                let (status, _) = self.stage.call(ADMIN, method, path, form.clone()).await;
                assert!(
                    (400..500).contains(&status),
                    "{method} {path}: {status} {form}"
                );
            }
        }
    }

    /// Changes of a form that cannot be: the secret of the wrong type, too long, broken, in the wrong field, as the name
    /// of a field.
    fn wrong_forms(&self, secret: &str) -> Vec<Map<String, Value>> {
        let mut wrong: Vec<(String, Value)> = Vec::new();
        for field in self.provider.descriptor().fields {
            for value in [
                secret.into(),
                json!([secret]),
                json!({ secret: secret }),
                json!([[{"x": [secret]}]]),
                format!("{secret} {secret}").into(),
                format!("{secret}\n{secret}").into(),
                secret.repeat(200).into(),
            ] {
                // What a field takes that is not secret is shown, and another secret may be as good.
                let is_taken = field.form.read(&value).is_ok();
                if !is_taken || (field.secret && !value.is_string()) {
                    wrong.push((field.name.to_owned(), value));
                }
            }
        }
        for about in ["priority", "enabled", "owner", "keep_previous"] {
            wrong.push((about.to_owned(), secret.into()));
        }
        wrong.push(("name".to_owned(), format!("{secret}\u{7}").into()));
        wrong.push(("display_name".to_owned(), json!([secret])));
        wrong.push((secret.to_owned(), secret.into()));
        wrong.push((format!("{secret}_x"), json!(1)));
        wrong.push(("colour".to_owned(), secret.into()));
        let wrong = wrong.into_iter();
        wrong.map(|change| Map::from_iter([change])).collect()
    }

    /// Secrets in addresses, headers, and fields of other requests.
    async fn misplaced(&self, secret: &str) {
        let ask = async |method: &str, path: &str, body: Value| {
            let (status, _) = self.stage.call(ADMIN, method, path, body).await;
            assert!((400..500).contains(&status), "{method} {path}: {status}");
        };
        for method in ["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"] {
            let path = format!("{INTEGRATIONS}/{secret}/{secret}/{secret}/{secret}");
            ask(method, &path, self.first.form.clone()).await;
            ask(
                method,
                &format!("{INTEGRATIONS}/x{secret}"),
                json!({secret: secret}),
            )
            .await;
        }
        for (who, method, path, body) in misplaced_elsewhere(secret) {
            let (status, _) = self.stage.call(who, method, &path, body).await;
            assert!((400..500).contains(&status), "{method} {path}: {status}");
        }
        for request in self
            .saves_by_older_paths()
            .into_iter()
            .chain(self.tests_by_older_paths())
        {
            let Some(whole) = request.body.as_object() else {
                continue;
            };
            for body in odd(whole, secret) {
                let (who, method, path) = (request.who, request.method, &request.path);
                let (status, _) = self.stage.call(who, method, path, body).await;
                assert!((400..500).contains(&status), "{method} {path}: {status}");
            }
        }
        for message in [
            json!({secret: secret, "wabaPayload": {}}),
            json!({"metadata": {"notAfter": secret}, "wabaPayload": {}}),
            json!({"metadata": {"messageId": [secret]}, "wabaPayload": {}}),
            json!({"metadata": secret, "wabaPayload": {}}),
            json!({"wabaPayload": secret}),
        ] {
            ask("POST", MESSAGES, message).await;
        }
        for (path, query) in [
            (INTEGRATIONS, format!("cursor={secret}&limit={secret}")),
            (INTEGRATIONS, format!("cursor={secret}")),
            (
                "/api/v1/settings/audit-logs",
                format!("provider=%20{secret}"),
            ),
        ] {
            let mut event = event(ADMIN, "GET", path, &Value::Null);
            event["rawQueryString"] = query.into();
            let (status, _) = self.stage.raw(event).await;
            assert!((400..500).contains(&status), "{path}: {status}");
        }
        for (name, value) in [
            ("if-match", secret.to_owned()),
            ("content-type", format!("text/{secret}")),
        ] {
            let mut event = event(ADMIN, "PATCH", &self.place, &self.first.form);
            event["headers"][name] = value.into();
            let (status, _) = self.stage.raw(event).await;
            assert!((400..500).contains(&status), "{name}: {status}");
        }
        for body in [secret.to_owned(), format!("{{\"x\":\"{secret}\"}}")] {
            let mut event = event(ADMIN, "POST", &self.place, &body.into());
            event["isBase64Encoded"] = true.into();
            let (status, _) = self.stage.raw(event).await;
            assert_eq!(status, 400);
        }
    }

    /// Secrets that the provider does not know: all at once, and each alone.
    fn unknown_to_the_provider(&self) -> Vec<Value> {
        let alone = self.wrong.clone().into_iter();
        let alone = alone.map(|change| Map::from_iter([change]));
        let changes = alone.chain([self.wrong.clone()]);
        changes
            .map(|changes| with(&self.first.form, &changes))
            .collect()
    }
}

/// Bodies of an older path with the secret where it cannot be: each field in turn, as its name, in a field that nobody knows,
/// and beside the same under another name.
fn odd(whole: &Map<String, Value>, secret: &str) -> Vec<Value> {
    let changed = |change: (&str, Value)| {
        let mut body = whole.clone();
        body.insert(change.0.to_owned(), change.1);
        Value::from(body)
    };
    let mut bodies: Vec<Value> = whole
        .keys()
        .map(|name| changed((name, json!([[secret], {secret: secret}]))))
        .collect();
    bodies.push(changed((secret, secret.into())));
    bodies.push(changed(("colour", secret.into())));
    bodies.push(changed(("isActive", secret.into())));
    if let Some(configuration) = whole.get("configuration").and_then(Value::as_object) {
        for (name, value) in [
            ("provider", json!(secret)),
            ("features", json!([secret])),
            ("features", json!({"syncContacts": secret})),
            ("base_url", json!(secret)),
            (secret, json!(secret)),
        ] {
            let mut configuration = configuration.clone();
            configuration.insert(name.to_owned(), value);
            bodies.push(changed(("configuration", configuration.into())));
        }
    }
    bodies
}

/// Requests about other things, with the secret in their addresses and fields.
fn misplaced_elsewhere(secret: &str) -> Vec<(Person, &'static str, String, Value)> {
    let whatsapp = |id: &str| json!({"name": "x", "whatsapp": {"integration_id": id}});
    let destination = |destination: Value| json!({"name": "x", "destination": destination});
    let escaped: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let long = escaped.repeat(20);
    let settings = |below: &str| format!("/api/v1/settings/{below}");
    let agents = || "/api/v1/agents".to_owned();
    vec![
        (ADMIN, "POST", agents(), json!({"name": [secret]})),
        (
            ADMIN,
            "POST",
            agents(),
            json!({"name": "x", secret: secret}),
        ),
        (ADMIN, "POST", agents(), whatsapp(secret)),
        (
            ADMIN,
            "POST",
            agents(),
            destination(json!({"type": secret})),
        ),
        (
            ADMIN,
            "POST",
            agents(),
            destination(json!({"type": "https", "url": secret})),
        ),
        (
            ADMIN,
            "POST",
            agents(),
            destination(json!({"type": "https", "url": format!("http://u:{escaped}@x.example/")})),
        ),
        (
            ADMIN,
            "POST",
            agents(),
            destination(json!({"type": "sqs", "queue_arn": secret})),
        ),
        (
            ADMIN,
            "GET",
            format!("/api/v1/agents/{escaped}"),
            Value::Null,
        ),
        (
            ADMIN,
            "PATCH",
            format!("/api/v1/agents/{escaped}"),
            json!({"enabled": secret}),
        ),
        (
            ADMIN,
            "PUT",
            settings("platform-accounts/whatsapp"),
            json!({"until": secret}),
        ),
        (
            OPERATOR,
            "PUT",
            settings("platform-accounts/whatsapp"),
            json!({"until": secret}),
        ),
        (
            OPERATOR,
            "PUT",
            settings(&format!("platform-accounts/{escaped}")),
            Value::Null,
        ),
        (
            ADMIN,
            "POST",
            settings(&format!("phone-numbers/{escaped}/assign")),
            json!({"user_id": "u-x"}),
        ),
        (
            ADMIN,
            "POST",
            settings("phone-numbers/x/assign"),
            json!({"user_id": [secret]}),
        ),
        (
            ADMIN,
            "GET",
            settings(&format!("notifications?cursor={escaped}")),
            Value::Null,
        ),
        (
            ADMIN,
            "GET",
            settings(&format!("phone-numbers?{escaped}=1")),
            Value::Null,
        ),
        (
            ADMIN,
            "GET",
            format!("/api/v1/events?integration={escaped}"),
            Value::Null,
        ),
        (
            ADMIN,
            "GET",
            format!("{INTEGRATIONS}/{escaped}/credentials?reason=moving"),
            Value::Null,
        ),
        (
            ADMIN,
            "GET",
            format!("{INTEGRATIONS}/{escaped}/webhook"),
            Value::Null,
        ),
        (
            ADMIN,
            "GET",
            format!("{INTEGRATIONS}/whatsapp/credentials?reason={long}"),
            Value::Null,
        ),
        (
            ADMIN,
            "GET",
            format!("{INTEGRATIONS}/whatsapp/credentials?reason=%00{escaped}"),
            Value::Null,
        ),
        (
            SERVICE,
            "GET",
            format!("{INTEGRATIONS}/whatsapp/credentials?reason={long}"),
            Value::Null,
        ),
        (
            SERVICE,
            "GET",
            format!("/tenants/{escaped}/credentials/meta"),
            Value::Null,
        ),
        (
            ADMIN,
            "PUT",
            format!("/api/tenants/{escaped}/whatsapp/config"),
            json!({"accessToken": secret}),
        ),
        (
            ADMIN,
            "POST",
            "/api/whatsapp/signup".to_owned(),
            json!({"code": secret, "state": secret}),
        ),
        (
            ADMIN,
            "POST",
            "/api/settings/whatsapp/send".to_owned(),
            json!({"to": secret, "template": secret}),
        ),
        (
            ADMIN,
            "PUT",
            format!("/api/dashboard/integrations/{escaped}"),
            json!({"name": [secret]}),
        ),
    ]
}

/// Bodies that cannot be read.
fn wrong_bodies(secret: &str) -> Vec<String> {
    let secret = Value::from(secret).to_string();
    vec![
        format!("{{\"x\":{secret}}}{{\"x\":{secret}}}"),
        format!("{{\"x\":{secret}"),
        format!("{{{secret}:{secret}"),
        format!("[{secret}]"),
        secret.clone(),
        format!("{{\"x\":{}{secret}{}}}", "[".repeat(20), "]".repeat(20)),
        format!("{{\"x\":[{}1]}}", format!("{secret},").repeat(3000)),
        format!("{{\"x\":{secret}}}\u{0}"),
    ]
}
