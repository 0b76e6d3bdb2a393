//! Who there is. A token is a name: that tokens are genuine is the gateway's to verify, and no part of this.

use serde_json::{Value, json};

/// Somebody with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The token, which is a name.
    pub name: &'static str,
    tenant: &'static str,
    role: &'static str,
}

/// The tenant that most of them are of.
pub(crate) const TENANT: &str = "t_1";

/// Makes the life that was before the first request.
pub(crate) const ADMIN: Person = Person::new("admin", TENANT, "admin");

/// Everybody.
pub const PEOPLE: &[Person] = &[
    ADMIN,
    Person::new("manager", TENANT, "manager"),
    Person::new("agent", TENANT, "agent"),
    Person::new("service", TENANT, "service"),
    Person::new("operator", "t_platform", "operator"),
    Person::new("stranger", "t_2", "admin"),
];

impl Person {
    const fn new(name: &'static str, tenant: &'static str, role: &'static str) -> Self {
        Self { name, tenant, role }
    }

    /// Whose token that is.
    pub(crate) fn find(token: &str) -> Option<&'static Self> {
        PEOPLE.iter().find(|person| person.name == token)
    }

    /// The claims of a verified token, as the gateway hands them over.
    pub fn claims(&self) -> Value {
        json!({
            "sub": format!("user-{}", self.name),
            "custom:tenant_id": self.tenant,
            "cognito:groups": format!("[{}]", self.role),
        })
    }
}
