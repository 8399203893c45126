//! Every function that can bear `#[slo]` leaves its declaration in the binary and does what it did before.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::io;
use std::num::ParseIntError;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use slo_tower::__private::{Declaration, Declared, Subject, inventory};
use slo_tower::slo;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs a future that never waits for anything.
fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn is_unpin<T: Unpin>(value: T) -> T {
    value
}

fn declarations() -> BTreeMap<&'static str, &'static Declaration> {
    let mut found = BTreeMap::new();
    for Declared(declaration) in inventory::iter::<Declared> {
        // `debug_handler` compiles a second copy of a handler to check it: two entries, but one place.
        if let Some(copy) = found.insert(declaration.name(), *declaration) {
            assert_eq!(copy.location(), declaration.location(), "{declaration:?} is there twice");
            assert!(declaration.name().ends_with("debug_handler"), "{declaration:?} is there twice");
        }
    }
    found
}

mod handlers {
    use super::*;

    #[slo(availability = 99.9%, latency = 99% < 250ms, window = 30d, labels(team = "payments"))]
    pub(crate) async fn async_handler(text: &str) -> Result<usize, ParseIntError> {
        if text.is_empty() {
            return Ok(0);
        }
        let number: usize = text.parse()?;
        Ok(number + 1)
    }

    #[slo(availability = "99.9%", latency = "99% < 250ms to head", window = "30d", route = "POST /checkout")]
    pub(crate) fn future_handler(text: &str) -> impl Future<Output = usize> + use<'_> {
        let length = text.len();
        async move { length + text.len() }
    }

    #[expect(dead_code, reason = "the point is that it is never instantiated")]
    #[slo(availability = 99%)]
    pub(crate) async fn never_instantiated<T: Display + ?Sized>(value: &T) -> String {
        value.to_string()
    }

    #[slo(latency = 99% < 1s, latency = 90% < 100ms to body)]
    pub(crate) async fn generic_handler<T, const N: usize>(values: [T; N]) -> Vec<T>
    where
        T: Copy,
    {
        values.into_iter().collect()
    }

    #[slo(availability = 99%)]
    #[axum::debug_handler]
    pub(crate) async fn above_debug_handler(body: String) -> String {
        body
    }

    #[axum::debug_handler]
    #[slo(availability = 99%)]
    pub(crate) async fn below_debug_handler(body: String) -> impl axum::response::IntoResponse {
        body
    }

    #[slo(availability = 99%)]
    pub(crate) async fn r#await(mut numbers: Vec<u8>) -> Vec<u8> {
        numbers.push(1);
        numbers
    }
}

struct Shop {
    calls: usize,
}

impl Shop {
    #[slo(name = "method", availability = 99%)]
    async fn call(&mut self, more: usize) -> &mut usize {
        self.calls += more;
        &mut self.calls
    }

    #[slo(operation = "borrowing-operation", availability = 99%)]
    fn borrow(&mut self) -> Result<&mut usize, io::Error> {
        if self.calls == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(&mut self.calls)
    }

    #[slo(operation = "borrowing-async-operation", availability = 99%)]
    async fn borrow_async<'a>(&'a mut self, text: &str) -> Result<&'a mut usize, ParseIntError> {
        self.calls += text.parse::<usize>()?;
        Ok(&mut self.calls)
    }
}

#[async_trait::async_trait]
trait Checkout {
    async fn checkout(&mut self, text: &str) -> Result<usize, ParseIntError>;
    async fn bill(&self, text: &str) -> Result<usize, ParseIntError>;
}

#[async_trait::async_trait]
impl Checkout for Shop {
    #[slo(name = "async-trait-handler", availability = 99%)]
    async fn checkout(&mut self, text: &str) -> Result<usize, ParseIntError> {
        self.calls += text.parse::<usize>()?;
        Ok(self.calls)
    }

    #[slo(operation = "async-trait-operation", availability = 99%)]
    async fn bill(&self, text: &str) -> Result<usize, ParseIntError> {
        if text == "all" {
            return Ok(self.calls);
        }
        Ok(text.parse::<usize>()? + self.calls)
    }
}

mod operations {
    use super::*;

    #[slo(operation = "sync-operation", combined = 99% < 1s)]
    pub(crate) fn sync(mut lines: impl Iterator<Item = String>) -> io::Result<usize> {
        let Some(line) = lines.next() else {
            return Ok(0);
        };
        line.parse::<usize>().map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(line.len())
    }

    #[slo(operation = "async-operation", availability = 99%, alerts = off)]
    pub(crate) async fn asynchronous(text: &str) -> Result<impl Display, ParseIntError> {
        if text.is_empty() {
            return Ok(0_usize);
        }
        let number = std::future::ready(text.parse()).await?;
        Ok(number)
    }

    #[slo(operation = "opaque-async-operation", availability = 99%)]
    pub(crate) async fn opaque(text: &str) -> impl Display {
        format!("<{text}>")
    }

    #[slo(operation = "future-operation", availability = 99%)]
    pub(crate) fn future(text: &str) -> impl Future<Output = io::Result<usize>> + Send + '_ {
        let length = text.len();
        async move { if length == 0 { Err(io::ErrorKind::NotFound.into()) } else { Ok(text.len()) } }
    }

    #[slo(operation = "boxed-operation", availability = 99%)]
    pub(crate) fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = &'a str> + Send + 'a>> {
        if text.is_empty() {
            return Box::pin(std::future::ready("nothing"));
        }
        Box::pin(async move { text })
    }

    #[slo(operation = "unpin-operation", availability = 99%)]
    pub(crate) fn unpin(value: u8) -> impl Future<Output = u8> + Unpin {
        std::future::ready(value)
    }

    #[slo(operation = "alias-operation", availability = 99%)]
    pub(crate) fn alias(text: &str) -> BoxFuture<'_, Result<usize, ParseIntError>> {
        Box::pin(async move { text.parse() })
    }

    #[slo(operation = "recursive-operation", availability = 99%)]
    pub(crate) async fn factorial(number: u64) -> u64 {
        if number == 0 { 1 } else { number * Box::pin(factorial(number - 1)).await }
    }

    #[slo(operation = "generic-operation", availability = 99%)]
    pub(crate) fn generic<T, F: FnOnce() -> T>(make: F) -> T {
        make()
    }

    #[slo(operation = "unit-operation", availability = 99%)]
    pub(crate) async fn unit(seen: &mut Vec<u8>) {
        seen.push(1);
    }

    #[expect(dead_code, reason = "it never returns")]
    #[slo(operation = "diverging-operation", availability = 99%)]
    pub(crate) async fn diverging() -> ! {
        loop {
            std::future::pending::<()>().await;
        }
    }
}

#[test]
fn every_declaration_is_found() {
    let found: Vec<&str> = declarations().into_keys().collect();
    let expected = [
        "above_debug_handler",
        "alias-operation",
        "async-operation",
        "async-trait-handler",
        "async-trait-operation",
        "async_handler",
        "await",
        "below_debug_handler",
        "borrowing-async-operation",
        "borrowing-operation",
        "boxed-operation",
        "diverging-operation",
        "future-operation",
        "future_handler",
        "generic-operation",
        "generic_handler",
        "method",
        "never_instantiated",
        "opaque-async-operation",
        "recursive-operation",
        "sync-operation",
        "unit-operation",
        "unpin-operation",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_declaration_says_what_was_written() {
    let found = declarations();
    assert_eq!(found["async_handler"].subject(), Subject::Handler { route: None });
    assert_eq!(found["future_handler"].subject(), Subject::Handler { route: Some("POST /checkout") });
    assert_eq!(found["sync-operation"].subject(), Subject::Operation);
    for declaration in found.values() {
        assert_eq!(declaration.location().file(), file!(), "{declaration:?}");
    }
    // The promises are not part of its surface, but of what it prints.
    let check = |name: &str, parts: &[&str]| {
        let text = format!("{:?}", found[name]);
        for part in parts {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    };
    check(
        "async_handler",
        &["\"async_handler-availability\"", "\"async_handler-latency\"", "\"payments\"", "999000000"],
    );
    check(
        "generic_handler",
        &["\"generic_handler-latency-1s\"", "\"generic_handler-latency-100ms\"", "end: Usual", "end: Body"],
    );
    check("future_handler", &["end: Head"]);
    check("sync-operation", &["\"sync-operation-combined\"", "Combined"]);
}

#[test]
fn handlers_do_what_they_did() {
    assert_eq!(run(is_send(handlers::async_handler(""))), Ok(0));
    assert_eq!(run(handlers::async_handler("41")), Ok(42));
    assert!(run(handlers::async_handler("x")).is_err());
    assert_eq!(run(is_send(handlers::future_handler("abc"))), 6);
    assert_eq!(run(handlers::generic_handler([1, 2])), [1, 2]);
    assert_eq!(run(handlers::r#await(vec![0])), [0, 1]);
    assert_eq!(run(handlers::above_debug_handler("a".to_owned())), "a");
    run(handlers::below_debug_handler("a".to_owned()));
    let mut shop = Shop { calls: 1 };
    *run(is_send(shop.call(1))) += 1;
    assert_eq!(run(shop.checkout("4")), Ok(7));
    assert!(run(shop.checkout("x")).is_err());
}

#[test]
fn sync_operations_do_what_they_did() {
    let lines = |line: &str| vec![line.to_owned()].into_iter();
    assert_eq!(operations::sync(std::iter::empty()).unwrap(), 0);
    assert_eq!(operations::sync(lines("12")).unwrap(), 2);
    assert_eq!(operations::sync(lines("x")).unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert_eq!(operations::generic(|| "value"), "value");
    let mut shop = Shop { calls: 0 };
    assert!(shop.borrow().is_err());
    shop.calls = 2;
    *shop.borrow().unwrap() += 1;
    assert_eq!(shop.calls, 3);
}

#[test]
fn async_operations_do_what_they_did() {
    assert_eq!(run(is_send(operations::asynchronous("12"))).unwrap().to_string(), "12");
    assert_eq!(run(operations::asynchronous("")).unwrap().to_string(), "0");
    assert!(run(operations::asynchronous("x")).is_err());
    assert_eq!(run(is_send(operations::opaque("a"))).to_string(), "<a>");
    assert_eq!(run(is_send(operations::factorial(5))), 120);
    let mut seen = Vec::new();
    run(is_send(operations::unit(&mut seen)));
    assert_eq!(seen, [1]);
    let mut shop = Shop { calls: 0 };
    *run(is_send(shop.borrow_async("2"))).unwrap() += 1;
    assert_eq!(shop.calls, 3);
    assert!(run(shop.borrow_async("x")).is_err());
    assert_eq!(run(shop.bill("all")), Ok(3));
    assert_eq!(run(shop.bill("1")), Ok(4));
    assert!(run(shop.bill("x")).is_err());
}

#[test]
fn operations_that_return_futures_do_what_they_did() {
    assert_eq!(run(is_send(operations::future("abc"))).unwrap(), 3);
    assert!(run(operations::future("")).is_err());
    assert_eq!(run(is_unpin(operations::unpin(7))), 7);
    assert_eq!(run(operations::boxed("")), "nothing");
    assert_eq!(run(is_send(operations::boxed("abc"))), "abc");
    assert_eq!(run(is_send(operations::alias("7"))), Ok(7));
    assert!(run(operations::alias("x")).is_err());
}
