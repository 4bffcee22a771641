//! Numbers that follow from a seed.

/// splitmix64: small, and good enough to choose what dies when.
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number from `first` to `last`.
    pub(super) fn between(&mut self, (first, last): (u64, u64)) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        first + (z ^ (z >> 31)) % (last - first + 1)
    }
}
