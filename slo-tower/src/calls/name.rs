//! What a call is called.

/// The name of a call: a text, or an `Option` of one, where none is a call that is not recorded.
///
/// [`SloRegistry::layer_calls`](crate::SloRegistry::layer_calls) asks for texts that are `'static`, so that none comes
/// from a client. Here they need not be: in the futures of users the compiler forgets which lifetimes were.
pub trait CallName {
    /// Returns the name, if there is one.
    fn name(&self) -> Option<&str>;
}

impl CallName for &str {
    #[inline]
    fn name(&self) -> Option<&str> {
        Some(self)
    }
}

impl CallName for Option<&str> {
    #[inline]
    fn name(&self) -> Option<&str> {
        *self
    }
}
