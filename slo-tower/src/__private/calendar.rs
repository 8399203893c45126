//! The windows that an attribute may name: with the feature `calendar` all of them.

use slo_core::Window;

/// Reads a window that the attribute has checked.
#[must_use]
pub const fn window(text: &str) -> Window {
    Window::literal(text)
}
