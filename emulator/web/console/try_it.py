"""The page "Try it": a form for every endpoint table, which shows the signature and sends the request.

The form is filled in with the document's examples.
"""
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, request
from msgspec import Struct

from ...base import clock, money
from ...base.clock import real_now
from ...base.urls import with_query
from ...domain.merchants import Merchant
from ...domain.orders import Order, Status
from ...domain.settlement import SCENES
from ...gateway.endpoints import ENDPOINTS
from ...protocol import parameter_checks
from ...protocol.endpoint_tables import Endpoint
from ...protocol.test_cards import PLAIN
from ...signing import signature
from ...store import Reader
from ...store.columns import to_json
from ..control.problems import wrong_request
from ..current import emulator, under_prefix
from . import curl
from .frame import Page, blueprint, chosen, show

PAGE = Page("try_it", "M5 4l14 8-14 8z")
METHOD, TOKEN, MORE_NAME, MORE_VALUE = OWN = "_method", "_token", "_name", "_value"
NEWEST_NUMBERS = 20
# The endpoint tables by their names in the URL. The first table of an endpoint has the endpoint's name.
TABLES = {f"{name}-{place}" if place else name: table for name, first in ENDPOINTS.items() for place,
          table in enumerate(first.tables)}
# For requests about an existing order, the filter by which an order is proposed.
ABOUT: Mapping[str, Mapping[str, str]] = {
    "tgpayrefund": {"status": Status.TRADE_SUCCESS},
    "tgpayapi": {"endpoint": "tgpayh5", "status": Status.WAIT_BUYER_PAY},
    "tgpaybankcard-1": {"endpoint": "tgpaybankcard"}, "tgpayquery-1": {"endpoint": "tgpaywebtoterminal"}}


class Signed(Struct, frozen=True):
    """Signed parameters, and what is wrong with them by the gateway's tables.

    Without an owner there is no signature.
    """

    params: Mapping[str, str]
    owner: Merchant | None
    problems: list[str]
    findings: list[str]

    @property
    def canonical(self) -> str:
        """The text that is signed, before the token."""
        return signature.canonical(self.params)

    @property
    def sign(self) -> str:
        """The signature; empty without an owner."""
        return signature.sign(self.params, self.owner.token) if self.owner else ""

    @property
    def sent(self) -> dict[str, str]:
        """The parameters that are sent, with the signature."""
        return {**self.params, **({"sign": self.sign} if self.owner else {})}


@blueprint.route("/try", methods=["GET", "POST"])
def try_it() -> Response:
    """The form of an endpoint table with its values signed. A POST signs other values; it changes nothing."""
    key = request.args.get("table", "")
    key = key if key in TABLES else next(iter(TABLES))
    table, tables = TABLES[key], emulator().store.read()
    values = ({name: value for name, value in request.form.items() if name not in OWN} if request.form
              else filled(tables, key))
    method = request.form.get(METHOD) or ("POST" if "pay_info" in table.names else "GET")
    more = request.form.get(MORE_NAME, "").strip(), request.form.get(MORE_VALUE, "")
    signed = sign(tables, table, {**values, more[0]: more[1]} if more[0] else values)
    return show("try_it", "try_it", key=key, table=table, gateway=under_prefix(table.path),
                with_query=with_query,
                choices=[(name, each) for name, each in TABLES.items()], values=values,
                rows=[row for row in table.params if row.name != "sign"], method=method, more=more,
                signed=signed, command=curl.command(table.name, method, signed.sent),
                shows_token=TOKEN in request.form, numbers=[] if table.name in SCENES
                else [order.out_trade_no for order in _newest(tables, {})[:NEWEST_NUMBERS]])


@blueprint.post("/try/send")
def send_tried() -> Response:
    """Send signed parameters to the gateway, and answer what arrived as JSON."""
    from .sending import send  # imported late, because most pages do not need it

    key = request.args.get("table", "")
    if key not in TABLES:
        raise wrong_request(f"table must be one of {', '.join(TABLES)}")
    params = {name: value for name, value in request.form.items() if name not in OWN}
    return send(TABLES[key], "POST" if request.form.get(METHOD) == "POST" else "GET", params)


def sign(tables: Reader, table: Endpoint, values: Mapping[str, str]) -> Signed:
    """Sign the values that are not empty, and check them against the endpoint table."""
    params = {name: value for name, value in values.items() if value != "" and name != "sign"}
    found = tables.merchants.login(params.get("user", "")) if table.owner == "user" else None
    owner = found[0] if found else tables.merchants.find(params.get("merchants_id", ""))
    checked = ENDPOINTS[table.name].table_of(params)
    named, renamings, contradictions = parameter_checks.renamed(checked, {**params, "sign": "made below"})
    problems, breaches = parameter_checks.check(checked, named, contradictions)
    return Signed(params, owner, problems, [finding.detail for finding in (*renamings, *breaches)])


def filled(tables: Reader, key: str) -> dict[str, str]:
    """The values of a form: from the query, otherwise the merchant's, otherwise the document's examples."""
    table = TABLES[key]
    values = {row.name: row.example for row in table.params if row.name != "sign"}
    merchant = tables.merchants.find(chosen() or "") or next(tables.merchants.page("", 1), None)
    own = dict(_own(tables, key, merchant)) if merchant else {}
    asked = request.args.to_dict()
    return _of_this_table(table,
                          {name: asked.get(name) or own.get(name, value) for name, value in values.items()})


def _own(tables: Reader, key: str, merchant: Merchant) -> Iterator[tuple[str, str]]:
    """The values that depend on the merchant, by parameter."""
    yield "merchants_id", merchant.merchants_id
    yield "pay_info", to_json(_card(real_now()))
    yield "terminal_sn", next((device.serial
                               for device in tables.terminals.of_merchant(merchant.merchants_id)), "")
    if TABLES[key].name in SCENES and key not in ABOUT:
        instant = clock.compact(real_now(), emulator().settings.timezone)
        yield "out_trade_no", f"{merchant.merchants_id}{instant}"
        return
    order = next(iter(_newest(tables, {**ABOUT.get(key, {}), "merchants_id": merchant.merchants_id})), None)
    if order:
        yield "out_trade_no", order.out_trade_no
        yield "refund_amount", money.text(order.left)
        yield "transactionResultId", order.result_id


def _card(now: int) -> dict[str, str]:
    """A test card that is valid at an instant in milliseconds."""
    year = clock.moment(now, emulator().settings.timezone).year + 3
    return {"cardNo": PLAIN[2], "expirationMonth": "12", "expirationYear": f"{year % 100:02d}", "cvv": "123",
            "firstName": "Ken",
            "lastName": "Swift"}


def _newest(tables: Reader, narrowed: Mapping[str, Any]) -> list[Order]:
    """The newest orders of the merchant in the filter, with further filters in `narrowed`."""
    now = tables.clock.now()
    return tables.lists.orders({"merchants_id": chosen(), **narrowed}, now)[0]


def _of_this_table(table: Endpoint, values: dict[str, str]) -> dict[str, str]:
    """The values, with one choice changed if they would select another table of the same endpoint."""
    choices = {row.name: row.format.schema["enum"] for row in table.params if "enum" in row.format.schema}
    for tried in [{}, *({name: choice} for name in choices for choice in choices[name])]:
        if ENDPOINTS[table.name].table_of({**values, **tried}) is table:
            return {**values, **tried}
    return values
