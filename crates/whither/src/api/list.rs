//! Lists: a page at a time with a cursor, or all of it as lines.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::problem::Problem;
use super::query::Query;

/// The parameters that every list takes.
pub(super) const PAGING: &[&str] = &["limit", "cursor", "format"];

/// Items of a page if nothing is said, and at most: a page is rendered at once.
const USUAL: usize = 100;
const MOST: usize = 1_000;

/// A part of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Page<K> {
    /// The items as JSON.
    pub(super) items: Vec<String>,
    /// The key of the last item, if more come after it.
    pub(super) last: Option<K>,
}

/// A page of a list, as the API's description tells it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "pages are put together from items that are text already")]
pub(super) struct Listed<T> {
    items: Vec<T>,
    /// What asks for the page after this one, as `cursor`; null on the last.
    next: Option<String>,
}

/// Answers a list. `page` gives at most so many items whose keys come after one.
pub(super) fn list<K, F>(query: &Query, mut page: F) -> Result<Response, Problem>
where
    K: Serialize + DeserializeOwned + Send + 'static,
    F: FnMut(Option<&K>, usize) -> Page<K> + Send + 'static,
{
    let limit = query.parsed("limit", "a number from 1 to 1000", |n| (1..=MOST).contains(n))?;
    let after: Option<K> = match query.text("cursor") {
        None => None,
        Some(cursor) => Some(read(cursor).ok_or_else(|| {
            Problem::parameter("cursor", cursor, "what an answer before this one gave as next")
        })?),
    };
    match query.text("format") {
        None | Some("json") => Ok(json(page(after.as_ref(), limit.unwrap_or(USUAL)))),
        Some("ndjson") => Ok(lines(after, limit.unwrap_or(usize::MAX), page)),
        Some(other) => Err(Problem::parameter("format", other, "json, ndjson")),
    }
}

/// The first of what comes after a key, of items in the order of their keys.
pub(super) fn cut<K: Ord, T>(
    items: impl IntoIterator<Item = (K, T)>,
    after: Option<&K>,
    limit: usize,
) -> (Vec<T>, Option<K>) {
    let mut rest = items.into_iter().skip_while(|(key, _)| after.is_some_and(|after| key <= after));
    let mut taken = Vec::new();
    let mut last = None;
    for (key, item) in rest.by_ref().take(limit) {
        taken.push(item);
        last = Some(key);
    }
    let more = rest.next().is_some();
    (taken, last.filter(|_| more))
}

/// One value as it is written.
pub(super) fn text(value: &impl Serialize) -> String {
    // Maps with keys that are no text would fail: there are none.
    serde_json::to_string(value).unwrap_or_default()
}

/// One document.
pub(super) fn document(value: &impl Serialize) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text(value)).into_response()
}

fn json<K: Serialize>(page: Page<K>) -> Response {
    let next = page.last.map_or_else(|| "null".to_owned(), |key| format!("\"{}\"", write(&key)));
    let body = format!("{{\"items\":[{}],\"next\":{next}}}", page.items.join(","));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// So many items, page after page as they are taken: a slow reader holds one.
fn lines<K, F>(after: Option<K>, limit: usize, page: F) -> Response
where
    K: Send + 'static,
    F: FnMut(Option<&K>, usize) -> Page<K> + Send + 'static,
{
    let pages = futures_util::stream::unfold(Some((after, limit, page)), |state| async move {
        let (mut after, limit, mut page) = state?;
        loop {
            let Page { items, last } = page(after.as_ref(), limit.min(MOST));
            let left = limit.saturating_sub(items.len());
            // An empty part would end the answer, and then it would be ended once more.
            if !items.is_empty() {
                let text = items.join("\n") + "\n";
                let rest = last.filter(|_| left > 0).map(|last| (Some(last), left, page));
                return Some((Ok::<_, Infallible>(Bytes::from(text)), rest));
            }
            after = Some(last?);
        }
    });
    // What compresses asks again after the end.
    let pages = pages.fuse();
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pages)).into_response()
}

fn write(key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(text(key))
}

fn read<K: DeserializeOwned>(cursor: &str) -> Option<K> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_on_behind_the_last_item_even_if_that_is_gone() {
        let items = |names: &[&'static str]| names.iter().map(|n| ((*n).to_owned(), *n)).collect::<Vec<_>>();
        let (first, last) = cut(items(&["a", "b", "c", "d"]), None, 2);
        assert_eq!((first, last.as_deref()), (vec!["a", "b"], Some("b")));
        let cursor: String = read(&write(&last)).unwrap();
        let (then, last) = cut(items(&["a", "c", "d"]), Some(&cursor), 2);
        assert_eq!((then, last), (vec!["c", "d"], None));
        assert_eq!(read::<String>("no cursor"), None);
    }
}
