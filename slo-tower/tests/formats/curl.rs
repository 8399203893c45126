//! `curl`, and what it writes down.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;

/// Stands between what `curl` writes of one answer and of the next; no body has it.
const END: char = '\u{1e}';

/// The program `curl`.
pub(crate) struct Curl(());

/// One answer.
pub(crate) struct Answer {
    pub(crate) path: String,
    pub(crate) status: u16,
    accept: String,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Answer {
    /// Adds it to a transcript. A body that ends without a line feed is marked, as programs that compare files do.
    pub(crate) fn write(&self, transcript: &mut String) {
        let Self { path, accept, status, content_type, body } = self;
        let mark = match body.chars().last() {
            None => "(empty)\n",
            Some('\n') => "",
            Some(_) => "\n\\ no line feed\n",
        };
        writeln!(transcript, "$ {path} ({accept})\n{status} {content_type}\n{body}{mark}")
            .expect("a string takes everything");
    }
}

impl Curl {
    /// Looks for the program. Without it the test that asks for it is skipped, which is noted.
    pub(crate) fn find(test: &str) -> Option<Self> {
        let is_there =
            Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success());
        if !is_there {
            skip(test, "there is no curl");
        }
        is_there.then_some(Self(()))
    }

    /// Asks for each of some paths, over one connection.
    pub(crate) fn get(
        &self,
        address: SocketAddr,
        accept: &str,
        leave: Option<&str>,
        paths: &[&str],
    ) -> Vec<Answer> {
        let mut command = Command::new("curl");
        let told = format!("{END}%{{http_code}} %{{content_type}}{END}");
        command.args([
            "--silent",
            "--show-error",
            "--globoff",
            "--max-time",
            "60",
            "--noproxy",
            "*",
            "--write-out",
            &told,
        ]);
        command.args(["--header", &format!("accept: {accept}")]);
        command.args(leave.into_iter().flat_map(|header| ["--header", header]));
        command.args(paths.iter().map(|path| format!("http://{address}{path}")));
        let text = output(&mut command);
        let parts: Vec<&str> = text.split(END).collect();
        assert_eq!(parts.len(), 2 * paths.len() + 1, "{command:?}: {text}");
        let answer = |(path, part): (&&str, &[&str])| {
            let (status, content_type) = part[1].split_once(' ').expect("it is told both");
            Answer {
                path: (*path).to_owned(),
                status: status.parse().expect("a number"),
                accept: accept.to_owned(),
                content_type: content_type.to_owned(),
                body: part[0].to_owned(),
            }
        };
        paths.iter().zip(parts.chunks(2)).map(answer).collect()
    }

    /// Returns the whole answer as it came, with its date masked and without carriage returns, and marks where it ends.
    pub(crate) fn head(&self, address: SocketAddr, method: &str, accept: &str, path: &str) -> String {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--include", "--max-time", "60", "--noproxy", "*"]);
        match method {
            "HEAD" => command.arg("--head"),
            _ => command.args(["--request", method]),
        };
        command.args(["--header", &format!("accept: {accept}"), &format!("http://{address}{path}")]);
        let is_date = |line: &str| line.to_ascii_lowercase().starts_with("date:");
        let text = output(&mut command).replace('\r', "");
        let masked: Vec<_> =
            text.split('\n').map(|line| if is_date(line) { "date: (masked)" } else { line }).collect();
        format!("{}(end)\n", masked.join("\n"))
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("curl starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8(output.stdout).expect("all formats are text")
}

/// Says that a test cannot run here. In CI that is a failure.
pub(crate) fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line} (CI=true: nothing may be skipped)");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("SLO_SKIP_LOG") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        file.and_then(|mut file| writeln!(file, "{line}")).expect("the skip log can be written");
    }
}
