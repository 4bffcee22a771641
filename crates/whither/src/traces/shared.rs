//! Names and messages that many spans share, kept once for as long as rows wait for a checkpoint.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use super::limits::NAME_BYTES;

#[derive(Debug, Default)]
pub(super) struct Shared {
    names: HashSet<Arc<str>>,
    messages: HashSet<Arc<[u8]>>,
    bytes: usize,
}

impl Shared {
    /// A name, as far as a column holds it.
    pub(super) fn name(&mut self, name: &str) -> Arc<str> {
        let name = name.get(..name.floor_char_boundary(NAME_BYTES)).unwrap_or_default();
        shared(&mut self.names, &mut self.bytes, name, name.len())
    }

    /// Text that was sent; what is no UTF-8 is replaced.
    pub(super) fn text(&mut self, text: whither_otlp::Text<'_>) -> Arc<str> {
        let whole: Cow<'_, str> = text.to_str();
        self.name(&whole)
    }

    pub(super) fn message(&mut self, message: &[u8]) -> Arc<[u8]> {
        shared(&mut self.messages, &mut self.bytes, message, message.len())
    }

    /// What they take.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

fn shared<T: ?Sized + Hash + Eq>(
    known: &mut HashSet<Arc<T>>,
    bytes: &mut usize,
    value: &T,
    len: usize,
) -> Arc<T>
where
    for<'a> Arc<T>: From<&'a T>,
{
    if let Some(found) = known.get(value) {
        return Arc::clone(found);
    }
    let new = Arc::<T>::from(value);
    known.insert(Arc::clone(&new));
    *bytes += len + 2 * size_of::<Arc<T>>();
    new
}
