//! Our own clients, which leave at random moments: by RST, by `RST_STREAM`, half-way through what they send or read.

use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use http::{Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::server::{Kind, ROUTES, UPLOAD, WHOLE};
use crate::witness::STATUSES;

/// Connections at a time.
const CONNECTIONS: usize = 24;
/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What clients know of the requests to one route.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Given to a connection, and so perhaps received.
    pub(crate) sent: AtomicU64,
    /// Received for certain: a head came back.
    pub(crate) answered: AtomicU64,
    /// Read to the last byte, by status.
    pub(crate) read: [AtomicU64; STATUSES.len()],
    /// Left by their client before that.
    pub(crate) killed: AtomicU64,
}

/// What all clients know.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) own: [Known; ROUTES.len()],
    pub(crate) child: [Known; ROUTES.len()],
    /// Requests of which not even the head was sent.
    pub(crate) half_heads: AtomicU64,
    /// Requests that programs report which ended by themselves, by kind.
    pub(crate) reported: [AtomicU64; 6],
    /// Requests that these may have begun besides.
    pub(crate) unreported: [AtomicU64; 6],
    /// Processes killed.
    pub(crate) processes_killed: [AtomicU64; 6],
}

// Relaxed, here and below: lone statistics, read when the tasks that write them have been joined.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

pub(crate) fn read(counter: &AtomicU64) -> u64 {
    // Relaxed: see above.
    counter.load(Ordering::Relaxed)
}

pub(crate) fn status_index(status: u16) -> usize {
    STATUSES.iter().position(|known| *known == status).expect("the server has no other status")
}

impl Tally {
    pub(crate) fn own_sent(&self) -> u64 {
        self.own.iter().map(|known| read(&known.sent)).sum()
    }
}

/// Sends so many requests.
pub(crate) async fn storm(server: SocketAddr, requests: u64, seed: u64, tally: Arc<Tally>) {
    let mut random = Rng::with_seed(seed);
    let mut connections = JoinSet::new();
    while tally.own_sent() < requests {
        let (random, tally) = (random.fork(), Arc::clone(&tally));
        connections.spawn(connect(server, random, tally));
        if connections.len() >= CONNECTIONS {
            connections.join_next().await.expect("there are some").expect("a client goes on");
        }
    }
    connections.join_all().await;
}

/// One connection from beginning to end.
async fn connect(server: SocketAddr, mut random: Rng, tally: Arc<Tally>) {
    match random.u8(0..20) {
        0 => half_head(server, &mut random, &tally).await,
        1..8 => many_streams(server, random, tally).await,
        _ => one_after_the_other(server, random, tally).await,
    }
}

/// Sends less than a head, over either protocol, and resets the connection.
async fn half_head(server: SocketAddr, random: &mut Rng, tally: &Tally) {
    const HEADS: [&[u8]; 2] = [
        b"GET /own/fast HTTP/1.1\r\nhost: here\r\nx-more: to come\r",
        // Preface, empty SETTINGS, and HEADERS that announce more than follows.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x20\x01\x05\0\0\0\x01\x82\x86",
    ];
    let head = HEADS[random.usize(..HEADS.len())];
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.set_zero_linger().unwrap();
    stream.write_all(&head[..random.usize(1..=head.len())]).await.unwrap();
    pause(random, 500).await;
    add(&tally.half_heads, 1);
}

async fn pause(random: &mut Rng, micros_max: u64) {
    // tidy: real time because another process is to be caught at any moment of its work.
    sleep(Duration::from_micros(random.u64(..=micros_max))).await;
}

/// Keeps a connection of HTTP/1.1 until a request of it is left.
async fn one_after_the_other(server: SocketAddr, mut random: Rng, tally: Arc<Tally>) {
    let connection = Connection::open(server).await;
    let (mut sender, driver) = http1::handshake(connection.io).await.unwrap();
    let driver = Driver(tokio::spawn(async move { driver.await.unwrap_or_default() }));
    for _ in 0..random.u8(1..6) {
        let (route, conduct) = Conduct::choose(&mut random);
        if sender.ready().await.is_err() {
            break;
        }
        let answer = Box::pin(sender.send_request(conduct.request(Kind::Own, route, None)));
        if !conduct.act(answer, &tally.own[route], &AtomicBool::new(false)).await {
            break;
        }
    }
    // With the socket, whose linger is zero, all that is left goes by RST.
    drop(driver);
}

/// Opens streams on a connection of HTTP/2, each of which ends in its own way, and may reset all that are left.
async fn many_streams(server: SocketAddr, mut random: Rng, tally: Arc<Tally>) {
    let connection = Connection::open(server).await;
    let (mut sender, driver) = http2::handshake(TokioExecutor::new(), connection.io).await.unwrap();
    let driver = Driver(tokio::spawn(async move { driver.await.unwrap_or_default() }));
    let left = Arc::new(AtomicBool::new(false));
    let mut streams = JoinSet::new();
    for _ in 0..random.u8(1..20) {
        let (route, conduct) = Conduct::choose(&mut random);
        if sender.ready().await.is_err() {
            break;
        }
        let answer = Box::pin(sender.send_request(conduct.request(Kind::Own, route, Some(server))));
        let (tally, left) = (Arc::clone(&tally), Arc::clone(&left));
        streams.spawn(async move { conduct.act(answer, &tally.own[route], &left).await });
    }
    if random.u8(..4) == 0 {
        pause(&mut random, 4000).await;
        // Release: whoever sees its answer break by the abort below has to see why; pairs with the Acquire in `act`.
        left.store(true, Ordering::Release);
        drop(driver);
    }
    streams.join_all().await;
}

/// A socket whose closing is an RST.
struct Connection {
    io: TokioIo<TcpStream>,
}

impl Connection {
    async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_zero_linger().unwrap();
        Self { io: TokioIo::new(stream) }
    }
}

/// The task of a connection, which ends with its handle.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Answer = Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>> + Send>>;

/// How a client behaves.
#[derive(Clone, Copy, Debug)]
enum Conduct {
    Reads,
    /// Leaves after this time, unless it has read everything by then.
    Leaves(Duration),
    /// Reads so many frames of the body at most.
    LeavesBody(u8),
    /// Sends one half, and leaves after this time.
    LeavesUpload(Duration),
}

impl Conduct {
    /// Three in four leave, or mean to.
    fn choose(random: &mut Rng) -> (usize, Self) {
        let route = random.usize(..ROUTES.len());
        let conduct = match random.u8(..12) {
            0..3 => Self::Reads,
            3..8 if route == UPLOAD => Self::LeavesUpload(Duration::from_micros(random.u64(..2000))),
            3..8 => Self::Leaves(Duration::from_micros(random.u64(..3000))),
            _ => Self::LeavesBody(random.u8(..3)),
        };
        (route, conduct)
    }

    /// The request, as HTTP/2 writes it if the server's name is given.
    fn request(self, kind: Kind, route: usize, authority: Option<SocketAddr>) -> Request<Upload> {
        let (method, _, path) = ROUTES[route];
        let path = format!("/{}{path}", kind.name());
        let request = Request::builder().method(method);
        let request = match authority {
            Some(authority) => request.uri(format!("http://{authority}{path}")),
            None => request.uri(path).header(header::HOST, "here"),
        };
        let left = if route == UPLOAD { 4 } else { 0 };
        request.body(Upload { left, stalls: matches!(self, Self::LeavesUpload(_)) }).unwrap()
    }

    /// Sees a request to the end it chose, and notes what came of it; `true` if the connection is fit for another one.
    async fn act(self, answer: Answer, known: &Known, left: &AtomicBool) -> bool {
        add(&known.sent, 1);
        let whole = match self {
            Self::Reads => timeout(PATIENCE, whole(answer, known)).await.expect("an answer comes or breaks"),
            Self::Leaves(after) | Self::LeavesUpload(after) => {
                timeout(after, whole(answer, known)).await.unwrap_or(Read::Left)
            }
            Self::LeavesBody(frames) => first(answer, known, frames).await,
        };
        // Acquire: pairs with the Release in `many_streams`.
        let left = whole == Read::Left || whole == Read::Broken && left.load(Ordering::Acquire);
        add(&known.killed, left.into());
        whole == Read::Whole
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Whole,
    Broken,
    Left,
}

/// Reads an answer to its end.
async fn whole(answer: Answer, known: &Known) -> Read {
    let Ok(response) = answer.await else { return Read::Broken };
    add(&known.answered, 1);
    let status = status_index(response.status().as_u16());
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return Read::Broken;
        }
    }
    add(&known.read[status], 1);
    Read::Whole
}

/// Reads some frames of an answer.
async fn first(answer: Answer, known: &Known, frames: u8) -> Read {
    let Ok(response) = answer.await else { return Read::Broken };
    add(&known.answered, 1);
    let status = status_index(response.status().as_u16());
    let mut body = response.into_body();
    for _ in 0..frames {
        match body.frame().await {
            Some(Ok(_)) => {}
            Some(Err(_)) => return Read::Broken,
            None => {
                add(&known.read[status], 1);
                return Read::Whole;
            }
        }
    }
    Read::Left
}

/// The body of a request, in pieces of 1000 bytes, the second half of which may never come.
#[derive(Debug)]
struct Upload {
    left: usize,
    stalls: bool,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.left {
            0 => Poll::Ready(None),
            1..=2 if self.stalls => Poll::Pending,
            left => {
                self.left = left - 1;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'u'; 1000])))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.left * 1000) as u64)
    }
}

/// What a client process writes: before it sends a request to a route, and when it has read a whole answer.
pub(crate) const SENT: u8 = b's';
pub(crate) const READ: u8 = b'r';

/// The life of a client process: asks for what comes whole, over both protocols, until it is killed.
pub(crate) async fn write_what_is_done(server: SocketAddr, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let mut clients = JoinSet::new();
    for authority in [None, None, Some(server)] {
        clients.spawn(ask_for_ever(server, random.fork(), authority));
    }
    clients.join_all().await;
}

async fn ask_for_ever(server: SocketAddr, mut random: Rng, authority: Option<SocketAddr>) {
    let io = Connection::open(server).await.io;
    let mut send: Box<dyn FnMut(Request<Upload>) -> Answer + Send> = if authority.is_some() {
        let (mut sender, driver) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(async move { driver.await.unwrap_or_default() });
        Box::new(move |request| Box::pin(sender.send_request(request)))
    } else {
        let (mut sender, driver) = http1::handshake(io).await.unwrap();
        tokio::spawn(async move { driver.await.unwrap_or_default() });
        Box::new(move |request| Box::pin(sender.send_request(request)))
    };
    loop {
        let route = random.usize(..=WHOLE);
        let place = u8::try_from(route).unwrap();
        note([SENT, place, 0]);
        let request = Conduct::Reads.request(Kind::Child, route, authority);
        let response = send(request).await.expect("the server answers");
        let status = u8::try_from(status_index(response.status().as_u16())).unwrap();
        response.into_body().collect().await.expect("the answer is whole");
        note([READ, place, status]);
    }
}

/// Writes at once: this process may not live long.
fn note(entry: [u8; 3]) {
    let mut output = std::io::stdout().lock();
    output.write_all(&entry).and_then(|()| output.flush()).expect("whoever started us reads");
}
