"""What a scenario costs those whom it does not concern: processor time of QR creations with rules that do not
fit, beside none.

Processor time, because the differences are smaller than what other programs on the machine do to requests a
second.
"""
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from . import databases, servers
from .load import Job, Measured
from .servers import Server
from .speed import FEW, Runner
from .table import Row

MANY, WARM_UP = 200, 16
Rules = list[dict[str, Any]]


def rules(count: int, endpoint: str, **when: str) -> Rules:
    """So many rules for an endpoint; `{}` in their values is another number in each."""
    return [{"name": f"rule {place}",
             "when": {"endpoint": endpoint, **{key: value.format(place) for key, value in when.items()}},
             "then": {"delay": "1s"}} for place in range(count)]


# What is in force, and how much longer a request may take with it.
IN_FORCE: tuple[tuple[str, Rules, float], ...] = (
    ("one rule for another endpoint", rules(1, "tgpayrefund"), 1.05),
    (f"{MANY} rules that ask for other values", rules(MANY, "tgpayqrcode", trans_amount="{}.50"), 1.1),
    (f"{MANY} rules that look for something in a value",
     rules(MANY, "tgpayqrcode", reference__contains="lunch {}"), 1.2))


class Playing(Runner):
    """A job for a server with a scenario in force: one server for all, because two of the same program differ
    by more than is measured.
    """

    def __init__(self, server: Server, job: Job, in_force: Rules) -> None:
        super().__init__(server, job)
        self._emulator = server
        self._in_force = in_force

    def run(self) -> Measured:
        """Put the rules in force, let each worker read them, and do the job."""
        body = json.dumps({"rules": self._in_force}).encode()
        asked = [("PUT", body) if self._in_force else ("DELETE", None), *[("GET", None)] * WARM_UP]
        for method, content in asked:
            status, told = self._emulator.ask(method, "/_emulator/scenario", content)
            if status >= 300:
                raise RuntimeError(told.decode())
        return super().run()


def scenarios(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Processor time of QR creations with scenarios whose rules do not fit, beside none."""
    with servers.emulator(databases.filled(directory, FEW)) as emulator:
        job = Job(emulator.port, "qr", requests, FEW)
        none, *others = runners = [Playing(emulator, job, in_force)
                                   for in_force in ([], *(row[1] for row in IN_FORCE))]
        for number in range(rounds + 1):  # the first only warms up
            for place in range(len(runners)):
                runners[(number + place) % len(runners)].run()
        for runner, (what, _, target) in zip(others, IN_FORCE):
            ratio = median(one / other for one, other in zip(runner.seconds[1:], none.seconds[1:]))
            yield Row("scenarios", f"time of a QR creation with {what} ÷ without a scenario", ratio, "×",
                      "<=", target,
                      f"{runner.cost:.0f} and {none.cost:.0f} µs of processor time")
