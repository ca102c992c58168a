"""PostgreSQL: beside SQLite on one node, several nodes beside one, and with three million orders."""
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from tests.postgres import Cluster, ask, database, programs
from tgpay_emulator.domain.merchants import seeded
from tgpay_emulator.store import copying, place_of

from . import databases, servers
from .load import Job, Measured, run
from .speed import FEW, KINDS, Runner, compared, taking_turns
from .table import Row

MISSING = "PostgreSQL is not installed"
NODES = (1, 2, 4)
MILLIONS = 3_000_000
DURABLE = ("listen_addresses=127.0.0.1", "max_connections=300", "shared_buffers=256MB",
           "max_wal_size=4GB")
LOOK_S = 0.01
# Rows as those of the first orders, with numbers of their own.
_MORE = """INSERT INTO {table} ({columns}) SELECT {values} FROM {table} AS first,
           generate_series(1, :times) AS copy WHERE first.id <= :few"""


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server that writes to the disk as one in use does."""
    started = Cluster(servers.free_port(), DURABLE).start()
    try:
        yield started
    finally:
        started.remove()


def filled(directory: Path, at: Cluster) -> str:
    """A fresh database with some orders."""
    address = database(at.address, time.monotonic_ns())
    copying.copy(place_of(str(databases.filled(directory, FEW))), place_of(address), lambda done: None)
    return address


def postgresql(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """PostgreSQL beside SQLite, and two and four nodes beside one; only when it is asked for."""
    if programs() is None:
        yield Row("postgresql", "requests/s", None, "×", ">=", None, MISSING)
        return
    with cluster() as at:
        address = filled(directory, at)
        with (servers.node(address, directory) as ours,
              servers.emulator(databases.filled(directory, FEW)) as other):
            for kind in KINDS:
                runners = [Runner(server, Job(server.port, kind, requests, FEW)) for server in (ours, other)]
                yield compared("postgresql", f"{kind} on PostgreSQL ÷ on SQLite, one node", None, runners,
                               taking_turns(runners, rounds))
        yield from _side_by_side(directory, at, rounds, requests)


@dataclass(frozen=True)
class Share:
    """What the database did while requests were answered: transactions for each of them, and the part of its
    busy sessions that waited for a lock.
    """

    transactions: float
    waiting: float


def _side_by_side(directory: Path, at: Cluster, rounds: int, requests: int) -> Iterator[Row]:
    """The rate of nodes of one process each, whose merchants are different, beside that of one."""
    address = filled(directory, at)
    merchants = list(seeded(databases.SETTINGS.seed).items())[:max(NODES)]
    with ExitStack() as running:
        started = [running.enter_context(servers.node(address, directory, workers=1)) for _ in merchants]
        jobs = [Job(server.port, "qr", requests, FEW, merchants_id=number, token=settings["token"])
                for server, (number, settings) in zip(started, merchants)]
        alone = [_together(address, jobs[:1]) for _ in range(rounds)]
        for nodes in NODES[1:]:
            taken = [_together(address, jobs[:nodes]) for _ in range(rounds)]
            ratios = [one[0] / other[0] for one, other in zip(taken, alone)]
            share = taken[len(taken) // 2][1]
            yield Row("postgresql", f"qr of {nodes} nodes ÷ of one, each with its merchant", median(ratios),
                      "×", ">=", None,
                      f"{median(one[0] for one in taken):.0f}/s, {median(one[0] for one in alone):.0f}/s; "
                      f"{share.transactions:.1f} transactions a request, "
                      f"{share.waiting:.0%} of busy sessions wait for a lock", (min(ratios), max(ratios)))


def _together(address: str, jobs: list[Job]) -> tuple[float, Share]:
    """The sum of the rates of jobs that run at once, and what the database did."""
    before, waiting = _transactions(address), []
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(run, job) for job in jobs]
        while not all(job.done() for job in running):
            waiting.append(_waiting(address))
            time.sleep(LOOK_S)
        measured: list[Measured] = [job.result() for job in running]
    time.sleep(1)  # PostgreSQL counts with a delay
    requests = sum(job.count + job.warm_up for job in jobs)
    made = (_transactions(address) - before) / requests
    return sum(one.rate for one in measured), Share(made, mean(waiting or [0.0]))


def _transactions(address: str) -> int:
    committed = ask(address, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    return int(committed[0][0])


def _waiting(address: str) -> float:
    """The part of the busy sessions that waits for a lock."""
    row = ask(address, "SELECT count(*) FILTER (WHERE wait_event_type = 'Lock'), count(*) "
                       "FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() "
                       "AND datname = current_database()")[0]
    return row[0] / row[1] if row[1] else 0.0


def millions(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """PostgreSQL with 3,000,000 orders beside 1,000; only when it is asked for.

    With the usual limit of the journal the leader would delete millions of entries while it is measured.
    """
    if programs() is None:
        yield Row("millions", "requests/s", None, "×", ">=", None, MISSING)
        return
    with cluster() as at:
        few, many = filled(directory, at), filled(directory, at)
        _multiply(many)
        keep = {"keep-entries": "off"}
        with servers.node(many, directory, **keep) as ours, servers.node(few, directory, **keep) as other:
            for kind in KINDS:
                what = f"{kind} with {MILLIONS:,} orders ÷ with {FEW:,}"
                runners = [Runner(server, Job(server.port, kind, requests, FEW)) for server in (ours, other)]
                yield compared("millions", what, 0.9, runners, taking_turns(runners, rounds))
                touched, beside = (_pages(address, runner) for address, runner in zip((many, few), runners))
                yield Row("millions", f"pages of the database for each {what}", touched / beside, "×", "<=",
                          1.5, f"{touched:.0f} and {beside:.0f} pages")


def _pages(address: str, runner: Runner) -> float:
    """How many pages of the database a request reads, in memory or from the disk."""
    sql = "SELECT sum(blks_hit + blks_read) FROM pg_stat_database WHERE datname = current_database()"
    before = ask(address, sql)[0][0]
    runner.run()
    time.sleep(1)  # PostgreSQL counts with a delay
    return float(ask(address, sql)[0][0] - before) / (runner.job.count + runner.job.warm_up)


def _multiply(address: str) -> None:
    """Copy the orders of a database with their history and requests until there are millions.

    What the server does after so large a change (vacuum, a checkpoint) is done before anything is measured.
    """
    for table, own in (("orders", {"out_trade_no": "first.out_trade_no || '-' || copy",
                                   "page_token": "md5(first.page_token || copy)"}),
                       ("history", {"out_trade_no": "first.out_trade_no || '-' || copy"}),
                       ("journal", {"out_trade_no": "first.out_trade_no || '-' || copy"})):
        columns = [row[0] for row in ask(address, "SELECT column_name FROM information_schema.columns "
                                                  "WHERE table_name = %s AND column_name <> 'id'", table)]
        values = ", ".join(own.get(column, f"first.{column}") for column in columns)
        sql = _MORE.format(table=table, columns=", ".join(columns), values=values)
        ask(address, sql.replace(":times", str(MILLIONS // FEW)).replace(":few", str(FEW)))
    ask(address, "VACUUM ANALYZE")
    ask(address, "CHECKPOINT")
