//! The checked reader under every decoder of this crate: it hands out what is there and nothing else.

/// Reads forward through borrowed bytes. Each read is `None` when the bytes end early or a number does not fit
/// its type; the caller knows the field and turns that into a typed error. After a `None` the position is not
/// meaningful.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline(always)]
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    #[inline]
    pub(crate) fn i8(&mut self) -> Option<i8> {
        self.array().map(i8::from_be_bytes)
    }

    #[inline]
    pub(crate) fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// An unsigned varint of at most 32 bits: lengths and counts of flexible messages.
    #[inline(always)]
    pub(crate) fn unsigned_varint(&mut self) -> Option<u32> {
        // Nearly every varint of a record has one or two bytes; the loop below is for the others.
        if let [first, rest @ ..] = self.rest
            && *first < 0x80
        {
            self.rest = rest;
            return Some(u32::from(*first));
        }
        if let [first, second, rest @ ..] = self.rest
            && *second < 0x80
        {
            self.rest = rest;
            return Some(u32::from(*first & 0x7f) | u32::from(*second) << 7);
        }
        self.long_varint(32).and_then(|value| u32::try_from(value).ok())
    }

    /// A zigzag varint of at most 32 bits: lengths and offset deltas inside a record.
    #[inline(always)]
    pub(crate) fn varint(&mut self) -> Option<i32> {
        let raw = self.unsigned_varint()?;
        Some((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// A zigzag varint of at most 64 bits: a record's timestamp delta.
    #[inline(always)]
    pub(crate) fn varlong(&mut self) -> Option<i64> {
        if let [first, rest @ ..] = self.rest
            && *first < 0x80
        {
            self.rest = rest;
            return Some(i64::from(*first >> 1) ^ -i64::from(*first & 1));
        }
        let raw = match self.rest {
            [first, second, rest @ ..] if *second < 0x80 => {
                self.rest = rest;
                u64::from(*first & 0x7f) | u64::from(*second) << 7
            }
            _ => self.long_varint(64)?,
        };
        Some((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// `None` also for a number that needs more than `bits` bits, where Java would drop the excess silently.
    #[inline(never)]
    fn long_varint(&mut self, bits: u32) -> Option<u64> {
        let mut value = 0_u64;
        let mut shift = 0;
        let mut rest = self.rest;
        while shift < bits {
            let (byte, tail) = rest.split_first()?;
            rest = tail;
            let low = u64::from(*byte & 0x7f);
            if bits - shift < 7 && low >> (bits - shift) != 0 {
                return None;
            }
            value |= low << shift;
            if *byte < 0x80 {
                self.rest = rest;
                return Some(value);
            }
            shift += 7;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn zigzag_covers_the_whole_range() {
        for (bytes, value) in [
            (&[0x00][..], 0),
            (&[0x01], -1),
            (&[0x02], 1),
            (&[0xae, 0x01], 87),
            (&[0xfe, 0xff, 0xff, 0xff, 0x0f], i32::MAX),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], i32::MIN),
        ] {
            assert_eq!(Cursor::new(bytes).varint(), Some(value));
            assert_eq!(Cursor::new(bytes).varlong(), Some(i64::from(value)));
        }
        let longest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(Cursor::new(&longest).varlong(), Some(i64::MIN));
    }

    #[test]
    fn a_varint_that_overflows_or_never_ends_is_refused() {
        assert_eq!(Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0x10]).varint(), None, "bit 32 is set");
        assert_eq!(Cursor::new(&[0x80; 11]).varint(), None);
        assert_eq!(Cursor::new(&[0x80; 11]).varlong(), None);
        assert_eq!(
            Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]).varlong(),
            None
        );
        assert_eq!(Cursor::new(&[0x80]).varint(), None, "cut off");
        assert_eq!(Cursor::new(&[]).varint(), None);
    }

    #[test]
    fn a_refused_take_leaves_the_bytes() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.take(4), None);
        assert_eq!(cursor.take(3), Some(&[1, 2, 3][..]));
        assert_eq!(cursor.remaining(), 0);
    }
}
