"""The programs of docs/clients: each is run as its users run it, and its signing function is tried on all
vectors of the signature.
"""
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from .driver import Shop, plain_environment
from .documents import needs
from .test_signature import VECTORS

CLIENTS = Path(__file__).parent.parent / "docs" / "clients"
# programs that print the sign of each line of a token and parameters, with the copied function in them
SIGNING = Path(__file__).parent / "signing"
COPIED = re.compile(r"^\s*// What you copy begins here\.\n(.*?)^\s*// What you copy ends here\.$",
                    re.MULTILINE | re.DOTALL)
SAW = """\
order: SUCCESS, valid signature
notification: trans_qrcode_create_sync, valid signature, answered success
notification: trade_status_sync, valid signature, answered success: TRADE_SUCCESS, 12.50 GBP, 咖啡 大杯
forged notification: answered 400 wrong signature
query: TRADE_SUCCESS, 12.50 GBP, valid signature
"""
LONGEST_RUN_S = 60  # others may keep the machine busy


@dataclass
class Language:
    """A language: its program in docs/clients, what it needs, and the command that runs a file."""

    file: str
    needs: tuple[str, ...]
    command: Callable[[Path, Path], list[str]]


def go_built(file: Path, folder: Path) -> list[str]:
    """The program that Go makes of a file, made once."""
    program = folder / f"{file.parent.name}.program"
    if not program.exists():
        offline = {"GOCACHE": str(folder / "cache"), "GOPROXY": "off", "GOTOOLCHAIN": "local",
                   "GOWORK": "off"}
        subprocess.run(["go", "build", "-o", str(program), str(file)], cwd=folder, check=True, timeout=100,
                       env={**plain_environment(), **offline})
    return [str(program)]


LANGUAGES = {
    "php": Language("pay.php", ("php",), lambda file, _: ["php", str(file)]),
    "java": Language("Pay.java", ("java", "javac"),
                     lambda file, _: ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(file)]),
    "node": Language("pay.mjs", ("node",), lambda file, _: ["node", str(file)]),
    "go": Language("pay.go", ("go",), go_built)}

every_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what compilers make."""
    return tmp_path_factory.mktemp("clients")


def client(language: str, folder: Path, shop: Shop) -> subprocess.CompletedProcess[str]:
    """Run the program of a language for a merchant, whatever the machine's charset."""
    of = LANGUAGES[language]
    needs(*of.needs)
    environment = {**plain_environment(), "LC_ALL": "C", "TGPAY_URL": shop.control.url,
                   "TGPAY_MERCHANTS_ID": shop.merchants_id, "TGPAY_TOKEN": shop.token}
    return subprocess.run(of.command(CLIENTS / language / of.file, folder), env=environment, text=True,
                          encoding="utf-8", capture_output=True, timeout=LONGEST_RUN_S)


def test_every_program_is_tried() -> None:
    assert {str(path.relative_to(CLIENTS)) for path in CLIENTS.rglob("*") if path.is_file()} == {
        f"{language}/{of.file}" for language, of in LANGUAGES.items()}


@every_language
def test_a_program_orders_is_notified_and_queries(language: str, folder: Path, shop: Shop) -> None:
    ran = client(language, folder, shop)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, SAW, "")
    order, query = shop.control.get("/journal", merchants_id=shop.merchants_id)["items"]
    assert (order["endpoint"], query["endpoint"]) == ("tgpayqrcode", "tgpayquery")
    assert (order["params"]["terminal_id"], order["params"]["reference"]) == ("", "咖啡 大杯")
    shop.control.get("/wait", merchants_id=shop.merchants_id, out_trade_no=order["out_trade_no"],
                     status="TRADE_SUCCESS", notification="delivered", timeout="10")
    assert shop.control.get("/findings", merchants_id=shop.merchants_id)["items"] == []


@pytest.mark.parametrize("then, saw, complaint", [
    ({"notify": {"wrong_sign": True}}, SAW.splitlines(keepends=True)[0],
     "notification trans_qrcode_create_sync: wrong signature\n"),
    ({"fault": "wrong_sign"}, "", "tgpayqrcode: the answer has a wrong signature\n")],
    ids=["notification", "answer"])
@every_language
def test_a_program_believes_nothing_that_is_wrongly_signed(language: str, folder: Path, shop: Shop,
                                                           then: dict[str, object], saw: str,
                                                           complaint: str) -> None:
    shop.plays({"then": then})
    ran = client(language, folder, shop)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, saw, complaint)


@every_language
def test_the_function_to_copy_signs_every_vector_correctly(language: str, folder: Path) -> None:
    of = LANGUAGES[language]
    needs(*of.needs)
    (copied,) = COPIED.findall((CLIENTS / language / of.file).read_text(encoding="utf-8"))
    around = (SIGNING / of.file).read_text(encoding="utf-8")
    file = folder / f"{language}-signing" / of.file
    file.parent.mkdir()
    file.write_text(around.replace("// COPIED\n", copied), encoding="utf-8")
    lines = [vector["token"] + "\t" + "&".join(f"{quote(name, safe='')}={quote(value, safe='')}"
                                               for name, value in vector["params"].items())
             for vector in VECTORS]
    ran = subprocess.run(of.command(file, folder), input="\n".join(lines) + "\n", text=True, encoding="utf-8",
                         capture_output=True, timeout=LONGEST_RUN_S, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [vector["sign"] for vector in VECTORS]
