//! The other processes: the server, and the programs that send requests until they are done or killed.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use fastrand::Rng;

use crate::clients::{READ, SENT, Tally, add};
use crate::server::{Kind, ROUTES, UPLOAD, WHOLE};

/// A process that is killed with its handle.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn this_program() -> Command {
    Command::new(env::current_exe().expect("a test has a path"))
}

/// The server in a process of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _program: Program,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut command = this_program();
        let child = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut program = Program(child);
        let mut line = String::new();
        BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { address: line.trim().parse().expect("the server says where it listens"), _program: program }
    }
}

/// The part that one kind of program has in the storm.
pub(crate) struct Storm {
    pub(crate) kind: Kind,
    pub(crate) quota: u64,
    /// What our own clients send meanwhile.
    pub(crate) own: u64,
    pub(crate) server: SocketAddr,
    pub(crate) tally: Arc<Tally>,
}

impl Storm {
    /// Starts the program again and again until it has sent enough. Killed ones cannot say how much that was: the server does.
    pub(crate) fn run(&self, seed: u64) {
        let mut random = Rng::with_seed(seed.wrapping_add(self.kind as u64));
        while self.entered() < self.quota {
            let progress = u128::from(self.entered()) * u128::from(self.own);
            if progress > u128::from(self.tally.own_sent() + self.own / 20) * u128::from(self.quota) {
                // tidy: real time because the programs are not to be done before our own clients are.
                sleep(Duration::from_millis(20));
                continue;
            }
            match self.kind {
                Kind::Own => unreachable!("our own clients are no program"),
                Kind::Child => self.child(&mut random),
                Kind::Wrk => self.wrk(&mut random),
                Kind::H2load => self.h2load(&mut random),
                Kind::WrkKilled => {
                    let (connections, seconds) = (random.u8(1..17).to_string(), "10s");
                    let path = self.url(any_get(&mut random));
                    self.kill(
                        Command::new("wrk").args(["-t1", "-c", &connections, "-d", seconds, &path]),
                        &mut random,
                    );
                }
                Kind::H2loadKilled => {
                    let (clients, streams) = (random.u8(1..9).to_string(), random.u8(1..20).to_string());
                    let paths: Vec<String> = (0..3).map(|_| self.url(any_get(&mut random))).collect();
                    let mut command = Command::new("h2load");
                    command
                        .args(["-n", "100000", "-c", &clients, "-m", &streams])
                        .args(version(&mut random))
                        .args(paths);
                    self.kill(&mut command, &mut random);
                }
            }
        }
    }

    /// What the server has received of this kind.
    fn entered(&self) -> u64 {
        crate::verdict::entered(self.server, self.kind)
    }

    fn url(&self, route: usize) -> String {
        format!("http://{}/{}{}", self.server, self.kind.name(), ROUTES[route].2)
    }

    /// Kills our own client at a random moment and reads what it wrote until then.
    fn child(&self, random: &mut Rng) {
        let mut command = this_program();
        command.args(["client", &self.server.to_string(), &random.u64(..).to_string()]);
        let mut written = self.kill(&mut command, random);
        // It may have died within an entry.
        written.truncate(written.len() / 3 * 3);
        let mut open = 0_u64;
        for entry in written.chunks(3) {
            let known = &self.tally.child[usize::from(entry[1])];
            match entry[0] {
                SENT => add(&known.sent, 1),
                READ => {
                    add(&known.answered, 1);
                    add(&known.read[usize::from(entry[2])], 1);
                }
                other => panic!("a client writes {other}"),
            }
            open = if entry[0] == SENT { open + 1 } else { open - 1 };
        }
        // Which routes they were for is known from the difference; here their number is enough.
        add(&self.tally.child[0].killed, open);
    }

    /// Starts a program, kills it at a random moment, and returns what it wrote.
    fn kill(&self, command: &mut Command, random: &mut Rng) -> Vec<u8> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut program = Program(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
        // tidy: real time because a program is to be caught at any moment of its work.
        sleep(Duration::from_millis(random.u64(5..150)));
        program.0.kill().unwrap();
        add(&self.tally.processes_killed[self.kind as usize], 1);
        let mut written = Vec::new();
        program.0.stdout.take().unwrap().read_to_end(&mut written).unwrap();
        written
    }

    /// Lets wrk end by itself. It leaves what it has begun by then.
    fn wrk(&self, random: &mut Rng) {
        let path = self.url([1, 3][random.usize(..2)]);
        let report = output(Command::new("wrk").args(["-t1", "-c4", "-d1s", &path]));
        add(&self.tally.reported[self.kind as usize], number_before(&report, " requests in "));
        // On each of its connections it may have begun one more.
        add(&self.tally.unreported[self.kind as usize], 4);
    }

    /// Lets h2load end by itself, which it does with the last answer.
    fn h2load(&self, random: &mut Rng) {
        let paths: Vec<String> = (0..3).map(|_| self.url(random.usize(..WHOLE))).collect();
        let mut command = Command::new("h2load");
        let report =
            output(command.args(["-n", "500", "-c", "4", "-m", "10"]).args(version(random)).args(paths));
        let (done, failed) = (number_before(&report, " done,"), number_before(&report, " errored,"));
        assert_eq!((done, failed), (500, 0), "{report}");
        add(&self.tally.reported[self.kind as usize], done);
    }
}

/// A route that both programs can ask for.
fn any_get(random: &mut Rng) -> usize {
    match random.usize(1..ROUTES.len()) {
        UPLOAD => 0,
        other => other,
    }
}

/// HTTP/2, or now and then HTTP/1.1.
fn version(random: &mut Rng) -> Option<&'static str> {
    (random.u8(..3) == 0).then_some("--h1")
}

fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {report}");
    report
}

/// The number that stands before some words of a report.
fn number_before(report: &str, words: &str) -> u64 {
    let before = report.split(words).next().filter(|before| before.len() < report.len());
    let number = before.and_then(|before| before.rsplit([' ', '\n']).next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no number before {words:?} in {report}"))
}
