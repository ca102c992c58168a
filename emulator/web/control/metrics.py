"""Metrics for Prometheus, of all processes of this server and of the outbox in the database."""
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from ... import __version__
from ...gateway.measuring import BOUNDS_S, Measurements
from ...operations.unit import check_everybody
from ...store import Store, Unusable
from ...store.backlog import Counts
from ..emulator import Emulator
from .calls import Call
from .interface import operation

if TYPE_CHECKING:
    from prometheus_client import Metric

TEXT = "text/plain; version=0.0.4; charset=utf-8"
UPPER_BOUNDS = (*map(str, BOUNDS_S), "+Inf")


@operation("GET", "/metrics", "metrics for Prometheus: requests, their duration, the outbox, what is in use",
           produces="text/plain", returns={"type": "string"})
def get_metrics(call: Call) -> Response:
    """The metrics in the text format of Prometheus. Raises Forbidden: they are those of everybody."""
    check_everybody(call.emulator.store.owner)
    from prometheus_client import CollectorRegistry, generate_latest  # slow to import, and often not needed

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(call.emulator))
    return Response(generate_latest(registry), content_type=TEXT)


class _Collector:
    """Collects the metrics of a server, as prometheus_client asks for them."""

    def __init__(self, here: Emulator) -> None:
        self._here = here

    def collect(self) -> "Iterable[Metric]":
        """All metrics. While the database cannot be used, those of the outbox are left out."""
        yield from _of_requests(self._here.measurements)
        yield from _in_use(self._here)
        backlog = _backlog(self._here.store)
        yield _gauge("tgpay_database_up", "Whether the database can be read", int(backlog is not None))
        if backlog:
            yield from _of_the_outbox(backlog)


def _of_requests(measurements: Measurements) -> "Iterator[Metric]":
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    requests = CounterMetricFamily("tgpay_requests", "Requests to /v2 by endpoint and verdict",
                                   labels=("endpoint", "verdict"))
    for endpoint, verdict, number in measurements.requests():
        requests.add_metric((endpoint, verdict), number)
    yield requests
    durations = HistogramMetricFamily(
        "tgpay_request_duration_seconds",
        "Time to process a request to /v2, without the delays of scenarios",
        labels=("endpoint",))
    for each in measurements.durations():
        buckets = [(bound, float(number)) for bound, number in zip(UPPER_BOUNDS, each.numbers)]
        durations.add_metric((each.endpoint,), buckets, each.seconds)
    yield durations


def _in_use(here: Emulator) -> "Iterator[Metric]":
    from prometheus_client.core import InfoMetricFamily

    yield InfoMetricFamily("tgpay_emulator", "The emulator", {"version": __version__})
    processes, used = here.measurements.in_use()
    settings = here.settings
    for name, meaning, number in (
            ("tgpay_processes", "Server processes", processes),
            ("tgpay_slots", "Requests that can be processed at once", processes * settings.threads),
            ("tgpay_slots_used", "Requests that are being processed", used.slots),
            ("tgpay_slots_queued", "Requests that wait to be processed", used.queued),
            ("tgpay_requests_waiting", "Requests that wait: event streams, wait, delays", used.waiting),
            ("tgpay_connections_limit", "Connections that can be open at once",
             processes * settings.connections),
            ("tgpay_connections", "Open connections of clients", used.connections),
            ("tgpay_database_connections", "Open connections to the database", used.database_connections)):
        yield _gauge(name, meaning, number)


def _backlog(store: Store) -> Counts | None:
    """The work that is left; None while the database cannot be used."""
    try:
        with store.reported():
            tables = store.read()
            return tables.backlog.at(tables.clock.now())
    except Unusable:
        return None


def _of_the_outbox(left: Counts) -> "Iterator[Metric]":
    for name, meaning, number in (
            ("tgpay_outbox_pending", "Notifications that are pending", left.pending),
            ("tgpay_outbox_due", "Notifications that are due", left.due),
            ("tgpay_outbox_lag_seconds", "Age of the oldest due notification, by the emulator's clock",
             left.lag_ms / 1_000),
            ("tgpay_orders_due", "Orders with a due change that is not stored yet", left.orders_due),
            ("tgpay_commands_open", "Commands such as a move of the clock that are not finished",
             left.commands_open)):
        yield _gauge(name, meaning, number)


def _gauge(name: str, meaning: str, number: float) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, meaning, value=number)
