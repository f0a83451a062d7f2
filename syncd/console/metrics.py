"""
The daemon's metrics, made anew for each who asks. No label holds anything of an item.

`deploy`, `README.md` and alerts go by these names: they change only with a line in the change log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from syncd.engine.service import Service
from syncd.engine.vitals import ConnectionVitals, Counts, Vitals
from syncd.store.rows import OpState

STATES: Final = ("up", "down", "paused", "unread")


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """What waits in the store, by portfolio or connection."""

    conflicts: Mapping[str, int]
    quarantine: Mapping[str, int]
    unknown: Mapping[str, int]


async def metrics_text(service: Service, hooks: Mapping[tuple[str, str], int]) -> bytes:
    """Return all metrics in the text format of Prometheus. Raises StoreError."""
    store = service.store
    opened = Open(
        conflicts=Counter(row.portfolio for row in await store.conflicts.open_list()),
        quarantine=Counter(str(row.connection) for row in await store.quarantine.all()),
        unknown=Counter(str(op.connection) for op in await store.journal.open() if op.state is OpState.UNKNOWN),
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(await service.vitals(), service.counts, opened, dict(hooks)))
    return generate_latest(registry)


class _Snapshot(Collector):
    """Everything as it is at one moment."""

    def __init__(self, vitals: Vitals, counts: Counts, opened: Open, hooks: Mapping[tuple[str, str], int]) -> None:
        self._vitals = vitals
        self._counts = counts
        self._open = opened
        self._hooks = hooks

    def collect(self) -> Iterable[Metric]:
        """Return every metric."""
        yield from self._of_daemon()
        yield from self._of_portfolios()
        yield from self._of_connections()
        yield _gauge("syncd_quarantine", "Entries set aside.", ("connection",), self._open.quarantine)
        yield _gauge(
            "syncd_unknown_outcomes", "Writes whose outcome is looked up.", ("connection",), self._open.unknown
        )
        yield _counter("syncd_webhooks", "Webhooks by connection and result.", ("connection", "result"), self._hooks)

    def _of_daemon(self) -> Iterator[Metric]:
        vitals = self._vitals
        started = GaugeMetricFamily("syncd_started_timestamp_seconds", "When the daemon started.")
        started.add_metric([], vitals.started_at.timestamp())
        yield started
        refused = GaugeMetricFamily("syncd_configuration_refused", "1: the files as they are now are not in force.")
        refused.add_metric([], float(vitals.configuration is not None))
        yield refused

    def _of_portfolios(self) -> Iterator[Metric]:
        counts, names = self._counts, sorted(self._vitals.portfolios)
        yield _counter("syncd_cycles", "Cycles, whole or about hinted items.", ("portfolio", "sort"), counts.cycles)
        took = HistogramMetricFamily(
            "syncd_cycle_duration_seconds", "How long cycles took.", labels=("portfolio", "sort")
        )
        for key, durations in sorted(counts.durations.items()):
            took.add_metric(list(key), buckets=durations.buckets(), sum_value=durations.total_s)
        yield took
        yield _counter("syncd_writes", "Writes carried out.", ("portfolio", "verb"), counts.writes)
        yield _counter("syncd_portfolio_failures", "Times a portfolio began anew.", ("portfolio",), counts.failed)
        yield _counter("syncd_conflicts_opened", "Conflicts opened.", ("portfolio",), counts.conflicts)
        yield _counter(
            "syncd_skipped_changes", "Changes that only a sweep found.", ("portfolio",), counts.skipped_changes
        )
        yield _gauge(
            "syncd_conflicts",
            "Conflicts open.",
            ("portfolio",),
            {name: self._open.conflicts.get(name, 0) for name in names},
        )
        up = {name: each.state in {"running", "paused"} for name, each in self._vitals.portfolios.items()}
        yield _gauge("syncd_portfolio_up", "1: it runs, or a person paused it.", ("portfolio",), up)

    def _of_connections(self) -> Iterator[Metric]:
        found = {
            name: each
            for portfolio in self._vitals.portfolios.values()
            for name, each in sorted(portfolio.connections.items())
        }
        states = {(name, state): each.state == state for name, each in found.items() for state in STATES}
        yield _gauge("syncd_connection_state", "1 for the state it is in.", ("connection", "state"), states)
        lost = {name: each.is_lost for name, each in found.items()}
        yield _gauge("syncd_credential_refused", "1: its credential was refused.", ("connection",), lost)
        yield self._ages("syncd_lag_seconds", "Since it was last read to the end.", _times(found, "read_at"))
        yield self._ages("syncd_last_delivery_age_seconds", "Since its last webhook.", _times(found, "delivered_at"))
        backlog = {name: each.backlog for name, each in found.items()}
        yield _gauge("syncd_backlog", "Webhooks not looked at yet.", ("connection",), backlog)
        buckets = {(name, bucket): left for name, each in found.items() for bucket, left in each.budgets.items()}
        labels = ("connection", "bucket")
        left = {key: each.left_share for key, each in buckets.items() if each.left_share is not None}
        yield _gauge("syncd_budget_left", "Share of our request budget left, 0 to 1.", labels, left)
        waits = {key: each.window_s for key, each in buckets.items()}
        yield _gauge("syncd_budget_wait_seconds", "How long nothing may be asked.", labels, waits)

    def _ages(self, name: str, text: str, times: Mapping[str, datetime]) -> Metric:
        now = self._vitals.at
        ages = {each: max(0.0, (now - at).total_seconds()) for each, at in times.items()}
        return _gauge(name, text, ("connection",), ages)


def _times(found: Mapping[str, ConnectionVitals], attribute: str) -> dict[str, datetime]:
    times = {name: getattr(each, attribute) for name, each in found.items()}
    return {name: at for name, at in times.items() if at is not None}


def _labels(key: str | tuple[str, ...]) -> list[str]:
    return [key] if isinstance(key, str) else list(key)


def _gauge(
    name: str, text: str, labels: Sequence[str], values: Mapping[str, float] | Mapping[tuple[str, str], float]
) -> Metric:
    made = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        made.add_metric(_labels(key), float(value))
    return made


def _counter(
    name: str, text: str, labels: Sequence[str], values: Mapping[str, int] | Mapping[tuple[str, str], int]
) -> Metric:
    made = CounterMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        made.add_metric(_labels(key), float(value))
    return made
