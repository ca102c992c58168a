"""The table of the three kinds of orders, and the only place that decides the kind of an order."""
from collections.abc import Mapping

from .card_orders import CardOrder
from .orders import Kind, Order
from .terminal_orders import TerminalOrder
from .wallet_orders import WalletOrder

KINDS: Mapping[str, type[WalletOrder] | type[CardOrder] | type[TerminalOrder]] = {
    kind.KIND: kind for kind in (CardOrder, TerminalOrder, WalletOrder)}


def of_kind(kind: type[Kind], order: Order | None) -> Kind | None:
    """The order if it is of this kind, else None."""
    return order if isinstance(order, kind) else None
