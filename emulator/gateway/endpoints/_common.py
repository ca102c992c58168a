"""Rows that several endpoint tables share, and the arguments of their functions: `Inquiry` and `Call`."""
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ... import scenarios
from ...base import clock, money, randomness
from ...base.settings import Settings
from ...domain.merchants import Merchant
from ...domain.orders import Kind, Order, Status
from ...domain.transitions import refusal, state_refusal
from ...domain.wallet_orders import WalletOrder
from ...domain.wallets import WALLETS
from ...operations.payments import Payments
from ...operations.unit import Unit, View
from ...protocol.codes import FAIL, SUCCESS, Refused
from ...protocol.endpoint_tables import fields
from ...protocol.parameters import AMOUNT, TEXT, URL, Need, Param, Source, one_of, pattern
from ...store import Reader, Store, Writer

REQUIRED, DOCUMENTED, OPTIONAL = Need.REQUIRED, Need.DOCUMENTED, Need.OPTIONAL
INFERRED = Source.INFERRED

MERCHANTS_ID = Param("merchants_id", REQUIRED, TEXT, "201807208001",
                     "the merchant's number, assigned by TGPay Pro", 16, identifier=True)
OUT_TRADE_NO = Param("out_trade_no", REQUIRED, TEXT, "0607001_201807208001060718225942",
                     "the merchant's order number, unique", 64,
                     identifier=True)
TRANS_AMOUNT = Param("trans_amount", REQUIRED, AMOUNT, "0.01", "amount in the merchant's currency",
                     aliases=("total_fee",))
PAY_TYPE = Param("pay_type", DOCUMENTED, one_of(*WALLETS), "alipay", "the buyer's wallet")
REFERENCE = Param("reference", OPTIONAL, TEXT, "0607001", "the merchant's remark, such as an invoice number")
ACCOUNT_ID = Param("account_id", OPTIONAL, TEXT, "20373", "operator")
TERMINAL_ID = Param("terminal_id", OPTIONAL, TEXT, "80000000001", "device")
NOTIFY_URL = Param("notify_url", OPTIONAL, URL, "",
                   "address for notifications of this order; without it that of the merchant")
SIGN = Param("sign", REQUIRED, TEXT, "", "signature, section 1.2")
# The row for endpoints whose own table in the document has no notify_url.
NOTIFIED = replace(NOTIFY_URL, note="not in this section's table; section 6 has it")
SIGN_TYPE = Param("sign_type", DOCUMENTED, pattern("MD5", "[Mm][Dd]5"), "MD5", "kind of signature")

RESULT = fields(("is_success", "T processed, F refused"), ("result_code", "SUCCESS, FAIL or UNKNOWN"),
                ("error", "error code"))
PAYMENT = fields(
    ("buyer_id", "the buyer's number in the wallet"), ("buyer_login_id", "the buyer's login, masked"),
    ("pay_time", "yyyyMMddHHmmss, Asia/Shanghai"), ("trans_id", "the wallet's trade number"),
    ("trans_rate", "CNY for 1 of the currency"), ("trans_amount_type", "currency"),
    ("pay_amount", "what the buyer paid"), ("pay_amount_type", "its currency"))
SIGNATURE = fields(("sign", "signature"), ("sign_type", "MD5"))

ORDER_DETAILS = ("reference", "account_id", "account", "terminal_id", "goods_info", "attach", "body",
                 "device_info", "openid", "buyer_id",
                 "buyer_email", "return_url", "scene_type", "trade_type", "it_b_pay", "redirect_url",
                 "goods_name", "language", "terminal_type", "access_type", "sub_account_data")


class Inquiry(Struct, frozen=True):
    """A request that passed all checks and changes nothing, and the view on what it asks for.

    `params` are under the table's names.
    """

    unit: View
    params: Mapping[str, str]
    merchant: Merchant

    @property
    def endpoint(self) -> str:
        """The name of the endpoint that is called."""
        return self.unit.cause

    @property
    def tables(self) -> Reader:
        """The tables for reading."""
        return self.unit.tables

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.unit.settings

    @property
    def now(self) -> int:
        """The instant of the request."""
        return self.unit.now

    def get(self, name: str) -> str:
        """A parameter's value, empty when it is missing."""
        return self.params.get(name, "")

    def find_order(self) -> Order:
        """The order of this request, brought up to now. Raises Refused (TRADE_NOT_EXIST)."""
        order = self.known_order()
        if order is None:
            sentence = f"merchant {self.merchant.merchants_id} has no order {self.get('out_trade_no')}"
            raise Refused("TRADE_NOT_EXIST", sentence)
        return order

    def known_order(self, out_trade_no: str = "") -> Order | None:
        """The order of this request, or the one of another number, brought up to now; None when there is
        none.
        """
        order = self.tables.orders.find(self.merchant.merchants_id, out_trade_no or self.get("out_trade_no"))
        return self.unit.as_of_now(order) if order else None


class Wanted(Struct, frozen=True):
    """What a new order of a request would have, whenever it is made; worked out before the transaction.

    `details` are the parameters that are stored with the order.
    """

    page_token: str
    details: Mapping[str, str]


def wanted(settings: Settings, merchant: Merchant, params: Mapping[str, str]) -> Wanted:
    """What a new order of these parameters would have."""
    token = randomness.letters(22, settings.seed, "page", merchant.token, merchant.merchants_id,
                               params.get("out_trade_no", ""))
    return Wanted(token, {name: params[name] for name in ORDER_DETAILS if name in params})


class Call(Inquiry, frozen=True, dict=True):
    """A request that passed all checks, and the means to carry it out within its transaction.

    `wanted` is what an order of it would have. `script` is the outcome of the scenario rule that fits, if
    any. `base_url` is the emulator's public address and `ip` the client's.
    """

    unit: Unit
    payments: Payments
    wanted: Wanted
    store: Store
    base_url: str
    ip: str
    cookies: Mapping[str, str]
    script: "scenarios.Script | None" = None

    @property
    def tables(self) -> Writer:
        """The tables, within the write transaction."""
        return self.unit.tables

    @cached_property
    def amount(self) -> int:
        """The amount (`trans_amount` or `total_fee`, as the table has it) in minor units."""
        return money.minor(self.params.get("trans_amount") or self.params["total_fee"])

    def repeated(self, pay_type: str) -> Order | None:
        """The order that this request repeats, None when the order number is new.

        Raises Refused when the order is closed (checked first), or when it was made by another endpoint or
        with another amount or pay_type.
        """
        order = self.known_order()
        if order is None:
            return None
        if order.status is Status.TRADE_CLOSED:
            raise state_refusal(order)
        asked = {"endpoint": self.endpoint, "trans_amount": money.text(self.amount), "pay_type": pay_type}
        used = {"endpoint": order.endpoint, "trans_amount": money.text(order.amount),
                "pay_type": order.pay_type}
        differing = [f"{name} {used[name]}" for name in asked if asked[name] != used[name]]
        if differing:
            sentence = f"out_trade_no {order.out_trade_no} is used already, with {', '.join(differing)}"
            raise refusal(order, "CONTEXT_INCONSISTENT", sentence)
        return order

    def new_order(self, pay_type: str, expires_at: int, watched: bool = False) -> WalletOrder:
        """A wallet order of this request's parameters, written down as waiting."""
        return self.payments.create(self.order(WalletOrder, pay_type, expires_at, watched=watched))

    def order(self, kind: type[Kind], pay_type: str, expires_at: int, amount: int | None = None,
              **own: Any) -> Kind:
        """An order of this request's parameters, not yet written down.

        `amount`, in minor units, where the parameters may have none; `own` are further fields of this kind.
        """
        return kind(
            self.merchant.merchants_id, self.get("out_trade_no"), endpoint=self.endpoint, pay_type=pay_type,
            amount=self.amount if amount is None else amount, currency=self.merchant.currency,
            rate=self.merchant.rate, fee_rate=self.merchant.fee_rate, created_at=self.now,
            expires_at=expires_at, page_token=self.wanted.page_token,
            notify_url=self.get("notify_url"), create_ip=self.ip, details=self.wanted.details,
            script=self.script,
            **own)


def unpaid(order: Order | None) -> Order | None:
    """The order that a request repeats, unless it is paid. Raises Refused (TRADE_HAS_SUCCESS)."""
    if order is not None and order.was_paid:
        raise Refused("TRADE_HAS_SUCCESS", f"order {order.out_trade_no} is paid already")
    return order


def payer_page(call: Call, order: Order) -> str:
    """The URL of the payer's page: short and without `&`, because clients cut it out of the raw XML."""
    return f"{call.base_url}{order.page_path}"


def succeeded() -> dict[str, str]:
    """The first fields of an answer to a request that was carried out."""
    return {"is_success": "T", "result_code": SUCCESS}


def failed(order: Order) -> dict[str, str]:
    """The first fields of an answer about a payment that failed on the buyer's side."""
    return {"is_success": "T", "result_code": FAIL, "detail_error_code": order.failure}


def payment_fields(order: Order, settings: Settings) -> dict[str, str]:
    """The payment fields of an order. Without a payment there is only the currency."""
    known = {"trans_amount_type": order.currency}
    if order.was_paid:
        known.update(
            buyer_id=order.buyer_id, buyer_login_id=order.buyer_login,
            pay_time=clock.compact(order.paid_at or 0, settings.timezone),
            trans_id=order.trans_id, trans_rate=money.rate_text(order.rate), pay_amount=money.text(order.cny),
            pay_amount_type="CNY")
    return known
