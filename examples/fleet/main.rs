//! A fleet that is watched: three shops, the Prometheus that scrapes them, the Alertmanager that it tells, and whom that notifies.
//!
//! ```sh
//! scripts/fleet.sh
//! ```
//!
//! Rules and routes are those that the shop prints. Read `servers.rs` first: that is all there is to loading them; then
//! `README.md` for what to do with it. The rest of this folder makes the example comfortable: what it has started ends with it,
//! customers come by themselves, and a bank can be broken.

mod customers;
mod desk;
mod household;
mod places;
mod servers;

use std::future::IntoFuture as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use self::customers::Weather;
use self::desk::Desk;
use self::household::Household;
use self::places::Places;
use self::servers::{Programs, Watched};

const HELP: &str = "\
Three shops with customers, a Prometheus and an Alertmanager that watch them, and a desk that is notified.

Usage: scripts/fleet.sh, or cargo run --example fleet once all examples are built

Environment:
  PORT  the desk listens on this port of 127.0.0.1 (3100), the others on the five after it; 0 takes free ones

Needs the programs prometheus and prometheus-alertmanager: on Debian and Ubuntu, packages of these names.
";

#[tokio::main]
async fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("-h" | "--help") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("fleet: unexpected argument {other:?}; --help says what can be given");
            return ExitCode::from(2);
        }
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts everything, and ends it when somebody asks, or one of the programs has ended by itself.
async fn run() -> Result<(), String> {
    let started = Instant::now();
    let mut asked = Asked::listen()?;
    let (shop, programs) = (shop()?, Programs::find()?);
    let places = Places::from(std::env::var("PORT").ok().as_deref())?;
    let listener =
        TcpListener::bind(places.desk).await.map_err(|error| places::taken(places.desk, &error))?;
    let mut household = Household::open("slo-fleet")?;

    let (weather, seen) = watch::channel(Weather::default());
    let desk = Desk::new(weather, started);
    let serving = tokio::spawn(axum::serve(listener, desk.routes()).into_future());
    let customers = async {
        open(&mut household, (&shop, programs), &places).await?;
        println!("{}", places.welcome());
        tokio::select! {
            () = customers::drive(&places.shops, &seen) => Ok(()),
            ended = household.until_one_ends() => Err(ended),
        }
    };
    tokio::select! {
        ended = customers => ended?,
        () = asked.wait() => {}
        ended = serving => return Err(format!("the desk has closed: {ended:?}")),
    }
    println!("Closing.");
    Ok(())
}

/// Starts the shops and who watches them, and waits until all of them are seen.
async fn open(
    household: &mut Household,
    (shop, programs): (&Path, Programs),
    places: &Places,
) -> Result<(), String> {
    for (number, place) in (1..).zip(&places.shops) {
        let name = format!("shop-{number}");
        let mut command = Command::new(shop);
        command.env("HOST", place.ip().to_string()).env("PORT", place.port().to_string());
        command.env("SLO_STATE_DIR", household.path(&format!("{name}-state")));
        household.start(&name, &mut command)?;
        household.ready(&name, *place, "/livez").await?;
    }
    let (rules, routes) = (printed(shop, "rules")?, printed(shop, "alertmanager")?);
    let watched = Watched {
        shops: &places.shops,
        rules: &servers::impatient(&rules)?,
        routes: &servers::received_by(&routes, places.desk)?,
        prometheus: places.prometheus,
        alertmanager: places.alertmanager,
    };
    servers::watch(household, programs, &watched).await
}

/// Returns where the shop is, which cargo builds beside this example.
fn shop() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    let shop = own.with_file_name(format!("shop{}", std::env::consts::EXE_SUFFIX));
    if shop.is_file() {
        return Ok(shop);
    }
    Err(format!(
        "{} is not built: run scripts/fleet.sh, or cargo build -p slo-examples --examples",
        shop.display()
    ))
}

/// Returns a file that the shop makes of its promises.
fn printed(shop: &Path, what: &str) -> Result<String, String> {
    let output = Command::new(shop).args(["--print", what]).output();
    let output = output.map_err(|error| format!("the shop does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("the shop prints no {what}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("the shop prints no text: {error}"))
}

/// Who asks this program to end.
struct Asked([Signal; 3]);

impl Asked {
    fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
        let hangup = listen(SignalKind::hangup())?;
        Ok(Self([listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, hangup]))
    }

    async fn wait(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
