"""The responses to requests that succeed."""
import json
from collections.abc import Iterable
from typing import Any

from werkzeug.wrappers import Response

from ...base import portions

JSON = "application/json"


def as_json(value: Any, status: int = 200) -> Response:
    """The response with a JSON value."""
    return Response(f"{_written(value)}\n", status, content_type=JSON)


def nothing() -> Response:
    """The response without content (204)."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def listed(items: Iterable[dict[str, Any]], limit: int, name: str = "id") -> Response:
    """The response with a page of a list; `next` is the `after` of the next page, or null at the end.

    The page ends early if its text would be longer than `portions.PAGE`. An item that is longer than that is
    alone on its page.
    """
    written = ((item[name], _written(item)) for item in items)
    page, complete = portions.taken(written, lambda each: len(each[1]))
    following = page[-1][0] if page and (not complete or len(page) == limit) else None
    text = f'{{"items":[{",".join(each for _, each in page)}],"next":{_written(following)}}}\n'
    return Response(text, content_type=JSON)


def _written(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
