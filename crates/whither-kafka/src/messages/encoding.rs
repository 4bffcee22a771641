//! The flexible encoding (KIP-482): compact lengths, and tagged fields behind each structure.

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf, BufMut};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::protocol::buf::{ByteBuf, ByteBufMut};
use uuid::Uuid;

/// What can stand in a structure.
pub(super) trait Field: Sized {
    fn put<B: ByteBufMut>(&self, buf: &mut B);
    fn take<B: ByteBuf>(buf: &mut B) -> Result<Self>;
}

/// What may be null where it is optional.
pub(super) trait Structure: Field {}

/// Declares a structure by its fields, in the order in which they are written.
macro_rules! structure {
    ($(#[$about:meta])* $visible:vis $name:ident { $($field:ident: $of:ty),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Debug, Default)]
        $visible struct $name {
            $(pub(crate) $field: $of),*
        }

        impl $crate::messages::encoding::Structure for $name {}

        impl $crate::messages::encoding::Field for $name {
            fn put<B: kafka_protocol::protocol::buf::ByteBufMut>(&self, buf: &mut B) {
                $(self.$field.put(buf);)*
                $crate::messages::encoding::put_no_tags(buf);
            }

            fn take<B: kafka_protocol::protocol::buf::ByteBuf>(buf: &mut B) -> anyhow::Result<Self> {
                let taken = Self { $($field: $crate::messages::encoding::Field::take(buf)?),* };
                $crate::messages::encoding::pass_tags(buf)?;
                Ok(taken)
            }
        }
    };
}

/// Makes structures a request and its answer.
macro_rules! message {
    ($key:literal version $version:literal: $request:ty => $response:ty) => {
        $crate::messages::encoding::message!(@ $request, $version, header 2);
        $crate::messages::encoding::message!(@ $response, $version, header 1);

        impl kafka_protocol::protocol::Request for $request {
            const KEY: i16 = $key;
            type Response = $response;
        }
    };
    (@ $message:ty, $version:literal, header $header:literal) => {
        impl kafka_protocol::protocol::Message for $message {
            const VERSIONS: kafka_protocol::protocol::VersionRange =
                kafka_protocol::protocol::VersionRange { min: $version, max: $version };
            const DEPRECATED_VERSIONS: Option<kafka_protocol::protocol::VersionRange> = None;
        }

        impl kafka_protocol::protocol::HeaderVersion for $message {
            fn header_version(_: i16) -> i16 {
                $header
            }
        }

        impl kafka_protocol::protocol::Encodable for $message {
            fn encode<B: kafka_protocol::protocol::buf::ByteBufMut>(
                &self,
                buf: &mut B,
                version: i16,
            ) -> anyhow::Result<()> {
                anyhow::ensure!(version == $version, "there is no version {version}");
                $crate::messages::encoding::Field::put(self, buf);
                Ok(())
            }

            fn compute_size(&self, version: i16) -> anyhow::Result<usize> {
                let mut encoded = bytes::BytesMut::new();
                self.encode(&mut encoded, version)?;
                Ok(encoded.len())
            }
        }

        impl kafka_protocol::protocol::Decodable for $message {
            fn decode<B: kafka_protocol::protocol::buf::ByteBuf>(
                buf: &mut B,
                version: i16,
            ) -> anyhow::Result<Self> {
                anyhow::ensure!(version == $version, "there is no version {version}");
                $crate::messages::encoding::Field::take(buf)
            }
        }
    };
}

pub(super) use {message, structure};

macro_rules! numbers {
    ($($number:ty: $put:ident, $take:ident;)*) => {
        $(
            impl Field for $number {
                fn put<B: ByteBufMut>(&self, buf: &mut B) {
                    buf.$put(*self);
                }

                fn take<B: ByteBuf>(buf: &mut B) -> Result<Self> {
                    Ok(buf.$take()?)
                }
            }
        )*
    };
}

numbers! {
    i8: put_i8, try_get_i8;
    i16: put_i16, try_get_i16;
    u16: put_u16, try_get_u16;
    i32: put_i32, try_get_i32;
    i64: put_i64, try_get_i64;
}

impl Field for bool {
    fn put<B: ByteBufMut>(&self, buf: &mut B) {
        i8::from(*self).put(buf);
    }

    fn take<B: ByteBuf>(buf: &mut B) -> Result<Self> {
        Ok(i8::take(buf)? != 0)
    }
}

impl Field for Uuid {
    fn put<B: ByteBufMut>(&self, buf: &mut B) {
        buf.put_u128(self.as_u128());
    }

    fn take<B: ByteBuf>(buf: &mut B) -> Result<Self> {
        Ok(Uuid::from_u128(buf.try_get_u128()?))
    }
}

impl Field for StrBytes {
    fn put<B: ByteBufMut>(&self, buf: &mut B) {
        put_length(buf, Some(self.len()));
        buf.put_slice(self.as_bytes());
    }

    fn take<B: ByteBuf>(buf: &mut B) -> Result<Self> {
        <Option<StrBytes> as Field>::take(buf)?.context("a text that must be there is null")
    }
}

impl Field for Option<StrBytes> {
    fn put<B: ByteBufMut>(&self, buf: &mut B) {
        match self {
            Some(text) => text.put(buf),
            None => put_length(buf, None),
        }
    }

    fn take<B: ByteBuf>(buf: &mut B) -> Result<Self> {
        let Some(length) = take_length(buf)? else { return Ok(None) };
        Ok(Some(StrBytes::try_from(buf.try_get_bytes(length)?)?))
    }
}

impl<T: Structure> Field for Option<T> {
    fn put<B: ByteBufMut>(&self, buf: &mut B) {
        match self {
            Some(structure) => {
                1_i8.put(buf);
                structure.put(buf);
            }
            None => (-1_i8).put(buf),
        }
    }

    fn take<B: ByteBuf>(buf: &mut B) -> Result<Self> {
        if i8::take(buf)? < 0 { Ok(None) } else { T::take(buf).map(Some) }
    }
}

impl<T: Field> Field for Vec<T> {
    fn put<B: ByteBufMut>(&self, buf: &mut B) {
        put_length(buf, Some(self.len()));
        self.iter().for_each(|one| one.put(buf));
    }

    /// Null is read as no elements.
    fn take<B: ByteBuf>(buf: &mut B) -> Result<Self> {
        let count = take_length(buf)?.unwrap_or(0);
        ensure!(count <= buf.remaining(), "a list says it holds more than there is");
        (0..count).map(|_| T::take(buf)).collect()
    }
}

/// Null in the place of a list: all there are.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct All;

impl Field for All {
    fn put<B: ByteBufMut>(&self, buf: &mut B) {
        put_length(buf, None);
    }

    fn take<B: ByteBuf>(buf: &mut B) -> Result<Self> {
        ensure!(take_length(buf)?.is_none(), "a list of some");
        Ok(All)
    }
}

/// Lengths are written plus one; 0 is null.
fn put_length<B: BufMut>(buf: &mut B, length: Option<usize>) {
    let mut left = length.map_or(0, |l| l + 1);
    while left >= 0x80 {
        buf.put_u8(u8::try_from(left & 0x7f).unwrap_or(0) | 0x80);
        left >>= 7;
    }
    buf.put_u8(u8::try_from(left).unwrap_or(0));
}

fn take_length<B: Buf>(buf: &mut B) -> Result<Option<usize>> {
    Ok(take_varint(buf)?.checked_sub(1))
}

fn take_varint<B: Buf>(buf: &mut B) -> Result<usize> {
    let mut value = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        let byte = buf.try_get_u8()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(u32::try_from(value)?.try_into()?);
        }
    }
    bail!("a length has no end")
}

pub(super) fn put_no_tags<B: BufMut>(buf: &mut B) {
    buf.put_u8(0);
}

/// None is known yet: what they say is passed over.
pub(super) fn pass_tags<B: ByteBuf>(buf: &mut B) -> Result<()> {
    for _ in 0..take_varint(buf)? {
        take_varint(buf)?;
        let size = take_varint(buf)?;
        buf.try_get_bytes(size)?;
    }
    Ok(())
}
