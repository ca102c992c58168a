"""Exports merchants: everything that the emulator knows about them, as one file."""
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack

from .. import __version__
from ..base.clock import iso, real_now
from ..base.settings import DEFAULT_SEED, Settings
from ..store import Snapshot, Store
from ..store.schema import VERSION as SCHEMA
from ..store.transfer import TABLES, Content, columns_of
from .export_secrets import Mask
from .transfer_format import FORMAT, VERSION, Header, MerchantRow, Part, TableRow, packed
from .unit import merchant_of

# The settings by which the same requests would leave other rows.
STORED = ("strict", "timezone", "notify_timezone", "notify_retries", "settlement_time", "settlement_days",
          "refund_period", "autopilot", "contactless_limit", "amount_triggers")
PAGE = 1_000


def begin(store: Store, settings: Settings, merchants: Collection[str],
          with_secrets: bool) -> tuple[Iterator[bytes], Callable[[], None]]:
    """The bytes of an export of these merchants, or of all, and a function that ends it.

    Everything is as it was at one instant. Raises NotFound for an unknown merchant.
    """
    with ExitStack() as stack:
        tables = stack.enter_context(store.snapshot())
        numbers = sorted(merchant_of(tables, number).merchants_id for number in set(merchants))
        header = _header(tables, settings, numbers or _all(tables), with_secrets)
        held = stack.pop_all()
    return _ended(packed(header, _parts(tables, header)), held), held.close


def _ended(pieces: Iterator[bytes], held: ExitStack) -> Iterator[bytes]:
    with held:
        yield from pieces


def _all(tables: Snapshot) -> list[str]:
    found: list[str] = []
    while page := [each.merchants_id for each in tables.merchants.page(found[-1] if found else "", PAGE)]:
        found += page
    return found


def _header(tables: Snapshot, settings: Settings, merchants: list[str], with_secrets: bool) -> Header:
    real = real_now()
    shared, is_public = tables.clock.get(), settings.seed == DEFAULT_SEED
    return Header(
        FORMAT, VERSION, __version__, SCHEMA, iso(real), iso(shared.now(real)),
        {"offset_ms": shared.offset, "frozen_ms": shared.frozen}, with_secrets,
        settings.seed if with_secrets or is_public else None,
        {name: settings.text(name) for name in STORED},
        [_merchant(tables, number, real) for number in merchants],
        {table: _measured(tables, table, merchants) for table in TABLES})


def _merchant(tables: Snapshot, merchants_id: str, real: int) -> MerchantRow:
    now, own = tables.clock.get(merchants_id).now(real), tables.clock.own(merchants_id)
    return MerchantRow(merchants_id, now, *((own.distance, own.frozen) if own else ()))


def _measured(tables: Snapshot, table: str, merchants: list[str]) -> TableRow:
    content = Content(tables.connection)
    found = [content.measure(table, number) for number in merchants]
    ids = [each for _, each in found if each is not None]
    bounds = (min(low for low, _ in ids), max(high for _, high in ids)) if ids else None
    return TableRow(sum(number for number, _ in found), bounds)


def _parts(tables: Snapshot, header: Header) -> Iterator[Part]:
    content = Content(tables.connection)
    for merchant in header.merchants:
        mask = None if header.secrets else Mask(tables, merchant.merchants_id)
        for table in TABLES:
            columns = list(columns_of(table))
            for rows in content.rows(table, merchant.merchants_id):
                shown = mask.hidden(table, columns, rows) if mask else rows
                yield Part(merchant.merchants_id, table, columns, shown)
