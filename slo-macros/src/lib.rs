//! The `#[slo(...)]` attribute of `slo-tower`, which re-exports it: depend on that crate, not on this one.
//!
//! The stages are `attr` (keys) and `text` (values), `ast` (the function), `policy` and `valid` (what `slo-core` makes of
//! them) and `expand` (what is written). A promise that cannot be kept or means nothing is an error when the
//! service is built, not when it runs.
//!
//! The attribute must never change what a function does, hide one mistake behind another, or have an opinion
//! of its own on what a value means.

mod attr;

mod text;

mod ast;

mod policy;

mod valid;

mod expand;

use proc_macro::TokenStream;

/// Promises something about a handler or an operation, and declares it to the registry.
///
/// ```
/// use slo_tower::slo;
///
/// #[slo(availability = 99.9%, latency = 99% < 250ms, window = 30d)]
/// async fn checkout() -> &'static str {
///     "thank you"
/// }
/// ```
///
/// The promises are found by the registry wherever they are linked in: there is no list to keep. The function
/// stays what it was, with its signature, its other attributes and its behaviour.
///
/// # Keys
///
/// | key | meaning | default |
/// |---|---|---|
/// | `availability = 99.9%` | this share of the requests succeeds | |
/// | `latency = 99% < 250ms` | of the successful requests, this share takes no longer | |
/// | `combined = 99% < 250ms` | this share of the requests succeeds and takes no longer | |
/// | `class = high_fast` | the goals of a class of the SRE workbook: `critical`, `high_fast`, `high_slow` or `low` (see below) | none |
/// | `window = 30d` | the period of all these goals: from `1h` to `90d`, or `week`, `month` or `quarter`, with a time zone as in `"month Europe/Berlin"` | `30d` |
/// | `slices = 95% per 1m` | all these goals are about slices of time, each good if so many of its events are | events count |
/// | `alerts = page` | the rows of the alert policy: `page`, `ticket`, `workbook` (both) or `off`, or the path of an `AlertPolicy` | every row that can fire |
/// | `alerts(rows = page, bad_events_min = 5, form = count)` | the same with a floor of bad events and a form, `ratio` or `count`; each may be left out | a floor of 2, `ratio` |
/// | `name = "checkout"` | what the names of the SLOs start with | the function's name |
/// | `route = "POST /checkout"` | the route, if it cannot be learnt from the requests | learnt |
/// | `labels(team = "payments")` | labels of `slo_info` | none |
/// | `operation = "nightly-billing"` | the function is no handler: each call is an event (see below) | |
/// | `crate = my_slo_tower` | the path of `slo_tower`, if the dependency was renamed or is passed on | `::slo_tower` |
///
/// At least one goal, or a class, must be given. `latency` and `combined` may be given several times, with different
/// thresholds or ends; every other key once. Values may be written bare or as texts, `99.9%` or `"99.9%"`; a share
/// is a percentage with its `%` or a ratio such as `0.999`, a duration a number with `ns`, `us`, `ms`, `s`,
/// `m`, `h`, `d` or `w`.
///
/// A calendar window needs the feature `calendar` of `slo_tower`; that there is such a time zone, and that the rows of a policy given
/// by its path can fire, is checked when the registry is built.
///
/// ```
/// # use slo_tower::{AlertPolicy, AlertRow, Severity, slo};
/// # use std::time::Duration;
/// const NIGHTS: AlertPolicy =
///     AlertPolicy::literal(&[AlertRow::literal(Severity::Page, Duration::from_secs(6 * 3_600), 6.0)]);
///
/// #[slo(availability = 99.9%, slices = 95% per 1m, alerts(rows = NIGHTS, bad_events_min = 5))]
/// async fn report() {}
/// ```
///
/// # Classes
///
/// | `class =` | availability | latency |
/// |---|---|---|
/// | `critical` | 99.99 % | 90 % < 100 ms, 99 % < 200 ms |
/// | `high_fast` | 99.9 % | 90 % < 100 ms, 99 % < 200 ms |
/// | `high_slow` | 99.9 % | 90 % < 1 s, 99 % < 5 s |
/// | `low` | 99 % | |
///
/// In any case of letters. A goal that is written beside the class replaces all of the class's goals of its kind:
///
/// ```
/// # use slo_tower::{__private::{Declared, inventory}, slo};
/// #[slo(class = high_slow, latency = 95% < 2s)]
/// async fn report() {}
///
/// let names = ["report-availability", "report-latency"];
/// # let declared: String = inventory::iter::<Declared>.into_iter().map(|declared| format!("{declared:?}")).collect();
/// # for name in names {
/// #     assert!(declared.contains(&format!("name: \"{name}\"")), "{name}");
/// # }
/// # assert!(!declared.contains("report-latency-1s"));
/// ```
///
/// A latency ends with the body of the response, and at the head of one that streams without a known length. A goal may
/// choose: `to head` looks at the time until there is a response, `to body` at the time until all of it is handed over.
///
/// ```
/// # use slo_tower::slo;
/// #[slo(latency = 99% < 250ms to head, combined = 99% < 30s to body)]
/// async fn report() -> &'static str {
///     "many pages"
/// }
/// ```
///
/// Whatever is wrong is an error at the place where it is wrong, all of it at once: an objective of 100 %, a
/// threshold of zero, an unknown key, a chosen alert row that could not fire even in a total outage.
///
/// ```compile_fail
/// # use slo_tower::slo;
/// #[slo(availability = 100%)] // leaves no error budget: write less, such as 99.9%
/// async fn checkout() {}
/// ```
///
/// # Names
///
/// An SLO is named by `name`, `operation` or the function, and its kind. Where a kind is given several
/// times, each of its SLOs gets its threshold too, in the largest unit that keeps it whole: `1.5s` becomes
/// `1500ms`; where the thresholds are the same, those with a `to` get its word as well.
///
/// ```
/// # use slo_tower::{__private::{Declared, inventory}, slo};
/// #[slo(availability = 99.9%, latency = 99% < 250ms, latency = 99.9% < 1.5s)]
/// async fn checkout() {}
///
/// let names = ["checkout-availability", "checkout-latency-250ms", "checkout-latency-1500ms"];
/// # let declared: String = inventory::iter::<Declared>.into_iter().map(|declared| format!("{declared:?}")).collect();
/// # for name in names {
/// #     assert!(declared.contains(&format!("name: \"{name}\"")), "{name}");
/// # }
/// ```
///
/// Names are unique in a registry, so two methods of the same name need a `name` each.
///
/// # Handlers
///
/// The attribute goes on an `async fn`, an `fn` that returns a future, or a method of either kind, generic or
/// not. A handler only says which request this is; the layer measures it and decides whether it was good. A
/// request that an extractor refuses never reaches the function; it counts for the handler its route belongs to.
/// Until a route's handler has first run, unless `route` names it, such requests wait to be counted.
///
/// With `#[axum::debug_handler]` the order does not matter. Under `#[async_trait]`, which tonic also exports as
/// `#[tonic::async_trait]`, the attribute goes on the methods of the `impl`. `#[slo]` may be given once.
///
/// # Operations
///
/// A function that answers no request records its own calls. `Err` is bad, however the `Result` is called; a
/// panic is bad; a future that is dropped before its end is cancelled and does not count; everything else is
/// good.
///
/// ```
/// # use std::future::Future;
/// # use slo_tower::slo;
/// #[slo(operation = "nightly-billing", availability = 99%, alerts = "ticket")]
/// async fn bill(accounts: &[&str]) -> Result<usize, std::num::ParseIntError> {
///     let mut sum = 0;
///     for account in accounts {
///         sum += account.parse::<usize>()?;
///     }
///     Ok(sum)
/// }
/// # let poll = |accounts| {
/// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #     std::pin::pin!(bill(accounts)).poll(&mut context)
/// # };
/// # assert_eq!(poll(&["1", "2"]), std::task::Poll::Ready(Ok(3)));
/// # assert!(matches!(poll(&["x"]), std::task::Poll::Ready(Err(_))));
/// ```
///
/// A call begins when the function does: an `async fn` when its future is first polled. It lasts until the
/// function returns or, if it is an `async fn` or returns an `impl Future` or a `Pin<Box<dyn Future>>`, until
/// that future is ready. A future of any other type cannot be followed, as its
/// type would change: its call ends when the function returns. In a generic function that returns `T`, `T`
/// is not seen to be a `Result`. `#[track_caller]` cannot be kept and is an error.
#[proc_macro_attribute]
pub fn slo(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(attribute.into(), &item.into()).into()
}
