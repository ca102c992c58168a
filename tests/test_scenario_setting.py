"""Contract 9, the setting `scenario`: in force from the start, gone back to by a reset, and told clearly when
it cannot be.
"""
from pathlib import Path

import pytest

from .driver import Control, Server
from .test_server import outcome

MINE = ("summary = 'Mine.'\n[[rule]]\nname = 'mine'\nwhen = { endpoint = 'tgpaybarcode' }\nthen = { error = "
        "'BEYOND_PAY_RESTRICTION' }\n")
BROKEN = "summary = 'x'\n[[rule]]\nname = 'lunch'\nwhen = { attempt = 0 }\nthen = { falt = 'reset' }\n"


@pytest.mark.parametrize("written, lines", [
    ("nothing", ["there is no scenario 'nothing'; there are autopay, "]),
    ("happypath", ["did you mean happy-path?"]),
    ("none.toml", ["none.toml cannot be read: "]),
    ("{path}/broken.toml", ["broken.toml, rule 1 (lunch): when.attempt is '0'",
                            "broken.toml, rule 1 (lunch): then.falt is not a key"]),
    ("{path}/no.toml", ["no.toml is not TOML: "])])
def test_one_that_cannot_be_is_told_in_a_line_for_each_problem(
        tmp_path: Path, written: str, lines: list[str]) -> None:
    (tmp_path / "broken.toml").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "no.toml").write_text("summary = ", encoding="utf-8")
    status, printed = outcome(f"--scenario={written.format(path=tmp_path)}", "--port=0",
                              "--database=:temporary:")
    assert (status, len(printed)) == (1, len(lines))
    assert all(line in told for line, told in zip(lines, printed))


def test_one_that_comes_along_is_in_force_by_its_name() -> None:
    with Server(scenario="review-queue") as server:
        assert Control(server.url).get("/scenario")["scenario"]["name"] == "review-queue"


def test_a_file_is_in_force_for_everybody_and_a_reset_goes_back_to_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(MINE, encoding="utf-8")
    with Server(scenario=file) as server:
        control = Control(server.url)
        assert control.shop().pay_by_barcode()["result_code"] == "FAIL"
        assert control.ask("PUT", "/scenario", {"rules": [{"then": {}}]}).status == 200
        assert control.shop().pay_by_barcode()["result_code"] == "SUCCESS"
        control.post("/reset")
        assert control.get("/scenario")["scenario"]["name"] == "mine"
        file.write_text(BROKEN, encoding="utf-8")
        shop = control.shop()
        refused = control.ask("POST", "/reset")
        assert (refused.status, "then.falt is not a key" in refused.json["detail"]) == (409, True)
        assert control.get(f"/merchants/{shop.merchants_id}")["token"] == shop.token
