//! What the shop is told: its command line and its environment.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lexopt::prelude::*;
use slo_tower::Dashboard;

use crate::traffic::Bounds;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
A shop whose handlers promise something, and which knows how much error budget is left.

Usage: cargo run --example shop [-- OPTIONS]

Options:
      --traffic[=SECONDS]  send requests to itself for this long (60) and print a summary; then go on serving
      --requests=N         with --traffic: send at most this many (12000)
      --seed=N             with --traffic: choose other requests (1)
      --print=WHAT         print what a fleet of shops is watched by, and end: rules (of Prometheus), prometheusrule (for its
                           operator), alertmanager (where alerts go), dashboard-overview, dashboard-slo, dashboard-service,
                           grafana-dashboards or grafana-datasource (by which Grafana finds them, and Prometheus)
  -h, --help               print this

Environment:
  HOST      listen on this address (127.0.0.1)
  PORT      listen on this port (3000); 0 takes a free one
  SLO_STATE_DIR
            keep the budgets in this directory (./slo-state), so that they survive a restart; each shop needs one of its own
  NO_COLOR  if it is set to anything, draw without colours
";

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// Print [`HELP`].
    Help,
    /// Print a generated file.
    Print(Printed),
    /// Serve the shop.
    Serve(Options),
}

/// Which generated file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Printed {
    Rules,
    PrometheusRule,
    Alertmanager,
    Dashboard(Dashboard),
    GrafanaDashboards,
    GrafanaDatasource,
}

impl FromStr for Printed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rules" => Ok(Self::Rules),
            "prometheusrule" => Ok(Self::PrometheusRule),
            "alertmanager" => Ok(Self::Alertmanager),
            "grafana-dashboards" => Ok(Self::GrafanaDashboards),
            "grafana-datasource" => Ok(Self::GrafanaDatasource),
            _ => {
                let board = text.strip_prefix("dashboard-").and_then(Dashboard::named);
                board.map(Self::Dashboard).ok_or_else(|| {
                    "write rules, prometheusrule, alertmanager, dashboard-overview, dashboard-slo, dashboard-service, \
                     grafana-dashboards or grafana-datasource"
                        .to_owned()
                })
            }
        }
    }
}

/// How to serve.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) state_dir: PathBuf,
    pub(crate) traffic: Option<Bounds>,
    pub(crate) colour: bool,
}

impl Command {
    /// Reads the arguments after the program's name, and the environment.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, OptionsError> {
        let port = environment("PORT").unwrap_or_else(|| "3000".to_owned());
        let mut options = Options {
            host: environment("HOST").unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: port.parse().map_err(|_| error(format!("PORT={port:?} is no port: write 0 to 65535")))?,
            state_dir: environment("SLO_STATE_DIR").unwrap_or_else(|| "./slo-state".to_owned()).into(),
            traffic: None,
            colour: environment("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let (mut bounds, mut bounded) = (Bounds::default(), None);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(Self::Help),
                Long("print") => return Ok(Self::Print(parser.value()?.parse()?)),
                Long("traffic") => {
                    if let Some(seconds) = parser.optional_value() {
                        bounds.time = Duration::from_secs(seconds.parse()?);
                    }
                    options.traffic = Some(bounds);
                }
                Long("requests") => (bounds.requests, bounded) = (parser.value()?.parse()?, Some("requests")),
                Long("seed") => (bounds.seed, bounded) = (parser.value()?.parse()?, Some("seed")),
                other => return Err(other.unexpected().into()),
            }
        }
        match (options.traffic.as_mut(), bounded) {
            (Some(traffic), _) => *traffic = bounds,
            (None, Some(option)) => return Err(error(format!("--{option} needs --traffic"))),
            (None, None) => {}
        }
        Ok(Self::Serve(options))
    }
}

/// Arguments or an environment that mean nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OptionsError(String);

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; --help says what can be given", self.0)
    }
}

impl std::error::Error for OptionsError {}

impl From<lexopt::Error> for OptionsError {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

const fn error(text: String) -> OptionsError {
    OptionsError(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Command, String> {
        let variable =
            |name: &str| environment.iter().find(|entry| entry.0 == name).map(|entry| entry.1.to_owned());
        Command::parse(arguments.iter().map(OsString::from), variable).map_err(|error| error.to_string())
    }

    #[test]
    fn options_are_read_from_arguments_and_environment() {
        let state_dir = PathBuf::from("./slo-state");
        let default =
            Options { host: "127.0.0.1".to_owned(), port: 3000, state_dir, traffic: None, colour: true };
        assert_eq!(parse(&[], &[]), Ok(Command::Serve(default)));
        assert_eq!(parse(&["--traffic", "-h"], &[]), Ok(Command::Help));
        assert_eq!(parse(&["--print", "rules"], &[]), Ok(Command::Print(Printed::Rules)));
        let board = Printed::Dashboard(Dashboard::Slo);
        assert_eq!(parse(&["--print", "dashboard-slo"], &[]), Ok(Command::Print(board)));
        let bounds = Bounds { time: Duration::from_secs(5), requests: 400, seed: 7 };
        let (host, state_dir) = ("::1".to_owned(), PathBuf::from("/var/lib/shop"));
        let told = Options { host, port: 0, state_dir, traffic: Some(bounds), colour: false };
        let arguments = ["--seed", "7", "--traffic=5", "--requests=400"];
        let environment =
            [("HOST", "::1"), ("PORT", "0"), ("SLO_STATE_DIR", "/var/lib/shop"), ("NO_COLOR", "1")];
        assert_eq!(parse(&arguments, &environment), Ok(Command::Serve(told)));
    }

    #[test]
    fn mistakes_are_named() {
        for (arguments, environment, expected) in [
            (&["--trafic"][..], &[][..], "invalid option '--trafic'"),
            (&["now"], &[], "unexpected argument \"now\""),
            (&["--traffic=soon"], &[], "cannot parse argument \"soon\""),
            (
                &["--print=dashboards"],
                &[],
                "cannot parse argument \"dashboards\": write rules, prometheusrule",
            ),
            (&["--seed=2"], &[], "--seed needs --traffic"),
            (&[], &[("PORT", "65536")], "PORT=\"65536\" is no port: write 0 to 65535"),
        ] {
            let error = parse(arguments, environment).unwrap_err();
            assert!(
                error.starts_with(expected) && error.ends_with("; --help says what can be given"),
                "{error}"
            );
        }
    }
}
