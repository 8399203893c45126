//! What the example `custom_classifier` counts, seen from outside the process.

#[path = "support/example.rs"]
mod example;

use http::Method;

use self::example::Example;

#[tokio::test]
async fn it_counts_as_it_says() {
    let mut example = Example::open("custom_classifier", "The catalogue is open at");
    for (path, header, status, name, expected) in [
        ("/articles/1", "x-nothing", 200, "article-availability", [1, 0, 0]),
        // Bad on this route only.
        ("/articles/9", "x-nothing", 404, "article-availability", [1, 1, 0]),
        ("/articles/9", "x-load-test", 404, "article-availability", [1, 1, 0]),
        ("/search/nothing", "x-nothing", 404, "search-availability", [1, 0, 0]),
        ("/search/everything", "x-nothing", 429, "search-availability", [1, 0, 1]),
        ("/report", "x-nothing", 503, "report-availability", [0, 0, 1]),
    ] {
        assert_eq!(example.send(Method::GET, path, header).await.0, status, "{path}");
        assert_eq!(example.events(name).await, expected, "{path} with {header}");
    }
    for (method, expected) in [(Method::POST, [1, 1, 1]), (Method::DELETE, [1, 2, 1])] {
        assert_eq!(example.send(method, "/maintenance", "x-nothing").await.0, 200);
        assert_eq!(example.send(Method::GET, "/articles/9", "x-nothing").await.0, 404);
        assert_eq!(example.events("article-availability").await, expected);
    }
}
