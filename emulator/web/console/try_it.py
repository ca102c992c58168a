"""Try it: a form for every table of the gateway, filled in with the document's examples, signed in sight, and sent by the browser."""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from ...base import clock, money
from ...base.clock import real_now
from ...domain.merchants import Merchant
from ...domain.orders import Order, Status
from ...domain.settlement import SCENES
from ...gateway.endpoints import ENDPOINTS
from ...protocol import endpoint_tables
from ...protocol.endpoint_tables import Endpoint
from ...protocol.test_cards import PLAIN
from ...signing import signature
from ...store import Tables
from ...store.columns import to_json
from ..current import emulator
from . import curl
from .frame import Page, blueprint, chosen, show

TEXTS = (
    ("try_it", "Try it", "在线调试"),
    ("try_lead", "Fill in the parameters, see how they are signed, and send them to the gateway.", "填写参数，查看签名过程，并发送给网关。"),
    ("try_new", "New order number", "换新订单号"),
    ("try_section", "Section", "文档章节"),
    ("try_product", "Product", "产品"),
    ("try_must", "required", "必填"),
    ("try_should", "should be sent", "文档必填"),
    ("try_may", "optional", "可选"),
    ("try_longest", "characters at most", "个字符以内"),
    ("try_more_name", "Another parameter: its name", "其他参数：名称"),
    ("try_more_value", "Its value", "值"),
    ("try_method", "Method", "请求方式"),
    ("try_sign", "Sign", "签名"),
    ("try_canonical", "Sorted by name, without sign, sign_type and what is empty", "按名称排序，去掉 sign、sign_type 和空值"),
    ("try_token", "the merchant's token", "商户密钥"),
    ("try_show_token", "Show the merchant's token", "显示商户密钥"),
    ("try_digest", "MD5 of both, in lower case, is the sign", "两者相连取 MD5（小写）即为 sign"),
    ("try_nobody", "There is no such merchant, so nobody's token can sign this.", "没有此商户，无法签名。"),
    ("try_refused", "This will be refused", "此请求会被拒绝"),
    ("try_found", "Findings: rules of the document that are broken", "提示：违反文档规定"),
    ("try_send", "Send to the gateway", "发送给网关"),
    ("try_open", "Open in a new window", "在新窗口打开"),
    ("try_headers", "Headers", "响应头"),
    ("try_text", "Text", "原文"),
    ("try_led_on", "The answer sends the browser on to another address. Open it in a new window to follow.", "应答会让浏览器跳转。请在新窗口中打开。"),
    ("try_lost", "No answer came: the connection broke.", "没有收到应答：连接中断。"),
    ("try_entry", "Journal entry", "日志记录"),
    ("try_query", "Query this order", "查询此订单"),
)
PAGE = Page("try_it", "M5 4l14 8-14 8z", TEXTS)
METHOD, TOKEN, MORE_NAME, MORE_VALUE = OWN = "_method", "_token", "_name", "_value"
NEWEST_NUMBERS = 20
# By their names in the address: the first table of a path has the path's.
TABLES = {f"{name}-{place}" if place else name: table for name, first in ENDPOINTS.items() for place, table in enumerate(first.tables)}
# Which order is proposed where a request is about one that there is.
ABOUT: Mapping[str, Mapping[str, str]] = {
    "tgpayrefund": {"status": Status.TRADE_SUCCESS}, "tgpayapi": {"endpoint": "tgpayh5", "status": Status.WAIT_BUYER_PAY},
    "tgpaybankcard-1": {"endpoint": "tgpaybankcard"}, "tgpayquery-1": {"endpoint": "tgpaywebtoterminal"}}


@dataclass(frozen=True)
class Signed:
    """Parameters as they are sent, how their sign is made, and what the gateway's tables say of them; without an owner there is no sign."""

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
        """The signature."""
        return signature.sign(self.params, self.owner.token) if self.owner else ""

    @property
    def sent(self) -> dict[str, str]:
        """Everything that is sent."""
        return {**self.params, **({"sign": self.sign} if self.owner else {})}


@blueprint.route("/try", methods=["GET", "POST"])
def try_it() -> Response:
    """The form of a table, and what is typed into it, signed; a post signs other values and changes nothing."""
    key = request.args.get("table", "")
    key = key if key in TABLES else next(iter(TABLES))
    table, tables = TABLES[key], emulator().store.read()
    values = {name: value for name, value in request.form.items() if name not in OWN} if request.form else filled(tables, key)
    method = request.form.get(METHOD) or ("POST" if "pay_info" in table.names else "GET")
    more = request.form.get(MORE_NAME, "").strip(), request.form.get(MORE_VALUE, "")
    signed = sign(tables, table, {**values, more[0]: more[1]} if more[0] else values)
    return show("try_it", "try_it", key=key, table=table, choices=[(name, each) for name, each in TABLES.items()], values=values,
                rows=[row for row in table.params if row.name != "sign"], method=method, more=more, signed=signed,
                command=curl.command(table.name, method, signed.sent), shows_token=TOKEN in request.form,
                numbers=[] if table.name in SCENES else [order.out_trade_no for order in _newest(tables, {})[:NEWEST_NUMBERS]])


def sign(tables: Tables, table: Endpoint, values: Mapping[str, str]) -> Signed:
    """What is sent of values, with its sign and what is wrong with it."""
    params = {name: value for name, value in values.items() if value != "" and name != "sign"}
    found = tables.merchants.login(params.get("user", "")) if table.owner == "user" else None
    owner = found[0] if found else tables.merchants.find(params.get("merchants_id", ""))
    checked = ENDPOINTS[table.name].table_of(params)
    named, renamings, contradictions = endpoint_tables.renamed(checked, {**params, "sign": "made below"})
    problems, breaches = endpoint_tables.check(checked, named, contradictions)
    return Signed(params, owner, problems, [finding.detail for finding in (*renamings, *breaches)])


def filled(tables: Tables, key: str) -> dict[str, str]:
    """The document's examples, with what belongs to the merchant in place of what belongs to the document's, and what the address says."""
    table = TABLES[key]
    values = {row.name: row.example for row in table.params if row.name != "sign"}
    merchant = tables.merchants.find(chosen() or "") or next(tables.merchants.page("", 1), None)
    own = dict(_own(tables, key, merchant)) if merchant else {}
    asked = request.args.to_dict()
    return _of_this_table(table, {name: asked.get(name) or own.get(name, value) for name, value in values.items()})


def _own(tables: Tables, key: str, merchant: Merchant) -> Iterator[tuple[str, str]]:
    """The values that differ from merchant to merchant."""
    yield "merchants_id", merchant.merchants_id
    yield "pay_info", to_json(_card(real_now()))
    yield "terminal_sn", next((device.serial for device in tables.terminals.of_merchant(merchant.merchants_id)), "")
    if TABLES[key].name in SCENES and key not in ABOUT:
        yield "out_trade_no", f"{merchant.merchants_id}{clock.compact(real_now(), emulator().settings.timezone)}"
        return
    order = next(iter(_newest(tables, {**ABOUT.get(key, {}), "merchants_id": merchant.merchants_id})), None)
    if order:
        yield "out_trade_no", order.out_trade_no
        yield "refund_amount", money.text(order.left)
        yield "transactionResultId", order.result_id


def _card(now: int) -> dict[str, str]:
    """A test card that is valid at an instant."""
    year = clock.moment(now, emulator().settings.timezone).year + 3
    return {"cardNo": PLAIN[2], "expirationMonth": "12", "expirationYear": f"{year % 100:02d}", "cvv": "123", "firstName": "Ken",
            "lastName": "Swift"}


def _newest(tables: Tables, narrowed: Mapping[str, Any]) -> list[Order]:
    """The newest orders, of the merchant that is looked at."""
    now = tables.clock.now()
    return tables.lists.orders({"merchants_id": chosen(), **narrowed}, now)[0]


def _of_this_table(table: Endpoint, values: dict[str, str]) -> dict[str, str]:
    """The values, with other choices where the examples would lead to another table of the same path."""
    choices = {row.name: row.format.schema["enum"] for row in table.params if "enum" in row.format.schema}
    for tried in [{}, *({name: choice} for name in choices for choice in choices[name])]:
        if ENDPOINTS[table.name].table_of({**values, **tried}) is table:
            return {**values, **tried}
    return values
