"""Answers of the control interface laid out for a person: rows of a label and a text, which may have several
lines.
"""
from collections.abc import Mapping
from typing import Any

from .. import scenarios
from ..base import toml
from ..protocol.faults import FAULTS, drop, fault_of
from .layout import moment

Row = tuple[str, str]
VERDICT = ("scenario", "rule", "then", "passed", "untold", "elsewhere")


def explanation_sheet(told: Mapping[str, Any]) -> list[Row]:
    """What is wrong with a signature (`sign/explain`)."""
    rows = [(name, told[name]) for name in ("canonical", "expected", "given", "sentence")]
    differs = told["differs"]
    if differs:
        hidden = ", inside of what is hidden" if differs["yours"] == differs["right"] else ""
        rows += [("first difference", f"after {differs['position']} characters{hidden}"),
                 ("yours", toml.value(differs["yours"])), ("right", toml.value(differs["right"]))]
    return rows + list((told["code"] or {}).items())


def arrived(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The HTTP status and the result that the client saw of a request of the journal.

    If a scenario's fault broke the response, the result is the fault, and the status is empty unless the
    fault is that status.
    """
    fault = fault_of(entry["explanation"] or {})
    if not fault:
        return str(entry["status"]), entry["verdict"]
    is_shown = not FAULTS[fault].is_kept_whole and FAULTS[fault].act is not drop
    return str(entry["status"]) if is_shown else "", FAULTS[fault].title


def outcome_code(entry: Mapping[str, Any]) -> str:
    """The code of a payment that failed or is pending, such as 3084, of a request that was accepted.

    It is empty for other requests, and if a scenario's fault broke the response that has it.
    """
    from ..protocol.outcomes import outcome

    if entry["verdict"] != "OK" or fault_of(entry["explanation"] or {}):
        return ""
    found = outcome(entry["endpoint"], entry["answer"])
    return found.code if found else ""


def entry_sheet(entry: Mapping[str, Any], zone: str) -> list[Row]:
    """A request of the journal, with its answer and all that is known of it; its time is in a time zone."""
    rows = [("id", str(entry["id"])), ("at", moment(entry["at"], zone))]
    rows += [(name, str(entry[name])) for name in ("merchants_id", "endpoint", "out_trade_no")]
    params = "".join(f"\n{name}={value}" for name, value in entry["params"].items())
    rows += [("request", f"{entry['method']} from {entry['ip']}{params}"),
             *_answer(entry)]
    rows += [("finding", f"{finding['code']}: {finding['detail']}\n{finding['rule']} ({finding['section']})")
             for finding in entry["findings"]]
    explanation = entry["explanation"] or {}
    if "canonical" in explanation:
        return rows + explanation_sheet(explanation)
    own = {name: value for name, value in explanation.items() if name not in VERDICT}
    known = [(name, str(value)) for name, value in own.items() if value is not None]
    return rows + known + (scenario_sheet(explanation) if "scenario" in explanation else [])


def _answer(entry: Mapping[str, Any]) -> list[Row]:
    """The response to a request of the journal: what arrived, and what a scenario's fault kept back."""
    status, verdict = arrived(entry)
    whole = ("response", f"{entry['status']}\n{entry['answer']}"), ("verdict", entry["verdict"])
    if verdict == entry["verdict"]:
        return list(whole)
    if status or not entry["answer"]:
        return [("response", f"{status}\n{entry['answer']}".strip() or "none"), ("verdict", verdict)]
    return [("response", "not received"), ("verdict", verdict),
            *((f"{name} without the fault", text) for name, text in whole)]


def scenario_sheet(told: Mapping[str, Any]) -> list[Row]:
    """Which rule of a scenario was used, and why not those before it."""
    rows = [("scenario", told["scenario"]), ("rule", told["rule"] or "none matched")]
    rows += [("then", toml.value(told["then"]))] if "then" in told else []
    rows += [(f"not {name}", difference) for name, difference in told["passed"]]
    counts = (("others that did not match", told["untold"]), ("for other endpoints", told["elsewhere"]))
    return rows + [(label, str(count)) for label, count in counts if count]


def example(of: Mapping[str, Any]) -> str:
    """Where an example of a finding is."""
    return (f"journal {of['journal_id']}" if of["journal_id"]
            else f"notification {of['notification_id']}, attempt {of['attempt']}")


def toml_of(scenario: Mapping[str, Any], uses: Mapping[str, int], by_one: bool) -> str:
    """A scenario as a file has it; how often a list was used, by one merchant or by all together, is a
    comment.
    """
    notes = {rule["name"]: f"used {uses[rule['name']]} {_whole(rule, by_one)}"
             for rule in scenario["rules"] if rule["name"] in uses}
    return scenarios.written(scenario, notes, spread=False)


def _whole(rule: Mapping[str, Any], by_one: bool) -> str:
    return f"of {len(rule['then'])} times" if by_one else "times by all merchants together"
