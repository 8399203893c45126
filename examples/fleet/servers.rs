//! The servers that watch: a Prometheus with the generated rules, an Alertmanager with the generated routes.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use crate::household::{Household, get};

/// What is generated, and who is where.
#[derive(Debug)]
pub(crate) struct Watched<'a> {
    /// Whom Prometheus scrapes, as the job that the rules are about.
    pub(crate) shops: &'a [SocketAddr],
    /// What is loaded by `rule_files`.
    pub(crate) rules: &'a str,
    /// A configuration of Alertmanager.
    pub(crate) routes: &'a str,
    pub(crate) prometheus: SocketAddr,
    pub(crate) alertmanager: SocketAddr,
}

/// The programs, as they are called here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Programs {
    prometheus: &'static str,
    alertmanager: &'static str,
}

impl Programs {
    /// Looks for them before anything is started.
    pub(crate) fn find() -> Result<Self, String> {
        // Debian's name, and that of the project's own archives.
        let alertmanager = installed(&["prometheus-alertmanager", "alertmanager"])?;
        Ok(Self { prometheus: installed(&["prometheus"])?, alertmanager })
    }
}

/// Starts both servers and waits until every shop is scraped.
pub(crate) async fn watch(
    household: &mut Household,
    programs: Programs,
    watched: &Watched<'_>,
) -> Result<(), String> {
    start_alertmanager(household, programs.alertmanager, watched).await?;
    start_prometheus(household, programs.prometheus, watched).await?;
    // What was counted before the first scrape is lost to Prometheus.
    let (place, all) = (watched.prometheus, watched.shops.len().to_string());
    household.eventually("all shops are scraped", async || (up(place).await? == all).then_some(())).await
}

async fn start_prometheus(
    household: &mut Household,
    program: &str,
    watched: &Watched<'_>,
) -> Result<(), String> {
    let shops: Vec<_> = watched.shops.iter().map(|shop| format!("'{shop}'")).collect();
    // Seconds, as somebody is looking on; 15 s to 60 s are usual.
    let configuration = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
         rule_files: [rules.yaml]\n\
         alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{}'] }}] }}] }}\n\
         scrape_configs: [{{ job_name: shop, static_configs: [{{ targets: [{}] }}] }}]\n",
        watched.alertmanager,
        shops.join(", ")
    );
    household.write("rules.yaml", watched.rules)?;
    let file = household.write("prometheus.yml", &configuration)?;
    let mut command = Command::new(program);
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", household.path("prometheus").display()))
        .arg("--rules.alert.resend-delay=1s")
        .arg(format!("--web.listen-address={}", watched.prometheus));
    household.start("prometheus", &mut command)?;
    household.ready("prometheus", watched.prometheus, "/-/ready").await
}

async fn start_alertmanager(
    household: &mut Household,
    program: &str,
    watched: &Watched<'_>,
) -> Result<(), String> {
    let file = household.write("alertmanager.yml", watched.routes)?;
    let mut command = Command::new(program);
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.path={}", household.path("alertmanager").display()))
        .arg(format!("--web.listen-address={}", watched.alertmanager))
        // It is alone, and listens to nobody else.
        .arg("--cluster.listen-address=");
    household.start("alertmanager", &mut command)?;
    household.ready("alertmanager", watched.alertmanager, "/-/ready").await
}

/// Returns the first of these programs that can be started.
fn installed(names: &[&'static str]) -> Result<&'static str, String> {
    let starts = |name: &str| {
        Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    names.iter().find(|name| starts(name)).copied().ok_or_else(|| {
        format!(
            "{} is not installed: on Debian and Ubuntu run apt-get install prometheus prometheus-alertmanager, elsewhere see \
             https://prometheus.io/download",
            names[0]
        )
    })
}

/// Returns how many shops were scraped, as Prometheus writes numbers.
async fn up(prometheus: SocketAddr) -> Option<String> {
    let body = get(prometheus, "/api/v1/query?query=sum(up)").await?;
    let answer: serde_json::Value = serde_json::from_slice(&body).ok()?;
    Some(answer["data"]["result"][0]["value"][1].as_str()?.to_owned())
}

/// Asks for what is about the whole period every five seconds: after two minutes, which are cheap for a fleet with a month of
/// history, the visitors of this one have left.
pub(crate) fn impatient(rules: &str) -> Result<String, String> {
    let patient = "  interval: 2m\n";
    if !rules.contains(patient) {
        return Err("the rules have no group that is evaluated every two minutes".to_owned());
    }
    Ok(rules.replace(patient, "  interval: 5s\n"))
}

/// Replaces the receivers, which are placeholders, by one desk that is told for whom each notification was meant.
pub(crate) fn received_by(routes: &str, desk: SocketAddr) -> Result<String, String> {
    let (kept, receivers) = routes.split_once("\nreceivers:\n").ok_or("the routes have no receivers")?;
    let names = receivers.lines().filter_map(|line| line.strip_prefix("- name: "));
    let mut text = format!("{kept}\nreceivers:\n");
    for name in names {
        text.push_str(&format!(
            "- name: {name}\n  webhook_configs: [{{ url: 'http://{desk}/told/{name}' }}]\n"
        ));
    }
    Ok(text)
}
