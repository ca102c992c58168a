"""The payment code on a buyer's phone, for the scanner at the counter: `buyer_identity_code` of section 1."""
from flask import Blueprint, Response, request

from ..domain import wallets
from ..gateway.endpoints.tgpaybarcode import wallet_of
from ..operations import payers
from . import drawn
from .current import emulator
from .pages import BY_OWN_PAGES, page

blueprint = Blueprint("payment_code", __name__)


@blueprint.get("/code/<wallet>")
def show(wallet: str) -> Response:
    """The page with a new payment code of a wallet, or with the code in the query's `code`."""
    if wallet not in wallets.WALLETS:
        return page("not_found.html", 404)
    named = request.args.get("code", "")
    code = named if wallet_of(named) == wallet else payers.new_payment_code(emulator().units, wallet)
    other = next(name for name in wallets.WALLETS if name != wallet)
    row = wallets.test_code(code)
    buyers = [(test.ending[-5:], wallets.PREFIXES[wallet] + test.ending) for test in wallets.TEST_CODES]
    return page("payment_code.html", framed_by=BY_OWN_PAGES, wallet=wallet, other=other, code=code,
                groups=_grouped(code), buyers=buyers,
                holder=row.ending[-5:] if row else "plain", bars=drawn.code128(code), modules=drawn.qr(code))


def _grouped(code: str) -> str:
    return " ".join(code[place:place + 4] for place in range(0, len(code), 4))
