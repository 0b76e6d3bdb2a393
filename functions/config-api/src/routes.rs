//! The whole API on one screen.

use edge::Problem;
use edge::http::{HttpReply, HttpRequest};

use crate::{Context, audit_logs, health, integrations, messages, providers_catalogue};

/// Finds what is asked for and asks it.
pub(crate) async fn answer(context: &Context, request: &HttpRequest) -> Result<HttpReply, Problem> {
    let path: Vec<&str> = request.path().trim_matches('/').split('/').collect();
    let method = request.method();
    if let ["health"] = path[..] {
        return if method == "GET" {
            Ok(health::show())
        } else {
            Err(Problem::method_not_allowed())
        };
    }
    let caller = context.claims.caller(request)?;
    let caller = &caller;
    match path[..] {
        ["api", "v1", "providers"] => match method {
            "GET" => Ok(providers_catalogue::list()),
            _ => Err(Problem::method_not_allowed()),
        },
        ["api", "v1", "settings", "integrations"] => match method {
            "GET" => integrations::list::list(context, caller, request).await,
            "POST" => integrations::configure::add(context, caller, request).await,
            _ => Err(Problem::method_not_allowed()),
        },
        ["api", "v1", "settings", "integrations", reference] => match method {
            "GET" => integrations::get::get(context, caller, reference).await,
            "POST" => integrations::configure::configure(context, caller, request, reference).await,
            "PATCH" => integrations::configure::change(context, caller, request, reference).await,
            "DELETE" => integrations::delete::delete(context, caller, request, reference).await,
            _ => Err(Problem::method_not_allowed()),
        },
        [
            "api",
            "v1",
            "settings",
            "integrations",
            reference,
            "permissions",
        ] => match method {
            "GET" => integrations::permissions::list(context, caller, reference).await,
            _ => Err(Problem::method_not_allowed()),
        },
        [
            "api",
            "v1",
            "settings",
            "integrations",
            reference,
            "permissions",
            user,
        ] => match method {
            "PUT" => {
                integrations::permissions::grant(context, caller, request, reference, user).await
            }
            "DELETE" => {
                integrations::permissions::revoke(context, caller, request, reference, user).await
            }
            _ => Err(Problem::method_not_allowed()),
        },
        ["api", "v1", "settings", "audit-logs"] => match method {
            "GET" => audit_logs::list(context, caller, request).await,
            _ => Err(Problem::method_not_allowed()),
        },
        ["api", "v1", "messages"] => match method {
            "POST" => messages::send::send(context, caller, request).await,
            _ => Err(Problem::method_not_allowed()),
        },
        ["api", "v1", "messages", id] => match method {
            "GET" => messages::show::show(context, caller, id).await,
            _ => Err(Problem::method_not_allowed()),
        },
        _ => Err(Problem::no_route()),
    }
}
