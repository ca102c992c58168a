"""Section 8: the query of a terminal transaction."""
from msgspec.structs import replace

from ... import terminal
from ...domain import notifications
from ...domain.orders import Order
from ...operations.payments import QUERIES
from ...protocol.codes import Refused
from ...protocol.endpoint_tables import Field, endpoint, fields
from ...protocol.findings import Finding
from ...protocol.parameters import TEXT, Param
from ...protocol.replies import Answer
from ...terminal import Result, Transaction
from . import _common as common
from ._common import Inquiry

UNKNOWN_RESULT = f"<trade_status>{Result.UNDEFINED}<"
TERMINAL_RESULT = (
    *fields(("is_success", "T found, F unknown"),
            ("result_code", "204 no result yet, 200 with the result; 404 unknown")),
    Field("result_msg", "the same in words", common.INFERRED),
    *fields(("merchants_id", "merchant"), ("out_trade_no", "order number")),
    Field("transactionResultId", "number of the transaction", common.INFERRED),
    Field("operation", "as asked", common.INFERRED),
    Field("trade_status", "UNDEFINED, SUCCESS, AUTHORISED, DECLINED, FAILED, CANCELLED or PARTIAL_APPROVAL"),
    *(Field(name, meaning, common.INFERRED) for name, meaning in (
        ("trans_amount", "what was approved"), ("requested_amount", "what was asked for"),
        ("trans_currency", "currency"), ("terminal_sn", "serial number of the terminal"),
        ("terminal_type", "its model"), ("transactionID", "the acquirer's number"),
        ("authorisationCode", "of an approval, six digits"),
        ("issuerResponseCode", "two digits; 00 approved"), ("cardSchemeName", "brand of the card"),
        ("maskedCardNumber", "its last four digits"), ("cardEntryType", "ICC, MSR or UNDEFINED"),
        ("verificationMethod", "PIN, NOT_REQUIRED or UNDEFINED"), ("statusMessage", "the result in words"),
        ("originalTransactionID", "of a reversal or linked refund"),
        ("efttimestamp", "when the result was reached, epoch milliseconds"),
        ("recoveredTransaction", "true in a repeated notification"), ("reference", "as sent"))),
    *common.SIGNATURE)


@endpoint(
    name="tgpayquery", section="8", title="Query of a terminal transaction", product=None,
    reads=True,
    applies=lambda params: bool(params.get("transactionResultId")),
    params=(
        common.MERCHANTS_ID, replace(common.OUT_TRADE_NO, need=common.OPTIONAL),
        Param("transactionResultId", common.REQUIRED, TEXT, "1850025030-1623060148000",
              "number of the transaction", 64,
              source=common.INFERRED), common.SIGN),
    answer=TERMINAL_RESULT,
    note="The fields are Handpoint's (inferred), amounts in major units. A query by out_trade_no of an order "
         "on a terminal returns the same fields. The notification of a result is this document.")
def terminal_query(call: Inquiry) -> Answer:
    """Answer a query by transactionResultId."""
    found = call.tables.terminals.transaction(call.merchant.merchants_id, call.get("transactionResultId"))
    if found is None or call.get("out_trade_no") not in ("", found[0]):
        raise Refused("TRADE_NOT_EXIST", f"no transaction {call.get('transactionResultId')} is known",
                      notifications.NO_TRANSACTION)
    order = call.known_order(found[0])
    transaction = found[2] or (order.transaction if order else None)
    assert order is not None and transaction is not None
    return terminal_answer(call, order, transaction)


def terminal_answer(call: Inquiry, order: Order, transaction: Transaction) -> Answer:
    """The transaction as it is now, with a finding for those who ask again too soon (section 8)."""
    span = call.now - terminal.RESOLVED_AFTER, call.now
    told_since, number = call.tables.journal.told_since, (order.merchants_id, order.out_trade_no)
    too_soon = any(told_since(*number, query, UNKNOWN_RESULT, *span) for query in QUERIES)
    finding = Finding("QUERIED_TOO_SOON", "queried again less than 10 seconds after the response UNDEFINED")
    return Answer(notifications.of_transaction(order, transaction), rows=TERMINAL_RESULT,
                  findings=(finding,) if too_soon else ())
