//! What stands behind the question mark. What is not understood is refused: a filter that was ignored would be a
//! wrong answer.

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query as Pairs};
use axum::http::StatusCode;
use axum::http::request::Parts;
use whither_core::Time;

use super::problem::Problem;
use crate::clock;
use crate::moment::Moment;

/// The parameters of a request.
#[derive(Clone, Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query, Infallible> {
        // Pairs of text can't be wrong.
        let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        Ok(Query(pairs.map(|Pairs(pairs)| pairs).unwrap_or_default()))
    }
}

impl Query {
    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Query {
        Query(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Refuses parameters that nobody here understands.
    pub(super) fn only(&self, known: &[&[&str]]) -> Result<(), Problem> {
        let known = known.concat();
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, value)) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "unknown_parameter",
                format!("{name} = {value:?}: there is no such parameter here"),
                if known.is_empty() {
                    "none is taken here".to_owned()
                } else {
                    format!("allowed: {}", known.join(", "))
                },
            )),
        }
    }

    /// The value of a parameter; an empty one is none.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())
    }

    /// A value that must be there.
    pub(super) fn needed(&self, name: &str, allowed: &str) -> Result<&str, Problem> {
        self.text(name).ok_or_else(|| Problem::parameter(name, "", allowed))
    }

    /// A value of a certain kind.
    pub(super) fn parsed<T: FromStr>(
        &self,
        name: &str,
        allowed: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let value = text.parse().ok().filter(fits);
        value.map(Some).ok_or_else(|| Problem::parameter(name, text, allowed))
    }

    /// A moment.
    pub(super) fn time(&self, name: &str) -> Result<Option<Time>, Problem> {
        const ALLOWED: &str =
            "RFC 3339 as 2026-11-21T13:00:00Z, milliseconds since 1970, or a time ago as 15m";
        let Some(text) = self.text(name) else { return Ok(None) };
        let moment = Moment::back(text).map_err(|_| Problem::parameter(name, text, ALLOWED))?;
        Ok(Some(moment.from(clock::now())))
    }

    /// Values that are repeated or separated by commas.
    pub(super) fn values(&self, name: &str) -> Values {
        let of = self.0.iter().filter(|(n, value)| n == name && !value.is_empty());
        Values(of.map(|(_, value)| value.clone()).collect())
    }

    /// The same where only some words are allowed.
    pub(super) fn words(&self, name: &str, known: &[&str]) -> Result<Values, Problem> {
        let values = self.values(name);
        let wrong = values.each().find(|word| !known.contains(word));
        match wrong {
            None => Ok(values),
            Some(word) => Err(Problem::parameter(name, word, &known.join(", "))),
        }
    }
}

/// Values of which one must fit; none: all fit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Values(Vec<String>);

impl Values {
    /// Names may hold commas: a value also counts as a whole.
    pub(super) fn fit(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|v| v == name) || self.each().any(|v| v == name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|v| v.split(',')).map(str::trim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_repeated_or_separated_and_names_may_hold_commas() {
        let query = Query::of(&[("group", "a,b"), ("group", "c"), ("group", "")]);
        let values = query.values("group");
        assert!(["a", "b", "c", "a,b"].iter().all(|name| values.fit(name)) && !values.fit("d"));
        assert!(query.values("topic").fit("anything"));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_what_is() {
        let query = Query::of(&[("limt", "5")]);
        let problem = format!("{:?}", query.only(&[&["limit"], &["group"]]).unwrap_err());
        assert!(problem.contains("limt") && problem.contains("allowed: limit, group"), "{problem}");
        let query = Query::of(&[("verdict", "delivered,gone"), ("since", "soon"), ("at", "15m")]);
        let problem = format!("{:?}", query.words("verdict", &["delivered", "expired"]).unwrap_err());
        assert!(problem.contains("\\\"gone\\\"") && problem.contains("delivered, expired"), "{problem}");
        assert!(query.time("since").is_err() && query.time("at").unwrap().is_some());
        assert_eq!(query.time("until").unwrap(), None);
    }
}
