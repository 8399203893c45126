//! The process that is watched. It ends when nobody holds its standard input any more.

use std::io::Read as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use slo_tower::{SloRegistry, SloRegistryBuilder};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Serves as the environment says: `WORKERS`, of which none is a runtime of one thread, and `STALL_AFTER_MS`.
pub(crate) fn serve() {
    let (end, ends) = oneshot::channel::<()>();
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        drop(end);
    });
    let workers = usize::try_from(number("WORKERS")).expect("few");
    let mut builder = match workers {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(workers.max(1)).enable_all().build().expect("there are threads");
    let (tell, told) = mpsc::channel();
    let handle = runtime.handle().clone();
    thread::spawn(move || administrate(&told.recv().expect("a registry"), handle));
    runtime.block_on(async {
        let slos = SloRegistry::builder("stall").without_declared();
        let slos = slos.stall_after(Duration::from_millis(number("STALL_AFTER_MS")));
        tell.send(SloRegistryBuilder::start(slos).expect("nothing is declared")).expect("it listens");
        // Ends with an error, as nothing is sent.
        let _ = ends.await;
    });
    // The admin listener goes with the process.
    runtime.shutdown_background();
}

/// Answers on a runtime of its own, and makes trouble where it is asked to.
fn administrate(slos: &SloRegistry, watched: Handle) {
    let block = move |Path((tasks, millis)): Path<(usize, u64)>| async move {
        for _ in 0..tasks {
            // tidy: real time because a real worker is to be blocked, as no task should.
            watched.spawn(async move { thread::sleep(Duration::from_millis(millis)) });
        }
    };
    let spin = |Path(threads): Path<usize>| async move {
        for _ in 0..threads {
            thread::spawn(|| while std::hint::black_box(true) {});
        }
    };
    let router = slos.admin_routes::<()>();
    let router = router.route("/block/{tasks}/{millis}", post(block)).route("/spin/{threads}", post(spin));
    let runtime = Builder::new_current_thread().enable_all().build().expect("there is a thread");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("{}", listener.local_addr().expect("it is bound"));
        axum::serve(listener, Router::new().merge(router)).await.expect("it serves");
    });
}

fn number(variable: &str) -> u64 {
    std::env::var(variable).expect("the test sets it").parse().expect("a number")
}
