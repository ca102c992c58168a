"""Section 15: the login of a merchant's user on a POS device."""
from ...protocol.codes import Refused
from ...protocol.endpoint_tables import endpoint, fields
from ...protocol.parameters import TEXT, Param, one_of
from ...protocol.replies import Answer
from . import _common as common
from ._common import Call


@endpoint(
    section="15", title="Merchant's user", product=None, signed=False, owner="user",
    params=(
        Param("user", common.REQUIRED, TEXT, "wos.101", "login, in any case"),
        Param("password", common.REQUIRED, TEXT, "1234", "password"),
        Param("tgpay_product", common.REQUIRED, one_of("ACCOUNT_LOGIN", "ACCOUNT_LOGIN_CHECK"),
              "ACCOUNT_LOGIN",
              "fixed; the document's example and its table differ"), common.SIGN),
    answer=fields(("is_success", "T processed, F refused"), ("error", "error code"),
                  ("merchants_id", "merchant"),
                  ("merchant_name", "its name"), ("account_id", "account"), ("account_login_name", "login")),
    note="Signed with the token of the merchant that the user belongs to (inferred): the request does not "
         "name one.")
def tgpayuserinfo(call: Call) -> Answer:
    """Return the merchant and the account of a login. Raises Refused (LOGIN_FAILED)."""
    found = call.tables.merchants.login(call.get("user"))
    if found is None or not found[1].has_password(call.get("password")):
        raise Refused("LOGIN_FAILED", "user or password is wrong")
    merchant, user = found
    return Answer({"is_success": "T", "merchants_id": merchant.merchants_id, "merchant_name": merchant.name,
                   "account_id": user.account_id,
                   "account_login_name": user.login})
