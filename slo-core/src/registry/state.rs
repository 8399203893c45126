//! What an attempt carries besides its start: one number, nearly always zero.
//!
//! As wide as its neighbour in the attempt, so that no padding is moved byte by byte.

use super::classify::EventOverride;

/// What is known of an attempt under way: whether it is a stream, whether its method is
/// known, and what its handler said. One number,
/// so that what is usual is seen at one glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State(u32);

impl State {
    /// Nobody said anything.
    pub(super) const USUAL: Self = Self(0);
    /// It is a stream, and its head is there.
    const STREAM: u32 = 1 << 8;
    /// There was maintenance before the head of the stream.
    const MAINTAINED: u32 = 1 << 9;
    /// It is a call, and nobody knows yet whether there is such a method.
    const UNKNOWN_METHOD: u32 = 1 << 10;
    const OVERRULED: u32 = 3;

    pub(super) const fn is_stream(self) -> bool {
        self.0 & Self::STREAM != 0
    }

    pub(super) const fn was_maintained(self) -> bool {
        self.0 & Self::MAINTAINED != 0
    }

    pub(super) const fn of_stream(self, maintained: bool) -> Self {
        Self(self.0 | Self::STREAM | if maintained { Self::MAINTAINED } else { 0 })
    }

    pub(super) const fn of_no_stream(self) -> Self {
        Self(self.0 & !(Self::STREAM | Self::MAINTAINED))
    }

    pub(super) const fn method_is_unknown(self) -> bool {
        self.0 & Self::UNKNOWN_METHOD != 0
    }

    pub(super) const fn of_unknown_method(self) -> Self {
        Self(self.0 | Self::UNKNOWN_METHOD)
    }

    pub(super) const fn of_known_method(self) -> Self {
        Self(self.0 & !Self::UNKNOWN_METHOD)
    }

    pub(super) const fn overruled(self) -> Option<EventOverride> {
        match self.0 & Self::OVERRULED {
            1 => Some(EventOverride::Good),
            2 => Some(EventOverride::Bad),
            3 => Some(EventOverride::Excluded),
            _ => None,
        }
    }

    pub(super) const fn with_override(self, said: EventOverride) -> Self {
        let said = match said {
            EventOverride::Good => 1,
            EventOverride::Bad => 2,
            EventOverride::Excluded => 3,
        };
        Self(self.0 & !Self::OVERRULED | said)
    }
}
