"""Log lines of each request and of each attempt to deliver a notification.

They are made where `is_wanted` says so: the server writes them at the level info, unless the setting
`log_requests` is off. Their values are members of a line in JSON. A request to `/v2` has one line more often
than anything else happens, so that these lines do not pass through `logging`, which would take longer.
"""
from collections.abc import Callable, Mapping

REQUESTS, PAGES, ATTEMPTS = (f"tgpay_emulator.traffic.{name}" for name in ("requests", "pages", "attempts"))
LONGEST = 200  # of a text from outside
CUT = "…"
SENT = "sent"
WHAT_ARRIVES = {"dropped": "response dropped", "reset": "response dropped", "truncated": "response cut off",
                "slow": "response slow"}
Values = Mapping[str, object]
_writers: list[Callable[[str, str, Values], None]] = []


def write_with(writer: Callable[[str, str, Values], None]) -> None:
    """Let `writer` write the lines from now on: it gets the name of a logger, the line and its values."""
    _writers[:] = [writer]


def is_wanted() -> bool:
    """Whether somebody writes the lines."""
    return bool(_writers)


def plain(text: str) -> str:
    """A text from outside as it may stand on a line: characters that are not printed are escaped, and it is
    cut.
    """
    shown = text if len(text) <= LONGEST else text[:LONGEST] + CUT
    if shown.isprintable():
        return shown
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in shown)


def request(endpoint: str, merchants_id: str, out_trade_no: str, verdict: str, seconds: float, number: int,
            response: str = SENT, delay_ms: int = 0) -> None:
    """Log a request to `/v2`. The order number is one without secrets.

    `number` is that of its entry in the journal, 0 if it has none. `response` says what a scenario lets
    happen to the response on the connection, and `delay_ms` how much later it is sent.
    """
    took, out_trade_no = round(seconds * 1_000, 3), plain(out_trade_no)
    order = f", order {out_trade_no}" if out_trade_no else ""
    delayed = f", delayed {delay_ms} ms" if delay_ms else ""
    arrives = f", {WHAT_ARRIVES[response]}" if response in WHAT_ARRIVES else ""
    _write(REQUESTS, f"{endpoint} of merchant {merchants_id or '-'}{order}: {verdict} in {took} ms, "
                     f"request {number}{delayed}{arrives}",
           {"endpoint": endpoint, "merchants_id": merchants_id, "out_trade_no": out_trade_no,
            "verdict": verdict, "ms": took, "request": number, "response": response, "delay_ms": delay_ms})


def page(method: str, path: str, status: int, seconds: float) -> None:
    """Log a request to any other address; its path is one without secrets and without a query."""
    took, method, path = round(seconds * 1_000, 3), plain(method), plain(path)
    _write(PAGES, f"{method} {path}: {status} in {took} ms",
           {"method": method, "path": path, "status": status, "ms": took})


def attempt(values: Values) -> None:
    """Log an attempt of a notification.

    The values are `notification`, `merchants_id`, `out_trade_no`, `event`, `attempt` (0 for a replay),
    `result` (delivered, or why it is not), `status` and `answer` (what the receiver said) and `ms`.
    """
    shown = {name: plain(value) if isinstance(value, str) else value for name, value in values.items()}
    which = f"attempt {shown['attempt']}" if shown["attempt"] else "replay"
    said = f" ({shown['answer']})" if shown["answer"] else ""
    whose = f"merchant {shown['merchants_id']}, order {shown['out_trade_no']}"
    _write(ATTEMPTS, f"notification {shown['notification']} {shown['event']} of {whose}, {which}: "
                     f"{shown['result']}{said} in {shown['ms']} ms", shown)


def _write(logger: str, line: str, values: Values) -> None:
    for writer in _writers:
        writer(logger, line, values)
