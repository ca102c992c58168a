"""What a rule has said of one order: kept with it, because most of it happens later."""
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..protocol.codes import BUYER_FAILURES
from ..protocol.response_codes import APPROVED
from ..terminal import APPROVALS, Result
from .kinds import as_json
from .outcomes import PAID, RESULTS, Then
from .reading import then_of

DEFAULT_FAILURE = "BUYER_BALANCE_NOT_ENOUGH"
_APPROVALS = (PAID, *APPROVALS)


@dataclass(frozen=True)
class Script:
    """A rule's name, when it was found to fit (milliseconds), and what it says; `acted` when its buyer has done what it says."""

    rule: str
    at: int
    then: Then
    acted: bool = False

    @property
    def said(self) -> dict[str, Any]:
        """What the rule says, as it would be written."""
        return as_json(self.then)

    @property
    def buyer_acts_at(self) -> int | None:
        """When the payer does something unasked; None when that is never or has been."""
        buyer = self.then.buyer
        return self._at(buyer.declines_after if buyer.pays_after is None else buyer.pays_after)

    @property
    def acts_at(self) -> int | None:
        """The same of a wallet, whose pending payment is decided by its buyer too."""
        acts_at = self.buyer_acts_at
        return self._at(self.then.settles_after) if acts_at is None else acts_at

    def _at(self, after: int | None) -> int | None:
        return None if after is None or self.acted else self.at + after

    @property
    def holds(self) -> bool:
        """Whether a payment at the counter is not decided at once."""
        buyer = self.then.buyer
        return buyer.never or self.then.waits or bool(buyer.pays_after or buyer.declines_after)

    @property
    def failure(self) -> str:
        """Why the wallet's buyer fails when they act, empty when they pay."""
        if self.then.buyer.declines_after is not None:
            return self.then.error or DEFAULT_FAILURE
        if self.then.settles_after is not None and self.then.settles_as not in _APPROVALS:
            return self.then.settles_as if self.then.settles_as in BUYER_FAILURES else DEFAULT_FAILURE
        return "" if self.then.buyer.pays_after is not None or self.then.settles_after is not None else self.then.error

    @property
    def later_code(self) -> str:
        """The response code that a pending card payment becomes."""
        settles_as = self.then.settles_as
        return settles_as if settles_as not in (PAID, *RESULTS, *BUYER_FAILURES) else APPROVED if settles_as in _APPROVALS else "3020"

    @property
    def later_result(self) -> Result:
        """The result that an unknown one turns out to be."""
        settles_as = self.then.settles_as
        if settles_as in RESULTS and settles_as != Result.UNDEFINED:
            return Result(settles_as)
        return Result.AUTHORISED if settles_as == PAID else Result.DECLINED

    def done(self) -> "Script":
        """The script when its buyer has acted."""
        return replace(self, acted=True)

    def written(self) -> str:
        """As JSON text."""
        told = {"rule": self.rule, "at": self.at, "then": self.said, **({"acted": True} if self.acted else {})}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, written: str) -> "Script":
        """The script that `written` wrote."""
        told = json.loads(written)
        return cls(told["rule"], told["at"], _then(json.dumps(told["then"])), told.get("acted", False))


@lru_cache(maxsize=256)
def _then(written: str) -> Then:
    given: Mapping[str, object] = json.loads(written)
    return then_of(given)
