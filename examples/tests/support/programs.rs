//! The programs a test starts. Each is killed with its handle, also when the test panics.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use slo_examples::client::Connection;
use tokio::time::Instant;

/// How long anything may take before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program.
#[derive(Debug)]
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory for the state of one shop, gone with its handle.
#[derive(Debug)]
pub(crate) struct StateDirectory(pub(crate) PathBuf);

impl StateDirectory {
    /// A new one, which the shop makes.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // Relaxed: only the numbers must differ.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("slo-shop-{}-{number}", std::process::id())))
    }
}

impl Drop for StateDirectory {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running shop on a port of its own.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    /// What it printed when it opened.
    pub(crate) welcome: String,
    output: BufReader<ChildStdout>,
    program: Program,
    /// None if it belongs to the test.
    _state: Option<StateDirectory>,
}

impl Shop {
    /// Starts the shop and waits for its start message.
    pub(crate) fn open(arguments: &[&str]) -> Self {
        let state = StateDirectory::new();
        let shop = Self::open_with(arguments, &state);
        Self { _state: Some(state), ..shop }
    }

    /// The same, with its state in a directory of the test.
    pub(crate) fn open_with(arguments: &[&str], state: &StateDirectory) -> Self {
        let mut command = shop();
        let mut child = command
            .args(arguments)
            .env("PORT", "0")
            .env("SLO_STATE_DIR", &state.0)
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the shop starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut shop = Self {
            address: ([0, 0, 0, 0], 0).into(),
            welcome: String::new(),
            output,
            program: Program(child),
            _state: None,
        };
        while !shop.welcome.ends_with("Ctrl-C.\n\n") {
            let line = shop.line();
            shop.welcome += &line;
        }
        let first = shop.welcome.lines().next().unwrap_or_default();
        let address =
            first.strip_prefix("The shop is open at http://").expect("the first line has the address");
        shop.address = address.parse().expect("an address");
        shop
    }

    /// Reads the next line it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).expect("the shop prints text");
        assert!(read > 0, "the shop has ended");
        line
    }

    /// Asks it to stop, as a service manager does, and returns its exit code.
    #[allow(dead_code, reason = "not every test stops it")]
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.program.0.id().to_string()]).status();
        assert!(asked.expect("kill starts").success());
        self.program.0.wait().expect("it is our child").code()
    }

    /// Asks for a path and expects an answer.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::default()).expect("a valid request");
        Connection::new(self.address)
            .send(request)
            .await
            .unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Returns one SLO as `/slo` has it.
    pub(crate) async fn slo(&self, name: &str) -> serde_json::Value {
        let status: serde_json::Value =
            serde_json::from_slice(self.get("/slo", &[]).await.body()).expect("/slo is JSON");
        let slos = status["slos"].as_array().expect("a list");
        slos.iter().find(|slo| slo["name"] == name).unwrap_or_else(|| panic!("no {name} in {status}")).clone()
    }
}

/// Returns the command of the shop, which cargo builds before it runs the tests of the package.
pub(crate) fn shop() -> Command {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let path: PathBuf = profile.join("examples").join(format!("shop{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is not built: run `cargo test -p slo-examples`, or `cargo build -p slo-examples --examples` first",
        path.display()
    );
    let mut command = Command::new(path);
    command.env_remove("PORT").env_remove("HOST").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the shop to its end: exit code, standard output, standard error.
#[allow(dead_code, reason = "not every test lets it end")]
pub(crate) fn run_shop(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let state = StateDirectory::new();
    let mut shop = shop();
    shop.env("SLO_STATE_DIR", &state.0).args(arguments);
    let output = shop.envs(environment.iter().copied()).output().expect("the shop starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Waits until `check` has an answer; fails with what it was waiting for.
pub(crate) async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = check().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain: {what}", PATIENCE.as_secs());
        // tidy: real time because another program must get something done.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Tells whether a program can be started.
#[allow(dead_code, reason = "not every test needs one")]
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Says that a test cannot run here. In CI that is a failure.
#[allow(dead_code, reason = "not every test can be skipped")]
pub(crate) fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line} (CI=true: nothing may be skipped)");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("SLO_SKIP_LOG") {
        let file = fs::OpenOptions::new().create(true).append(true).open(log);
        file.and_then(|mut file| writeln!(file, "{line}")).expect("the skip log can be written");
    }
}

/// Returns an address for a program that cannot choose a port itself and tell us: whoever takes it in between makes the
/// test fail.
#[allow(dead_code, reason = "not every test starts one")]
pub(crate) fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("it is bound")
}

/// A directory of this test process, removed with its handle.
#[allow(dead_code, reason = "not every test writes files")]
#[derive(Debug)]
pub(crate) struct Directory(pub(crate) PathBuf);

#[allow(dead_code, reason = "not every test writes files")]
impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the target directory can be written");
        Self(path)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed goes with `cargo clean`.
        let _ = fs::remove_dir_all(&self.0);
    }
}
