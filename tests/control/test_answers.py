"""What all answers of the control interface have in common, also those to requests that it cannot serve."""
import logging
from pathlib import Path

import pytest
from werkzeug.test import Client

from tgpay_emulator import __version__
from tgpay_emulator.base.settings import Settings
from tgpay_emulator.server.building import build
from tgpay_emulator.store import place_of
from tgpay_emulator.web.control import health

from ..driver import Shop, exchange
from ..tables import every_row

ANSWERS = [("GET", "/_emulator/health", 200), ("HEAD", "/_emulator/health", 200), ("GET", "/livez", 200),
           ("OPTIONS", "/_emulator/orders", 204),
           ("DELETE", "/_emulator/scenario?merchants_id={own}", 204),
           ("GET", "/_emulator/orders?limit=x", 400), ("GET", "/_emulator", 404),
           ("GET", "/_emulator/health/", 404), ("GET", "/_emulator/orders/201703200001/none", 404),
           ("POST", "/_emulator/health", 405), ("FLY", "/_emulator/health", 405), ("POST", "/livez", 405)]


@every_row("method, path, status", ANSWERS)
def test_each_answer_names_the_emulator_and_is_not_for_other_sites(
        shop: Shop, method: str, path: str, status: int) -> None:
    answer = exchange(shop.control.url + path.format(own=shop.merchants_id), method=method)
    assert answer.status == status
    assert answer.headers["X-TGPay-Emulator"] == __version__
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert ("Content-Type" in answer.headers) == (status != 204)
    assert ("Allow" in answer.headers) == (status == 405 or method == "OPTIONS")


def test_an_error_that_nobody_expects_is_a_problem_and_is_in_the_log(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(instant: int) -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr(health, "iso", fail)
    client = Client(build(Settings(), place_of(str(tmp_path / "emulator.db")))[0])
    with caplog.at_level(logging.ERROR):
        answer = client.get("/_emulator/health")
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert answer.json == {"type": "about:blank", "title": "Internal Server Error", "status": 500,
                           "detail": "the emulator failed; its log says where"}
    assert "RuntimeError: a bug" in caplog.text and "/_emulator/health" in caplog.text
