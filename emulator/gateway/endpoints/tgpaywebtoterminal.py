"""Section 8: a transaction on a card terminal at the counter."""
from collections.abc import Mapping

from msgspec.structs import replace

from ... import terminal
from ...base import durations, money
from ...domain import notifications, transitions
from ...domain.kinds import of_kind
from ...domain.orders import Order, Status
from ...domain.terminal_orders import TerminalOrder
from ...domain.transitions import refusal
from ...operations import kinds, terminal_payments
from ...operations.terminal_transactions import Original, begun, original
from ...protocol.codes import Refused
from ...protocol.endpoint_tables import Field, endpoint, fields
from ...protocol.parameters import TEXT, Param, one_of, pattern
from ...protocol.replies import Answer
from ...terminal import Act, Impossible, Terminal
from . import _common as common
from ._common import Call
from ._terminals import OFFLINE, at_work, device, unavailable

PAY_TYPE = "webtoterminal"
ACCEPTED, REJECTED = "202", "400"
IS_BUSY, DOES_NOT_RESPOND, TOO_LATE = "1001", "1002", "1003"
ACCEPTED_MESSAGE = "Operation Accepted"
# The document prints the second sentence; the others are Handpoint's, whose interface this endpoint passes
# on.
MESSAGES = {
    IS_BUSY: "The device is busy",
    DOES_NOT_RESPOND: "No device listening at the other end of the secure channel",
    TOO_LATE: "Cancel operation not allowed"}
# Explanations for the journal: the remarks in the document's table of return codes.
ADVICE = {
    IS_BUSY: "the terminal is busy with another transaction; wait until it has ended",
    DOES_NOT_RESPOND: "the terminal does not respond; see that it is online and try again in a few seconds",
    TOO_LATE: "the terminal has no transaction that can be stopped now"}
NO_TERMINAL = "this merchant has no such terminal; create it, or send the terminal_sn of another one"
TIME_LIMIT = 5 * durations.MINUTE  # never reached: the terminal ends every transaction sooner
NEEDS_AMOUNT = (terminal.SALE, terminal.REFUND)


def what_the_operation_needs(params: Mapping[str, str]) -> str | None:
    """The problem of missing parameters, else None.

    A sale and a refund need an amount, a reversal its original, and every operation but a stop an order
    number.
    """
    operation = params.get("operation", "")
    needed = {"out_trade_no": operation != terminal.STOP, "trans_amount": operation in NEEDS_AMOUNT}
    missing = [name for name, is_needed in needed.items() if is_needed and name not in params]
    if (operation in terminal.REVERSALS and not {"original_out_trade_no",
                                                 "original_transaction_id"} & set(params)):
        missing.append("original_out_trade_no or original_transaction_id")
    if not missing or operation not in OPERATIONS:
        return None
    return (f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing, which operation "
            f"{operation} needs")


OPERATIONS = (*terminal.OPERATIONS, terminal.STOP)


@endpoint(
    section="8", title="Card terminal", product=PAY_TYPE, refused_as=REJECTED,
    params=(
        common.MERCHANTS_ID, Param("pay_type", common.REQUIRED, one_of(PAY_TYPE), PAY_TYPE, PAY_TYPE),
        Param("operation", common.REQUIRED, one_of(*OPERATIONS), terminal.SALE, "what the terminal is to do"),
        replace(common.OUT_TRADE_NO, need=common.OPTIONAL,
                note="refused when missing, but for stopCurrentTransaction"),
        Param("trans_currency", common.OPTIONAL, pattern("three capital letters", "[A-Z]{3}"), "GBP",
              "must be the merchant's currency"),
        replace(common.TRANS_AMOUNT, need=common.OPTIONAL,
                note="refused when missing from a sale or a refund"),
        Param("terminal_type", common.DOCUMENTED, TEXT, "PAX920", "model of the terminal"),
        Param("terminal_sn", common.DOCUMENTED, TEXT, "1850025030",
              "serial number; without it the merchant's first terminal", 32,
              identifier=True),
        Param("original_out_trade_no", common.OPTIONAL, TEXT, "",
              "order of the sale or refund to reverse or refund", 64, identifier=True,
              source=common.INFERRED),
        Param("original_transaction_id", common.OPTIONAL, TEXT, "",
              "its transactionResultId or transactionID", 64, identifier=True,
              source=common.INFERRED),
        common.NOTIFY_URL, common.REFERENCE, common.SIGN, common.SIGN_TYPE),
    answer=(
        *fields(("is_success", "T handed to the terminal, F not"), ("result_code", "202 or 400"),
                ("result_msg", "the same in words")),
        Field("result_msg_code", "1001 busy, 1002 offline or unknown, 1003 cannot be stopped; only with 400",
              sparing=True),
        Field("error", "the sentence of result_msg; only with 400", sparing=True),
        Field("transactionResultId",
              "number of the transaction, for the query; only with 202, and neither with "
              "a notify_url nor in the response to a stop", sparing=True),
        *fields(("merchants_id", "merchant"), ("out_trade_no", "order number")), *common.SIGNATURE),
    rules=(what_the_operation_needs,),
    note="The result arrives by notification, or by a query with transactionResultId or out_trade_no: 204 "
         "while there is none. A linked refund and the reversals name their original by one of two "
         "parameters (inferred). After DECLINED, FAILED and CANCELLED the order number may be used again.")
def tgpaywebtoterminal(call: Call) -> Answer:
    """Hand a transaction to a terminal, or stop the one that it has."""
    _same_currency(call)
    operation, asked = call.get("operation"), device(call, call.get("terminal_sn"))
    known = _usable(call, asked) if operation != terminal.STOP else None
    wrong = unavailable(call, asked) if asked else OFFLINE
    if asked is None:
        return _rejected(call, DOES_NOT_RESPOND, NO_TERMINAL)
    if wrong == OFFLINE:
        return _rejected(call, DOES_NOT_RESPOND)
    if operation == terminal.STOP:
        return _stopped(call, at_work(call, asked))
    if wrong:
        return _rejected(call, IS_BUSY)
    return _accepted(call, _number_to_ask_with(call, _begun(call, asked, known)))


def _number_to_ask_with(call: Call, order: TerminalOrder) -> str:
    """The transactionResultId for the query, empty when a notification brings the result.

    That is so with a notify_url of the request or of the merchant.
    """
    return "" if notifications.address(order, call.merchant) else order.terminal.result_id


def _same_currency(call: Call) -> None:
    asked = call.get("trans_currency") or call.merchant.currency
    if asked != call.merchant.currency:
        raise Refused("ILLEGAL_ARGUMENT",
                      f"trans_currency {asked} is not {call.merchant.currency}, the currency of merchant "
                      f"{call.merchant.merchants_id}")


def _usable(call: Call, asked: Terminal | None) -> TerminalOrder | None:
    """The order whose number is used again, or None for a new number. Raises Refused when it must not be."""
    order = call.known_order()
    if order is None:
        return None
    ours = of_kind(TerminalOrder, order)
    if ours is None:
        raise _not_usable(order, order.amount)
    transaction = ours.terminal
    if ours.may_be_retried:
        return ours
    if transaction.in_progress and asked and asked.serial == transaction.serial:
        return ours  # its own terminal will say that it is busy
    if ours.status is Status.TRADE_CLOSED or _asked_amount(call) not in (None, transaction.requested):
        raise _not_usable(ours, transaction.requested)
    if not ours.was_paid:
        raise _used(ours, f"on terminal {transaction.serial}, and has no known result yet")
    raise refusal(ours, "TRADE_HAS_SUCCESS", f"order {ours.out_trade_no} has been approved already")


def _not_usable(order: Order, amount: int) -> Refused:
    """The refusal of a number that is closed, or used for something else."""
    if order.status is Status.TRADE_CLOSED:
        return transitions.state_refusal(order)
    return _used(order, f"by {order.endpoint} for {money.text(amount)}")


def _used(order: Order, how: str) -> Refused:
    """The refusal of a number that is used."""
    return refusal(order, "CONTEXT_INCONSISTENT", f"out_trade_no {order.out_trade_no} is used already, {how}")


def _begun(call: Call, chosen: Terminal, known: TerminalOrder | None) -> TerminalOrder:
    """The order of this request, handed to the terminal."""
    operation = call.get("operation")
    names = call.get("original_out_trade_no"), call.get("original_transaction_id")
    linked = any(names) and operation != terminal.SALE
    given_back = original(call.payments, *names) if linked else Original()
    amount = _asked_amount(call)
    if amount is None:  # a reversal is about the whole amount
        amount = given_back.order.amount if given_back.order else 0
    transaction = begun(call.payments, call.get("out_trade_no"), amount, chosen, operation, given_back)
    order = call.order(TerminalOrder, PAY_TYPE, call.now + TIME_LIMIT, amount=amount, terminal=transaction)
    if known is None:
        return terminal_payments.begin(call.payments, order)
    return terminal_payments.begin_again(call.payments, known, order)


def _asked_amount(call: Call) -> int | None:
    """The requested amount in minor units, None when a reversal names none."""
    return call.amount if "trans_amount" in call.params else None


def _stopped(call: Call, present: Order | None) -> Answer:
    if present is None:
        return _rejected(call, TOO_LATE)
    try:
        kinds.act_at_terminal(call.payments, present, Act.CANCEL)
    except Impossible:
        return _rejected(call, TOO_LATE)
    return _accepted(call)


def _accepted(call: Call, number: str = "") -> Answer:
    """The answer 202. `number` is the transactionResultId, if the client has to query the result."""
    return Answer({"is_success": "T", "result_code": ACCEPTED, "result_msg": ACCEPTED_MESSAGE,
                   **({"transactionResultId": number} if number else {}),
                   "merchants_id": call.merchant.merchants_id, "out_trade_no": call.get("out_trade_no")})


def _rejected(call: Call, code: str, why: str = "") -> Answer:
    """The answer 400; `why` is for the journal, by default the document's remark on the code."""
    return Answer({"is_success": "F", "result_code": REJECTED, "result_msg": MESSAGES[code],
                   "result_msg_code": code, "error": MESSAGES[code],
                   "merchants_id": call.merchant.merchants_id, "out_trade_no": call.get("out_trade_no")},
                  {"why": why or ADVICE[code]})
