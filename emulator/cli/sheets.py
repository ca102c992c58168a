"""Answers of the control interface laid out for a person: rows of a label and a text, which may have several
lines.
"""
import json
import re
from collections.abc import Mapping
from typing import Any

Row = tuple[str, str]
VERDICT = ("scenario", "rule", "then", "passed", "untold", "elsewhere")
_BARE = re.compile(r"[\w-]+", re.ASCII)


def explanation_sheet(told: Mapping[str, Any]) -> list[Row]:
    """What is wrong with a signature (`sign/explain`)."""
    rows = [(name, told[name]) for name in ("canonical", "expected", "given", "sentence")]
    differs = told["differs"]
    if differs:
        hidden = ", inside of what is hidden" if differs["yours"] == differs["right"] else ""
        rows += [("first difference", f"after {differs['position']} characters{hidden}"),
                 ("yours", _quoted(differs["yours"])), ("right", _quoted(differs["right"]))]
    return rows + list((told["code"] or {}).items())


def entry_sheet(entry: Mapping[str, Any]) -> list[Row]:
    """A request of the journal, with its answer and all that is known of it."""
    rows = [(name, str(entry[name])) for name in ("id", "at", "merchants_id", "endpoint", "out_trade_no")]
    params = "".join(f"\n{name}={value}" for name, value in entry["params"].items())
    rows += [("request", f"{entry['method']} from {entry['ip']}{params}"), ("answer", f"{entry['status']}\n{entry['answer']}"),
             ("verdict", entry["verdict"])]
    rows += [("finding", f"{finding['code']}: {finding['detail']}\n{finding['rule']} ({finding['section']})")
             for finding in entry["findings"]]
    explanation = entry["explanation"] or {}
    if "canonical" in explanation:
        return rows + explanation_sheet(explanation)
    own = {name: value for name, value in explanation.items() if name not in VERDICT}
    return rows + [(name, str(value)) for name, value in own.items()] + (scenario_sheet(explanation) if "scenario" in explanation else [])


def scenario_sheet(told: Mapping[str, Any]) -> list[Row]:
    """Which rule of a scenario was used, and why not those before it."""
    rows = [("scenario", told["scenario"]), ("rule", told["rule"] or "none fits")]
    rows += [("then", _written(told["then"]))] if "then" in told else []
    rows += [(f"not {name}", difference) for name, difference in told["passed"]]
    counts = (("more that do not fit", told["untold"]), ("for other endpoints", told["elsewhere"]))
    return rows + [(label, str(count)) for label, count in counts if count]


def example(of: Mapping[str, Any]) -> str:
    """Where an example of a finding is."""
    return f"journal {of['journal_id']}" if of["journal_id"] else f"notification {of['notification_id']}, attempt {of['attempt']}"


def toml_of(scenario: Mapping[str, Any], uses: Mapping[str, int], by_one: bool) -> str:
    """A scenario as a file has it; how often a list was used, by one merchant or by all together, is a
    comment.
    """
    parts = [f"summary = {_written(scenario['summary'] or scenario['name'])}"]
    for rule in scenario["rules"]:
        whole = f"of {len(rule['then'])} times" if by_one else "times by all merchants together"
        used = f"# used {uses[rule['name']]} {whole}\n" if rule["name"] in uses else ""
        when = f"when = {_written(rule['when'])}\n" if rule["when"] else ""
        parts.append(f"{used}[[rule]]\nname = {_written(rule['name'])}\n{when}then = {_written(rule['then'])}")
    return "\n\n".join(parts) + "\n"


def _written(value: Any) -> str:
    """A value as TOML has it, on one line."""
    if isinstance(value, Mapping):
        pairs = (f"{name if _BARE.fullmatch(name) else _quoted(name)} = {_written(inner)}" for name, inner in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return f"[{', '.join(map(_written, value))}]" if isinstance(value, list) else _quoted(value)


def _quoted(text: Any) -> str:
    """A text between quotes, so that blanks at its ends and line breaks are seen; a number or a switch as it
    is.
    """
    return json.dumps(text, ensure_ascii=False)
