"""What docs/recipes.md and docs/curl.md have people do is done here; what needs Docker, or a service that
runs jobs, is compared with the image and the settings.
"""
import ast
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import yaml

from tgpay_emulator import __version__

from .driver import (
    Control, Receiver, Server, exchange, free_port, is_listened_on, plain_environment)
from .tables import every_row
from .documents import commands_of, needs
from .test_shared_sandbox import DOCKERFILE, NAMES, PORT, in_image
from .test_testing_plugin import run
from .warm import STARTER

ROOT = Path(__file__).parent.parent
TEXTS = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("recipes.md", "curl.md")}
# the blocks of the page by their names, which are in their first lines
BLOCKS = {name: block for block, name in re.findall(r"^```\w+\n((?:#|//) (\S+)\n.*?)^```",
                                                    TEXTS["recipes.md"], re.MULTILINE | re.DOTALL)}
CURL = "".join(re.findall(r"^```bash\n(.*?)^```", TEXTS["curl.md"], re.MULTILINE | re.DOTALL))
FILES: dict[str, Any] = {name: yaml.safe_load(block) for name, block in BLOCKS.items()
                         if name.endswith((".yml", ".yaml"))}
GITHUB, GITLAB, COMPOSE = (FILES[name] for name in (".github/workflows/test.yml", ".gitlab-ci.yml",
                                                    "compose.yaml"))
EMULATORS = {".github/workflows/test.yml": GITHUB["jobs"]["service"]["services"]["tgpay"],
             ".gitlab-ci.yml": GITLAB["test"]["services"][0], "compose.yaml": COMPOSE["services"]["tgpay"]}
IMAGE = f"registry.example/tgpay-emulator:{__version__}"
CONTAINERS = [*EMULATORS, "test_container.py", "TgpayContainer.java", "tgpay.mjs"]
OF_CLIENTS = {"TGPAY_URL", "TGPAY_TOKEN", "TGPAY_MERCHANTS_ID"}
TEST_OF_RECEIVER = """
def test_it(tgpay, tgpay_receiver):
    order = tgpay.order_number()
    tgpay.call("tgpayqrcode", out_trade_no=order, trans_amount="1.00", pay_type="alipay", it_b_pay="15m")
    received = tgpay_receiver.wait_for(order)
    assert received.verified and tgpay_receiver.url.startswith("http://localhost:")
"""


def environments() -> Iterator[dict[str, object]]:
    """Every environment in the YAML of the page."""
    waiting: list[Any] = list(FILES.values())
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield from (node[name] for name in ("env", "environment", "variables") if name in node)
        if isinstance(node, dict | list):
            waiting += node.values() if isinstance(node, dict) else node


def of_emulator(name: str) -> dict[str, str]:
    """The environment that a recipe gives the emulator."""
    service = EMULATORS[name]
    return next(service[key] for key in ("env", "environment", "variables") if key in service)


@every_row("name", TEXTS)
def test_the_commands_and_variables_of_a_page_exist(name: str) -> None:
    assert "serve" in commands_of(TEXTS[name])
    assert set(re.findall(r"TGPAY_[A-Z_]+", TEXTS[name])) <= NAMES | OF_CLIENTS


def test_the_files_that_a_page_mentions_exist() -> None:
    links = [link for page in TEXTS.values() for link in re.findall(r"\]\(([^)#:]+)", page)]
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    programs = re.findall(r"docs/clients/\S+\.\w+", TEXTS["recipes.md"])
    assert len(programs) == 4 and all((ROOT / program).exists() for program in programs)


@every_row("name", CONTAINERS)
def test_a_recipe_has_the_image_its_port_and_the_address_that_says_when_it_is_ready(name: str) -> None:
    block = BLOCKS[name]
    assert set(re.findall(r"registry\.example/[^\s\"]+", block)) == {IMAGE}
    assert set(re.findall(r"(?<!\d)\d{4}(?!\d)", block.replace("3000", ""))) <= set(PORT)
    if name not in EMULATORS:
        assert re.findall(r"\"(/\w+)\"", block) == ["/readyz"]
        assert re.search(r"\(8472, \"/readyz\"|\(\"/readyz\", 8472|forPort\(8472\)", block)
        assert re.search(r"TGPAY_CONTROL_TOKEN\W{1,4}\"off\"", block)


def test_values_of_environments_are_texts() -> None:
    """YAML takes a bare off for false, and Docker would be given the word false."""
    found = list(environments())
    assert len(found) == 7 and all(isinstance(value, str) for each in found for value in each.values())


@every_row("name", EMULATORS)
def test_the_emulator_is_reached_under_a_name_that_the_image_allows(name: str) -> None:
    urls = [urlsplit(str(each["TGPAY_URL"])) for each in environments() if "TGPAY_URL" in each]
    allowed = {"localhost", *in_image()["TGPAY_ALLOWED_HOSTS"].split(",")}
    assert {url.hostname for url in urls} <= allowed and {str(url.port) for url in urls} == set(PORT)
    service = EMULATORS[name]
    assert all(published.split(":")[-1] in PORT for published in service.get("ports", ()))
    assert service.get("alias", "tgpay") in allowed


def test_the_shop_of_the_compose_file_waits_for_the_check_of_the_image() -> None:
    services = COMPOSE["services"]
    assert services["shop"]["depends_on"] == {"tgpay": {"condition": "service_healthy"}}
    (check,) = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert services["tgpay"]["healthcheck"]["test"] == ["CMD", *json.loads(check)]


def test_the_emulator_starts_with_the_environment_of_a_recipe(tmp_path: Path) -> None:
    """And with that of the image, on another port, and on the loopback address."""
    ports = {"compose.yaml": free_port(), ".gitlab-ci.yml": free_port()}
    for name, port in ports.items():
        given = {**in_image(), **of_emulator(name), "TGPAY_HOST": "127.0.0.1", "TGPAY_PORT": str(port),
                 "TGPAY_ADDRESS_FILE": str(tmp_path / name), "HOME": str(tmp_path)}
        with Started(given, port) as url:
            for path in ("/readyz", "/_emulator/merchants"):
                assert exchange(f"{url}{path}", headers={"Host": f"tgpay:{PORT[0]}"}).status == 200
            assert exchange(f"{url}/readyz", headers={"Host": f"docker.example:{PORT[0]}"}).status == 200
            code = Control(url).shop().qr_order()["qr_code"]
            assert code.startswith(given.get("TGPAY_PUBLIC_URL", url))
    assert of_emulator(".github/workflows/test.yml") == of_emulator(".gitlab-ci.yml")


class Started(Server):
    """A server whose settings are all in its environment."""

    def __init__(self, environment: dict[str, str], port: int) -> None:
        super().__init__(port=port)
        self.environment = environment

    def __enter__(self) -> str:  # type: ignore[override]
        self.output = tempfile.TemporaryFile("w+")
        self.process = STARTER.start(["serve"], self.output.fileno(),
                                     {**plain_environment(), **self.environment})
        self.wait_until_healthy()
        return self.url


def wheel(folder: Path) -> Path:
    """A folder with the package as an index has it."""
    build = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    checkout, index = folder / "checkout", folder / "index"
    index.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(checkout)], check=True, timeout=60)
    subprocess.run([sys.executable, "-c", build, str(index)], cwd=checkout, check=True, timeout=60,
                   capture_output=True)
    return index


def libraries(folder: Path) -> Path:
    """The libraries that these tests are run with, pip too, but not the emulator."""
    folder.mkdir()
    for place in (Path(entry) for entry in sys.path if entry.endswith("-packages")):
        for each in place.iterdir():
            if not re.match("__|tgpay", each.name) and not (folder / each.name).exists():
                (folder / each.name).symlink_to(each)
    return folder


def programs_of(folder: Path) -> Path:
    """The programs of a new virtual environment, with the pip that these tests are run with."""
    venv.create(folder, symlinks=True)
    pip = folder / "bin" / "pip"
    pip.write_text(f"#!{folder / 'bin' / 'python'}\n"
                   "import runpy\nrunpy.run_module('pip', run_name='__main__')\n")
    pip.chmod(0o755)
    return folder / "bin"


@pytest.mark.skipif(not (ROOT / ".git").exists(),
                    reason="the package is made from the files that git knows")
def test_the_step_with_pip_installs_the_emulator_and_starts_it(tmp_path: Path) -> None:
    needs("bash")
    (block,) = [step["run"] for step in GITHUB["jobs"]["pip"]["steps"]
                if "pip install" in step.get("run", "")]
    programs, port = programs_of(tmp_path / "venv"), free_port()
    given = {"TGPAY_PORT": str(port), "PYTHONPATH": str(libraries(tmp_path / "libraries")),
             "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel(tmp_path)), "PIP_NO_COMPILE": "1",
             "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    with (tmp_path / "printed").open("w") as printed:
        process = subprocess.Popen(["bash", "-e", "-c", block], cwd=tmp_path,
                                   env={**plain_environment(), **given}, stdin=subprocess.DEVNULL,
                                   stdout=printed, stderr=printed, start_new_session=True)
        try:
            status = process.wait(100)
            assert status == 0, (tmp_path / "printed").read_text()
            assert Control(f"http://127.0.0.1:{port}").shop().qr_order()["is_success"] == "T"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
    end = time.monotonic() + 30
    while is_listened_on(port):
        assert time.monotonic() < end, "the server does not end"
        time.sleep(0.05)
    installed = list((tmp_path / "venv").glob("lib/*/site-packages/tgpay_emulator/__init__.py"))
    assert len(installed) == 1 and (tmp_path / "tgpay.log").exists()


def test_the_job_of_gitlab_waits_for_the_emulator(base_url: str) -> None:
    needs("bash", "curl")
    waiting = [line for line in GITLAB["test"]["script"] if line.startswith("curl ")]
    assert len(waiting) == 1
    ran = subprocess.run(["bash", "-e", "-c", waiting[0]], env={**plain_environment(), "TGPAY_URL": base_url},
                         capture_output=True, text=True, timeout=60)
    assert json.loads(ran.stdout)["status"] == "ok", ran.stderr


def test_the_fixture_of_a_receiver_outside_of_the_container_receives(base_url: str, tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conftest.py").write_text(BLOCKS["conftest.py"])
    (tmp_path / "test_it.py").write_text(TEST_OF_RECEIVER)
    monkeypatch.setenv("RECEIVER_NAME", "localhost")
    printed = run(tmp_path, "-q", url=base_url)
    assert "1 passed" in printed, printed


def test_the_test_of_the_container_passes_with_an_emulator(base_url: str) -> None:
    """Without the container: the module is compiled, and the test in it is called."""
    block = BLOCKS["test_container.py"]
    compile(block, "test_container.py", "exec")
    (test,) = [node for node in ast.parse(block).body
               if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    within: dict[str, Any] = {"json": json, "urlopen": urlopen}
    exec(compile(ast.Module([test], []), "test_container.py", "exec"), within)
    within[test.name](base_url)


def test_the_container_of_testcontainers_starts(tmp_path: Path) -> None:
    needs("docker")
    if subprocess.run(["docker", "info"], capture_output=True, timeout=60).returncode:
        pytest.skip("no Docker daemon answers")
    if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, timeout=60).returncode:
        pytest.skip(f"there is no image: docker build -t {IMAGE} .")
    pytest.importorskip("testcontainers", reason="testcontainers is not installed")
    (tmp_path / "test_container.py").write_text(BLOCKS["test_container.py"])
    printed = run(tmp_path, "-q")
    assert "1 passed" in printed, printed


def test_node_can_read_its_module(tmp_path: Path) -> None:
    needs("node")
    (tmp_path / "tgpay.mjs").write_text(BLOCKS["tgpay.mjs"])
    subprocess.run(["node", "--check", "tgpay.mjs"], cwd=tmp_path, check=True, timeout=60)


def test_the_page_about_curl_can_be_followed_to_its_end(base_url: str, receiver: Receiver,
                                                        tmp_path: Path) -> None:
    needs("bash", "curl", "md5sum")
    before = {each["merchants_id"] for each in Control(base_url).get("/merchants")["items"]}
    given = {**plain_environment(), "TGPAY_URL": base_url, "NOTIFY_URL": receiver.url}
    ran = subprocess.run(["bash", "-euo", "pipefail", "-c", CURL], cwd=tmp_path, env=given,
                         capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    for seen in ("<trade_status>TRADE_SUCCESS</trade_status>", "\nsubject=咖啡 大杯\n", "\nvalid signature\n"):
        assert seen in ran.stdout, ran.stdout
    created, paid, again, forged = (heard.fields for heard in receiver.wait_for(4))
    assert created["notify_type"] == "trans_qrcode_create_sync" and paid == again
    assert forged == {**paid, "trans_amount": "0.01"}
    assert {each["merchants_id"] for each in Control(base_url).get("/merchants")["items"]} <= before


@every_row("values", [["a=2", "a1=1"], ["a_b=1", "aB=2", "ab=3", "AB=4", "a=5"],
                      ["x=", "b= blank  ", "c=1=2"], ["n=咖啡 £5", "sign=no", "sign_type=MD5", "m=%20+&"]])
def test_the_sign_of_the_page_about_curl_is_that_of_the_document(control: Control, values: list[str]) -> None:
    needs("bash", "md5sum")
    (function,) = re.findall(r"^sign\(\) \{.*?^\}\n", CURL, re.MULTILINE | re.DOTALL)
    params = dict(value.split("=", 1) for value in values)
    right = control.post("/sign", {"token": "t" * 32, "params": params})["sign"]
    ran = subprocess.run(["bash", "-euo", "pipefail", "-c", f'{function}\nsign "$@"', "sign", *values],
                         env={**plain_environment(), "token": "t" * 32}, capture_output=True, text=True,
                         timeout=20)
    assert ran.stdout.strip() == right, ran.stderr
