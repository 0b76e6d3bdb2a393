//! Where a message may go: through one integration, or through whichever serves a channel.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{IntegrationId, ProviderId};

/// Most routes that a message may name behind its first.
pub const MAX_FALLBACKS: usize = 5;

/// One way for a message, written as an integration's id or a provider type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Through this integration and no other.
    Integration(IntegrationId),
    /// Through whichever integration of this type serves the sender.
    Channel(ProviderId),
}

/// A text that names no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an integration's id or a provider type")]
pub struct NoRoute;

impl Route {
    /// Reads one.
    ///
    /// # Errors
    /// [`NoRoute`] if it is neither.
    pub fn parse(text: &str) -> Result<Self, NoRoute> {
        // An integration's id is in the form of a provider type too.
        if let Ok(integration) = IntegrationId::parse(text) {
            return Ok(Self::Integration(integration));
        }
        ProviderId::parse(text)
            .map(Self::Channel)
            .map_err(|_| NoRoute)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integration(id) => f.write_str(id.as_str()),
            Self::Channel(channel) => f.write_str(channel.as_str()),
        }
    }
}

impl Serialize for Route {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Route {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Route {
    fn schema_name() -> Cow<'static, str> {
        "Route".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One way for a message: the id of an integration, through which it goes and through no other, or \
                a provider type, for whichever integration of that type serves its sender.",
            "type": "string", "pattern": "^[0-9a-z_]{1,32}$", "examples": ["exotel_sms"],
        })
    }
}

/// Routes behind the first, in order: at most [`MAX_FALLBACKS`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Fallback(Vec<Route>);

impl Fallback {
    /// Of these routes.
    ///
    /// # Errors
    /// The sentence that says what is wrong, if there are too many.
    pub fn new(routes: Vec<Route>) -> Result<Self, &'static str> {
        if routes.len() > MAX_FALLBACKS {
            return Err("must name at most 5 routes");
        }
        Ok(Self(routes))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The routes.
    pub fn routes(&self) -> &[Route] {
        &self.0
    }
}

impl JsonSchema for Fallback {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Fallback".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let route = generator.subschema_for::<Route>();
        json_schema!({"type": "array", "maxItems": MAX_FALLBACKS, "items": route})
    }
}

impl<'de> Deserialize<'de> for Fallback {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let routes = Vec::deserialize(deserializer)?;
        Self::new(routes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_an_integration_or_a_channel() {
        let id = IntegrationId::make();
        assert_eq!(
            Route::parse(id.as_str()),
            Ok(Route::Integration(id.clone()))
        );
        let channel = ProviderId::parse("exotel_sms").unwrap();
        assert_eq!(Route::parse("exotel_sms"), Ok(Route::Channel(channel)));
        for wrong in ["", "Exotel SMS", "int_", "a/b"] {
            let read = Route::parse(wrong);
            assert!(!matches!(read, Ok(Route::Integration(_))), "{wrong}");
        }
        assert_eq!(Route::parse("Exotel SMS"), Err(NoRoute));
    }

    #[test]
    fn there_are_few() {
        let read = |count| {
            let routes = vec!["exotel_sms"; count];
            serde_json::from_value::<Fallback>(serde_json::json!(routes))
        };
        assert_eq!(read(MAX_FALLBACKS).unwrap().routes().len(), MAX_FALLBACKS);
        assert!(read(MAX_FALLBACKS + 1).is_err());
    }
}
