//! A shop that knows how much error budget it has left.
//!
//! ```sh
//! cargo run --example shop
//! cargo run --example shop -- --traffic
//! cargo run --example shop -- --print rules
//! ```
//!
//! Read `handlers.rs` first, then `shop` below: that is all a service needs. The rest of this folder makes the
//! example comfortable: faults on demand, traffic, a table in the terminal.

mod bank;
mod fault;
mod handlers;
mod options;
mod terminal;
mod traffic;
mod welcome;

use std::error::Error;
use std::io::{self, IsTerminal as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use axum::{Router, middleware};
use slo_tower::{BuildError, Check, SloRegistry};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use self::bank::Bank;
use self::options::{Command, HELP, Options, Printed};

/// How long requests that are under way may take once the shop has closed.
const GRACE: Duration = Duration::from_secs(5);

/// Declares what the shop's health depends on; the promises are found by themselves.
fn registry(options: &Options, listener: SocketAddr, bank: &Bank) -> Result<SloRegistry, BuildError> {
    let bank = bank.clone();
    SloRegistry::builder("shop")
        // All shops share it: it is reported, and decides nothing.
        .check(Check::new("bank", move || bank.clone().ping()))
        // Fails if a layer answers in the probes' stead.
        .self_probe(listener)
        .state_dir(&options.state_dir)
        .drain_timeout(GRACE)
        .start()
}

/// Builds the service: routes, then the layer that records them, then what must not be recorded. The last layer has
/// clients leave while the shop closes.
fn shop(slos: &SloRegistry) -> Router {
    handlers::routes()
        .route_layer(middleware::from_fn(fault::inject))
        .layer(slos.layer())
        .merge(slos.routes())
        .layer(slos.layer_drain())
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Command::parse(std::env::args_os().skip(1), |name| std::env::var(name).ok());
    let options = match command {
        Ok(Command::Serve(options)) => options,
        Ok(Command::Print(what)) => return print(what),
        Ok(Command::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("shop: {error}");
            return ExitCode::from(2);
        }
    };
    match serve(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

/// Prints a file that is made of the promises alone: nothing is opened and nobody asked.
fn print(what: Printed) -> ExitCode {
    let slos = SloRegistry::builder("shop").build();
    // As the job is called in the README.
    let generator = slos.map(|slos| slos.generate().matching(r#"job="shop""#));
    match generator {
        Ok(Ok(generator)) => {
            let file = match what {
                Printed::Rules => generator.rules(),
                Printed::PrometheusRule => generator.prometheus_rule(),
                Printed::Alertmanager => generator.alertmanager(),
                Printed::Dashboard(board) => generator.dashboard(board),
                Printed::GrafanaDashboards => generator.grafana_dashboards("/var/lib/grafana/dashboards/slo"),
                Printed::GrafanaDatasource => generator.grafana_datasource("http://127.0.0.1:9090"),
            };
            print!("{file}");
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => fail(&error),
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn Error) -> ExitCode {
    eprintln!("shop: {error}");
    ExitCode::FAILURE
}

async fn serve(options: &Options) -> Result<(), Box<dyn Error>> {
    fault::hush_panics_on_demand();
    let listener = listen(options).await?;
    let address = reachable(listener.local_addr()?);
    let slos = registry(options, address, &Bank::open().await?)?;
    println!("{}", welcome::message(address));

    let (notes, noted) = mpsc::channel(1);
    if let Some(bounds) = options.traffic {
        tokio::spawn(async move { notes.send(traffic::drive(address, bounds).await.to_string()).await });
    }
    let server = axum::serve(listener, shop(&slos)).with_graceful_shutdown(slos.drain_on_signal());
    tokio::select! {
        ended = slos.serve_until_drained(server) => match ended {
            Some(ended) => ended?,
            None => eprintln!("shop: gave up on requests that did not end in {} s", GRACE.as_secs()),
        },
        shown = show(&slos, options.colour, noted) => shown?,
    }
    Ok(())
}

async fn listen(options: &Options) -> Result<TcpListener, String> {
    let Options { host, port, .. } = options;
    TcpListener::bind((host.as_str(), *port)).await.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                ": stop the program that uses it, or choose another one with PORT=3001"
            }
            io::ErrorKind::PermissionDenied => ": choose a port above 1023, such as PORT=3001",
            _ => ": HOST must be an address of this machine, such as 127.0.0.1",
        };
        format!("cannot listen on {host} port {port} ({error}){advice}")
    })
}

/// Returns where this machine reaches itself if the shop listens everywhere.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}

/// Draws the budgets if somebody watches; otherwise only writes down what is noted. Never ends by itself.
async fn show(slos: &SloRegistry, colour: bool, mut notes: mpsc::Receiver<String>) -> io::Result<()> {
    if io::stdout().is_terminal() {
        return terminal::live(slos, colour, notes).await;
    }
    while let Some(note) = notes.recv().await {
        println!("{note}");
    }
    std::future::pending().await
}
