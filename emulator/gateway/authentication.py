"""Whose request it is, and whether it is signed; a refusal says what is wrong with the signature.

The order of checks is merchant, kind of signature, signature.
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
    """A request that is nobody's or not rightly signed; `explanation` is what the journal keeps of it."""

    def __init__(self, code: str, sentence: str, explanation: Mapping[str, Any]) -> None:
        super().__init__(code, sentence)
        self.explanation = explanation


class Authentication:
    """The checks of one request, which came as `arrival` says; `mask` hides what is secret of it."""

    def __init__(self, tables: Reader, table: Endpoint, arrival: Arrival, mask: Callable[[], Mask]) -> None:
        self._merchants, self._table, self._arrival, self._mask = tables.merchants, table, arrival, mask
        self._explanation: Mapping[str, Any] = {}

    def owner(self) -> Merchant:
        """The merchant whose token signs the request: it names the merchant, or a user. Raises Refused."""
        given = printable(self._arrival.params.get(self._table.owner, ""))
        merchant = self._named(given)
        if merchant:
            return merchant
        told = self._separators()
        if self._table.owner == "user":
            code, problem = ("LOGIN_FAILED", "user or password is wrong") if given else ("ILLEGAL_ARGUMENT", "user is missing")
        else:
            code, problem = "ILLEGAL_PARTNER", self._no_merchant(given)
        raise NotAuthentic(code, f"{problem}{told}", self._explanation)

    @staticmethod
    def _no_merchant(given: str) -> str:
        if not given:
            return "merchants_id is missing"
        return unwritable("merchants_id", given) or f"merchants_id {given} is unknown"

    def check(self, merchant: Merchant) -> list[Finding]:
        """See that the request is signed with the merchant's token; answers findings. Raises Refused."""
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
        """The merchant of this number, or of the user of this name."""
        if not given or self._table.owner != "user":
            return self._merchants.find(given) if given else None
        found = self._merchants.login(given)
        return found[0] if found else None

    def _separators(self) -> str:
        """What to add to a refusal where a parameter arrived with others in its value, or in another's."""
        from ..diagnosis import explanation  # most merchants never need it

        intended = explanation.intended(self._arrival)
        merchant = self._named(printable(intended.get(self._table.owner, "")))
        return f": {self._diagnosis(merchant).sentence}" if merchant else ""

    def _diagnosis(self, merchant: Merchant) -> "Diagnosis":
        from ..diagnosis import explanation, search

        others = self._merchants.tokens(merchant.token, search.MOST_TOKENS)
        found = explanation.explain(self._arrival.params, merchant.token, others, self._mask(), self._arrival,
                                    max(self._merchants.count() - 1, len(others)))
        if found.given:
            self._explanation = found.as_json()
        return found
