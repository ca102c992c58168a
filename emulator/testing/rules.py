"""Rules of a scenario that are used up by one request, beside those that are in force already."""
from collections.abc import Mapping, Sequence
from typing import Any

Rule = dict[str, Any]
# How a transaction on a terminal can end.
RESULTS = ("UNDEFINED", "SUCCESS", "AUTHORISED", "DECLINED", "FAILED", "CANCELLED", "PARTIAL_APPROVAL")
WALLETS = ("tgpaybarcode", "tgpayqrcode", "tgpayh5", "tgpayprepay")
NEXT = "next request"


def declined(code: str) -> tuple[Rule, Rule]:
    """Condition and outcome of a payment that is declined.

    `code` is a response code of cards (`3084`), why a wallet's buyer fails (`BUYER_BALANCE_NOT_ENOUGH`), or
    how a transaction on a terminal ends (`DECLINED`).
    """
    if code.isdecimal():
        return {"endpoint": "tgpaybankcard"}, {"code": code}
    if code in RESULTS:
        return {"endpoint": "tgpaywebtoterminal"}, {"result": code}
    return {"endpoint__in": list(WALLETS)}, {"error": code}


def with_next(active: Mapping[str, Any], when: Rule, then: Rule) -> list[Rule]:
    """The rules of a scenario in force, as the control interface shows it, and one more that is used once.

    Rules of that kind come first, in the order in which they were made. What the others have used up stays
    so, although a new scenario counts anew.
    """
    scenario = active.get("scenario") or {}
    left = unused(scenario.get("rules") or (), active.get("uses") or {})
    names = {rule["name"] for rule in left}
    number = next(place for place in range(1, len(names) + 2) if f"{NEXT} {place}" not in names)
    made = {"name": f"{NEXT} {number}", "when": when, "then": [then]}
    first = [rule for rule in left if rule["name"].startswith(NEXT)]
    return [*first, made, *(rule for rule in left if rule not in first)]


def unused(rules: Sequence[Mapping[str, Any]], uses: Mapping[str, int]) -> list[Rule]:
    """The rules without the outcomes in their lists that were used up."""
    left = []
    for rule in rules:
        then = rule["then"]
        if isinstance(then, list):
            then = then[uses.get(rule["name"], 0):]
        if then or isinstance(then, dict):
            left.append({**rule, "then": then})
    return left
