"""The card terminals: what each shows, live, its switches, and what can be done at it."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response, request

from ...domain.errors import OperationError
from ...domain.merchants import TERMINAL_TYPE
from ...domain.orders import Order
from ...operations.payments import BY_CONTROL
from ...operations.terminals import View, act, put
from ...operations.timers import written_of
from ...protocol.card_numbers import hidden
from ...store import Reader
from ...terminal import STOPPABLE, Act, Result, State, Terminal
from ..control.terminals import terminal_json
from ..current import emulator
from .frame import Page, blueprint, chosen, go_on, present, show, texts, to

TEXTS = (
    ("terminals", "Terminals", "终端"),
    ("term_make", "Make a terminal", "新建终端"),
    ("term_serial", "Serial number", "序列号"),
    ("term_type", "Type", "型号"),
    ("term_made", "The terminal was made:", "已新建终端："),
    ("term_empty", "No terminals", "没有终端"),
    ("term_empty_more", "This merchant has no card terminal. Make one above, then send it a sale.", "该商户没有终端。请先在上方新建终端，再发起消费。"),
    ("term_online", "Online", "在线"),
    ("term_attended", "Attended", "人工操作"),
    ("term_attended_more", "People drive it; else it moves by itself. In force from the next transaction.", "由人操作；否则自动进行。从下一笔交易起生效。"),
    ("term_screen", "Screen", "终端屏幕"),
    ("term_sale", "Send a sale", "发起消费"),
    ("term_last", "Last transaction", "最近交易"),
    ("term_no_last", "It has had no transaction yet.", "还没有交易。"),
    ("term_changed", "The terminal was changed:", "终端已更新："),
    ("term_next", "More terminals", "更多终端"),
    ("term_IDLE", "Ready", "就绪"), ("term_OFFLINE", "Offline", "离线"), ("term_WAITING_FOR_CARD", "Waits for the card", "等待出示银行卡"),
    ("term_READING_CARD", "Reads the card", "正在读卡"), ("term_PIN_ENTRY", "Asks for the PIN", "等待输入密码"),
    ("term_AUTHORISING", "Asks the host", "正在授权"), ("term_APPROVED", "Approved", "交易成功"), ("term_DECLINED", "Declined", "交易被拒绝"),
    ("term_CANCELLED", "Cancelled", "交易已取消"), ("term_FAILED", "Failed", "交易失败"),
    ("term_tap", "Tap", "挥卡"), ("term_insert", "Insert", "插卡"), ("term_swipe", "Swipe", "刷卡"), ("term_pin", "Type the PIN", "输入密码"),
    ("term_approve", "Approve", "批准"), ("term_decline", "Decline", "拒绝"), ("term_cancel", "Cancel", "取消"),
)
PAGE = Page("terminals", "M6 3h12v18H6zM9 6h6v4H9zM9 14h.01M12 14h.01M15 14h.01M9 17h.01M12 17h.01M15 17h.01", TEXTS)
OFFLINE = "OFFLINE"
COLOURS: Mapping[str, str] = {
    State.IDLE: "off", OFFLINE: "off", **dict.fromkeys(STOPPABLE, "wait"), State.READING_CARD: "info", State.AUTHORISING: "info",
    State.APPROVED: "good", State.DECLINED: "bad", State.CANCELLED: "bad", State.FAILED: "bad"}
RESULTS: Mapping[str, str] = {
    **dict.fromkeys((Result.AUTHORISED, Result.SUCCESS), "good"), **dict.fromkeys((Result.DECLINED, Result.FAILED), "bad"),
    Result.CANCELLED: "off"}
SWITCHES = ("online", "attended")
PAGE_OF_DEVICES = 50  # each has its screen, its switches and its buttons


@dataclass(frozen=True)
class Seen:
    """A terminal as the control interface tells it, what it shows, and the order of its last transaction; `moves` while it goes on."""

    told: dict[str, Any]
    view: str
    colour: str
    order: Order | None

    @property
    def moves(self) -> bool:
        """Whether it will soon show something else."""
        return self.view not in (State.IDLE, OFFLINE)


@blueprint.get("/terminals")
def terminals() -> Response:
    """A page of the terminals."""
    tables, now = emulator().store.read(), present()
    devices = tables.terminals.page(chosen(), request.args.get("after", ""), PAGE_OF_DEVICES)
    return show("terminals", "terminals", follows="order", rows=[_seen(tables, device, now) for device in devices], results=RESULTS,
                rest=devices[-1].serial if len(devices) == PAGE_OF_DEVICES else None, type=TERMINAL_TYPE)


def _seen(tables: Reader, device: Terminal, now: int) -> Seen:
    order = written_of(tables, device)
    told = terminal_json(View(device, order, now))
    view = told["state"] if device.online else OFFLINE
    return Seen(told, view, COLOURS[view], order)


@blueprint.post("/terminals")
def make_terminal() -> Response:
    """Make a terminal."""
    serial = request.form.get("serial", "").strip()
    given = {"merchants_id": request.form.get("merchants_id", "").strip(),
             "terminal_type": request.form.get("terminal_type", "").strip() or TERMINAL_TYPE}
    return _done(partial(put, emulator().units, serial, given), f"{texts().term_made} {serial}")


@blueprint.post("/terminals/<serial>/switch")
def switch_terminal(serial: str) -> Response:
    """Take a terminal offline or online, or let people drive it or not."""
    given = {name: request.form[name] == "on" for name in SWITCHES if name in request.form}
    return _done(partial(put, emulator().units, serial, given), f"{texts().term_changed} {serial}")


@blueprint.post("/terminals/<serial>/<any(tap, insert, swipe, pin, approve, decline, cancel):done>")
def act_at_terminal(serial: str, done: str) -> Response:
    """Do what a person does at a terminal."""
    return _done(partial(act, emulator().units, serial, Act(done), BY_CONTROL), f"{serial}: {texts()[f'term_{done}']}")


def _done(change: Callable[[], object], sentence: str) -> Response:
    """Make a change; back to the terminals with what came of it."""
    try:
        change()
    except OperationError as error:
        return go_on(to("terminals"), hidden(str(error)), good=False)
    return go_on(to("terminals"), sentence)
