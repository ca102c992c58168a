"""Answers as signed XML (section 1.3): declaration, root, and one element on each line in the documented
order.
"""
import html
import re
from collections.abc import Mapping

from ..signing import signature
from .characters import NOT_IN_XML, printable
from .codes import Refused
from .endpoint_tables import Endpoint, Field

CONTENT_TYPE = "text/xml; charset=utf-8"
DECLARATION = '<?xml version="1.0" encoding="utf-8" ?>\n'
DEFAULT_ROOT = "tgpaypro"
_ESCAPED = re.compile("[&<>\r]")


def xml(root: str, fields: Mapping[str, str]) -> str:
    """The XML document. An element without a value is written `<error></error>`.

    Raises ValueError for characters that XML does not have.
    """
    if _ESCAPED.search("".join(fields.values())):
        fields = {name: _escaped(value) for name, value in fields.items()}
    lines = [f"    <{name}>{value}</{name}>\n" for name, value in fields.items()]
    text = f"{DECLARATION}<{root}>\n{''.join(lines)}</{root}>\n"
    if NOT_IN_XML.search(text):
        raise ValueError("the answer has characters that XML does not have")
    return text


def _escaped(value: str) -> str:
    """A text within an element. A parser would take a carriage return as it is for the end of a line."""
    return html.escape(value, quote=False).replace("\r", "&#13;")


def signed(fields: Mapping[str, str], token: str) -> dict[str, str]:
    """The fields followed by their `sign` and `sign_type`."""
    return {**fields, "sign": signature.sign(fields, token), "sign_type": "MD5"}


def answer(table: Endpoint, fields: Mapping[str, str], token: str, rows: tuple[Field, ...] = ()) -> str:
    """The XML of a processed request, with every documented field, empty when it has no value.

    `rows` are the fields in their order, when they are not those of the table.
    """
    body = {row.name: fields.get(row.name, "") for row in rows or table.answer
            if row.name not in signature.NEVER_SIGNED and (row.name in fields or not row.sparing)}
    return xml(table.root, signed(body, token) if table.signed else body)


def refusal(refused: Refused, params: Mapping[str, str], table: Endpoint | None, token: str | None) -> str:
    """The XML of a refused request.

    It is signed when the endpoint's answers are and the merchant is known.
    """
    card_code = refused.card_code or (refused.code.card_code if table and table.card_codes else "")
    result_code = card_code or (table.refused_as if table else "") or refused.result_code
    body = {"is_success": "F", "result_code": result_code, "error": refused.code.name,
            "detail_error_code": card_code or refused.code.name,
            "detail_error_des": printable(refused.sentence),
            "merchants_id": printable(params.get("merchants_id", "")),
            "out_trade_no": printable(params.get("out_trade_no", ""))}
    signs = table is not None and table.signed and token is not None
    return xml(table.root if table else DEFAULT_ROOT,
               signed(body, token) if signs and token is not None else body)
