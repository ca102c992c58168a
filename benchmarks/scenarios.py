"""What a scenario costs those whom it does not concern: processor time of QR creations with rules that do not fit, beside none.

Processor time, because the differences are smaller than what other programs on the machine do to requests a second.
"""
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from . import databases, servers
from .load import Job
from .servers import Server
from .speed import FEW, Runner, taking_turns
from .table import Row

MANY = 200
Rules = list[dict[str, Any]]


def rules(count: int, endpoint: str, **when: str) -> Rules:
    """So many rules for an endpoint; `{}` in their values is another number in each."""
    return [{"name": f"rule {place}", "when": {"endpoint": endpoint, **{key: value.format(place) for key, value in when.items()}},
             "then": {"delay": "1s"}} for place in range(count)]


# What is in force, and how much longer a request may take with it.
IN_FORCE: tuple[tuple[str, Rules, float], ...] = (
    ("one rule for another endpoint", rules(1, "tgpayrefund"), 1.05),
    (f"{MANY} rules that ask for other values", rules(MANY, "tgpayqrcode", trans_amount="{}.50"), 1.1),
    (f"{MANY} rules that look for something in a value", rules(MANY, "tgpayqrcode", reference__contains="lunch {}"), 1.2))


def scenarios(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Processor time of QR creations with scenarios whose rules do not fit, beside none."""
    with ExitStack() as stack:
        emulators = [stack.enter_context(servers.emulator(databases.filled(directory, FEW))) for _ in range(1 + len(IN_FORCE))]
        for emulator, (_, in_force, _) in zip(emulators[1:], IN_FORCE):
            _put(emulator, in_force)
        none, *others = [Runner(emulator, Job(emulator.port, "qr", requests, FEW)) for emulator in emulators]
        taking_turns([none, *others], rounds)
        for runner, (what, _, target) in zip(others, IN_FORCE):
            ratio = median(one / other for one, other in zip(runner.seconds[1:], none.seconds[1:]))
            yield Row("scenarios", f"time of a QR creation with {what} ÷ without a scenario", ratio, "×", "<=", target,
                      f"{runner.cost:.0f} and {none.cost:.0f} µs of processor time")


def _put(emulator: Server, in_force: Rules) -> None:
    status, told = emulator.ask("PUT", "/_emulator/scenario", json.dumps({"rules": in_force}).encode())
    if status != 200:
        raise RuntimeError(told.decode())
