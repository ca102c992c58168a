"""Files that a request brings: kept in a temporary file, so that no transaction waits for a slow client."""
import tempfile
from typing import IO

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from ..operations.transfer_format import MOST_PACKED

IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024
MIB = 1024 * 1024
TOO_LARGE = f"the file is larger than {MOST_PACKED // MIB} MiB; export fewer merchants at a time"


def body_of(request: Request) -> IO[bytes]:
    """The body of a request as a temporary file, which the caller closes.

    Raises RequestEntityTooLarge with a sentence, and BadRequest for a body that breaks off.
    """
    request.max_content_length = MOST_PACKED
    if (request.content_length or 0) > MOST_PACKED:
        raise RequestEntityTooLarge(TOO_LARGE)
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)
    try:
        while piece := request.stream.read(PIECE):
            file.write(piece)
    except BaseException as failure:
        file.close()
        if isinstance(failure, RequestEntityTooLarge):
            raise RequestEntityTooLarge(TOO_LARGE) from failure
        raise
    return file


def file_in_form(request: Request, name: str) -> IO[bytes] | None:
    """The file that a form uploads, None without one. Raises RequestEntityTooLarge with a sentence."""
    request.max_content_length = MOST_PACKED
    if (request.content_length or 0) > MOST_PACKED:
        raise RequestEntityTooLarge(TOO_LARGE)
    file = request.files.get(name)
    return file.stream if file is not None and file.filename else None
