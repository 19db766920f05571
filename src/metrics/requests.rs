//! Requests by the pattern of their route, and streams of events.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds; requests may wait for a password to be hashed, and claims half a minute for a job.
const BUCKETS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 35.0,
];
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The counts.
pub struct RequestMetrics {
    requests: Family<Answered, Counter>,
    duration: Family<Route, Histogram, fn() -> Histogram>,
    event_streams: Gauge,
    file_downloads: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

impl RequestMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            event_streams: Gauge::default(),
            file_downloads: Gauge::default(),
        };
        registry.register(
            "http_requests",
            "Requests that were answered",
            metrics.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "From the head of a request to the head of its answer",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        registry.register(
            "http_event_streams",
            "Streams of events that are open",
            metrics.event_streams.clone(),
        );
        registry.register(
            "http_file_downloads",
            "Files of results that are being sent",
            metrics.file_downloads.clone(),
        );
        metrics
    }

    /// Counts a request. `route` is the pattern of its route; without one it is "unmatched".
    pub fn answered(&self, method: &str, route: Option<&str>, status: u16, duration: Duration) {
        let known = METHODS.into_iter().find(|known| *known == method);
        let method = known.unwrap_or("other");
        let route = route.unwrap_or("unmatched").to_owned();
        let class = usize::from(status / 100).wrapping_sub(1);
        let route = Route { method, route };
        self.duration
            .get_or_create(&route)
            .observe(duration.as_secs_f64());
        let answered = Answered {
            method,
            route: route.route,
            status: CLASSES.get(class).copied().unwrap_or("other"),
        };
        self.requests.get_or_create(&answered).inc();
    }

    /// How many streams of events are open now, and how many files are being sent.
    pub fn set_under_way(&self, event_streams: usize, file_downloads: usize) {
        let as_gauge = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.event_streams.set(as_gauge(event_streams));
        self.file_downloads.set(as_gauge(file_downloads));
    }
}
