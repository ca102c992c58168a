"""A request to `/v2`, and what becomes known of it while it is handled."""
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..base.slots import Place
from ..domain.merchants import Merchant
from ..operations.scripting import Verdict
from ..protocol.characters import printable
from ..protocol.endpoint_tables import Endpoint
from ..protocol.findings import Finding
from ..protocol.masking import Mask
from ..signing.arrivals import Arrival
from ..store.journal import written

METHODS = ("GET", "POST")
MOST_BYTES = 1024 * 1024
MOST_PARAMS = 1_000


class Request(Struct, frozen=True):
    """A request as it arrived.

    `name` is that of the path. `params` has the last value of each name; bytes that are not UTF-8 are
    surrogate escapes. `in_url` are the names in the query string. `too_large` says that the body exceeds 1
    MiB, `broken` that it is incomplete or malformed; `hint` is a sentence about a body that was not read.
    `query`, `fragment` and `body` are the texts of the parameters, which are not stored. `findings` are about
    the way in which it was sent.
    """

    name: str
    method: str
    params: Mapping[str, str]
    ip: str
    base_url: str
    in_url: frozenset[str] = frozenset()
    cookies: Mapping[str, str] = {}
    too_large: bool = False
    broken: bool = False
    hint: str = ""
    query: str = ""
    fragment: str = ""
    body: str = ""
    findings: tuple[Finding, ...] = ()

    def arrival(self, known: frozenset[str]) -> Arrival:
        """The parameters as they arrived; `known` are the parameter names of the endpoint."""
        return Arrival(self.params, known, self.query, self.body, self.fragment)


class Case(Struct, dict=True):
    """A request that is being handled, and what is known of it so far; refusals and the journal use that.

    `explanation` and `verdict` are for the journal; `outcome` is OK, or the error of the refusal. `place` is
    where the response waits when a scenario delays it.
    """

    request: Request
    table: Endpoint | None = None
    merchant: Merchant | None = None
    findings: list[Finding] = []
    out_trade_no: str = ""
    explanation: Mapping[str, Any] = {}
    verdict: Verdict | None = None
    place: Place | None = None
    outcome: str = ""

    def __post_init__(self) -> None:
        self.findings += self.request.findings

    @cached_property
    def mask(self) -> Mask:
        """The mask for everything that is stored of this request."""
        request = self.request
        return Mask(request.params, printable(request.name), request.method, request.base_url, request.hint)

    @cached_property
    def params(self) -> str:
        """The parameters as the journal stores them."""
        return written(self.mask.params)


def shortened(request: Request, table: Endpoint) -> Request:
    """The request with at most `MOST_PARAMS` parameters, besides those that the endpoint has."""
    known = {name: value for name, value in request.params.items() if name in table.all_names}
    return replace(request, params={**dict(islice(request.params.items(), MOST_PARAMS)), **known}, query="",
                   body="")
