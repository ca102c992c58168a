"""Finds the merchant of a request and checks its signature (section 1.2).

A refusal explains a wrong signature.

The order of checks is merchant, `sign_type`, signature.
"""
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..domain.merchants import Merchant
from ..protocol.characters import printable, unwritable
from ..protocol.codes import Refused
from ..protocol.endpoint_tables import Endpoint
from ..protocol.findings import Finding
from ..protocol.masking import Mask
from ..signing import signature
from ..signing.arrivals import Arrival
from ..store import Reader

if TYPE_CHECKING:
    from ..diagnosis.explanation import Diagnosis


class NotAuthentic(Refused):
    """The merchant is unknown or the signature is wrong; the journal stores the `explanation`."""

    def __init__(self, code: str, sentence: str, explanation: Mapping[str, Any]) -> None:
        super().__init__(code, sentence)
        self.explanation = explanation


class Authentication:
    """The checks of one request: `arrival` are its parameters as they arrived, `mask` hides its secrets."""

    def __init__(self, tables: Reader, table: Endpoint, arrival: Arrival, mask: Callable[[], Mask]) -> None:
        self._merchants, self._table, self._arrival, self._mask = tables.merchants, table, arrival, mask
        self._explanation: Mapping[str, Any] = {}

    def owner(self) -> Merchant:
        """The merchant whose token signs the request: its `merchants_id`, or that of its `user`.

        Raises Refused.
        """
        given = printable(self._arrival.params.get(self._table.owner, ""))
        merchant = self._named(given)
        if merchant:
            return merchant
        hint = self._separators()
        if self._table.owner == "user":
            code = "LOGIN_FAILED" if given else "ILLEGAL_ARGUMENT"
            problem = "user or password is wrong" if given else "user is missing"
        else:
            code, problem = "ILLEGAL_PARTNER", self._no_merchant(given)
        raise NotAuthentic(code, f"{problem}{hint}", self._explanation)

    @staticmethod
    def _no_merchant(given: str) -> str:
        if not given:
            return "merchants_id is missing"
        return unwritable("merchants_id", given) or f"merchants_id {given} is unknown"

    def check(self, merchant: Merchant) -> list[Finding]:
        """Check that the request is signed with the merchant's token, and return findings. Raises Refused."""
        params = self._arrival.params
        sign_type, given = params.get("sign_type", ""), params.get("sign", "")
        if sign_type and sign_type.upper() != "MD5":
            problem = f"sign_type {sign_type} is not MD5{self._separators()}"
            raise NotAuthentic("ILLEGAL_SIGN_TYPE", problem, self._explanation)
        if not given:
            sentence = self._diagnosis(merchant).sentence
            raise NotAuthentic("ILLEGAL_SIGN", sentence, self._explanation)
        if not signature.matches(given, signature.sign(params, merchant.token)):
            sentence = self._diagnosis(merchant).sentence
            raise NotAuthentic("ILLEGAL_SIGN", f"sign is wrong: {sentence}", self._explanation)
        return [Finding("SIGN_UPPER_CASE", "sign is in upper case")] if given != given.lower() else []

    def _named(self, given: str) -> Merchant | None:
        """The merchant with this `merchants_id`, or the merchant of this user; None when there is none."""
        if not given or self._table.owner != "user":
            return self._merchants.find(given) if given else None
        found = self._merchants.login(given)
        return found[0] if found else None

    def _separators(self) -> str:
        """A hint for a refusal, when parameters arrived within the value of another one; else empty."""
        from ..diagnosis import explanation  # imported late, because most requests do not need it

        intended = explanation.intended(self._arrival)
        merchant = self._named(printable(intended.get(self._table.owner, "")))
        return f": {self._diagnosis(merchant).sentence}" if merchant else ""

    def _diagnosis(self, merchant: Merchant) -> "Diagnosis":
        """The explanation of a wrong signature, which the journal will store too."""
        from ..diagnosis import explanation, search

        others = self._merchants.tokens(merchant.token, search.MOST_TOKENS)
        found = explanation.explain(self._arrival.params, merchant.token, others, self._mask(), self._arrival,
                                    max(self._merchants.count() - 1, len(others)))
        if found.given:
            self._explanation = found.as_json()
        return found
