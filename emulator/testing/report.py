"""What the emulator saw of a merchant, as text: its last requests, and its notifications with their attempts.
"""
from collections.abc import Iterable, Mapping
from typing import Any

from .client import Client

MOST_REQUESTS, MOST_NOTIFICATIONS, MOST_ATTEMPTS = 20, 20, 5
LONGEST = 200


def report(client: Client, merchants_id: str) -> str:
    """What the emulator saw of a merchant. Raises EmulatorError."""
    entries = client.journal(merchants_id)
    notifications = client.notifications(merchants_id)
    lines = [*_headed("request", len(entries), MOST_REQUESTS)]
    for entry in entries[-MOST_REQUESTS:]:
        lines += _request_lines(entry)
    lines += _headed("notification", len(notifications), MOST_NOTIFICATIONS)
    lines += delivery_lines(notifications[-MOST_NOTIFICATIONS:])
    return "\n".join(lines)


def verification_lines(checks: Iterable[Mapping[str, Any]]) -> list[str]:
    """The checks of a verification that failed, each with its sentence and the nearest facts."""
    lines = []
    for each in checks:
        if not each["ok"]:
            lines.append(f"{each['check']}: {each['sentence']}")
            lines += [f"  {fact['sentence']}" for fact in each["nearest"]]
    return lines


def _headed(noun: str, number: int, most: int) -> list[str]:
    left_out = f", the last {most}" if number > most else ""
    return [f"{number or 'no'} {noun}{'' if number == 1 else 's'}{left_out}" + (":" if number else "")]


def _request_lines(entry: Mapping[str, Any]) -> list[str]:
    """A request: when, what, its verdict, the rule that was applied, and the rules that it breaks."""
    explanation = entry.get("explanation") or {}
    lines = [" ".join(filter(None, (f"  {_time(entry['at'])}", entry["method"], entry["endpoint"],
                                    entry["out_trade_no"], entry["verdict"])))]
    if explanation.get("rule"):
        lines.append(f"      rule {explanation['rule']!r} of the scenario: {explanation.get('then')}")
    elif why := explanation.get("why") or explanation.get("sentence"):
        lines.append(f"      {_short(why)}")
    if entry["verdict"] != "OK" and not explanation.get("sentence"):
        lines += _sentence_lines(str(entry.get("answer") or ""))
    return [*lines, *_finding_lines(entry["findings"])]


def _sentence_lines(answer: str) -> list[str]:
    """Why a request was refused, from the XML of its answer."""
    _, found, after = answer.partition("<detail_error_des>")
    return [f"      {_short(after.partition('</')[0])}"] if found else []


def _finding_lines(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"      finding {each['code']}: {_short(str(each.get('detail') or each.get('sentence') or ''))}"
            for each in findings]


def delivery_lines(notifications: Iterable[Mapping[str, Any]]) -> list[str]:
    """Notifications, each with its last attempts."""
    lines = []
    for each in notifications:
        attempts = each["attempts"]
        lines.append(f"  {_time(each['created_at'])} {each['notify_type']} {each['out_trade_no']} "
                     f"{each['status']} to {each['request']['url'].partition('?')[0]}"
                     + (f", due {_time(each['due_at'])}" if each["status"] == "pending" else "")
                     + (", no attempt yet" if not attempts else ""))
        for attempt in attempts[-MOST_ATTEMPTS:]:
            lines += _attempt_lines(attempt)
    return lines


def how_far(order: str, status: str | None, seconds: float, story: Mapping[str, Any]) -> str:
    """How far an order has got that was waited for in vain."""
    found = story.get("order")
    wanted = status or "delivered"
    if found is None:
        return f"order {order} is not {wanted} after {seconds:g} s: there is no such order"
    card = found.get("card") or {}
    state = " ".join(filter(None, (found["status"], card.get("status"))))
    head = f"order {order} is not {wanted} after {seconds:g} s: it is {state}"
    return "\n".join((head, *delivery_lines(story.get("notifications", ()))))


def _attempt_lines(attempt: Mapping[str, Any]) -> list[str]:
    """An attempt: what came back, or why nothing did."""
    said = [f"answered {attempt['status_code']}", repr(_short(attempt["answer"] or ""))]
    came = " ".join(said) if attempt["status_code"] else "no answer"
    verdict = "delivered" if attempt["delivered"] else "not delivered"
    why = f": {_short(attempt['error'])}" if attempt["error"] else ""
    return [f"      {_time(attempt['at'])} {came}, {verdict}{why}", *_finding_lines(attempt["findings"])]


def _time(instant: str | None) -> str:
    """The time of an instant in ISO 8601."""
    return (instant or "").partition("T")[2].removesuffix("Z")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
