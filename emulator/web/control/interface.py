"""The declaration of operations.

`@operation` declares an operation: it makes the route and the row of the OpenAPI document. Each call is
checked, and reaches the view only if query and body have no more than the row allows.
"""
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from werkzeug.wrappers import Response

from ...operations.unit import merchant_of
from .bodies import check_members
from .calls import Call
from .limits import check_rate
from .problems import wrong_request
from .queries import Query, check_query
from .schemas import Schema

View = TypeVar("View", bound=Callable[..., Response])


class Operation(Struct, frozen=True):
    """An operation of the interface.

    `name` and `subject` are those of its `view` and of the view's module. `query` and `headers` are the
    parameters that it reads, `body` is the JSON schema of its body, or None if it takes none. `words` are the
    possible values of parts of its path. `produces` is the content type of its answer if that is not JSON.
    With `consumes`, the content type of a file, the body is a file that the view reads itself. `returns` is
    the schema of its answer, None if that is empty, and `statuses` are those of success. `problems` are the
    statuses of problems that not every operation like it can have.
    """

    method: str
    path: str
    summary: str
    view: Callable[..., Response]
    name: str
    subject: str
    query: tuple[Query, ...] = ()
    body: dict[str, Any] | None = None
    words: Mapping[str, tuple[str, ...]] = {}
    headers: tuple[Query, ...] = ()
    produces: str = ""
    consumes: str = ""
    returns: Schema | None = None
    statuses: tuple[int, ...] = (200,)
    problems: tuple[int, ...] = ()

    def __call__(self, call: Call) -> Response:
        """Check a call, and answer it. Raises Problem, OperationError, HTTPException and `store.Unusable`."""
        self._check(call)
        limiter = call.emulator.limiter
        if limiter is not None:
            check_rate(limiter, call.tables(), {**self._sent(call), **call.place})
        return self.view(call, **call.place)

    def _check(self, call: Call) -> None:
        """Check query, body and merchant. Raises Problem, or NotFound for an unknown merchant."""
        check_query(self.query, call.query)
        if self.body is not None:
            check_members(call.body(), self.body)
        elif not self.consumes and b"".join(call.raw_body().split()) not in (b"", b"{}"):
            raise wrong_request(f"{self.method} {call.request.path} takes no body")
        if call.merchants_id is not None:
            merchant_of(call.tables(), call.merchants_id)

    def _sent(self, call: Call) -> dict[str, Any]:
        """The values in the query and in the body by their names."""
        return {**call.query.to_dict(), **(call.body() if self.body is not None else {})}


OPERATIONS: list[Operation] = []


def operation(method: str, path: str, summary: str, query: tuple[Query, ...] = (),
              body: dict[str, Any] | None = None,
              words: Mapping[str, tuple[str, ...]] | None = None,
              headers: tuple[Query, ...] = (), produces: str = "", consumes: str = "",
              returns: Schema | None = None, statuses: tuple[int, ...] = (200,),
              problems: tuple[int, ...] = ()) -> Callable[[View], View]:
    """Declare the decorated view as an operation. Returns the view unchanged, so that code can call it.

    The view takes the `Call` and the values in its path. Its name is a verb and a noun, from which the
    OpenAPI document has the operation's id.
    """
    closed = {"type": "object", "additionalProperties": False, **body} if body else None

    def declare(view: View) -> View:
        subject = view.__module__.rpartition(".")[2]
        OPERATIONS.append(Operation(method, path, summary, view, view.__name__, subject, query, closed,
                                    words or {}, headers, produces, consumes, returns, statuses, problems))
        return view
    return declare
