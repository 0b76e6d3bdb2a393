//! Requests that cannot be granted, with secrets in every place that they might be pasted into.

use serde_json::{Map, Value, json};

use super::{INTEGRATIONS, Life, MESSAGES, with};
use crate::stage::{ADMIN, AGENT, STRANGER, event};

impl Life<'_> {
    pub(super) async fn refused(&self) {
        let mut forms = Vec::new();
        for (_, secret) in self.secrets(&self.first.form) {
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
                assert!(status >= 400 || below == "/test", "{who:?} {method} {path}");
            }
        }
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
            let mut put = |value: Value| wrong.push((field.name.to_owned(), value));
            put(json!([secret]));
            put(json!({ secret: secret }));
            put(json!([[{"x": [secret]}]]));
            put(format!("{secret} {secret}").into());
            put(format!("{secret}\n{secret}").into());
            put(secret.repeat(200).into());
            if !field.secret && field.form.objection(secret).is_some() {
                put(secret.into());
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
