"""Requests a second and latencies, beside the floor and with many orders."""
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from . import databases, localstripe, servers
from .load import Job, Measured, run
from .servers import Server
from .table import Row

FEW, MANY = 1_000, 300_000
KINDS = ("qr", "query")
OF_FLOOR = {"qr": 0.8, "query": 0.65}
OF_FEW, OF_MEDIAN, OF_QR, OF_ONE = 0.9, 3.0, 1.3, 1.4


@contextmanager
def both(directory: Path) -> Iterator[tuple[Server, Server]]:
    """The emulator and the floor, each on a database of its own."""
    with (servers.emulator(databases.filled(directory, FEW)) as emulator,
          servers.floor(databases.filled(directory, FEW)) as floor):
        yield emulator, floor


def qr(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """QR creations a second, beside the floor."""
    with both(directory) as (emulator, floor):
        runners = [Runner(server, Job(server.port, "qr", requests, FEW)) for server in (emulator, floor)]
        yield _beside_floor("qr", runners, taking_turns(runners, rounds))


def query(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Queries a second, beside the floor, and beside questions for a customer at localstripe."""
    with both(directory) as (emulator, floor), localstripe.running(directory) as other:
        runners = [Runner(server, Job(server.port, "query", requests, FEW)) for server in (emulator, floor)]
        if other is not None:
            runners.append(Runner(other, localstripe.query(other, requests)))
        measured = taking_turns(runners, rounds)
        yield _beside_floor("query", runners[:2], measured[:2])
        what = "query requests/s ÷ localstripe's, one process"
        if other is not None:
            yield compared("query", what, None, runners[::2], measured[::2])
        else:
            yield Row("query", what, None, "×", ">=", None, localstripe.MISSING)


def alone(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """The time of a query of one client, beside the floor's."""
    with both(directory) as (emulator, floor):
        ours, floors = taking_turns([Runner(server, Job(server.port, "query", requests, FEW, 1))
                                     for server in (emulator, floor)], rounds)
    ratios = [one.median / other.median for one, other in zip(ours, floors)]
    times = ", ".join(f"{median(one.median for one in each):.2f} ms" for each in (ours, floors))
    yield Row("alone", "median of one client's query ÷ floor's", median(ratios), "×", "<=", OF_ONE, times,
              (min(ratios), max(ratios)))


def card(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Time of a card payment from the merchant's server, beside that of a QR creation."""
    with servers.emulator(databases.filled(directory, FEW)) as emulator:
        runners = [Runner(emulator, Job(emulator.port, kind, requests, FEW)) for kind in ("card", "qr")]
        cards, qrs = taking_turns(runners, rounds)
        ratio = median(other.rate / one.rate for one, other in zip(cards, qrs))
        rates = "/s, ".join(f"{median(one.rate for one in each):.0f}" for each in (cards, qrs))
        yield Row("card", "time of a card payment ÷ of a QR creation", ratio, "×", "<=", OF_QR,
                  f"{rates}/s; {' and '.join(f'{runner.cost:.0f}' for runner in runners)} µs of processor "
                  f"time")


def flat(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Both with 300,000 orders in the database, beside 1,000."""
    many, few = (servers.emulator(databases.filled(directory, count)) for count in (MANY, FEW))
    with many, few:
        for kind in KINDS:
            runners = [Runner(many, Job(many.port, kind, requests, MANY)),
                       Runner(few, Job(few.port, kind, requests, FEW))]
            yield compared("flat", f"{kind} with {MANY:,} orders ÷ with {FEW:,}", OF_FEW, runners,
                           taking_turns(runners, rounds))


def latency(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """The slowest hundredth under 16 connections, beside the median; the floor's shows the machine's part."""
    with both(directory) as (emulator, floor):
        for kind in KINDS:
            ours, floors = taking_turns([Runner(server, Job(server.port, kind, requests, FEW))
                                         for server in (emulator, floor)], rounds)
            p99, middle = median(one.p99 for one in ours), median(one.median for one in ours)
            ratio, other = (median(one.p99 / one.median for one in each) for each in (ours, floors))
            yield Row("latency", f"{kind} p99 ÷ median", ratio, "×", "<=", OF_MEDIAN,
                      f"{p99:.1f} ms, {middle:.1f} ms; the floor's: {other:.2f}")


class Runner:
    """A `job` for a server, done again and again; `seconds` of processor time are those of each round, the
    first included.
    """

    def __init__(self, server: Server, job: Job) -> None:
        self._server = server
        self.job = job
        self.seconds: list[float] = []

    def run(self) -> Measured:
        """Do the job."""
        before = self._server.cpu()
        measured = run(self.job)
        self.seconds.append(self._server.cpu() - before)
        return measured

    @property
    def cost(self) -> float:
        """The processor time of one request in microseconds: what other programs on the machine hardly
        disturb.
        """
        return median(self.seconds) / (self.job.count + self.job.warm_up) * 1e6


def taking_turns(runners: list[Runner], rounds: int) -> list[list[Measured]]:
    """What each measured, round by round, in the opposite order every other round; the first round only warms
    up.
    """
    measured: list[list[Measured]] = [[] for _ in runners]
    for number in range(rounds + 1):
        for place in sorted(range(len(runners)), reverse=bool(number % 2)):
            measured[place].append(runners[place].run())
    return [one[1:] for one in measured]


def _beside_floor(kind: str, runners: list[Runner], measured: list[list[Measured]]) -> Row:
    return compared(kind, f"{kind} requests/s ÷ floor's, {servers.SETTINGS_SAID}", OF_FLOOR[kind], runners,
                    measured)


def compared(measure: str, what: str, target: float | None, runners: list[Runner],
             measured: list[list[Measured]]) -> Row:
    """The median of the rounds' ratios: the two halves of a round see the same weather."""
    ours, others = measured
    ratios = [one.rate / other.rate for one, other in zip(ours, others)]
    rates = "/s, ".join(f"{median(one.rate for one in each):.0f}" for each in (ours, others))
    costs = " and ".join(f"{runner.cost:.0f}" for runner in runners)
    return Row(measure, what, median(ratios), "×", ">=", target,
               f"{rates}/s; {costs} µs of processor time", (min(ratios), max(ratios)))
