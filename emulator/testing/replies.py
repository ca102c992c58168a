"""What a receiver answers to a notification."""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """An answer: its body and status, and how long it takes, in seconds.

    One that is not `sent` is none: the connection is closed, after `delay` seconds or when the receiver is
    closed. Only `success` with a status from 200 to 299 says that the notification was delivered; for a
    terminal's result every such status does.
    """

    body: str = "success"
    status: int = 200
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    sent: bool = True


CLOSED = Reply(sent=False)
# Longer than any emulator waits.
NOTHING = Reply(delay=86_400.0, sent=False)


def slow(seconds: float, body: str = "success", status: int = 200) -> Reply:
    """An answer that takes so many seconds."""
    return Reply(body, status, seconds)


def reply_of(given: "Reply | str | int") -> Reply:
    """A reply from a status, from the text of a body, or as it is."""
    if isinstance(given, Reply):
        return given
    if isinstance(given, int):
        return Reply("success" if 200 <= given < 300 else "", given)
    return Reply(given)
