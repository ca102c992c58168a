"""Section 11: a page that sends the browser to the payment page with a POST."""
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from ...domain.transitions import refusal
from ...operations.payments import waiting
from ...protocol.endpoint_tables import endpoint
from ...protocol.parameters import Param, one_of
from ...protocol.replies import PostForm
from . import _common as common
from ._common import Call


@endpoint(
    section="11", title="Link to post", product=None, signed=False,
    params=(common.MERCHANTS_ID, common.OUT_TRADE_NO,
            Param("service", common.REQUIRED, one_of("linktopost"), "linktopost", "the service"), common.SIGN,
            common.SIGN_TYPE),
    note="Called by the browser; returns an HTML page. Refusals are XML, and unsigned like the page.")
def tgpayapi(call: Call) -> PostForm:
    """Return a page that posts the parameters of the order's pay_url to that URL."""
    order = waiting(call.find_order())
    if not order.pay_url_path:
        sentence = f"order {order.out_trade_no} was created by {order.endpoint} and has no pay_url"
        raise refusal(order, "CONTEXT_INCONSISTENT", sentence)
    parts = urlsplit(f"{call.base_url}{order.pay_url_path}")
    return PostForm(urlunsplit(parts._replace(query="")),
                    tuple(parse_qsl(parts.query, keep_blank_values=True)))
