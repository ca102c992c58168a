"""All that happened to an order, in the order of the emulator's time: requests, moves, terminals' steps, notifications, settlement."""
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ... import terminal
from ...base import portions
from ...domain import transitions
from ...domain.orders import Event, Order
from ...domain.settlement import PAYMENT, rows as lines_of
from ...operations.payments import BY_CLOCK, BY_CONTROL, BY_PAYER
from ...store import Reader
from ...store.columns import Newest
from ...store.notifications import StoredNotification
from . import entries
from .notifications import attempt

ROWS = (
    ("event_create", "Order made", "创建订单"),
    ("event_pay", "Paid", "支付成功"),
    ("event_decline", "The buyer could not pay, and may try again", "付款未成功，可重试"),
    ("event_fail", "Payment failed", "支付失败"),
    ("event_cancel", "Cancelled by the merchant", "商户取消"),
    ("event_close", "Closed", "关闭"),
    ("event_expire", "Expired", "过期"),
    ("event_refund", "Refunded in part", "部分退款"),
    ("event_refund_all", "Refunded", "全额退款"),
    ("event_finish", "Refund period over", "退款期结束"),
    ("event_pend", "Pending at the issuer", "等待发卡行"),
    ("event_wrong_code", "Wrong one-time code", "验证码错误"),
    ("event_review", "Authorised, waiting for the review", "已授权，等待审核"),
    ("event_revoke", "Cancelled after authorisation", "授权后取消"),
    ("event_retry", "Tried again", "重新支付"),
    ("event_chargeback", "Charged back", "拒付"),
    ("event_start", "Handed to the terminal", "发送至终端"),
    ("event_present", "Card presented", "出示银行卡"),
    ("event_pin", "PIN typed", "输入密码"),
    ("event_restore", "Refund taken back", "退款撤销"),
    ("event_act", "The buyer acts as the scenario says", "买家按场景操作"),
    ("event_end", "The terminal's transaction ends", "终端交易结束"),
    ("by_payer", "by the payer", "由付款人"),
    ("by_control", "by hand", "手动"),
    ("by_clock", "by time", "到时自动"),
    ("by_request", "by", "由"),
    ("attempt", "Attempt", "第几次"),
    ("by_hand", "replayed by hand", "手动重发"),
    ("delivered", "Delivered", "已确认"),
    ("not_delivered", "Not delivered", "未确认"),
    ("next_attempt", "Next attempt", "下次发送"),
    ("terminal", "Terminal", "终端"),
    ("settled_payment", "Payment settled", "支付结算"),
    ("settled_refund", "Refund settled", "退款结算"),
    ("settles", "In the settlement file", "结算文件中的记录"),
    ("fee", "fee", "手续费"),
    ("truly", "truly", "实际应为"),
    ("injected_missing", "Injected: the file lacks it", "植入差异：文件中缺失"),
    ("injected_duplicate", "Injected: the file has it twice", "植入差异：文件中重复"),
    ("injected_next_day", "Injected: a day late", "植入差异：晚一天"),
    ("injected_fee_off", "Injected: the fee is a penny off", "植入差异：手续费差一分"),
    ("injected_amount_off", "Injected: the amount is a penny off", "植入差异：金额差一分"),
    ("injected_unknown_row", "Injected: a row beside it that nobody knows", "植入差异：多出一条未知记录"),
    ("left_open", "Looked at whether it was left open (QR note 2)", "检查订单是否未处理（二维码注 2）"),
    ("step_WAITING_FOR_CARD", "waits for the card", "等待出示银行卡"),
    ("step_READING_CARD", "reads the card", "正在读卡"),
    ("step_PIN_ENTRY", "asks for the PIN", "等待输入密码"),
    ("step_AUTHORISING", "asks the host", "正在授权"),
    ("step_APPROVED", "approved", "交易成功"),
    ("step_DECLINED", "declined", "交易被拒绝"),
    ("step_CANCELLED", "cancelled", "交易已取消"),
    ("step_FAILED", "failed", "交易失败"),
)
REQUEST, CHANGE, STEP, ATTEMPT, SETTLEMENT, DUE, UPCOMING = "request", "change", "step", "attempt", "settlement", "due", "upcoming"
MOST_NOTIFICATIONS = 50
RANKS = (REQUEST, CHANGE, STEP, ATTEMPT, SETTLEMENT, UPCOMING, DUE)  # of what happens in the same millisecond
_BY = {BY_PAYER: "by_payer", BY_CONTROL: "by_control", BY_CLOCK: "by_clock"}  # else an endpoint
_COLOURS = {
    **dict.fromkeys((Event.PAY, Event.RESTORE), "good"), **dict.fromkeys((Event.REFUND, Event.REFUND_ALL), "info"),
    **dict.fromkeys((Event.FAIL, Event.DECLINE, Event.WRONG_CODE, Event.CHARGEBACK), "bad"),
    **dict.fromkeys((Event.PEND, Event.REVIEW), "wait")}


@dataclass(frozen=True)
class Moment:
    """Something that happened, or will: `kind` says what `told` is, `key` is its own for ever."""

    at: int
    kind: str
    key: str
    colour: str
    told: Any


def timeline(tables: Reader, order: Order, now: int) -> tuple[list[Moment], int]:
    """The moments of an order, oldest first, with those that are to come at the end; and how many older ones are left out."""
    number = order.merchants_id, order.out_trade_no
    requests, changes = tables.lists.requests(*number), tables.orders.history(*number)
    settled, (notifications, left_out) = tables.lists.ledger(*number), _notifications(tables, order)
    moments = [*_requests(tables, requests.rows), *_changes(changes.rows), *_steps(tables, order, now), *notifications,
               *_settlement(settled.rows), *_upcoming(order)]
    left_out += requests.left_out + changes.left_out + settled.left_out
    return sorted(moments, key=lambda moment: (moment.at, RANKS.index(moment.kind))), left_out


def _requests(tables: Reader, rows: Iterable[Any]) -> Iterator[Moment]:
    for row in rows:
        entry = entries.read(tables, row)
        yield Moment(row["at"], REQUEST, f"request-{row['id']}", "info" if entry.ok else "bad", entry)


def _changes(rows: Iterable[Any]) -> Iterator[Moment]:
    for row in rows:
        told = {**dict(row), "detail": json.loads(row["detail"]), "by": _BY.get(row["cause"], "by_request")}
        yield Moment(row["at"], CHANGE, f"change-{row['id']}", _COLOURS.get(Event(row["event"]), "off"), told)


def _steps(tables: Reader, order: Order, now: int) -> Iterator[Moment]:
    """What terminals showed up to now."""
    earlier = tables.lists.transactions(order.merchants_id, order.out_trade_no)
    for transaction in filter(None, (*earlier, order.transaction)):
        for place, step in enumerate(terminal.steps_of(transaction)):
            if step.since <= now:
                yield Moment(step.since, STEP, f"step-{transaction.result_id}-{place}", "off", {"serial": transaction.serial, "step": step})


def _notifications(tables: Reader, order: Order) -> tuple[list[Moment], int]:
    """The newest attempts of the newest notifications, and when the next ones are due; and how many are left out."""
    notifications, left_out = tables.notifications.of_order(order.merchants_id, order.out_trade_no)
    found = [(notification, tables.notifications.attempts(notification.id)) for notification in notifications[-MOST_NOTIFICATIONS:]]
    attempts = [moment for each in found for moment in _attempts(*each)]
    shown, _ = portions.taken(reversed(attempts), _size, portions.PART)
    left_out += len(notifications) - len(found) + len(attempts) - len(shown) + sum(each.left_out for _, each in found)
    return shown[::-1], left_out


def _size(moment: Moment) -> int:
    """About how many characters an attempt takes: each shows what was sent."""
    notification, row = moment.told["notification"], moment.told.get("attempt")
    return len(notification.body) + len(notification.url) + (len(row["answer"]) if row else 0)


def _attempts(notification: StoredNotification, attempts: Newest) -> Iterator[Moment]:
    """Every attempt of a notification, and when the next one is due."""
    for place, row in enumerate(attempts.rows, attempts.left_out + 1):
        yield Moment(row["at"], ATTEMPT, f"attempt-{row['id']}", "good" if row["delivered"] else "bad",
                     {"notification": notification, "attempt": attempt(row), "place": place})
    if notification.due_at is not None:
        place = attempts.left_out + len(attempts.rows) + 1
        yield Moment(notification.due_at, DUE, f"due-{notification.id}", "wait", {"notification": notification, "place": place})


def _settlement(rows: Iterable[Any]) -> Iterator[Moment]:
    for row in rows:
        yield Moment(row["settles_at"], SETTLEMENT, f"settlement-{row['id']}", "wait" if row["injected"] else "info",
                     {**dict(row), "pays": row["kind"] == PAYMENT, "lines": lines_of(row["line"]), "injected": row["injected"].split()})


def _upcoming(order: Order) -> Iterator[Moment]:
    """What time alone will do next."""
    due = transitions.falls_due(order)
    if due:
        yield Moment(due[0], UPCOMING, "upcoming", "off", str(due[1]) if due[1] else None)
