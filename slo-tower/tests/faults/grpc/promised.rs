//! What `#[slo]` promises on the methods of a generated trait.

use slo_tower::SloRegistry;
use tonic::Code;

use super::client::{Client, Mount, Sending, Served};
use crate::client::samples;
use crate::service::Stage;

const COUNT: &str = "rpc_server_call_duration_seconds_count";

/// The handler says whose promise a call is; nobody has named a method.
#[tokio::test]
async fn annotated_methods_keep_their_promises() {
    let stage = Stage::new();
    let slos = SloRegistry::builder("test").clock(stage.clock.clone()).build().unwrap();
    let served = Served::serve(Mount::Server, stage, slos).await;
    let mut client = Client::connect(&served).await;
    // Until its handler has run, nobody knows that there is such a method.
    assert_eq!(client.unary("shop.Shop/Buy", "\0").await.unwrap_err().code(), Code::Internal);
    assert_eq!(client.unary("shop.Shop/Buy", "code 14").await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(client.unary("shop.Shop/Buy", "code 5").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(client.unary("shop.Shop/Buy", "\0").await.unwrap_err().code(), Code::Internal);
    client.unary("shop.Shop/Buy", "tea").await.unwrap();
    client.fill(Sending::all(&["tea"])).await.unwrap();
    let mut list = client.list("tea").await.unwrap();
    while list.message().await.unwrap().is_some() {}
    // Without a promise, it is known once it has worked.
    let mut chat = client.chat(Sending::all(&["hello"])).await.unwrap();
    assert!(chat.message().await.unwrap().is_none());
    drop(client);
    let slos = served.stop().await;
    let status = slos.status();
    let total = |slo: &str| {
        let total = status.slo(slo).unwrap().total;
        [total.good, total.bad, total.excluded]
    };
    // Of the two messages that could not be read, the one before the handler first ran was nobody's.
    assert_eq!(total("buy-availability"), [2, 2, 0]);
    assert_eq!(total("buy-latency"), [2, 0, 2]);
    assert_eq!(total("fill-availability"), [1, 0, 0]);
    assert_eq!(total("catalogue-availability"), [1, 0, 0]);
    let count = |labels: &str| samples(&slos, &format!("{COUNT}{{{labels}}} ")).len();
    for labels in [
        r#"rpc_method="_OTHER",rpc_response_status_code="INTERNAL",error_type="INTERNAL""#,
        r#"rpc_method="shop.Shop/Buy",rpc_response_status_code="INTERNAL",error_type="INTERNAL""#,
        r#"rpc_method="shop.Shop/Buy",rpc_response_status_code="UNAVAILABLE",error_type="UNAVAILABLE""#,
        r#"rpc_method="shop.Shop/Buy",rpc_response_status_code="NOT_FOUND""#,
        r#"rpc_method="shop.Shop/Buy",rpc_response_status_code="OK""#,
        r#"rpc_method="shop.Shop/Fill",rpc_response_status_code="OK""#,
        r#"rpc_method="shop.Shop/List",rpc_response_status_code="OK""#,
        r#"rpc_method="shop.Shop/Chat",rpc_response_status_code="OK""#,
    ] {
        assert_eq!(count(labels), 1, "{labels}");
    }
    assert_eq!(samples(&slos, COUNT).len(), 8);
}
