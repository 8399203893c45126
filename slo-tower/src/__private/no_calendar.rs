//! The windows that an attribute may name: without the feature `calendar` those of a duration.

use slo_core::Window;

/// Reads a window that the attribute has checked; one of the calendar fails the build.
#[must_use]
pub const fn window(text: &str) -> Window {
    let window = Window::literal(text);
    assert!(
        window.calendar().is_none(),
        "weeks, months and quarters need the feature `calendar` of `slo-tower`: enable it, or write a duration such as 30d"
    );
    window
}
