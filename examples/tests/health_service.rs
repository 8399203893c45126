//! What the example `health_service` tells whom, seen from outside the process.

#[path = "support/example.rs"]
mod example;

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use http::Method;
use slo_examples::client::Connection;
use tokio::time::Instant;

use self::example::Example;

struct Operator(Connection);

impl Operator {
    async fn get(&mut self, path: &str, accept: &'static str) -> (u16, String) {
        let request = http::Request::get(path).header("accept", accept);
        let request = request.body(http_body_util::Full::default()).expect("a valid request");
        let answer = self.0.send(request).await.expect("it answers");
        let body = String::from_utf8(answer.body().to_vec()).expect("it is text");
        (answer.status().as_u16(), body)
    }

    /// Asks until a line is there.
    async fn until(&mut self, path: &str, line: &str) -> (u16, String) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let (status, text) = self.get(path, "text/plain").await;
            if text.lines().any(|own| own == line) {
                return (status, text);
            }
            assert!(Instant::now() < deadline, "{line:?} is not there: {text}");
            // tidy: real time because another program must get something done.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn public(example: &mut Example, path: &str) -> (u16, String) {
    let (status, body) = example.send(Method::GET, path, "x-nothing").await;
    (status, String::from_utf8(body.to_vec()).expect("it is text"))
}

#[tokio::test]
async fn a_walk_through_what_each_part_decides() {
    let mut example = Example::open("health_service", "The service is open at");
    let line = example.line();
    let admin: SocketAddr =
        line.trim().strip_prefix("Operators look at http://").expect("where").parse().expect("an address");
    let mut operator = Operator(Connection::new(admin));
    let ready = operator.until("/readyz?verbose", "[+]life:ready ok").await;
    assert_eq!(ready.0, 200);
    operator.until("/readyz?verbose", "[+]self-probe ok").await;
    // The database, which all replicas share: still ready, and the operator reads why it warns.
    example.send(Method::POST, "/break", "x-nothing").await;
    let refused = "[+]database warn: connection to db-7.internal refused for user orders";
    assert_eq!(operator.until("/readyz?verbose", refused).await.0, 200);
    assert_eq!(public(&mut example, "/readyz").await, (200, "ok".to_owned()));
    let told = public(&mut example, "/readyz?verbose").await.1;
    assert_eq!(told, "[+]readiness warn: reason withheld\nreadyz check passed\n");
    assert!(public(&mut example, "/orders").await.1.contains("this morning"));
    // The disk, which this process has to itself.
    example.send(Method::POST, "/break?part=disk", "x-nothing").await;
    let full = "[-]disk failed: /var/lib/orders: no space left on device";
    assert_eq!(operator.until("/readyz", full).await.0, 503);
    let told = "[-]readiness failed: reason withheld\nreadyz check failed\n";
    assert_eq!(public(&mut example, "/readyz").await, (503, told.to_owned()));
    assert_eq!(public(&mut example, "/livez").await, (200, "ok".to_owned()), "no reason to restart");
    // Its metrics are there while it is ill, and nowhere else.
    let (status, metrics) = operator.get("/metrics", "text/plain").await;
    assert_eq!(status, 200);
    for sample in ["health_check_status{check=\"disk\"} 0\n", "health_probe_status{probe=\"readiness\"} 0\n"]
    {
        assert!(metrics.contains(sample), "{sample}: {metrics}");
    }
    assert_eq!(public(&mut example, "/metrics").await.0, 404);
    // The worker, which only a restart brings back.
    example.send(Method::POST, "/break?part=worker", "x-nothing").await;
    let dead = "[-]worker failed: the mailer has not taken a job for 60 s";
    assert_eq!(operator.until("/livez", dead).await.0, 503);
    for part in ["database", "disk", "worker"] {
        example.send(Method::POST, &format!("/heal?part={part}"), "x-nothing").await;
    }
    operator.until("/livez?verbose", "[+]worker ok").await;
    operator.until("/readyz?verbose", "[+]disk ok").await;
    operator.until("/readyz?verbose", "[+]database ok").await;
    assert_eq!(example.terminate().0, Some(0));
}

/// What `curl` prints, headers included.
#[tokio::test]
async fn curl_sees_what_is_promised() {
    let mut example = Example::open("health_service", "The service is open at");
    let line = example.line();
    let admin: SocketAddr =
        line.trim().strip_prefix("Operators look at http://").expect("where").parse().expect("an address");
    let mut operator = Operator(Connection::new(admin));
    operator.until("/readyz?verbose", "[+]self-probe ok").await;
    operator.until("/readyz?verbose", "[+]life:ready ok").await;
    operator.until("/readyz?verbose", "[+]disk ok").await;
    let curl = |arguments: &[&str]| {
        let address = format!("http://{}", example.address());
        let arguments: Vec<_> =
            arguments.iter().map(|argument| argument.replace("ADDRESS", &address)).collect();
        let output = Command::new("curl").args(["-si", "--max-time", "10"]).args(&arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).expect("it is text");
        // The date differs, the order of the others is ours.
        let kept = text.split("\r\n").filter(|line| !line.starts_with("date: "));
        Some(kept.collect::<Vec<_>>().join("\n"))
    };
    for (arguments, expected) in [
        (
            &["ADDRESS/readyz"][..],
            "HTTP/1.1 200 OK\ncontent-type: text/plain; charset=utf-8\nvary: accept\ncache-control: no-store\n\
             x-content-type-options: nosniff\ncontent-length: 2\n\nok",
        ),
        (
            &["ADDRESS/livez?verbose"],
            "HTTP/1.1 200 OK\ncontent-type: text/plain; charset=utf-8\nvary: accept\ncache-control: no-store\n\
             x-content-type-options: nosniff\ncontent-length: 34\n\n[+]liveness ok\nlivez check passed\n",
        ),
        (
            &["-H", "accept: application/health+json", "ADDRESS/livez"],
            "HTTP/1.1 200 OK\ncontent-type: application/health+json\nvary: accept\ncache-control: no-store\n\
             x-content-type-options: nosniff\ncontent-length: 17\n\n{\"status\":\"pass\"}",
        ),
        (
            &["-H", "accept: application/json", "ADDRESS/startupz"],
            "HTTP/1.1 200 OK\ncontent-type: application/json\nvary: accept\ncache-control: no-store\n\
             x-content-type-options: nosniff\ncontent-length: 27\n\n{\"status\":\"UP\",\"checks\":[]}",
        ),
        (
            &["-X", "POST", "ADDRESS/livez"],
            "HTTP/1.1 405 Method Not Allowed\nallow: GET, HEAD\ncache-control: no-store\n\
             x-content-type-options: nosniff\ncontent-length: 0\n\n",
        ),
    ] {
        let Some(seen) = curl(arguments) else {
            eprintln!("SKIPPED curl_sees_what_is_promised: there is no curl");
            return;
        };
        assert_eq!(seen, expected, "{arguments:?}");
    }
}
