//! The shop's methods, each with its promise written above it.
//!
//! One method of each kind that gRPC has. A `route` names the method in the protocol: its series are there from the
//! first scrape. Without one, the layer learns the method when its handler first runs.

use slo_tower::slo;
use tokio_stream::StreamExt as _;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use self::wire::shop_server::Shop;
use self::wire::{Answer, Article, Offer, Order, Receipt, Search};

pub(crate) use self::wire::shop_server::{SERVICE_NAME, ShopServer};

#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    reason = "written by tonic"
)]
mod wire {
    tonic::include_proto!("shop");
}

/// What is sold: article 1 is the first.
const ARTICLES: [(&str, u64); 4] =
    [("kettle", 4_900), ("teapot", 2_500), ("tea strainer", 600), ("tea", 750)];

/// Where the shop sells.
#[derive(Debug)]
pub(crate) struct Counter;

#[tonic::async_trait]
impl Shop for Counter {
    #[slo(route = "shop.Shop/Buy", availability = 99.9%, combined = 99% < 250ms, labels(team = "payments"))]
    async fn buy(&self, request: Request<Order>) -> Result<Response<Receipt>, Status> {
        let cents = price(*request.get_ref())?;
        Ok(Response::new(Receipt { cents }))
    }

    #[slo(availability = 99.5%)]
    async fn fill(&self, request: Request<Streaming<Order>>) -> Result<Response<Receipt>, Status> {
        let mut orders = request.into_inner();
        let mut cents: u64 = 0;
        while let Some(order) = orders.message().await? {
            cents = cents.saturating_add(price(order)?);
        }
        Ok(Response::new(Receipt { cents }))
    }

    #[slo(route = "shop.Shop/Browse", availability = 99.5%, latency = 95% < 200ms)]
    async fn browse(&self, request: Request<Search>) -> Result<Response<BoxStream<Article>>, Status> {
        let Search { text } = request.into_inner();
        let found = ARTICLES.into_iter().filter(move |(name, _)| name.contains(&text));
        let articles = found.map(|(name, cents)| Ok(Article { name: name.to_owned(), cents }));
        Ok(Response::new(Box::pin(tokio_stream::iter(articles))))
    }

    // How long it takes is up to the client, so nothing is promised of its time.
    #[slo(availability = 99%)]
    async fn haggle(
        &self,
        request: Request<Streaming<Offer>>,
    ) -> Result<Response<BoxStream<Answer>>, Status> {
        let answers = request.into_inner().map(|offer| {
            let Offer { article, cents } = offer?;
            Ok(Answer { sold: cents >= price(Order { article, pieces: 1 })? })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// Returns what an order costs. What cannot be ordered is the customer's mistake: it spends no budget.
fn price(order: Order) -> Result<u64, Status> {
    let index = order.article.checked_sub(1).and_then(|index| usize::try_from(index).ok());
    let article = index.and_then(|index| ARTICLES.get(index));
    let (_, cents) = article.ok_or_else(|| Status::not_found("we sell articles 1 to 4"))?;
    Ok(cents * u64::from(order.pieces))
}
