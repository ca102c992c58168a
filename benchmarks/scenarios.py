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

RULES = 200
NOTHING, LITTLE = 1.03, 1.1
ELSEWHERE: list[dict[str, Any]] = [{"name": "elsewhere", "when": {"endpoint": "tgpayrefund"}, "then": {"delay": "1s"}}]
AMOUNTS: list[dict[str, Any]] = [
    {"name": f"amount {place}", "when": {"endpoint": "tgpayqrcode", "trans_amount": f"{2 + place}.00"}, "then": {"delay": "1s"}}
    for place in range(RULES)]


def scenarios(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Processor time of QR creations with scenarios whose rules do not fit, beside none."""
    with ExitStack() as stack:
        emulators = [stack.enter_context(servers.emulator(databases.filled(directory, FEW))) for _ in range(3)]
        for emulator, rules in zip(emulators, ([], ELSEWHERE, AMOUNTS)):
            _put(emulator, rules)
        runners = [Runner(emulator, Job(emulator.port, "qr", requests, FEW)) for emulator in emulators]
        rates = [median(one.rate for one in measured) for measured in taking_turns(runners, rounds)]
        for place, what, target in ((1, "one rule for another endpoint", NOTHING), (2, f"{RULES} rules that do not fit", LITTLE)):
            yield Row("scenarios", f"time of a QR creation with {what} ÷ without a scenario", runners[place].cost / runners[0].cost, "×",
                      "<=", target, f"{runners[place].cost:.0f} and {runners[0].cost:.0f} µs of processor time; "
                                    f"{rates[place]:.0f}/s, {rates[0]:.0f}/s")


def _put(emulator: Server, rules: list[dict[str, Any]]) -> None:
    """Put the rules in force, if there are any."""
    if rules:
        status, told = emulator.ask("PUT", "/_emulator/scenario", json.dumps({"rules": rules}).encode())
        if status != 200:
            raise RuntimeError(told.decode())
