"""The outcome of a rule for one order. It is stored with the order, because most of it happens later."""
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..protocol.codes import BUYER_FAILURES
from ..protocol.response_codes import APPROVED, DECLINED
from ..terminal import APPROVALS, Result
from .kinds import as_json
from .outcomes import PAID, RESULTS, Then
from .reading_rules import then_of

DEFAULT_FAILURE = "BUYER_BALANCE_NOT_ENOUGH"
_APPROVALS = (PAID, *APPROVALS)


@dataclass(frozen=True)
class Script:
    """The name of a rule, the instant `at` which it fitted, and its outcome.

    `acted` is true when the payer has done what `buyer` says.
    """

    rule: str
    at: int
    then: Then
    acted: bool = False

    @property
    def said(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return as_json(self.then)

    @property
    def buyer_acts_at(self) -> int | None:
        """The instant at which the payer acts by themselves; None when they do not, or have done so."""
        buyer = self.then.buyer
        return self._at(buyer.declines_after if buyer.pays_after is None else buyer.pays_after)

    @property
    def acts_at(self) -> int | None:
        """The same for a wallet order, whose pending payment is also decided by the buyer (`settles_after`).
        """
        acts_at = self.buyer_acts_at
        return self._at(self.then.settles_after) if acts_at is None else acts_at

    def _at(self, after: int | None) -> int | None:
        return None if after is None or self.acted else self.at + after

    @property
    def holds(self) -> bool:
        """Whether a barcode payment waits instead of being decided at once."""
        buyer = self.then.buyer
        return buyer.never or self.then.waits or bool(buyer.pays_after or buyer.declines_after)

    @property
    def failure(self) -> str:
        """The code of the failure when the wallet's buyer acts; empty when they pay."""
        if self.then.buyer.declines_after is not None:
            return self.then.error or DEFAULT_FAILURE
        if self.then.settles_after is not None and self.then.settles_as not in _APPROVALS:
            return self.then.settles_as if self.then.settles_as in BUYER_FAILURES else DEFAULT_FAILURE
        return ("" if self.then.buyer.pays_after is not None
                or self.then.settles_after is not None else self.then.error)

    @property
    def later_code(self) -> str:
        """The response code with which a pending card payment ends."""
        settles_as = self.then.settles_as
        if settles_as not in (PAID, *RESULTS, *BUYER_FAILURES):
            return settles_as
        return APPROVED if settles_as in _APPROVALS else DECLINED

    @property
    def later_result(self) -> Result:
        """The result that an UNDEFINED one of a terminal becomes."""
        settles_as = self.then.settles_as
        if settles_as in RESULTS and settles_as != Result.UNDEFINED:
            return Result(settles_as)
        return Result.AUTHORISED if settles_as == PAID else Result.DECLINED

    def done(self) -> "Script":
        """The script after its buyer has acted."""
        return replace(self, acted=True)

    def written(self) -> str:
        """The JSON text that is stored with the order."""
        document: dict[str, Any] = {"rule": self.rule, "at": self.at, "then": self.said}
        if self.acted:
            document["acted"] = True
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, written: str) -> "Script":
        """The script of a JSON text from `written`."""
        document = json.loads(written)
        return cls(document["rule"], document["at"], _then(json.dumps(document["then"])),
                   document.get("acted", False))


@lru_cache(maxsize=256)
def _then(written: str) -> Then:
    given: Mapping[str, object] = json.loads(written)
    return then_of(given)
