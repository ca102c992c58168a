"""Log lines of each request to `/v2` and of each attempt to deliver a notification.

The server writes them if the setting `log_requests` is on. Their values are members of a line in JSON.
"""
import logging

LEVEL = logging.INFO
TRAFFIC = logging.getLogger("tgpay_emulator.traffic")
REQUESTS = TRAFFIC.getChild("requests")
ATTEMPTS = TRAFFIC.getChild("attempts")
MEMBERS = "members"  # the attribute of a log record that has the values


def request(endpoint: str, merchants_id: str, verdict: str, seconds: float, number: int) -> None:
    """Log a request; `number` is that of its entry in the journal, 0 if it has none."""
    took = round(seconds * 1_000, 3)
    REQUESTS.log(LEVEL, "%s of merchant %s: %s in %s ms, request %d", endpoint, merchants_id or "-", verdict,
                 took, number, extra={MEMBERS: {
                     "endpoint": endpoint, "merchants_id": merchants_id, "verdict": verdict, "ms": took,
                     "request": number}})


def attempt(notification: int, merchants_id: str, out_trade_no: str, result: str, took_ms: int) -> None:
    """Log an attempt of a notification; `result` is delivered, or why it is not."""
    ATTEMPTS.log(LEVEL, "notification %d of merchant %s, order %s: %s in %d ms", notification, merchants_id,
                 out_trade_no, result, took_ms, extra={MEMBERS: {
                     "notification": notification, "merchants_id": merchants_id,
                     "out_trade_no": out_trade_no, "result": result, "ms": took_ms}})
