//! What the example `custom_classifier` counts, seen from outside the process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use slo_examples::client::Connection;

/// Killed with its handle, also when the test panics.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the example, which cargo builds before it runs the tests of the package.
fn open() -> (Program, SocketAddr) {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let path = profile.join("examples").join(format!("custom_classifier{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(&path);
    command.env("PORT", "0").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut program = Program(command.spawn().unwrap_or_else(|error| {
        panic!("{} does not start: run `cargo test -p slo-examples` ({error})", path.display())
    }));
    let mut line = String::new();
    let output = program.0.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut line).expect("it prints text");
    let address = line.trim().strip_prefix("The catalogue is open at http://").expect("it says where");
    (program, address.parse().expect("an address"))
}

async fn send(connection: &mut Connection, method: Method, path: &str, header: &'static str) -> (u16, Bytes) {
    let request = Request::builder().method(method).uri(path).header(header, "1");
    let request = request.body(Full::default()).expect("a valid request");
    let answer = connection.send(request).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    (answer.status().as_u16(), answer.into_body())
}

/// Returns good, bad and excluded events of an SLO.
async fn events(connection: &mut Connection, name: &str) -> [u64; 3] {
    let (_, body) = send(connection, Method::GET, "/slo", "x-nothing").await;
    let status: serde_json::Value = serde_json::from_slice(&body).expect("/slo is JSON");
    let slos = status["slos"].as_array().expect("a list");
    let slo = slos.iter().find(|slo| slo["name"] == name).expect("it is declared");
    ["good", "bad", "excluded"].map(|kind| slo["total"][kind].as_u64().expect("a number"))
}

#[tokio::test]
async fn it_counts_as_it_says() {
    let (_program, address) = open();
    let connection = &mut Connection::new(address);
    for (path, header, status, name, expected) in [
        ("/articles/1", "x-nothing", 200, "article-availability", [1, 0, 0]),
        // Bad on this route only.
        ("/articles/9", "x-nothing", 404, "article-availability", [1, 1, 0]),
        ("/articles/9", "x-load-test", 404, "article-availability", [1, 1, 0]),
        ("/search/nothing", "x-nothing", 404, "search-availability", [1, 0, 0]),
        ("/search/everything", "x-nothing", 429, "search-availability", [1, 0, 1]),
        ("/report", "x-nothing", 503, "report-availability", [0, 0, 1]),
    ] {
        assert_eq!(send(connection, Method::GET, path, header).await.0, status, "{path}");
        assert_eq!(events(connection, name).await, expected, "{path} with {header}");
    }
    for (method, expected) in [(Method::POST, [1, 1, 1]), (Method::DELETE, [1, 2, 1])] {
        assert_eq!(send(connection, method, "/maintenance", "x-nothing").await.0, 200);
        assert_eq!(send(connection, Method::GET, "/articles/9", "x-nothing").await.0, 404);
        assert_eq!(events(connection, "article-availability").await, expected);
    }
}
