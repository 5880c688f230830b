"""Figures for Prometheus: what this process did, and how things stand over all processes.

Counters are this process's own. Gauges are read when somebody asks, from the database and from
what GitHub last said is left. docs/operating.md explains each, with the alerts on them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.github.budget import Figures
from app.ports.keeping import Standing

INSTALLATIONS_MAX: Final = 50
"""Of more installations those that have the least left are shown."""
STATUSES: Final = ("requested", "blocked", "running", "cancelling", "compensating")
_SECONDS: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)


class Metrics:
    """A meter (`ports.metering`) whose figures can be read. One per process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry

        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(f"signalbox_{name}", told, labels, registry=registry)

        def gauge(name: str, told: str, *labels: str) -> Gauge:
            return Gauge(f"signalbox_{name}", told, labels, registry=registry)

        def seconds(name: str, told: str, *labels: str) -> Histogram:
            return Histogram(
                f"signalbox_{name}_seconds", told, labels, registry=registry, buckets=_SECONDS
            )

        self._deliveries = counter("deliveries", "Webhooks answered.", "event", "outcome")
        self._refused = counter("webhooks_refused", "Webhook calls refused.", "code")
        self._worked_off = counter(
            "deliveries_worked_off", "Deliveries worked off.", "event", "outcome"
        )
        self._lag = seconds(
            "delivery_lag", "From a delivery's arrival to its being worked off."
        )
        self._decided = counter("events", "Events decided and saved.")
        self._commands = counter("commands", "Commands carried.", "kind", "outcome")
        self._command_seconds = seconds("command", "How long a command takes.", "kind")
        self._calls = counter("github_calls", "Calls to GitHub.", "family", "status")
        self._call_seconds = seconds("github_call", "How long GitHub takes.", "family")
        self._limited = counter("rate_limited", "Calls put off by a rate limit.", "kind")

        self._open = gauge(
            "orchestrations_open", "Orchestrations that have not ended.", "status"
        )
        self._gate_age = gauge("gate_age_oldest_seconds", "Age of the oldest open gate.")
        self._new = gauge("inbox_deliveries", "Deliveries that wait to be worked off.")
        self._inbox_lag = gauge("inbox_lag_seconds", "Age of the oldest of them.")
        self._overdue = gauge("commands_overdue_seconds", "Age of the oldest due command.")
        self._aside = gauge("set_aside", "What was set aside: `signalbox inbox`.", "kind")
        self._remaining = gauge(
            "github_budget_remaining", "Calls left this hour.", "installation"
        )
        self._limit = gauge("github_budget_limit", "Calls in an hour.", "installation")
        self._closed = gauge(
            "github_wait_seconds", "How long GitHub still wants us to wait.", "installation"
        )

    # --------------------------------------------------------------------- what happens

    def took_in(self, event: str, outcome: str) -> None:
        """Count a webhook that was answered."""
        self._deliveries.labels(event, outcome).inc()

    def refused(self, code: str) -> None:
        """Count a webhook call that was refused."""
        self._refused.labels(code).inc()

    def worked_off(self, event: str, outcome: str, lag: float) -> None:
        """Count a delivery that was worked off."""
        self._worked_off.labels(event, outcome).inc()
        self._lag.observe(max(lag, 0.0))

    def decided(self, events: int) -> None:
        """Count events."""
        self._decided.inc(events)

    def carried(self, kind: str, outcome: str, seconds: float) -> None:
        """Count a command."""
        self._commands.labels(kind, outcome).inc()
        self._command_seconds.labels(kind).observe(seconds)

    def called(self, family: str, status: str, seconds: float) -> None:
        """Count a call to GitHub."""
        self._calls.labels(family, status).inc()
        self._call_seconds.labels(family).observe(seconds)

    def limited(self, kind: str) -> None:
        """Count a call that a rate limit put off."""
        self._limited.labels(kind).inc()

    # --------------------------------------------------------------------- what is read

    def exposition(
        self, standing: Standing, figures: Iterable[Figures], now: datetime
    ) -> bytes:
        """Return all figures in the text form of Prometheus."""

        def age(since: datetime | None) -> float:
            return max((now - since).total_seconds(), 0.0) if since is not None else 0.0

        for status in {*STATUSES, *standing.open}:
            self._open.labels(status).set(standing.open.get(status, 0))
        self._gate_age.set(age(standing.gate_since))
        self._new.set(standing.new_deliveries)
        self._inbox_lag.set(age(standing.new_since))
        self._overdue.set(age(standing.due_since))
        for kind, count in standing.set_aside.items():
            self._aside.labels(kind).set(count)
        for each in (self._remaining, self._limit, self._closed):
            each.clear()
        known = sorted(figures, key=lambda it: (it.closed_until is None, it.remaining))
        for figure in known[:INSTALLATIONS_MAX]:
            name = "app" if figure.installation_id is None else str(figure.installation_id)
            self._remaining.labels(name).set(figure.remaining)
            self._limit.labels(name).set(figure.limit)
            until = figure.closed_until
            wait = max((until - now).total_seconds(), 0.0) if until is not None else 0.0
            self._closed.labels(name).set(wait)
        return generate_latest(self._registry)
