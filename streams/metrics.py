"""Every metric of goldstream, declared once: name, help, labels.

Seconds and bytes; never a label per annotator or task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.engine.ports import CommitReport, Place

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_RECORDS = (1, 5, 10, 50, 100, 500, 1000, 2500, 5000, 10000)


class Metrics:
    """The worker's metrics, in a registry of their own.

    Implements `streams.engine.ports.Observer`: what is counted is what has been committed.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.annotations = Counter(
            "goldstream_annotations", "Annotations taken in, duplicates and rejected ones included.", registry=registry
        )
        self.scored = Counter(
            "goldstream_annotations_scored", "Annotations scored, by action.", ["action"], registry=registry
        )
        self.labels = Counter("goldstream_labels", "Label versions emitted, by status.", ["status"], registry=registry)
        self.flags = Counter(
            "goldstream_quality_events", "Quality events emitted, by kind of flag.", ["kind"], registry=registry
        )
        self.outcomes = Counter(
            "goldstream_outcomes", "Outcomes sent to annotators' tables.", ["kind"], registry=registry
        )
        self.dead_letters = Counter(
            "goldstream_dead_letters", "Records that could not be applied, by reason.", ["reason"], registry=registry
        )
        self.erasures = Counter(
            "goldstream_erasures",
            "What partitions told of erasures: parts that were done (running), ends (done), records dropped (late).",
            ["progress"],
            registry=registry,
        )
        self.batch_records = Histogram(
            "goldstream_batch_records", "Source records in one commit.", ["side"], buckets=_RECORDS, registry=registry
        )
        self.commit_seconds = Histogram(
            "goldstream_transaction_seconds",
            "From the first record of a batch to its durable commit.",
            ["side"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.restores = Counter("goldstream_restores", "Partitions restored.", ["side"], registry=registry)
        self.restore_seconds = Counter(
            "goldstream_restore_seconds", "Time spent on reading tables back.", ["side"], registry=registry
        )
        self.restore_records = Counter(
            "goldstream_restore_records", "Changelog records read back.", ["side"], registry=registry
        )
        self.partition_reopens = Counter(
            "goldstream_partition_reopens",
            "Partitions opened again or rewound outside a rebalance, by cause.",
            ["side", "cause"],
            registry=registry,
        )
        self.ready = Gauge("goldstream_ready", "1 when every table is restored, else 0.", registry=registry)
        self._by_topic: Mapping[str, Counter] = {
            "annotations.scored": self.scored,
            "labels": self.labels,
            "quality-events": self.flags,
            "outcomes": self.outcomes,
            "dead-letters": self.dead_letters,
            "erasures.done": self.erasures,
        }

    def committed(self, report: CommitReport) -> None:
        """Count what one commit read and wrote."""
        side = report.place.side
        self.batch_records.labels(side).observe(report.records)
        self.commit_seconds.labels(side).observe(report.seconds)
        self.annotations.inc(report.read["annotations"])
        for (topic, tag), count in report.outputs.items():
            counter = self._by_topic.get(topic)
            if counter is not None:
                counter.labels(tag).inc(count)

    def restored(self, place: Place, records: int, seconds: float) -> None:
        """Count a restore."""
        self.restores.labels(place.side).inc()
        self.restore_records.labels(place.side).inc(records)
        self.restore_seconds.labels(place.side).inc(seconds)

    def reopened(self, place: Place, cause: str) -> None:
        """Count a partition that was opened again."""
        self.partition_reopens.labels(place.side, cause).inc()


class Sampled(Collector):
    """Gauges that are read off the worker when Prometheus asks.

    Parameters
    ----------
    lag : callable
        (topic, partition, records behind) for each source partition that is ours.
    tasks : callable
        Number of tasks by phase over the partitions that are ours.
    """

    def __init__(
        self, lag: Callable[[], Iterable[tuple[str, int, int]]], tasks: Callable[[], Mapping[str, int]]
    ) -> None:
        self._lag = lag
        self._tasks = tasks

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        lag = GaugeMetricFamily(
            "goldstream_consumer_lag_records",
            "Records of a source that are not committed yet.",
            labels=["topic", "partition"],
        )
        for topic, partition, behind in self._lag():
            lag.add_metric([topic, str(partition)], behind)
        yield lag
        tasks = GaugeMetricFamily("goldstream_tasks", "Tasks in the worker's partitions, by phase.", labels=["phase"])
        for phase, count in self._tasks().items():
            tasks.add_metric([phase], count)
        yield tasks

    def describe(self) -> Iterator[Metric]:
        """Nothing is known before the worker is asked."""
        yield from ()
