"""Notifications as they arrived at a receiver."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from xml.etree.ElementTree import ParseError

from ..signing import signature
from ..signing.merchant_client import read_notification


@dataclass(frozen=True)
class Notification:
    """One request that a receiver has received.

    `fields` are those of the notification, as they are signed; `notification["trade_status"]` is one of
    them, empty when it has no such field. `merchants_id` is the merchant of the receiver whose token signs
    it, empty when there is none: then it is not `verified`. Names of `headers` are in lower case. `problem`
    says why the request could not be read.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str
    fields: Mapping[str, str] = field(default_factory=dict)
    merchants_id: str = ""
    problem: str = ""

    @property
    def verified(self) -> bool:
        """Whether its signature is correct."""
        return bool(self.merchants_id)

    @property
    def order(self) -> str:
        """The number of its order."""
        return self["out_trade_no"]

    @property
    def kind(self) -> str:
        """Its notify_type; notifications of cards and terminals have none."""
        return self["notify_type"]

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.kind, self.order))) or f"{self.method} {self.path}"
        states = [f"{name}={self[name]}" for name in ("result_code", "trade_status", "pay_result", "status")
                  if self[name]]
        fault = "" if self.verified else self.problem or "its signature is wrong"
        return ", ".join(filter(None, (what, *states, fault)))


def notification(method: str, target: str, headers: Mapping[str, str], body: bytes,
                 tokens: Mapping[str, str]) -> Notification:
    """The notification in a request. `tokens` are the merchants' tokens by their numbers."""
    path, _, query = target.partition("?")
    named = {name.lower(): value for name, value in headers.items()}
    text = body.decode("utf-8", "replace")
    try:
        fields = read_notification(query, text, named.get("content-type", ""))
    except (ValueError, AttributeError, ParseError) as wrong:
        return Notification(method, path, query, named, text, problem=f"it cannot be read: {wrong}")
    for candidate in (fields, *_without_own_query(query if not body else "")):
        for merchants_id, token in tokens.items():
            if _is_signed(candidate, token):
                return Notification(method, path, query, named, text, candidate, merchants_id)
    return Notification(method, path, query, named, text, fields)


def _without_own_query(query: str) -> Iterable[dict[str, str]]:
    """The fields in a query without the first of them, without the first two, and so on.

    A notify_url may have a query of its own, which is not signed.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    return (dict(pairs[place:]) for place in range(1, len(pairs)))


def _is_signed(fields: Mapping[str, str], token: str) -> bool:
    return signature.matches(fields.get("sign", ""), signature.sign(fields, token))
