//! A service by its four golden signals: latency, traffic, errors and saturation.

use serde_json::Value;

use super::super::Generator;
use super::super::source::matcher;
use super::Dashboard;
use super::board::Board;
use super::panel::Panel;
use super::question::{PLACE, Question, join, legend, place_legend};
use crate::naming::{self, label};

pub(super) fn board(generator: &Generator) -> Value {
    let question = Question::new(generator);
    let own = question.exposed(naming::SLO_INFO.name, &matcher(label::SERVICE, &generator.service));
    let board = Board::new(
        generator,
        Dashboard::Service,
        "The four golden signals of the service: latency, traffic, errors and saturation, of requests, calls and operations.",
    );
    choose_places(board, question)
        .choose_some("instance", "Instance", &format!("label_values({own}, {})", label::INSTANCE))
        .row("Latency", [latency(question), heat(question)])
        .row("Traffic", [traffic(question)])
        .row("Errors", [failed(question), failures(question)])
        .row("Saturation", [active(question), lag(question), checks(question), overflow(question)])
        .finish("service", "6h")
}

/// Lets places be chosen, of each kind; what is of another kind goes as soon as one is.
pub(super) fn choose_places(board: Board, question: Question<'_>) -> Board {
    let values = |family: naming::Family, label: &str| {
        format!("label_values({}, {label})", question.exposed(&format!("{}_count", family.name), ""))
    };
    board
        .choose_some("route", "Route", &values(naming::HTTP_DURATION, label::HTTP_ROUTE))
        .choose_some("call", "Call", &values(naming::RPC_DURATION, label::RPC_METHOD))
        .choose_some("operation", "Operation", &values(naming::OPERATION_DURATION, label::OPERATION))
}

/// Matches the processes that are chosen.
fn instances() -> String {
    format!("{}=~\"$instance\"", label::INSTANCE)
}

/// Asks for quantiles; nothing where nothing was done, as there is none then.
pub(super) fn quantiles(question: Question<'_>, matchers: &str) -> [(String, String); 3] {
    [("0.5", "50 %"), ("0.95", "95 %"), ("0.99", "99 %")].map(|(quantile, legend)| {
        let buckets = question.durations("_bucket", matchers);
        let buckets = format!("sum by ({}) (rate({buckets}[$__rate_interval]))", label::LE);
        (format!("histogram_quantile({quantile}, {buckets}) >= 0"), legend.to_owned())
    })
}

fn rate(question: Question<'_>, by: &str, matchers: &str) -> String {
    let counts = question.durations("_count", &join([instances().as_str(), matchers]));
    format!("sum{by} (rate({counts}[$__rate_interval]))")
}

fn latency(question: Question<'_>) -> Panel {
    let description = "The durations that half, 95 % and 99 % stay below, estimated from buckets.";
    let panel = Panel::lines("Latency", description, "s").ask_all(quantiles(question, &instances()));
    panel.between(0.0, None)
}

fn heat(question: Question<'_>) -> Panel {
    let description = "Where the durations lie: the darker, the more.";
    let buckets = question.durations("_bucket", &instances());
    let expr = format!("sum by ({}) (increase({buckets}[$__rate_interval]))", label::LE);
    Panel::heat_map("Latency distribution", description, "Oranges").ask(expr, &legend(label::LE))
}

fn traffic(question: Question<'_>) -> Panel {
    let description = "What is answered or done each second, by route, call or operation.";
    let by = format!(" by ({})", PLACE.join(", "));
    let panel = Panel::lines("Traffic", description, "reqps").ask(rate(question, &by, ""), &place_legend());
    panel.stacked().between(0.0, None).sized(24, 8)
}

fn error_type() -> String {
    format!("{}!=\"\"", label::ERROR_TYPE)
}

fn failed(question: Question<'_>) -> Panel {
    let description = "The share of what failed, as its error type says. Without traffic there is none.";
    let (all, bad) = (rate(question, "", ""), rate(question, "", &error_type()));
    // A service that has not failed yet has no series of failures; one without traffic has no share.
    let expr = format!("({bad} or 0 * {all}) / ({all} > 0)");
    let panel = Panel::lines("Failed", description, "percentunit").ask(expr, "failed");
    panel.between(0.0, None)
}

fn failures(question: Question<'_>) -> Panel {
    let description = "What fails each second, by route, call or operation, and by error type.";
    let by = format!(" by ({}, {})", PLACE.join(", "), label::ERROR_TYPE);
    let legend = format!("{} {}", place_legend(), legend(label::ERROR_TYPE));
    let panel =
        Panel::lines("Failures", description, "reqps").ask(rate(question, &by, &error_type()), &legend);
    panel.stacked().between(0.0, None)
}

fn active(question: Question<'_>) -> Panel {
    let description = "Requests, calls and operations that are under way, by process.";
    let expr = format!("sum by ({}) ({})", label::INSTANCE, question.active());
    Panel::lines("Under way", description, "short").ask(expr, &legend(label::INSTANCE)).between(0.0, None)
}

fn lag(question: Question<'_>) -> Panel {
    let description =
        "The longest that a task of the runtime has waited for its turn within about a minute, by process.";
    let lag = question.exposed(naming::HEALTH_RUNTIME_LAG.name, &instances());
    let expr = format!("max by ({}) ({lag})", label::INSTANCE);
    Panel::lines("Lag of the runtime", description, "s")
        .ask(expr, &legend(label::INSTANCE))
        .between(0.0, None)
}

fn checks(question: Question<'_>) -> Panel {
    let description = "How well each health check is, at its worst process: 1 passes, 0.5 warns, 0 fails or has stopped reporting.";
    let status = question.exposed(naming::HEALTH_CHECK_STATUS.name, &instances());
    let expr = format!("min by ({}) ({status})", label::CHECK);
    Panel::lines("Health checks", description, "short")
        .ask(expr, &legend(label::CHECK))
        .between(0.0, Some(1.0))
}

fn overflow(question: Question<'_>) -> Panel {
    let description = "What found no place of its own, each second, beyond a maximum of routes or series. Anything but 0 means that a \
                       board does not show all.";
    let counter = question.exposed(naming::SLO_OVERFLOW.name, &instances());
    let expr = format!("sum by ({}) (rate({counter}[$__rate_interval]))", label::KIND);
    Panel::lines("Beyond a maximum", description, "ops").ask(expr, &legend(label::KIND)).between(0.0, None)
}
