//! What the fleet has started, and where it writes: all of it goes with the fleet.
//!
//! A process that is killed can clean up nothing. So there is a keeper, a shell that reads from a pipe which only this process
//! holds: when the pipe ends, by whatever end of this process, the keeper kills what it was told of and removes the directory.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use slo_examples::client::Connection;
use tokio::time::Instant;

/// How long a program may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal signals the keeper too, which must outlive the others. What has just been killed may still write, so removing
/// is tried again.
const KEEPER: &str = "\
trap '' HUP INT TERM
pids=
while read -r pid; do pids=\"$pids $pid\"; done
[ -z \"$pids\" ] || kill -KILL $pids 2>/dev/null
for _ in 1 2 3 4 5; do
    rm -rf \"$1\" 2>/dev/null && exit
    sleep 1
done";

/// Programs, each with its log in one directory.
#[derive(Debug)]
pub(crate) struct Household {
    directory: PathBuf,
    programs: Vec<(String, Child)>,
    keeper: Child,
}

impl Household {
    /// Makes a directory for it among the temporary files.
    pub(crate) fn open(name: &str) -> Result<Self, String> {
        let directory = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let failed = |error| format!("cannot keep files in {}: {error}", directory.display());
        fs::create_dir(&directory).map_err(failed)?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&directory);
        let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().map_err(failed)?;
        Ok(Self { directory, programs: Vec::new(), keeper })
    }

    /// Returns the path of a file.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.path(name);
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(path)
    }

    /// Starts a program; what it prints is its log.
    pub(crate) fn start(&mut self, name: &str, command: &mut Command) -> Result<(), String> {
        let failed = |error| format!("{name} does not start: {error}");
        let log = File::create(self.log(name)).map_err(failed)?;
        let also = log.try_clone().map_err(failed)?;
        let child = command.stdin(Stdio::null()).stdout(also).stderr(log).spawn().map_err(failed)?;
        let id = child.id();
        self.programs.push((name.to_owned(), child));
        let told = self.keeper.stdin.as_mut().map(|pipe| writeln!(pipe, "{id}"));
        told.transpose().map(|_| ()).map_err(|error| format!("the keeper has gone: {error}"))
    }

    /// Waits until a program answers this request.
    pub(crate) async fn ready(&mut self, name: &str, place: SocketAddr, path: &str) -> Result<(), String> {
        self.eventually(&format!("{name} is ready"), async || get(place, path).await.map(|_| ())).await
    }

    /// Waits until `check` has an answer, as long as all programs run.
    pub(crate) async fn eventually<T>(
        &mut self,
        what: &str,
        mut check: impl AsyncFnMut() -> Option<T>,
    ) -> Result<T, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.all_run()?;
            if let Some(answer) = check().await {
                return Ok(answer);
            }
            if Instant::now() >= deadline {
                return Err(format!("waited {} s in vain: {what}", PATIENCE.as_secs()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a program ends by itself, and returns what it said last.
    pub(crate) async fn until_one_ends(&mut self) -> String {
        loop {
            if let Err(ended) = self.all_run() {
                return ended;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn log(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.log"))
    }

    /// Fails if a program has ended by itself, with what it said last.
    fn all_run(&mut self) -> Result<(), String> {
        for (name, child) in &mut self.programs {
            let ended = child.try_wait().map_err(|error| format!("{name}: {error}"))?;
            if let Some(status) = ended {
                let path = self.directory.join(format!("{name}.log"));
                let log = fs::read_to_string(path).unwrap_or_default();
                let lines: Vec<_> = log.lines().collect();
                let last = lines[lines.len().saturating_sub(5)..].join("\n  ");
                return Err(format!("{name} has ended ({status}); it said last:\n  {last}"));
            }
        }
        Ok(())
    }
}

impl Drop for Household {
    fn drop(&mut self) {
        for (_, child) in &mut self.programs {
            // It may have ended by itself. All that it has written goes, so it need not end in order.
            let _ = child.kill();
            let _ = child.wait();
        }
        // The end of the pipe is what the keeper waits for.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Asks for a path; returns the body of an answer that is fine.
pub(crate) async fn get(place: SocketAddr, path: &str) -> Option<Bytes> {
    let request = Request::get(path).body(Full::default()).ok()?;
    let answer = Connection::new(place).send(request).await.ok()?;
    (answer.status() == 200).then(|| answer.into_body())
}
