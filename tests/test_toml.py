"""What is written as TOML is read back as it was, by the standard library's reader."""
import tomllib
from typing import Any

import pytest

from tgpay_emulator import scenarios
from tgpay_emulator.base import toml
from tgpay_emulator.cli.sheets import toml_of

TEXTS = ["", " ", "two words", "'", '"', '"""', "'''", "\\", "\\u0041", "\\\"", "#", "=", "a\r\nb", "\u2028",
         "𝄞 🐼", "茶", "\ufeff", "\x85",
         *(f"a{chr(code)}b" for code in (*range(32), 0x7F, 0x80, 0x9F))]
VALUES: list[Any] = [True, False, 0, -1, 10**15, 0.5, 1e30, 1e-9, float("inf"), [], [[]],
                     {}, {"a": {"b": [1, "x"]}}]
KEYS = ["a", "A-b_1", "", "a.b", "a b", "trans_amount__above", '"', "'", "\\", "\x7f", "é", "茶", "𝄞",
        "[x]", "=", "#"]


@pytest.mark.parametrize("value", [*TEXTS, *VALUES], ids=ascii)
def test_a_value_is_read_back(value: Any) -> None:
    for spread in (False, True):
        assert tomllib.loads(f"x = {toml.value([value], spread)}") == {"x": [value]}


@pytest.mark.parametrize("name", KEYS, ids=ascii)
def test_a_key_is_read_back(name: str) -> None:
    assert tomllib.loads(f"{toml.key(name)} = {toml.value({name: 1})}") == {name: {name: 1}}


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_scenario_is_read_back_from_what_the_console_and_the_command_write(text: str) -> None:
    document = {"name": "odd", "summary": "odd", "rules": [{
        "name": f"n{text}", "when": {"reference": f"r{text}"}, "then": [{"delay": "5s"}, {}]}]}
    assert tomllib.loads(scenarios.written(document))["rule"] == document["rules"]
    assert tomllib.loads(toml_of(document, {f"n{text}": 1}, True))["rule"] == document["rules"]


def test_what_toml_has_not_is_no_value() -> None:
    with pytest.raises(TypeError, match="TOML has no NoneType"):
        toml.value({"a": None})
