//! Identity, from the claims that the gateway's authorizer has verified and from nothing else.

use domain::{Caller, Role, TenantId, UserId};
use serde_json::Value;

use crate::http::HttpRequest;
use crate::{Env, Problem};

/// Names of the claims, which differ between identity providers.
#[derive(Debug, Clone)]
pub struct ClaimNames {
    tenant: String,
    groups: String,
}

impl Default for ClaimNames {
    /// Cognito's.
    fn default() -> Self {
        Self {
            tenant: "custom:tenant_id".into(),
            groups: "cognito:groups".into(),
        }
    }
}

/// By which an operator names the tenant to act for; ignored from anybody else.
pub const TENANT_HEADER: &str = "x-switchboard-tenant";

impl ClaimNames {
    /// Reads `TENANT_CLAIM` and `GROUPS_CLAIM`; by default Cognito's.
    pub fn read(env: &mut Env) -> Self {
        Self {
            tenant: env
                .optional("TENANT_CLAIM")
                .unwrap_or_else(|| "custom:tenant_id".into()),
            groups: env
                .optional("GROUPS_CLAIM")
                .unwrap_or_else(|| "cognito:groups".into()),
        }
    }

    /// Who asks.
    ///
    /// # Errors
    /// 401 without verified claims, 403 without a tenant or a role.
    #[expect(
        clippy::disallowed_methods,
        reason = "the tenant of verified claims, or the one an operator acts for"
    )]
    pub fn caller(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        let user = request
            .claim("sub")
            .and_then(Value::as_str)
            .and_then(|sub| UserId::parse(sub).ok())
            .ok_or_else(Problem::unauthenticated)?;
        let role = request
            .claim(&self.groups)
            .into_iter()
            .flat_map(groups)
            .filter_map(|group| Role::from_group(&group))
            .max()
            .ok_or_else(|| Problem::forbidden("The identity has no role in Switchboard."))?;
        let named = match role {
            Role::Operator => request.header(TENANT_HEADER),
            _ => None,
        };
        let tenant = named
            .or_else(|| request.claim(&self.tenant).and_then(Value::as_str))
            .and_then(|tenant| TenantId::from_trusted_source(tenant).ok())
            .ok_or_else(|| match role {
                Role::Operator => Problem::new(
                    400,
                    "tenant_not_named",
                    "An operator must name the tenant to act for.",
                )
                .hint("Send the tenant's id in the header X-Switchboard-Tenant."),
                _ => Problem::forbidden("The identity belongs to no tenant."),
            })?;
        Ok(Caller { tenant, user, role })
    }
}

/// The gateway flattens a list claim into one text: `[admin manager]`.
fn groups(claim: &Value) -> Vec<String> {
    match claim {
        Value::Array(groups) => groups
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Value::String(text) => text
            .trim_start_matches('[')
            .trim_end_matches(']')
            .split([' ', ','])
            .map(|group| group.trim_matches('"').to_owned())
            .filter(|group| !group.is_empty())
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn caller(claims: Value, headers: Value) -> Result<Caller, u16> {
        let request: HttpRequest = serde_json::from_value(json!({
            "headers": headers,
            "requestContext": {"http": {"method": "GET"}, "authorizer": {"jwt": {"claims": claims}}},
        }))
        .unwrap();
        let names = ClaimNames {
            tenant: "custom:tenant_id".into(),
            groups: "cognito:groups".into(),
        };
        names.caller(&request).map_err(|problem| problem.status())
    }

    #[test]
    fn the_tenant_comes_from_claims() {
        let claims = |groups: Value| json!({"sub": "u-1", "custom:tenant_id": "t_1", "cognito:groups": groups});
        let found = caller(
            claims(json!("[agent admin]")),
            json!({"x-switchboard-tenant": "t_2"}),
        );
        let found = found.unwrap();
        assert_eq!((found.tenant.as_str(), found.role), ("t_1", Role::Admin));
        assert_eq!(
            caller(claims(json!(["manager"])), json!({})).unwrap().role,
            Role::Manager
        );
        assert_eq!(caller(claims(json!("[]")), json!({})), Err(403));
        assert_eq!(
            caller(json!({"cognito:groups": "[admin]"}), json!({})),
            Err(401)
        );
        assert_eq!(
            caller(json!({"sub": "u", "cognito:groups": "[admin]"}), json!({})),
            Err(403)
        );
    }

    #[test]
    fn an_operator_names_the_tenant() {
        let claims = json!({"sub": "u-1", "cognito:groups": "[operator]"});
        let found = caller(claims.clone(), json!({"x-switchboard-tenant": "t_2"})).unwrap();
        assert_eq!(found.tenant.as_str(), "t_2");
        assert_eq!(caller(claims, json!({})), Err(400));
    }
}
