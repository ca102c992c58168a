"""gunicorn's parser of HTTP requests, more lenient about URLs."""
import re
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request


class LenientRequest(Request):  # type: ignore[misc]  # gunicorn is not typed
    """An HTTP request whose URL may have bytes that should be percent-encoded: PHP clients send them, nginx
    accepts them.
    """

    def __init__(self, *parts: Any) -> None:
        """Parse the head.

        A ParseException gets the URL of the request as its attribute `uri`, if it was read.
        """
        self._target = b""
        try:
            super().__init__(*parts)
        except ParseException as error:
            error.uri = self._target.decode("latin-1")
            raise

    def parse_request_line(self, line_bytes: bytes) -> None:
        """Percent-encode such bytes, then parse the line as usual."""
        self._target = b"".join(line_bytes.split(b" ")[1:2])
        if not line_bytes.isascii():
            line_bytes = re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % byte[0][0], line_bytes)
        super().parse_request_line(line_bytes)
