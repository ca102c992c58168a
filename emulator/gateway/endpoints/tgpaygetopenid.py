"""Section 12: the payer's openid in WeChat."""
import re

from ...base.urls import escaped, with_query
from ...domain import wallets
from ...protocol.endpoint_tables import endpoint
from ...protocol.parameters import URL, Param
from ...protocol.replies import Redirect
from . import _common as common
from ._common import Call

_OPENID = re.compile(r"o[0-9A-Za-z]{27}", re.ASCII)


@endpoint(
    section="12", title="Get openid (WeChat)", product=None, signed=False,
    params=(
        common.MERCHANTS_ID,
        Param("client_url", common.REQUIRED, URL, "https://shop.example/pay/?m=1",
              "address to which the browser brings the openid"),
        common.SIGN, common.SIGN_TYPE),
    note="Called by the browser. The openid is added to client_url as openid= (inferred), and kept in a "
         "cookie, so that it stays the same for the same browser and merchant.")
def tgpaygetopenid(call: Call) -> Redirect:
    """Redirect the browser to client_url with its openid for this merchant."""
    mid = call.merchant.merchants_id
    cookie = f"openid_{re.sub(r'[^0-9A-Za-z]', '_', mid)}"
    openid = call.cookies.get(cookie, "")
    if not _OPENID.fullmatch(openid):
        openid = wallets.openid(call.settings.seed, mid, f"browser {call.tables.merchants.new_browser(mid)}")
    return Redirect(escaped(with_query(call.get("client_url"), {"openid": openid})), {cookie: openid})
