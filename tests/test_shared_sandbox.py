"""What docs/shared-sandbox.md has people run is run here, on a PostgreSQL of the test's own; what needs
Docker is compared with the command.
"""
import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tgpay_emulator.base.settings import SETTINGS, variable

from . import postgres
from .driver import Control, Server, Shop, command, exchange, free_port, plain_environment
from .test_balanced import CONFIGURATION, HAPROXY

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "shared-sandbox.md").read_text(encoding="utf-8")
ROLES, START, BACKUP, COPY = re.findall(r"^```(?:sh|sql)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
PORT = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
NAMES = {variable(setting) for setting in SETTINGS}
TOKEN = "choose-another"


def in_image() -> dict[str, str]:
    """The environment that the image sets."""
    (line,) = re.findall(r"^ENV (.*)$", DOCKERFILE, re.MULTILINE)
    return dict(pair.split("=", 1) for pair in line.split())


def on(cluster: postgres.Cluster, text: str) -> str:
    """A text of the page with the test's own server of PostgreSQL in it."""
    return text.replace("db.example", f"127.0.0.1:{cluster.port}")


def run(cluster: postgres.Cluster, block: str, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """Begin a block of the page in a shell that stops at the first failure."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(cluster.programs), os.environ["PATH"]])
    return subprocess.Popen(["sh", "-euc", on(cluster, block)], cwd=folder, text=True, start_new_session=True,
                            env={**plain_environment(), "PATH": path, **environment},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def done(block: subprocess.Popen[str]) -> None:
    """Wait until a block has ended, and make sure that nothing failed."""
    printed = block.communicate(timeout=60)[0]
    assert block.returncode == 0, printed


@contextmanager
def serving(process: subprocess.Popen[str], port: int) -> Iterator[Control]:
    """The control interface of a node that is being started."""
    url, end = f"http://127.0.0.1:{port}", time.monotonic() + 30
    try:
        while not _is_ready(url):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end, "the node does not answer"
            time.sleep(0.05)
        yield Control(url, TOKEN)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def _is_ready(url: str) -> bool:
    try:
        return exchange(f"{url}/readyz").status == 200
    except OSError:
        return False


@pytest.mark.postgresql
def test_the_page_can_be_followed_from_the_first_start_to_the_restored_backup(
        cluster: postgres.Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.CLUSTER, raising=False)  # a file is to be a file here
    made = f"postgresql://tgpay:choose-one@127.0.0.1:{cluster.port}/tgpay"
    as_owner = f"psql --set=ON_ERROR_STOP=1 {cluster.address} <<'END'\n"
    done(run(cluster, f"{as_owner}{ROLES}END\n", tmp_path))
    install, rest = START.split("\n", 1)
    extra = re.fullmatch(r"pip install 'tgpay-emulator\[(\w+)\]'", install)
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert extra and extra[1] in config["options.extras_require"]
    assert f"TGPAY_CONTROL_TOKEN={TOKEN}" in rest and f"TGPAY_DATABASE={made}" in on(cluster, rest)
    port = free_port()
    with serving(run(cluster, rest, tmp_path, TGPAY_PORT=str(port)), port) as control:
        shop = control.shop()
        paid = shop.pay_by_barcode()["out_trade_no"]
        assert shop.qr_order()["qr_code"].startswith("https://sandbox.example/")
        done(run(cluster, BACKUP, tmp_path, TGPAY_DATABASE=made))
    with Server(database=made.removesuffix("tgpay") + "restored", workers=1) as server:
        there = Shop(Control(server.url), shop.merchants_id, shop.token, shop.made)
        assert there.query(paid)["trade_status"] == "TRADE_SUCCESS"
        assert there.qr_order()["is_success"] == "T"
    there_and_back(cluster, tmp_path)


def there_and_back(cluster: postgres.Cluster, folder: Path) -> None:
    """The page's two commands that copy a database: each needs an empty target."""
    there, back = COPY.splitlines()
    with Server(database=folder / "emulator.db") as server:
        shop = Control(server.url).shop()
        paid = shop.pay_by_barcode()["out_trade_no"]
    refused = run(cluster, there, folder)
    assert "has data already" in refused.communicate(timeout=60)[0] and refused.returncode == 1
    postgres.ask(cluster.address, "DROP DATABASE tgpay")
    postgres.ask(cluster.address, ROLES.partition(";\n")[2])
    done(run(cluster, there, folder))
    (folder / "emulator.db").unlink()
    done(run(cluster, back, folder))
    with Server(database=folder / "emulator.db") as server:
        there_again = Shop(Control(server.url), shop.merchants_id, shop.token, shop.made)
        assert there_again.query(paid)["trade_status"] == "TRADE_SUCCESS"


@pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed")
def test_haproxy_takes_its_configuration() -> None:
    """But for the names of the nodes, which only Docker knows."""
    checked = subprocess.run([str(HAPROXY), "-c", "-f", str(CONFIGURATION)], capture_output=True, text=True)
    complaints = [line for line in checked.stderr.splitlines() if "[ALERT]" in line or "[WARNING]" in line]
    assert checked.returncode == 0, checked.stderr
    assert all("could not resolve address 'node" in line for line in complaints), complaints


def test_the_balancer_of_the_compose_file_leads_to_its_nodes() -> None:
    balancer, written = SERVICES["balancer"], CONFIGURATION.read_text(encoding="utf-8")
    (bound,) = re.findall(r"^\s+bind :(\d+)$", written, re.MULTILINE)
    servers = re.findall(r"^\s+server \S+ (\w+):(\d+)$", written, re.MULTILINE)
    nodes = [name for name, service in SERVICES.items() if service.get("build")]
    assert len(nodes) > 1 and {name for name, _ in servers} == set(nodes) == set(balancer["depends_on"])
    assert [port for _, port in servers] == PORT * len(nodes)
    assert [published.split(":")[-1] for published in balancer["ports"]] == [bound]
    mounted = balancer["volumes"][0].split(":")
    assert (ROOT / mounted[0]).samefile(CONFIGURATION) and mounted[1].startswith("/usr/local/etc/haproxy/")
    public = [SERVICES[name]["environment"]["TGPAY_PUBLIC_URL"] for name in nodes]
    assert all(f"http://localhost:{balancer['ports'][0].split(':')[0]}" in address for address in public)


def test_the_image_and_the_compose_file_name_settings_and_commands_that_there_are() -> None:
    shown = command("serve", "--help").stdout
    environments = [in_image(), *(SERVICES[name]["environment"] for name in ("node1", "node2"))]
    named = {name for environment in environments for name in environment if name.startswith("TGPAY_")}
    assert named and named <= NAMES
    assert [name for name in named if f"[{name};" not in " ".join(shown.split())] == []
    assert [in_image()["TGPAY_PORT"]] == PORT
    for line in re.findall(r"^(?:ENTRYPOINT|HEALTHCHECK .*CMD) (\[.*\])$", DOCKERFILE, re.MULTILINE):
        program, name = json.loads(line)
        assert shutil.which(program, path=str(Path(sys.executable).parent))
        assert command(name, "--help").returncode == 0


def test_every_service_and_volume_that_the_compose_file_names_is_there() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        named = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert {name for name in named if not name.startswith(".")} <= set(COMPOSE["volumes"])


@pytest.mark.postgresql
def test_a_node_of_the_compose_file_starts(cluster: postgres.Cluster, tmp_path: Path) -> None:
    """With the environment of the image and of the compose file; only the server of PostgreSQL is another."""
    chosen = {"POSTGRES_PASSWORD": "choose-one", "TGPAY_CONTROL_TOKEN": TOKEN}
    given = {name: filled_in(value, chosen) for name, value in SERVICES["node1"]["environment"].items()}
    server = {name: filled_in(value, chosen) for name, value in SERVICES["postgres"]["environment"].items()}
    parts = urlsplit(given["TGPAY_DATABASE"])
    assert (parts.hostname, parts.username, parts.password, parts.path) == (
        "postgres", server["POSTGRES_USER"], server["POSTGRES_PASSWORD"], f"/{server['POSTGRES_DB']}")
    port, database = free_port(), postgres.database(cluster.address, tmp_path)
    environment = {**in_image(), **given, "TGPAY_DATABASE": database, "TGPAY_PORT": str(port),
                   "TGPAY_ADDRESS_FILE": str(tmp_path / "address"), "HOME": str(tmp_path)}
    with serving(run(cluster, "exec tgpay-emulator serve", tmp_path, **environment), port) as control:
        assert control.shop().qr_order()["qr_code"].startswith("http://localhost:8472/")


def filled_in(written: str, chosen: dict[str, str]) -> str:
    """A text of a compose file with its variables filled in."""
    return re.sub(r"\$\{(\w+):(?:\?[^}]*|-([^}]*))\}",
                  lambda found: chosen.get(found[1], found[2] or ""), written)
