//! One line of the API's table, and how a request finds it.

use domain::Role;
use edge::Problem;
use edge::http::HttpRequest;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::operation::Operation;
use crate::pace::Cost;

/// One thing that can be asked.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// What is asked.
    pub operation: Operation,
    /// `GET`, `POST` …
    pub method: &'static str,
    /// The path; parts in braces stand for values.
    pub path: &'static str,
    /// What it does, as a short title.
    pub summary: &'static str,
    /// What there is to know besides.
    pub detail: &'static str,
    /// Under what it is listed.
    pub group: &'static str,
    /// Who may ask.
    pub access: Access,
    /// What it costs.
    pub cost: Cost,
    /// The function that answers.
    pub function: Function,
    /// What the query may hold.
    pub query: &'static [Parameter],
    /// Headers that change what it does.
    pub headers: &'static [Parameter],
    /// What the body holds; `None` if none is read.
    pub body: Option<Body>,
    /// What success looks like.
    pub answers: &'static [Answer],
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Public,
    /// Everybody of the tenant; what they see and may change depends on whose it is.
    Member,
    /// Admins of the tenant.
    Admin,
    /// Machines of the platform, and admins.
    AdminOrService,
    /// Machines of the platform.
    Service,
    /// Platform staff.
    Operator,
}

impl Access {
    /// Whether a role is enough. Platform staff may do for a tenant what its admins may.
    pub fn admits(self, role: Role) -> bool {
        match self {
            Self::Public | Self::Member => true,
            Self::Admin => role.manages_integrations(),
            Self::AdminOrService => role.manages_integrations() || role == Role::Service,
            Self::Service => role == Role::Service,
            Self::Operator => role == Role::Operator,
        }
    }

    /// Who that is, for people.
    pub const fn who(self) -> &'static str {
        match self {
            Self::Public => "anybody",
            Self::Member => "everybody of the organisation",
            Self::Admin => "admins",
            Self::AdminOrService => "admins and machines of the platform",
            Self::Service => "machines of the platform",
            Self::Operator => "platform staff",
        }
    }

    const fn refusal(self) -> &'static str {
        match self {
            Self::Public | Self::Member => "This is not for everybody.",
            Self::Admin => "Only an admin may do this.",
            Self::AdminOrService => "Only an admin or a machine of the platform may do this.",
            Self::Service => "Only a machine of the platform may do this.",
            Self::Operator => "Only platform staff may do this.",
        }
    }
}

/// Which function answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The configuration API.
    ConfigApi,
    /// The connection test.
    ConnectionTest,
}

/// A parameter of the query, or a header.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub detail: &'static str,
    /// Must be given by everybody who is asked for it.
    pub required: bool,
    /// A value that fits.
    pub example: &'static str,
    /// What it may be.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// What a body holds.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    /// What it may be.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// One that fits, as JSON.
    pub example: &'static str,
    /// May be left out.
    pub optional: bool,
}

/// What success looks like.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What it means.
    pub detail: &'static str,
    /// Media type.
    pub media_type: &'static str,
    /// Whether it carries an entity tag.
    pub tagged: bool,
    /// What the body holds.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Answer {
    /// `{"success": true, "data": T}`.
    pub const fn data<T: JsonSchema>(status: u16, detail: &'static str) -> Self {
        Self::of(status, detail, data::<T>)
    }

    /// `{"success": true, "data": [T…], "next_cursor": …}`.
    pub const fn page<T: JsonSchema>(detail: &'static str) -> Self {
        Self::of(200, detail, page::<T>)
    }

    /// `{"success": true, "message": …}`.
    pub const fn message(detail: &'static str) -> Self {
        Self::of(200, detail, message)
    }

    /// A document of that form, as it is.
    pub const fn whole<T: JsonSchema>(status: u16, detail: &'static str) -> Self {
        Self::of(status, detail, whole::<T>)
    }

    const fn of(
        status: u16,
        detail: &'static str,
        schema: fn(&mut SchemaGenerator) -> Schema,
    ) -> Self {
        Self {
            status,
            detail,
            media_type: "application/json",
            tagged: false,
            schema,
        }
    }

    /// With the header `ETag`.
    #[must_use]
    pub const fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// As another media type than JSON.
    #[must_use]
    pub const fn as_media(mut self, media_type: &'static str) -> Self {
        self.media_type = media_type;
        self
    }
}

impl Body {
    /// A body of that type; `example` is one that fits.
    pub const fn of<T: JsonSchema>(example: &'static str) -> Self {
        Self {
            schema: whole::<T>,
            example,
            optional: false,
        }
    }

    /// A body of that schema.
    pub const fn schema(schema: fn(&mut SchemaGenerator) -> Schema, example: &'static str) -> Self {
        Self {
            schema,
            example,
            optional: false,
        }
    }

    /// It may be left out.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

impl Parameter {
    /// One that may be left out.
    pub const fn new<T: JsonSchema>(
        name: &'static str,
        detail: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            name,
            detail,
            required: false,
            example,
            schema: whole::<T>,
        }
    }
}

fn whole<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn data<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {"success": {"const": true}, "data": generator.subschema_for::<T>()},
        "required": ["success", "data"],
    })
}

fn page<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "success": {"const": true},
            "data": {"type": "array", "items": generator.subschema_for::<T>()},
            "next_cursor": {"type": "string", "description": "Where the next page begins; absent at the end."},
        },
        "required": ["success", "data"],
    })
}

fn message(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {"success": {"const": true}, "message": {"type": "string"}},
        "required": ["success", "message"],
    })
}

impl Route {
    pub(crate) fn parts(&self) -> impl Iterator<Item = &'static str> {
        self.path[1..].split('/')
    }

    pub(crate) fn words(&self) -> usize {
        self.parts().filter(|part| !is_value(part)).count()
    }

    pub(crate) fn fits(&self, given: &[&str]) -> bool {
        self.parts().count() == given.len()
            && self
                .parts()
                .zip(given)
                .all(|(part, given)| part == *given || (is_value(part) && !given.is_empty()))
    }

    /// The names of the values in the path.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.parts()
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether a role may ask for it.
    ///
    /// # Errors
    /// 403 that says who may.
    pub fn admit(&self, role: Role) -> Result<(), Problem> {
        if self.access.admits(role) {
            return Ok(());
        }
        Err(Problem::forbidden(self.access.refusal()))
    }

    /// Holds the query against what the route takes: nothing unknown, nothing twice.
    ///
    /// # Errors
    /// 400 with the name of the parameter.
    pub fn check_query(&self, request: &HttpRequest) -> Result<(), Problem> {
        let mut seen = Vec::new();
        for (name, _) in request.query() {
            let known = self.query.iter().any(|parameter| parameter.name == name);
            if !known {
                return Err(Problem::invalid_parameter(
                    &name,
                    "is not a parameter of this path",
                ));
            }
            if seen.contains(&name) {
                return Err(Problem::invalid_parameter(&name, "is given twice"));
            }
            seen.push(name);
        }
        Ok(())
    }
}

pub(crate) fn is_value(part: &str) -> bool {
    part.starts_with('{')
}
