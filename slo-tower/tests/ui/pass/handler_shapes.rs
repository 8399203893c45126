//! Handlers of every shape, in a crate that denies what it can.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused, unused_qualifications, unreachable_pub)]
#![deny(rust_2018_idioms, let_underscore_drop, single_use_lifetimes, trivial_casts, unused_results)]

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;

use slo_tower::slo;

/// Documented.
#[slo(availability = 99.9%, latency = 99% < 250ms, window = 30d)]
pub async fn documented() -> &'static str {
    "documented"
}

#[rustfmt::skip]
#[slo(availability = 0.999,)]
async fn ratio_and_trailing_comma() {}

#[slo(latency = 99% < 250ms, latency = 99.9% < 1.5s, combined = 95 % < 100us)]
fn returns_impl_future<'a>(text: &'a str, more: &str) -> impl Future<Output = usize> + Send + use<'a> {
    let more = more.len();
    async move { text.len() + more }
}

#[slo(availability = "99.9%", latency = "99% < 250ms", window = "4w", alerts = page)]
fn returns_boxed_future<T: Display + Send + 'static>(
    value: T,
) -> Pin<Box<dyn Future<Output = String> + Send>> {
    Box::pin(async move { value.to_string() })
}

#[slo(availability = 99.9%, name = "with-inner-attributes", labels(team = "payments", tier = "1"))]
async fn inner_attributes(Pair(left, mut right): Pair, _: u8) -> u8 {
    #![allow(clippy::arithmetic_side_effects)]
    right += left;
    right
}

struct Pair(u8, u8);

struct Shop;

impl Shop {
    #[slo(availability = 99.9%, route = "POST /orders/{id}", alerts = "off")]
    pub(crate) async fn method<T>(&mut self, values: impl IntoIterator<Item = T>) -> usize
    where
        T: Copy,
    {
        values.into_iter().count()
    }

    #[slo(availability = 99.9%)]
    async fn owned(self) -> Self {
        self
    }
}

trait Named {
    #[slo(availability = 99.9%)]
    fn provided(&self) -> usize {
        self.name().len()
    }

    fn name(&self) -> &str;
}

impl Named for Shop {
    #[slo(availability = 99.9%)]
    fn name(&self) -> &str {
        "shop"
    }
}

macro_rules! handler {
    ($name:ident, $share:literal, $window:literal) => {
        #[slo(availability = $share, window = $window)]
        async fn $name() {}
    };
}

handler!(from_a_macro, "99.9%", "30d");

#[slo(availability = 99.9%)]
extern "C" fn foreign(number: u8) -> u8 {
    number
}

fn main() {
    drop((documented(), ratio_and_trailing_comma(), from_a_macro()));
    drop((returns_impl_future("a", "b"), returns_boxed_future(1), inner_attributes(Pair(1, 2), 3)));
    drop((Shop.method([1]), Shop.owned()));
    assert_eq!(Shop.provided(), 4);
    assert_eq!(foreign(1), 1);
}
