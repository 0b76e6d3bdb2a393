//! How a request finds its route.

use std::borrow::Cow;

use edge::Problem;

use crate::route::{Route, is_value};
use crate::routes::ROUTES;

/// A request that has found its route.
pub struct Request<'r> {
    /// What is asked.
    pub route: &'static Route,
    /// The values in the path, decoded, in their order; what a route does not name is empty.
    pub named: [Cow<'r, str>; 2],
}

/// Why a request has found no route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    /// There is no such path.
    NoRoute,
    /// The path does not take the method; those it takes.
    Method(String),
}

impl From<Miss> for Problem {
    fn from(miss: Miss) -> Self {
        match miss {
            Miss::NoRoute => Self::no_route(),
            Miss::Method(allowed) => Self::method_not_allowed(&allowed),
        }
    }
}

/// Finds the route of a method and a path.
///
/// # Errors
/// [`Miss`].
pub fn find<'r>(method: &str, path: &'r str) -> Result<Request<'r>, Miss> {
    let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let fitting = || ROUTES.iter().filter(|route| route.fits(&parts));
    // Words go before values: `integrations/test` is not the integration called test.
    let most = fitting().map(Route::words).max().ok_or(Miss::NoRoute)?;
    let mut fitting = fitting().filter(|route| route.words() == most);
    let Some(route) = fitting.clone().find(|route| route.method == method) else {
        let mut allowed = fitting
            .next()
            .map_or_else(String::new, |route| route.method.to_owned());
        fitting.for_each(|route| allowed.extend([", ", route.method]));
        return Err(Miss::Method(allowed));
    };
    let mut named = [const { Cow::Borrowed("") }; 2];
    let values = route.parts().zip(&parts).filter(|(part, _)| is_value(part));
    for (place, (_, given)) in named.iter_mut().zip(values) {
        *place = decoded(given);
    }
    Ok(Request { route, named })
}

/// A part of a path without percent escapes; one that is no text becomes one that names nothing.
fn decoded(part: &str) -> Cow<'_, str> {
    let decoded = percent_encoding::percent_decode_str(part).decode_utf8();
    decoded.unwrap_or(Cow::Borrowed("%"))
}
