//! The words that outsiders rely on, as the API's description lists them.

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};
use whither_core::verdict;

use super::Times;
use crate::live;

/// Describes a field that holds one of some words.
macro_rules! words {
    ($name:ident, $about:literal, $words:expr) => {
        #[doc = $about]
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some($words));
                words.description(Some($about)).into()
            }
        }

        impl ToSchema for $name {}
    };
}

words!(Verdict, "What became of records.", verdict::Outcome::ALL.map(verdict::Outcome::word));
words!(Certainty, "How sure that is.", verdict::Certainty::ALL.map(verdict::Certainty::word));
words!(Cause, "Why.", verdict::Cause::ALL.map(verdict::Cause::id));
words!(ShownAs, "How a finding is put before people.", verdict::ShownAs::ALL.map(verdict::ShownAs::word));
words!(LagState, "How a group stands in a partition.", live::LagState::ALL.map(live::LagState::word));

impl PartialSchema for Times {
    fn schema() -> RefOr<Schema> {
        let kinds = SchemaType::from_iter([Type::String, Type::Null]);
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        let about = "RFC 3339 in UTC with milliseconds; null where none is known.";
        ObjectBuilder::new().schema_type(kinds).format(Some(format)).description(Some(about)).into()
    }
}

impl ToSchema for Times {
    fn name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }
}

/// Records by verdict.
#[derive(Clone, Copy, Debug)]
pub enum Counts {}

impl PartialSchema for Counts {
    fn schema() -> RefOr<Schema> {
        let each = verdict::Outcome::ALL.into_iter();
        let counts = each.fold(ObjectBuilder::new(), |of, o| of.property(o.word(), u64::schema()));
        counts.description(Some("Records by verdict; those that count nothing are left out.")).into()
    }
}

impl ToSchema for Counts {}
