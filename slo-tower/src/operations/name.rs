//! What a call is called.

/// The name of a call: a text, or an `Option` of one, where none is a call that is not recorded.
///
/// [`SloRegistry::layer_operations`](crate::SloRegistry::layer_operations) asks for texts that are `'static`, so that none comes
/// from a client. Here they need not be: in the futures of users the compiler forgets which lifetimes were.
pub trait OperationName {
    /// Returns the name, if there is one.
    fn name(&self) -> Option<&str>;
}

impl OperationName for &str {
    #[inline]
    fn name(&self) -> Option<&str> {
        Some(self)
    }
}

impl OperationName for Option<&str> {
    #[inline]
    fn name(&self) -> Option<&str> {
        *self
    }
}
