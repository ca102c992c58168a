"""A start is quick: it loads what usual requests need, which the workers then share, and leaves out pages and
what is rare.
"""
import subprocess
import sys

import pytest

from tgpay_emulator.cli.command import MODULES

pytestmark = pytest.mark.sqlite

COMMAND_LINE = """
import click
from tgpay_emulator.cli import main

main.get_command(click.Context(main), "serve")
"""
SERVER = """
import tempfile
import tgpay_emulator.cli.announcement
from tgpay_emulator.base.settings import from_environment
from tgpay_emulator.server.process import build
from tgpay_emulator.store import place_of

folder = tempfile.TemporaryDirectory()
app = build(from_environment({}), place_of(folder.name + "/emulator.db"))[0]
"""
REQUESTS = """
from werkzeug.test import Client
from tgpay_emulator.signing.signature import sign

client = Client(app)

def ask(endpoint, **given):
    params = {"merchants_id": "201703200001", "out_trade_no": endpoint, "trans_amount": "1.00", "pay_type": "alipay", **given}
    signed = {**params, "sign_type": "MD5", "sign": sign(params, "14b0be26d00fbc6dcf20ed1f0a3516df")}
    answer = client.get(f"/v2/{endpoint}.php", query_string=signed).text
    assert "<is_success>T" in answer, answer
    return answer

before = set(sys.modules)
ask("tgpaybarcode", buyer_identity_code="281234567890123456")
ask("tgpayquery", out_trade_no="tgpaybarcode")
ask("tgpayrefund", out_trade_no="tgpaybarcode", refund_amount="1.00", out_refund_id="1")
ask("tgpayqrcode")
ask("tgpaybankcard", pay_type="bankcard", access_type="cashier", trans_timeout="20")
answers = [client.get(path).status_code for path in ("/_emulator/health", "/_emulator/orders", "/_emulator/clock")]
assert answers == [200] * len(answers), answers
"""
# Scenarios and the check of settlement files are packages that are empty until they are asked for something.
RARE = tuple(f"tgpay_emulator.{name}" for name in (
    "scenarios.", "domain.reconciliation.", "diagnosis.", "gateway.reference", "base.lan", "cli.demo",
    "server.certificates", "server.tls", "signing.code_samples", "gateway.fidelity",
    "operations.exporting", "operations.importing", "operations.verification", "store.transfer",
    *(f"web.{name}" for name in ("pages", "cashier", "terminal", "console", "documentation", "demo")))) + (
        "flask", "jinja2", "markdown_it")
OTHER_COMMANDS = tuple(f"tgpay_emulator.cli.{name}" for name in sorted({*MODULES.values()} - {"serving"}))
SERVERS = (*(f"tgpay_emulator.{name}" for name in ("server", "store", "web")), "flask", "gunicorn",
           "werkzeug", "sqlite3")


def printed(program: str) -> list[str]:
    """The words that a program prints."""
    done = subprocess.run([sys.executable, "-c", f"import sys\n{program}"], stdout=subprocess.PIPE, text=True,
                          check=True, timeout=30)
    return done.stdout.split()


@pytest.mark.parametrize("program, absent", [(SERVER, RARE), (COMMAND_LINE, RARE + SERVERS + OTHER_COMMANDS)],
                         ids=["server", "command line"])
def test_a_start_loads_neither_scenarios_nor_reconciliation_nor_what_else_is_rare(
         program: str, absent: tuple[str, ...]) -> None:
    assert [name for name in printed(f"{program}\nprint(*sys.modules)") if name.startswith(absent)] == []


def test_usual_requests_find_everything_loaded_that_workers_can_share() -> None:
    later = printed(f"{SERVER}{REQUESTS}\nprint(*sys.modules.keys() - before)")
    assert [name for name in later if name.startswith("tgpay_emulator")] == []
