"""The merchants: made, changed, reset and removed; a token when it is asked for, and programs to begin with."""
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from ...base import portions, urls
from ...domain.errors import Invalid, OperationError
from ...domain.merchants import NOTIFY_METHODS, PRODUCTS
from ...operations import merchants as operations
from ...operations.unit import merchant_of
from ...protocol.card_numbers import hidden
from ..current import base_url, emulator
from .frame import MOST_LISTED, Page, blueprint, go_on, show, texts, to
from .snippets import snippets

TEXTS = (
    ("merchants", "Merchants", "商户"),
    ("mer_make", "Make a merchant", "新建商户"),
    ("mer_make_more", "It is isolated from all others, with a token and two terminals of its own.", "与其他商户完全隔离，自带密钥和两台终端。"),
    ("mer_number", "Number (made when empty)", "商户号（留空自动生成）"),
    ("mer_made", "The merchant was made:", "已新建商户："),
    ("mer_more", "More merchants", "更多商户"),
    ("mer_settings", "Settings", "设置"),
    ("mer_notify_url", "Notifications go to", "通知地址"),
    ("mer_password_again", "write user and password again", "请重新填写用户名和密码"),
    ("mer_notify_method", "Query-string notifications by", "查询串通知的方式"),
    ("mer_currency", "Currency", "币种"),
    ("mer_rate", "Rate: CNY for 1", "汇率：1 单位兑人民币"),
    ("mer_fee_rate", "Fee, as a fraction", "手续费率（小数）"),
    ("mer_products", "Products", "产品"),
    ("mer_strict", "Strict: findings are refused", "严格模式：违反文档规定即拒绝"),
    ("mer_save", "Save", "保存"),
    ("mer_saved", "The settings are in force.", "设置已生效。"),
    ("mer_wrong", "Nothing was changed.", "未作更改。"),
    ("mer_token", "Token", "密钥"),
    ("mer_token_more", "What this merchant's requests are signed with.", "用于为该商户的请求签名。"),
    ("mer_show", "Show the token", "显示密钥"),
    ("mer_hide", "Hide it", "隐藏"),
    ("mer_begin", "A program to begin with", "示例程序"),
    ("mer_begin_more", "It makes a QR order of 0.01. Show the token above to have it filled in.", "创建一笔 0.01 的二维码订单。先在上方显示密钥，即可自动填入。"),
    ("mer_token_here", "the merchant's token", "商户密钥"),
    ("mer_end", "Begin anew", "重新开始"),
    ("mer_reset", "Reset", "重置"),
    ("mer_reset_more", "Forgets its orders, notifications, journal and scenario, and goes back to the settings with which it was made.",
     "清除其订单、通知、日志和场景，并恢复创建时的设置。"),
    ("mer_reset_ask", "Forget everything that this merchant did?", "确定清除该商户的所有数据？"),
    ("mer_was_reset", "The merchant is as it was made.", "商户已恢复初始状态。"),
    ("mer_remove", "Remove", "删除"),
    ("mer_remove_more", "The merchant itself goes too; its requests are refused from then on.", "商户本身也会被删除，此后其请求将被拒绝。"),
    ("mer_remove_ask", "Remove this merchant and everything that it did?", "确定删除该商户及其所有数据？"),
    ("mer_removed", "The merchant was removed:", "已删除商户："),
    ("mer_orders", "Its orders", "查看订单"),
)
PAGE = Page("merchants", "M4 10l1.5-6h13L20 10M4 10v10h16V10M4 10c0 2 3 2 4 0c1 2 3 2 4 0c1 2 3 2 4 0c1 2 4 2 4 0M9 20v-6h6v6", TEXTS)
TYPED = ("name", "notify_url", "notify_method", "currency", "rate", "fee_rate")


@blueprint.get("/merchants")
def merchants() -> Response:
    """A page of the merchants."""
    page = emulator().store.read().merchants.page(request.args.get("after", ""), MOST_LISTED)
    settings = ((each.merchants_id, each.shown_settings()) for each in page)
    rows, complete = portions.taken(settings, lambda row: len(str(row[1])))
    is_last = complete and len(rows) < MOST_LISTED
    return show("merchants", "merchants", rows=rows, rest=None if is_last else rows[-1][0])


@blueprint.post("/merchants")
def make_merchant() -> Response:
    """Make a merchant."""
    number, name = (request.form.get(field, "").strip() for field in ("merchants_id", "name"))
    try:
        made = operations.create(emulator().units, number or None, {"name": name} if name else {})
    except OperationError as error:
        return go_on(to("merchants"), hidden(str(error)), good=False)
    return go_on(to("merchant", number=made.merchants_id), f"{texts().mer_made} {made.merchants_id}")


@blueprint.get("/merchants/<number>")
def merchant(number: str) -> Response:
    """One merchant with its settings."""
    return _shown(number, merchant_of(emulator().store.read(), number).shown_settings())


def _shown(number: str, settings: Mapping[str, Any], wrong: Mapping[str, str] | None = None) -> Response:
    """A merchant's page with settings in its form, and what is wrong with them by name."""
    found = merchant_of(emulator().store.read(), number)
    shows_token = "token" in request.args
    token = found.token if shows_token else texts().mer_token_here
    return show("merchant", "merchants", 422 if wrong else 200, merchant=found, settings=settings, wrong=wrong or {}, products=PRODUCTS,
                methods=NOTIFY_METHODS, shows_token=shows_token, programs=snippets(number, token, base_url()))


@blueprint.post("/merchants/<number>")
def change_merchant(number: str) -> Response:
    """Put other settings in force, when each of them can be."""
    typed = {name: request.form.get(name, "").strip() for name in TYPED}
    given = {**typed, "products": request.form.getlist("products"), "strict": "strict" in request.form}
    try:
        operations.change(emulator().units, number, given)
    except Invalid as invalid:
        shown_url = urls.discreet(typed["notify_url"])
        wrong = {name: hidden(problem) for name, problem in invalid.problems.items()}
        if shown_url != typed["notify_url"]:
            wrong = {"notify_url": texts().mer_password_again, **wrong}
        return _shown(number, {**given, "notify_url": shown_url}, wrong)
    return go_on(to("merchant", number=number), texts().mer_saved)


@blueprint.post("/merchants/<number>/reset")
def reset_merchant(number: str) -> Response:
    """Forget what a merchant did."""
    operations.reset(emulator().units, number)
    return go_on(to("merchant", number=number), texts().mer_was_reset)


@blueprint.post("/merchants/<number>/remove")
def remove_merchant(number: str) -> Response:
    """Forget a merchant; the pages are narrowed to it no longer."""
    operations.remove(emulator().units, number)
    return go_on(to("merchants", merchants_id=""), f"{texts().mer_removed} {number}")
