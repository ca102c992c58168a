"""A Python client that openapi-python-client makes from the OpenAPI document, used against a real server."""
import importlib
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..driver import Control, Server, Shop

PACKAGE = "generated_client"
Module = Callable[[str], Any]


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the client's package, made without a network; what it cannot express fails."""
    folder = tmp_path_factory.mktemp("client")
    document, config = folder / "openapi.json", folder / "config.json"
    with document.open("w", encoding="utf-8") as file:
        subprocess.run([sys.executable, "-m", "tgpay_emulator", "reference", "--format", "openapi"],
                       stdout=file, check=True)
    config.write_text(json.dumps({"package_name_override": PACKAGE, "post_hooks": []}))
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document), "--meta", "none",
         "--config", str(config), "--output-path", str(folder / PACKAGE)], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield folder / PACKAGE
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server whose clock is moved."""
    with Server() as started:
        yield started


@pytest.fixture
def module(generated: Path) -> Module:
    """Imports a module of the client's package."""
    return lambda name: importlib.import_module(f"{PACKAGE}{name}")


@pytest.fixture
def client(module: Module, server: Server) -> Iterator[Any]:
    """A client of the server."""
    with module("").Client(base_url=server.url) as opened:
        yield opened


def test_each_operation_has_a_function(generated: Path) -> None:
    document = json.loads((generated.parent / "openapi.json").read_text(encoding="utf-8"))
    functions = {path.stem.replace("_", "") for path in generated.glob("api/*/*.py")} - {"init"}
    names = {operation["operationId"].lower() for path, methods in document["paths"].items()
             if path.startswith("/_emulator/") for operation in methods.values()}
    assert names <= functions


def test_the_client_makes_a_merchant_and_reads_what_it_did(server: Server, module: Module,
                                                           client: Any) -> None:
    models = module(".models")

    def call(operation: str, *places: Any, **given: Any) -> Any:
        return module(f".api.{operation}").sync(*places, client=client, **given)

    merchant = call("merchants.create_merchant", body=models.CreateMerchantBody(name="Generated"))
    assert isinstance(merchant, models.Merchant) and merchant.name == "Generated"
    mine = merchant.merchants_id
    shop = Shop(Control(server.url), mine, merchant.token)
    number = shop.pay_by_barcode("12.50")["out_trade_no"]

    order = call("orders.get_order", mine, number)
    assert isinstance(order, models.OrderStory)
    assert (order.status, order.trans_amount) == (models.OrderStatus.TRADE_SUCCESS, "12.50")
    assert order.paid_at.utcoffset().total_seconds() == 0 and order.card is None
    assert [line.event for line in order.history] == ["create", "pay"]

    moved = call("clock.move_clock", body=models.MoveClockBody(advance="3d"))
    assert isinstance(moved, models.ClockMove) and moved.now.tzinfo is not None

    journal = call("journal.list_journal_entries", merchants_id=mine)
    assert isinstance(journal, models.JournalEntryList)
    assert [(entry.endpoint, entry.verdict) for entry in journal.items] == [("tgpaybarcode", "OK")]

    settlement = call("settlement.list_settlement_rows", merchants_id=mine)
    assert isinstance(settlement, models.SettlementRowList)
    assert [(row.out_trade_no, row.amount) for row in settlement.items] == [(number, "12.50")]


def test_a_problem_is_typed_and_an_empty_answer_is_empty(module: Module, client: Any) -> None:
    models = module(".models")
    problem = module(".api.orders.get_order").sync("201703200001", "none", client=client)
    assert isinstance(problem, models.Problem) and (problem.status, "none" in problem.detail) == (404, True)
    cleared = module(".api.journal.clear_journal").sync_detailed(client=client)
    assert (cleared.status_code, cleared.content) == (204, b"")


def test_a_file_is_exported_and_imported(server: Server, module: Module, client: Any) -> None:
    one, other = (Control(server.url).shop() for _ in range(2))
    models, api = module(".models"), module(".api.transfer.export_merchants")
    asked = {"merchants_id": [one.merchants_id, other.merchants_id],
             "secrets": models.ExportMerchantsSecrets.TRUE}
    file = module(".types").File(io.BytesIO(api.sync_detailed(client=client, **asked).content))
    report = module(".api.transfer.import_merchants").sync(
        client=client, body=file, replace=models.ImportMerchantsReplace.TRUE)
    assert isinstance(report, models.ImportReport)
    assert {row.merchants_id: (row.token, row.replaced) for row in report.merchants} == {
        shop.merchants_id: (shop.token, True) for shop in (one, other)}


def test_an_order_number_with_a_slash_reaches_its_order(server: Server, module: Module, client: Any) -> None:
    shop = Control(server.url).shop()
    number = f"{shop.merchants_id}/a b/1"
    assert shop.pay_by_barcode(out_trade_no=number)["is_success"] == "T"
    found = module(".api.orders.get_order").sync(shop.merchants_id, number, client=client)
    assert found.out_trade_no == number
