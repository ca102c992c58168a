"""Operations of payers on their pages; also payment codes on a phone, and vouchers for cards."""
from collections.abc import Callable, Mapping

from ..base import durations, randomness
from ..domain import wallets
from ..domain.kinds import of_kind
from ..domain.orders import Kind
from ..protocol import test_cards
from ..protocol.codes import Refused
from ..protocol.test_cards import Presented
from .payments import BY_PAYER, Payments
from .unit import Units

PayersAct = Callable[[Payments, Kind], Kind]
VOUCHER_GOOD_FOR = 30 * durations.MINUTE
COUNTED_CODES = "payment code"


def act(units: Units, kind: type[Kind], page_token: str, act: PayersAct[Kind]) -> Kind | None:
    """Carry out an act of the payer on the order of a page, and return the order.

    The order is unchanged if its state no longer allows the act, for example after an act in another window.
    Returns None if there is no such order of this kind.
    """
    shown = units.read().orders.of_page(page_token)
    if shown is None:
        return None
    with units.begin(BY_PAYER, shown.merchants_id) as unit:
        found = unit.tables.orders.of_page(page_token)
        merchant = unit.tables.merchants.find(found.merchants_id) if found else None
        current = of_kind(kind, unit.as_of_now(found)) if found and merchant else None
        if merchant is None or current is None:
            return None
        try:
            return act(unit.payments(merchant), current)
        except Refused:
            return current


def new_payment_code(units: Units, wallet: str) -> str:
    """A new payment code; the codes are counted, so that each run with the same seed shows the same ones."""
    with units.begin(BY_PAYER) as unit:
        return wallets.payment_code(units.settings.seed, wallet,
                                    unit.tables.scenarios.count("", COUNTED_CODES, wallet))


def make_voucher(units: Units, fields: Mapping[str, str]) -> tuple[str, Presented]:
    """A cardVoucher (section 7.2) for the card fields of a pay_info, and the card.

    It is valid for one payment and 30 minutes. It is empty if the card's data is wrong; `outcome`, `hint` and
    `why` of the card then have the reason.
    """
    with units.begin(BY_PAYER) as unit:
        card = test_cards.present(fields, unit.now, units.settings.timezone)
        if card.faulty:
            return "", card
        voucher = randomness.letters(40, units.settings.seed, "voucher", unit.tables.vouchers.next_number())
        unit.tables.vouchers.add(voucher, card, unit.now + VOUCHER_GOOD_FOR)
    return voucher, card
