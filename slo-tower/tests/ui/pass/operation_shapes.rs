//! Operations of every shape, in a crate that denies what it can.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused, unused_qualifications, unreachable_pub)]
#![deny(rust_2018_idioms, let_underscore_drop, single_use_lifetimes, trivial_casts, unused_results)]

use std::future::{Future, Ready, ready};
use std::io;
use std::pin::Pin;

use slo_tower::slo;

/// An alias that the attribute cannot see through.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Documented.
#[slo(operation = "documented", availability = 99.9%)]
#[must_use]
pub fn documented() -> u8 {
    7
}

#[slo(operation = "unit", availability = 99.9%)]
fn unit() {}

#[slo(operation = "explicit-unit", availability = 99.9%)]
async fn early_return(stop: bool) {
    if stop {
        return;
    }
    ready(()).await;
}

#[slo(operation = "alias", availability = 99.9%, latency = 99% < 1s)]
fn alias(text: &str) -> Outcome<u8> {
    if text.is_empty() {
        return Err("empty".into());
    }
    Ok(text.parse()?)
}

#[slo(operation = "inferred", availability = 99.9%)]
async fn inferred(numbers: &[&str]) -> Outcome<Vec<u8>> {
    let numbers = numbers.iter().map(|number| number.parse()).collect::<Result<_, _>>()?;
    Ok(numbers)
}

#[slo(operation = "coerced", availability = 99.9%)]
async fn coerced(value: u8) -> Box<dyn Fn() -> u8 + Send> {
    Box::new(move || value)
}

#[slo(operation = "opaque", availability = 99.9%)]
fn opaque<'a>(numbers: &'a mut [u8]) -> impl Iterator<Item = &'a mut u8> + use<'a> {
    numbers.iter_mut()
}

#[slo(operation = "named-future", availability = 99.9%)]
fn named_future(value: u8) -> Ready<u8> {
    ready(value)
}

#[slo(operation = "never", availability = 99.9%)]
fn never(code: i32) -> ! {
    std::process::exit(code)
}

#[slo(operation = "panics", availability = 99.9%)]
async fn panics() -> Outcome<u8> {
    panic!("no value at all")
}

struct Shop {
    sold: Vec<String>,
}

impl Shop {
    #[slo(operation = "exclusive", availability = 99.9%)]
    fn exclusive<'a>(&'a mut self, prefix: &str) -> io::Result<&'a mut String> {
        let found = self.sold.iter_mut().find(|sold| sold.starts_with(prefix));
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    #[slo(operation = "owned", availability = 99.9%)]
    async fn owned(mut self, more: impl Into<String>) -> Self {
        self.sold.push(more.into());
        self
    }

    #[slo(operation = "boxed", availability = 99.9%)]
    fn boxed<'a>(&'a mut self, name: &'a str) -> Pin<Box<dyn Future<Output = Outcome<usize>> + Send + 'a>> {
        Box::pin(async move {
            self.sold.push(name.to_owned());
            Ok(self.sold.len())
        })
    }

    #[slo(operation = "pinned", availability = 99.9%)]
    fn pinned(self: Pin<&mut Self>) -> impl Future<Output = usize> + Unpin {
        ready(self.sold.len())
    }
}

trait Sell {
    async fn sell(&self) -> usize;
}

impl Sell for Shop {
    #[slo(operation = "async-fn-in-trait", availability = 99.9%)]
    async fn sell(&self) -> usize {
        self.sold.len()
    }
}

#[slo(operation = "raw-arguments", availability = 99.9%)]
fn hygienic(operation: u8, value: u8, future: u8) -> u8 {
    operation + value + future
}

fn main() {
    assert_eq!(documented(), 7);
    unit();
    assert!(alias("x").is_err() && alias("").is_err() && alias("7").is_ok());
    assert_eq!(opaque(&mut [1, 2]).count(), 2);
    assert_eq!(hygienic(1, 2, 3), 6);
    drop((early_return(true), inferred(&["1"]), coerced(1), named_future(1), panics()));
    let mut shop = Shop { sold: vec!["tea".to_owned()] };
    assert!(shop.exclusive("coffee").is_err());
    shop.exclusive("te").unwrap().push('!');
    drop(shop.boxed("coffee"));
    drop(Pin::new(&mut shop).pinned());
    drop(shop.sell());
    drop(shop.owned("cake"));
    never(0);
}
