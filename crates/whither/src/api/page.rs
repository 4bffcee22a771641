//! The page: built by `ui/`, part of the program.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

use super::path::Path;

/// What `ui/` was built to; nothing where it was not.
#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Built;

/// What the page is served at: deep links into its screens.
pub(super) const SCREENS: &[&str] = &[
    "/",
    "/drops",
    "/drops/{id}",
    "/lag",
    "/topics",
    "/topics/{topic}",
    "/groups",
    "/groups/{group}",
    "/m/{topic}/{partition}/{offset}",
    "/dead-letters",
    "/setup",
    "/find",
];

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>whither</title>\
<h1>This whither was built without its page</h1>\
<p>Build it with Node 20 or newer: <code>npm ci &amp;&amp; npm run build</code> in <code>ui/</code>, then build whither again.</p>\
<p>Everything it shows is in the <a href=\"/api/whither/v1/status\">API</a> too.</p></html>";

pub(super) async fn index() -> Response {
    match Built::get("index.html") {
        Some(file) => ([(header::CACHE_CONTROL, "no-cache")], Html(file.data)).into_response(),
        None => ([(header::CACHE_CONTROL, "no-cache")], Html(NOT_BUILT)).into_response(),
    }
}

/// Names of assets hold a hash of what is in them.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    file(&format!("assets/{name}"), "public, max-age=31536000, immutable")
}

pub(super) async fn icon() -> Response {
    file("icon.svg", "no-cache")
}

pub(super) async fn theme() -> Response {
    file("theme.js", "no-cache")
}

pub(super) async fn licenses() -> Response {
    file("licenses.txt", "no-cache")
}

fn file(name: &str, kept: &'static str) -> Response {
    let Some(file) = Built::get(name) else {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    };
    ([(header::CONTENT_TYPE, kind(name)), (header::CACHE_CONTROL, kept)], file.data).into_response()
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
