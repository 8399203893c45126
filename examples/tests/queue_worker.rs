//! What the example `queue_worker` counts, seen from outside the process.

#[path = "support/example.rs"]
mod example;

use http::Method;

use self::example::Example;

#[tokio::test]
async fn jobs_are_counted_by_their_kind_however_they_end() {
    let mut example = Example::open("queue_worker", "The worker takes jobs at");
    for (job, slo, expected) in [
        ("mail", "mail-availability", [1, 0, 0]),
        // Retried: one event.
        ("mail?fault=once", "mail-availability", [2, 0, 0]),
        ("mail?fault=fail", "mail-availability", [2, 1, 0]),
        ("invoice?fault=slow", "invoice-availability", [0, 1, 0]),
        ("invoice?fault=panic", "invoice-availability", [0, 2, 0]),
        ("invoice", "invoice-availability", [1, 2, 0]),
    ] {
        assert_eq!(example.send(Method::POST, &format!("/jobs/{job}"), "x-nothing").await.0, 202, "{job}");
        assert_eq!(example.events_once_there_are(expected.iter().sum(), slo).await, expected, "{job}");
    }
    assert_eq!(example.events("queue-combined").await, [6, 0, 0]);
    let mut ended = example.samples("slo_operation_duration_seconds_count").await;
    ended.sort();
    let expected = [
        "{operation=\"invoice\",error_type=\"panic\"} 1",
        "{operation=\"invoice\",error_type=\"timeout\"} 1",
        "{operation=\"invoice\"} 1",
        "{operation=\"mail\",error_type=\"error\"} 1",
        "{operation=\"mail\"} 2",
        "{operation=\"queue\"} 6",
    ];
    assert_eq!(ended, expected.map(|labels| format!("slo_operation_duration_seconds_count{labels}")));
    assert!(example.samples("slo_operation_active").await.is_empty());
}

#[tokio::test]
async fn a_full_queue_sheds_and_what_is_queued_is_done_before_the_end() {
    let mut example = Example::open("queue_worker", "The worker takes jobs at");
    // Each keeps the worker for two tries: by far longer than it takes to send one.
    let mut queued = 0;
    while example.send(Method::POST, "/jobs/mail?fault=slow", "x-nothing").await.0 == 202 {
        queued += 1;
        assert!(queued < 100, "the queue has no end");
    }
    assert_eq!(example.events("queue-combined").await[1], 1);
    let shed = example.samples("slo_operation_duration_seconds_count{operation=\"queue\",error_type=").await;
    let expected = "slo_operation_duration_seconds_count{operation=\"queue\",error_type=\"shed\"} 1";
    assert_eq!(shed, [expected]);
    let (code, printed) = example.terminate();
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(printed, "mail: request timed out\n".repeat(queued) + "The queue is empty.\n");
}
