//! The HTTP API, the page and the metrics: one origin, one router, made of what is true now.

mod problem;
mod parameters;
mod body;
mod query;
mod list;
mod filter;
mod fresh;
mod status;
mod balance;
mod findings;
mod lag;
mod topics;
mod ranges;
mod groups;
mod offsets;
mod messages;
mod journeys;
mod searched;
mod dead_letters;
mod jaeger;
mod demo;
mod events;
mod health;
mod metrics;
mod page;
mod guard;
mod path;
pub mod openapi;
pub mod listen;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::OriginalUri;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use whither_store::{Reader, StoreError};

use crate::access::Access;
use crate::demo::broker::Handle;
use crate::live::Live;
use crate::otlp::Intake;
use crate::traces::Traces;
use events::Streams;
#[cfg(test)]
pub(crate) use health::not_ready;
use problem::Problem;

/// Where the API is.
pub const BASE: &str = "/api/whither/v1";

/// A request's body: nobody has more to say.
const BODY_BYTES: usize = 1 << 20;
/// An answer begins within this time.
const ANSWER: Duration = Duration::from_secs(30);
/// Smaller answers grow by being compressed.
const COMPRESSED_FROM: u64 = 512;

/// What every answer is made of.
#[derive(Clone, Debug)]
pub struct Shared {
    /// What is true now.
    pub live: Arc<Live>,
    /// The demo's broker, which takes messages; none with a real cluster.
    pub demo: Option<Handle>,
    /// What takes spans; none where none are taken, or not yet.
    pub spans: Arc<OnceLock<Intake>>,
    /// The spans that came in, once their log is open.
    pub traces: Arc<OnceLock<Traces>>,
}

impl Shared {
    /// Asks the store, which may read files.
    async fn stored<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.live.history().ok_or_else(|| Problem::unavailable("the store is not open yet"))?;
        let asked = tokio::task::spawn_blocking(move || ask(&store)).await;
        match asked {
            Ok(answer) => answer.map_err(|error| Problem::store(&error)),
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }
}

/// Everything that is answered, to those who have access.
pub fn router(shared: Shared, access: Access) -> Router {
    let compressed = SizeAbove::new(COMPRESSED_FROM).and(NotForContentType::SSE);
    let page = page::SCREENS.iter().fold(Router::new(), |page, path| page.route(path, get(page::index)));
    let of_revision = Router::from(of_revision());
    let resources = of_revision
        .route_layer(from_fn_with_state(shared.clone(), fresh::marked))
        .merge(Router::from(others()))
        .method_not_allowed_fallback(not_so)
        .fallback(nowhere);
    Router::new()
        .nest(BASE, resources)
        .merge(Router::from(of_process()))
        .merge(jaeger::routes())
        .merge(page)
        .route("/assets/{name}", get(page::asset))
        .route("/icon.svg", get(page::icon))
        .route("/theme.js", get(page::theme))
        .route("/licenses.txt", get(page::licenses))
        .fallback(nowhere)
        .layer(Extension(Streams::default()))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES))
        .layer(from_fn_with_state(access, guard::admitted))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER))
        .layer(CompressionLayer::new().compress_when(compressed))
        .layer(from_fn(guard::marked))
        .with_state(shared)
}

/// All that programs may ask for, with its description.
fn described() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().nest(BASE, of_revision().merge(others())).merge(of_process())
}

/// What stays the same until the next revision.
fn of_revision() -> OpenApiRouter<Shared> {
    let mut resources = OpenApiRouter::new()
        .routes(routes!(status::status))
        .routes(routes!(balance::balance))
        .routes(routes!(findings::findings))
        .routes(routes!(findings::finding))
        .routes(routes!(findings::drops))
        .routes(routes!(findings::drop))
        .routes(routes!(lag::lag))
        .routes(routes!(lag::history))
        .routes(routes!(topics::topics))
        .routes(routes!(topics::topic))
        .routes(routes!(ranges::ranges))
        .routes(routes!(groups::groups))
        .routes(routes!(groups::group))
        .routes(routes!(messages::message))
        .routes(routes!(journeys::journeys))
        .routes(routes!(dead_letters::dead_letters))
        .routes(routes!(offsets::offsets));
    let described = resources.get_openapi_mut().paths.paths.values_mut();
    described.filter_map(|path| path.get.as_mut()).for_each(fresh::describe);
    resources
}

fn others() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(demo::send))
        .routes(routes!(events::stream))
        .routes(routes!(openapi::openapi))
}

fn of_process() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}

async fn nowhere(OriginalUri(uri): OriginalUri) -> Problem {
    let path = uri.path();
    Problem::not_found(format!("there is nothing at {path}"), format!("the API is below {BASE}/"))
}

async fn not_so() -> Result<Response, Problem> {
    let hint = "whither only reads: use GET";
    Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this is not done here", hint))
}
