"""Operations on orders of any kind: the table of kinds, and the functions that use it.

The modules in the table have the same functions, each for orders of its own kind.
"""
from collections.abc import Mapping
from typing import Any, Protocol

from ..domain.card_orders import CardOrder
from ..domain.orders import Event, Order
from ..domain.terminal_orders import TerminalOrder
from ..domain.wallet_orders import WalletOrder
from ..terminal import Act
from . import card_payments, terminal_payments, wallet_payments
from .payments import Payments, Trigger


class KindOfPayments(Protocol):
    """The functions that the module of every kind has; `order` is an order of that kind."""

    @property
    def REASON(self) -> str:
        """The name of the parameter for the reason of a failure: `error` or `code`."""

    @property
    def DEFAULT_REASON(self) -> str:
        """The default reason."""

    @property
    def TRIGGERS(self) -> Mapping[str, Trigger[Any]]:
        """All events that can be triggered in any state."""

    def triggers(self, order: Any) -> Mapping[str, Trigger[Any]]:
        """The events that can be triggered for an order, each with its function."""

    def possible(self, order: Any) -> list[str]:
        """The events that can be triggered in the order's state."""

    def reasons(self, order: Any) -> list[tuple[str, str]]:
        """The reasons for a failure of the order: codes, each with its sentence."""

    def fall_due(self, payments: Payments, order: Any, event: Event) -> Order:
        """Do what the order's own timer does at its instant."""

    def act_unasked(self, payments: Payments, order: Any) -> Order:
        """Act for the buyer, as the order's scenario rule says."""

    def interrupted(self, payments: Payments, order: Any) -> Order:
        """The order (not stored), ready to be cancelled. Raises Refused if it is too late for that."""

    def act_at_terminal(self, payments: Payments, order: Any, act: Act) -> Order:
        """Carry out an act at the order's terminal. Raises terminal.Impossible."""


KINDS: Mapping[str, KindOfPayments] = {
    WalletOrder.KIND: wallet_payments, CardOrder.KIND: card_payments, TerminalOrder.KIND: terminal_payments}
EVENTS = tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.TRIGGERS))
OF_EVERY_KIND = tuple(name for name in EVENTS if all(name in kind.TRIGGERS for kind in KINDS.values()))
OF_CARDS = tuple(name for name in EVENTS if name not in OF_EVERY_KIND)


def of(order: Order) -> KindOfPayments:
    """The functions for orders of this order's kind."""
    return KINDS[order.KIND]


def possible(order: Order) -> list[str]:
    """The events that can be triggered in the order's state."""
    return of(order).possible(order)


def is_triggered(order: Order, event: str) -> bool:
    """Whether an event is one of this kind of order, even if the present state does not allow it."""
    return event in of(order).triggers(order)


def trigger(payments: Payments, order: Order, event: str, reason: str) -> Order:
    """Trigger an event of the order; `reason` is the reason if the payment fails.

    Raises Refused with the code of the order's state if that does not allow the event.
    """
    return of(order).triggers(order)[event](payments, order, reason)


def fall_due(payments: Payments, order: Order, event: Event) -> Order:
    """Do what the order's timer does at its instant."""
    if event is Event.ACT:
        return of(order).act_unasked(payments, order)
    if event is Event.FINISH:
        return payments.finish(order)
    return of(order).fall_due(payments, order, event)


def cancel(payments: Payments, order: Order) -> Order:
    """Cancel an order for its merchant; a transaction on a terminal is stopped. Raises Refused."""
    return payments.cancel(of(order).interrupted(payments, order))


def act_at_terminal(payments: Payments, order: Order, act: Act) -> Order:
    """Carry out an act at the order's terminal. Raises terminal.Impossible."""
    return of(order).act_at_terminal(payments, order, act)
