"""Answers of the control interface laid out for a person: rows of a label and a text, which may have several lines."""
import json
from collections.abc import Mapping
from typing import Any

Row = tuple[str, str]


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
    return rows + [(name, str(value)) for name, value in explanation.items()]


def example(of: Mapping[str, Any]) -> str:
    """Where an example of a finding is."""
    return f"journal {of['journal_id']}" if of["journal_id"] else f"notice {of['notice_id']}, attempt {of['attempt']}"


def _quoted(text: str) -> str:
    """The text between quotes, so that blanks at its ends and line breaks are seen."""
    return json.dumps(text, ensure_ascii=False)
