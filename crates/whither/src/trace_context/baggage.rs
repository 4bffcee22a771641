//! `baggage`, as W3C Baggage has it.

use percent_encoding::percent_decode_str;

use super::{Headers, Invalid, Values};

/// What everybody must pass on; more may be dropped on the way.
const MOST: usize = 64;
const LONGEST: usize = 8_192;

/// What applications pass on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Baggage {
    /// Its entries in order.
    pub entries: Vec<Entry>,
    /// What is odd about it.
    pub notes: Vec<String>,
}

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its value, decoded.
    pub value: String,
    /// Its properties, as they are written.
    pub properties: Vec<String>,
}

pub(super) fn read(headers: Headers<'_>) -> Option<Result<Baggage, Invalid>> {
    let values = Values::of(headers, "baggage");
    let text = values.last().transpose()?;
    Some(text.and_then(|text| {
        let entries = parse(text).map_err(|why| values.wrong(why))?;
        let mut notes: Vec<String> = values.notes().collect();
        if entries.len() > MOST || text.len() > LONGEST {
            notes.push(format!(
                "{} entries in {} bytes: only {MOST} in {LONGEST} are sure to be passed on",
                entries.len(),
                text.len()
            ));
        }
        Ok(Baggage { entries, notes })
    }))
}

fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let entry = |member: &str| {
        let mut parts = member.split(';').map(str::trim);
        let pair = parts.next().unwrap_or_default();
        let (key, value) = pair.split_once('=').ok_or(format!("{pair:?} is no key=value"))?;
        let (key, value) = (key.trim_end(), value.trim_start());
        if key.is_empty() || !key.bytes().all(is_token_byte) {
            return Err(format!("{key:?} is no key: letters, digits and !#$%&'*+-.^_`|~"));
        }
        if let Some(c) = value.chars().find(|c| !is_value_char(*c)) {
            return Err(format!("the value of {key} has {c:?} in it, which must be percent-encoded"));
        }
        let value = percent_decode_str(value).decode_utf8();
        let value = value.map_err(|_| format!("the value of {key} is not UTF-8 once decoded"))?.into_owned();
        Ok(Entry { key: key.to_owned(), value, properties: parts.map(str::to_owned).collect() })
    };
    text.split(',').map(entry).collect()
}

/// A token of RFC 9110.
fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

fn is_value_char(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '\\')
}
