"""Control tokens with roles: a team sees and changes only the merchants that it made, at every address of the
control interface, the console, the demo and the terminals.
"""
import base64
import gzip
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from lxml import html

from .console.desk import OWN_FORM, Desk, words
from .driver import Answer, Control, Server, Shop, exchange, stream_at
from .routes import routes
from .tables import every_row

ADMIN, BOSS, RED, BLUE = "admins-own-token", "boss-token-0001", "red-token-00001", "blue-token-0001"
TOKENS = f"boss:admin:{BOSS},red:team:{RED},blue:team:{BLUE}"
SEEDED = "201703200001"
FROZEN = "2026-05-04T12:00:00Z"
MISSING = {"merchants_id": "29none", "number": "29none", "out_trade_no": "29none01", "terminal_sn": "none-1",
           "serial": "none-1", "notification_id": "987654", "entry_id": "987654", "order_id": "987654",
           "attempt_id": "987654"}
ELSE = {"place": "nowhere", "event": "approve", "done": "tap", "day": "2026-05-05", "name": "chaos",
        "move": "next",
        "act": "offline", "forward_id": "none"}
PUBLIC = "payers, shops and probes, without a token"
OBJECT = "what others own is as if it did not exist"
LIST = "only what the team owns"
ADMINS = "refused, because it concerns everybody"
TABLES = "the same for all: nothing of a merchant"
STREAM = "events of what the team owns"


@dataclass(frozen=True)
class Route:
    """What a team may do at an address; `sent` is the body, in which {names} stand for objects."""

    decision: str
    sent: Any = None
    query: str = ""


def control(*routes: tuple[str, Route]) -> dict[str, Route]:
    return {f"{name.partition(' ')[0]} /_emulator{name.partition(' ')[2]}": route for name, route in routes}


def console(*routes: tuple[str, Route]) -> dict[str, Route]:
    return {f"{name.partition(' ')[0]} /console{name.partition(' ')[2]}": route for name, route in routes}


OF_ORDER = "?merchants_id={merchants_id}&out_trade_no={out_trade_no}&timeout=0"
PARAMS = {"merchants_id": "{merchants_id}", "out_trade_no": "1", "sign": "0" * 32}
RULES = {"rules": [{"name": "all", "when": {}, "then": {"fault": "http_503"}}]}
ROUTES = {
    **dict.fromkeys((
        "GET /", "GET /3ds/<token>/<id:attempt>", "POST /3ds/<token>/<id:attempt>",
        "POST /3ds/<token>/<id:attempt>/<act>", "GET /_emulator/health", "GET /code/<wallet>",
        "POST /console/session", "POST /console/session/end", "GET /demo/notify", "POST /demo/notify",
        "POST /demo/session", "GET /docs", "GET /docs/<name>", "GET /docs/<path:path>",
        "GET /livez", "GET /readyz", "GET /pay/<token>", "POST /pay/<token>",
        "POST /pay/<token>/card", "GET /pay/<token>/state", "GET /qr/<token>/<size>.png",
        "POST /sdk/card-voucher", "GET /sdk/tgpay.js", "GET /static/<path:filename>",
        "GET /terminal/<serial>", "GET /terminal/<serial>/events", "GET /terminal/<serial>/receipt.txt",
        "GET /terminal/<serial>/state", "GET /wallet/<token>", "POST /wallet/<token>",
        "POST /wallet/<token>/<act>", "GET /wallet/<token>/state"), Route(PUBLIC)),
    "POST /terminal/<serial>/<act>": Route(OBJECT),
    **dict.fromkeys(("GET /demo", "POST /demo/<move>", "POST /demo/tell/<name>"), Route(ADMINS)),
    **control(
        ("GET /cards", Route(TABLES)), ("GET /codes", Route(TABLES)), ("GET /openapi.json", Route(TABLES)),
        ("GET /scenarios", Route(TABLES)), ("GET /scenarios/<name>", Route(TABLES)),
        ("GET /clock", Route(TABLES)), ("GET /scenario", Route(TABLES)),
        ("POST /clock", Route(ADMINS, {"advance": "1d"})), ("POST /notifications/flush", Route(ADMINS)),
        ("POST /reset", Route(ADMINS)), ("DELETE /journal", Route(ADMINS)),
        ("PUT /scenario", Route(ADMINS, {"name": "chaos"})), ("DELETE /scenario", Route(ADMINS)),
        ("GET /events", Route(STREAM)), ("GET /metrics", Route(ADMINS)),
        ("GET /findings", Route(LIST)), ("GET /journal", Route(LIST)),
        ("GET /export", Route(LIST)), ("POST /import", Route(ADMINS)),
        ("GET /merchants", Route(LIST)), ("GET /notifications", Route(LIST)), ("GET /orders", Route(LIST)),
        ("GET /settlement", Route(LIST)), ("GET /terminals", Route(LIST)),
        ("POST /merchants", Route(TABLES, {"rate": "x"})),
        ("GET /journal/<id:entry_id>", Route(OBJECT)), ("GET /merchants/<merchants_id>", Route(OBJECT)),
        ("PATCH /merchants/<merchants_id>", Route(OBJECT, {"name": "taken over"})),
        ("DELETE /merchants/<merchants_id>", Route(OBJECT)),
        ("GET /merchants/<merchants_id>/inbox", Route(OBJECT)),
        ("PUT /merchants/<merchants_id>/inbox", Route(OBJECT, {"answer": "fail"})),
        ("POST /merchants/<merchants_id>/listen", Route(OBJECT, {"listener": "a", "timeout": "0s"})),
        ("POST /merchants/<merchants_id>/listen/<forward_id>", Route(OBJECT, {"status": 200})),
        ("GET /notifications/<id:notification_id>", Route(OBJECT)),
        ("POST /notifications/<id:notification_id>/replay", Route(OBJECT)),
        ("GET /orders/<merchants_id>/<number:out_trade_no>", Route(OBJECT)),
        ("POST /orders/<merchants_id>/<number:out_trade_no>/<event>", Route(OBJECT, {})),
        ("POST /settlement/check", Route(OBJECT, {"merchants_id": "{merchants_id}", "rows": []})),
        ("POST /sign", Route(OBJECT, {"params": PARAMS})),
        ("POST /sign/explain", Route(OBJECT, {"params": PARAMS})),
        ("GET /terminals/<terminal_sn>", Route(OBJECT)),
        ("PUT /terminals/<terminal_sn>", Route(OBJECT, {"online": False})),
        ("POST /terminals/<terminal_sn>/<event>", Route(OBJECT)),
        ("GET /verify", Route(OBJECT, query="?merchants_id={merchants_id}&order={out_trade_no}")),
        ("GET /wait", Route(OBJECT, query=OF_ORDER))),
    **console(
        ("GET ", Route(TABLES)), ("GET /<path:place>", Route(TABLES)),
        ("GET /findings", Route(LIST)), ("GET /reference", Route(LIST)), ("GET /cards", Route(TABLES)),
        ("GET /clock", Route(LIST)),
        ("GET /inbox", Route(LIST)), ("GET /inbox/<id:attempt_id>", Route(OBJECT)),
        ("POST /inbox", Route(OBJECT, {"answer": "fail"}, "?merchants_id={merchants_id}")),
        ("GET /pulse", Route(TABLES)), ("GET /scenarios", Route(TABLES)),
        ("GET /scenarios/desk", Route(TABLES)), ("GET /try", Route(LIST)),
        ("POST /clock", Route(ADMINS, {"do": "advance", "by": "1d"})),
        ("POST /journal/clear", Route(ADMINS, {})),
        ("POST /scenarios/on", Route(ADMINS, {"name": "chaos"})),
        ("POST /scenarios/off", Route(ADMINS, {})),
        ("POST /scenarios/desk", Route(ADMINS, {"do": "use", "name": "x", "text": json.dumps(RULES)})),
        ("GET /events", Route(STREAM)),
        ("GET /journal", Route(LIST)), ("GET /merchants", Route(LIST)), ("GET /notifications", Route(LIST)),
        ("GET /orders", Route(LIST)), ("GET /settlement", Route(LIST)), ("GET /terminals", Route(LIST)),
        ("GET /journal/<id:entry_id>", Route(OBJECT)), ("GET /merchants/<number>", Route(OBJECT)),
        ("POST /merchants", Route(TABLES, {"merchants_id": "no!", "name": "no"})),
        ("POST /merchants/<number>", Route(OBJECT, {"name": "taken over", "currency": "GBP", "rate": "9.1",
                                                    "fee_rate": "0", "notify_method": "GET"})),
        ("GET /merchants/<number>/export", Route(OBJECT)), ("POST /import", Route(ADMINS, {})),
        ("POST /merchants/<number>/remove", Route(OBJECT, {})),
        ("POST /merchants/<number>/reset", Route(OBJECT, {})),
        ("GET /notifications/<id:notification_id>", Route(OBJECT)),
        ("POST /notifications/<id:notification_id>/replay", Route(OBJECT, {})),
        ("GET /orders/<id:order_id>", Route(OBJECT)),
        ("POST /orders/<id:order_id>/<event>", Route(OBJECT, {})),
        ("POST /orders/<id:order_id>/cancel", Route(OBJECT, {})),
        ("POST /orders/<id:order_id>/refund", Route(OBJECT, {"amount": "1.00", "number": "1", "reason": ""})),
        ("GET /settlement.csv", Route(
            OBJECT, query="?merchants_id={merchants_id}&start=2026-05-04&end=2026-05-06")),
        ("GET /settlement/<day>", Route(OBJECT, query="?merchants_id={merchants_id}")),
        ("POST /settlement/check", Route(OBJECT, {}, "?merchants_id={merchants_id}")),
        ("POST /try/send", Route(PUBLIC)),  # it goes to the gateway, which a merchant's signature opens
        ("POST /terminals", Route(OBJECT, {"serial": "new-1", "merchants_id": "{merchants_id}"})),
        ("POST /terminals/<serial>/<any(tap, insert, swipe, pin, approve, decline, cancel):done>",
         Route(OBJECT, {})),
        ("POST /terminals/<serial>/switch", Route(OBJECT, {"online": "off"})),
        ("POST /try", Route(OBJECT, {"merchants_id": "{merchants_id}", "out_trade_no": "1",
                                     "trans_amount": "1.00", "pay_type": "alipay"})))}


@dataclass
class Team:
    """A team with a merchant that has one of everything; `objects` are their numbers for the table above."""

    control: Control
    desk: Desk
    shop: Shop
    objects: dict[str, str] = field(default_factory=dict)

    @property
    def marks(self) -> set[str]:
        """Texts by which this team's things are recognised in any answer."""
        return {*(self.objects[name] for name in ("merchants_id", "out_trade_no", "serial")), self.shop.token,
                f"Shop of {self.objects['merchants_id']}"}


def team(url: str, token: str) -> Team:
    """Make a merchant of a team with an order, a notification, findings, a terminal and a scenario."""
    control = Control(url, token)
    shop = control.shop(notify_url="http://127.0.0.1:9/notify")
    control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"name": f"Shop of {shop.merchants_id}"})
    number = shop.qr_order(it_b_pay="1h")["out_trade_no"]
    control.post(f"/orders/{shop.merchants_id}/{number}/pay", {})
    shop.refund(number, "0.10")
    shop.send("tgpayqrcode", {**shop.signed(out_trade_no=f"{shop.merchants_id}bad"), "sign": "0" * 32})
    shop.plays({"name": "slow", "when": {"trans_amount": "77.77"}, "then": {"fault": "http_503"}})
    desk = Desk(url)
    assert desk.ask("POST", "/session", {"token": token, "onwards": "/console"}).status == 303
    control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"notify_url": "inbox"})
    delivered = {"out_trade_no": shop.pay_by_barcode()["out_trade_no"], "notification": "delivered"}
    control.get("/wait", merchants_id=shop.merchants_id, **delivered)
    arrived = control.get(f"/merchants/{shop.merchants_id}/inbox")["items"][0]
    control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"notify_url": "http://127.0.0.1:9/notify"})
    story = shop.story(number)
    entry = control.get("/journal", merchants_id=shop.merchants_id)["items"][0]
    return Team(control, desk, shop, {
        "merchants_id": shop.merchants_id, "number": shop.merchants_id, "out_trade_no": number,
        "terminal_sn": shop.first_terminal, "serial": shop.first_terminal, "order_id": str(story["id"]),
        "notification_id": str(story["notifications"][0]["id"]), "entry_id": str(entry["id"]),
        "attempt_id": str(arrived["id"])})


@dataclass
class Sandbox:
    """A server with two teams: red, who asks, and blue, whose things are not to be seen."""

    admin: Control
    red: Team
    blue: Team
    database: Path

    def state(self) -> list[str]:
        """Everything that is in the database, but for what the server notes of itself."""
        with closing(sqlite3.connect(self.database)) as connection:
            return [line for line in connection.iterdump() if '"upkeep_marks"' not in line]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    database = tmp_path_factory.mktemp("roles") / "emulator.db"
    with Server(control_token=ADMIN, tokens=TOKENS, notify_retries="1h", database=database) as server:
        admin = Control(server.url, ADMIN)
        admin.post("/clock", {"set": FROZEN})
        admin.post("/clock", {"freeze": True})
        red, blue = team(server.url, RED), team(server.url, BLUE)
        admin.post("/notifications/flush")
        yield Sandbox(admin, red, blue, database)


def named(decision: str) -> list[str]:
    found = [name for name, route in ROUTES.items() if route.decision == decision]
    assert found
    return found


def filled(value: Any, objects: Mapping[str, str]) -> Any:
    """A body or query with the numbers of objects in place of {names}."""
    if isinstance(value, dict):
        return {name: filled(inner, objects) for name, inner in value.items()}
    return re.sub(r"\{(\w+)\}", lambda found: objects[found[1]], value) if isinstance(value, str) else value


def address(rule: str, objects: Mapping[str, str]) -> str:
    """The path of a rule with the numbers of objects in it."""
    values = {**ELSE, **objects}
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda found: values[found[1]], rule)


def ask(team: Team, name: str, objects: Mapping[str, str], extra: str = "") -> Answer:
    """A request of a team to a route, about these objects."""
    method, rule = name.split(" ", 1)
    route = ROUTES[name]
    path = address(rule, objects) + filled(route.query, objects) + extra
    sent = filled(route.sent, objects)
    if path.startswith("/_emulator"):
        return unpacked(team.control.ask(method, path.removeprefix("/_emulator"), sent))
    headers = {**team.control.headers, "Cookie": f"tgpay_control={team.desk.cookies['tgpay_control']}",
               **(OWN_FORM if method == "POST" else {})}
    return unpacked(exchange(f"{team.desk.url}{path}", method, urlencode(sent or {}).encode()
                             if method == "POST" else None, headers))


def unpacked(answer: Answer) -> Answer:
    """An answer whose text can be read, also if it is an export."""
    if answer.headers.get("Content-Type") != "application/gzip":
        return answer
    return Answer(answer.status, answer.headers, gzip.decompress(answer.raw))


def told(answer: Answer, objects: Mapping[str, str]) -> list[str]:
    """What an answer says: status, where it leads, its message and its text, without the objects' numbers."""
    said = re.search(r"tgpay_told=([^;]+)", str(answer.headers.get("Set-Cookie", "")))
    message = base64.urlsafe_b64decode(said[1].strip('"')).decode() if said else ""
    text = answer.text
    if answer.headers.get("Content-Type", "").startswith("text/html") and text:
        text = words(html.fromstring(text).find(".//main"))
    parts = [str(answer.status), unquote(answer.headers.get("Location") or ""), message, text]
    for number in sorted(objects.values(), key=len, reverse=True):
        parts = [re.sub(rf"(?<![\w-]){re.escape(number)}(?!\w)", "…", part) for part in parts]
    return parts


def test_every_route_has_a_decision(tmp_path: Path) -> None:
    # The gateway is in front of the routes; a merchant's signature opens it, and no token.
    assert {f"{method} {path}" for method, path in routes(tmp_path)} == set(ROUTES)


@every_row("name", named(OBJECT))
def test_what_another_team_owns_is_as_if_it_did_not_exist(sandbox: Sandbox, name: str) -> None:
    before = sandbox.state()
    foreign = ask(sandbox.red, name, sandbox.blue.objects)
    missing = ask(sandbox.red, name, MISSING)
    assert told(foreign, sandbox.blue.objects) == told(missing, MISSING)
    assert foreign.status in (404, 422) or "/console/t" in name
    left = sandbox.blue.marks - set(sandbox.blue.objects.values())
    assert [mark for mark in left if mark in foreign.text] == []
    assert sandbox.state() == before
    if name.startswith("GET"):
        for who in (sandbox.blue, Team(sandbox.admin, sandbox.blue.desk, sandbox.blue.shop)):
            assert ask(who, name, sandbox.blue.objects).status in (200, 408)


@every_row("name", [name for name in named(OBJECT) if not re.search("DELETE|remove|reset", name)])
def test_what_the_team_owns_it_changes(sandbox: Sandbox, name: str) -> None:
    answer = ask(sandbox.red, name, sandbox.red.objects)
    assert answer.status in (200, 303, 409), answer.text


@every_row("name", named(LIST))
def test_a_list_has_only_what_the_team_owns(sandbox: Sandbox, name: str) -> None:
    answer = ask(sandbox.red, name, {})
    assert answer.status == 200, answer.text
    assert [mark for mark in (*sandbox.blue.marks, SEEDED) if mark in answer.text] == []
    if "findings" not in name:
        assert any(mark in answer.text for mark in sandbox.red.marks)
    foreign, missing = (ask(sandbox.red, name, {}, f"?merchants_id={number}")
                        for number in (sandbox.blue.shop.merchants_id, MISSING["merchants_id"]))
    assert told(foreign, sandbox.blue.objects) == told(missing, MISSING)
    assert foreign.status == (400 if name == "GET /_emulator/merchants" else 404)  # it takes no filter


@every_row("name", named(TABLES))
def test_what_is_the_same_for_all_has_nothing_of_a_merchant(sandbox: Sandbox, name: str) -> None:
    before, answer = sandbox.state(), ask(sandbox.red, name, {})
    assert answer.status in ((404,) if "<path:place>" in name else (200, 303, 422)), answer.text
    assert [mark for mark in (*sandbox.blue.marks, "127.0.0.1:9") if mark in answer.text] == []
    assert sandbox.state() == before


@every_row("name", named(ADMINS))
def test_what_concerns_everybody_is_refused(sandbox: Sandbox, name: str) -> None:
    before, answer = sandbox.state(), ask(sandbox.red, name, {})
    assert answer.status == 403 and "admin" in answer.text, answer.text
    if name.split()[1].startswith("/_emulator"):
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert sandbox.state() == before


@every_row("method, path, body", [
    ("PUT", "/scenario", {"name": "chaos"}),
    ("PUT", "/scenario", {**RULES, "merchants_id": "{merchants_id}"}),
    ("DELETE", "/scenario", None), ("DELETE", "/journal", None), ("POST", "/reset", None)])
def test_for_a_merchant_it_is_the_owners_right(sandbox: Sandbox, method: str, path: str, body: Any) -> None:
    def asked(team: Team) -> Answer:
        in_body = isinstance(body, dict) and "merchants_id" in body
        query = {} if in_body else {"merchants_id": team.shop.merchants_id}
        return sandbox.red.control.ask(method, path, filled(body, team.objects), **query)

    before = sandbox.state()
    assert asked(sandbox.blue).status == 404 and sandbox.state() == before
    made = sandbox.red.control.shop()
    assert asked(Team(sandbox.red.control, sandbox.red.desk, made, {
        "merchants_id": made.merchants_id})).status in (200, 204)


def test_numbers_that_are_taken_stay_with_their_owner(sandbox: Sandbox) -> None:
    before, blue = sandbox.state(), sandbox.blue.objects
    red = sandbox.red.control
    assert red.ask("POST", "/merchants", {"merchants_id": blue["merchants_id"]}).status == 409
    assert red.ask("PUT", f"/terminals/{blue['serial']}", {
        "merchants_id": sandbox.red.shop.merchants_id}).status == 409
    assert red.get("/terminals", after=blue["serial"])["items"] == []
    assert sandbox.state() == before


def test_an_admin_sees_who_made_a_merchant_and_changes_all(sandbox: Sandbox) -> None:
    for token in (ADMIN, BOSS):
        control = Control(sandbox.admin.url, token)
        owners = {row["merchants_id"]: row.get("owner") for row in control.get("/merchants")["items"]}
        assert owners[sandbox.red.shop.merchants_id] == "red" and owners[SEEDED] is None
        assert owners[sandbox.blue.shop.merchants_id] == "blue"
        assert control.ask("POST", "/clock", {"freeze": True}).status == 200
        assert control.ask("DELETE", "/scenario").status == 204
    made = Control(sandbox.admin.url, BOSS).shop().merchants_id
    assert sandbox.red.control.ask("GET", f"/merchants/{made}").status == 404


def test_an_explanation_of_a_signature_tries_no_token_of_another_team(sandbox: Sandbox) -> None:
    red, blue = sandbox.red, sandbox.blue
    params = red.shop.signed(out_trade_no="1", trans_amount="1.00")
    params["sign"] = red.control.post("/sign", {"params": params, "token": blue.shop.token})["sign"]
    told_to = [control.post("/sign/explain", {"params": params})["mistakes"]
               for control in (red.control, sandbox.admin)]
    assert told_to[0] == [] != told_to[1]


def test_the_scenario_for_all_is_shown_with_the_teams_own_uses(sandbox: Sandbox) -> None:
    rule = {"name": "in turn", "when": {"trans_amount": "55.55"}, "then": [{"delay": "0s"}] * 30}
    sandbox.admin.ask("PUT", "/scenario", {"name": "for all", "rules": [rule]})
    red, blue = sandbox.red.control.shop(), sandbox.blue.control.shop()

    def shown(team: Team) -> tuple[Any, list[str]]:
        page = team.desk.page("/scenarios").find_class("rules")[0].find_class("end")[0]
        return team.control.get("/scenario")["uses"], re.findall(r"\b1[23]\b", words(page))

    for shop, times in ((red, 12), (blue, 13)):
        for _ in range(times):
            shop.pay_by_barcode("55.55")
    assert sandbox.admin.get("/scenario")["uses"] == {"in turn": 25}
    assert (shown(sandbox.red), shown(sandbox.blue)) == (
        ({"in turn": 12}, ["12"]), ({"in turn": 13}, ["13"]))
    sandbox.admin.ask("DELETE", "/scenario")


@every_row("path", ["/_emulator/events", "/console/events"])
@every_row("filtered", [False, True])
def test_a_stream_has_only_what_the_team_owns(sandbox: Sandbox, path: str, filtered: bool) -> None:
    red, blue = sandbox.red, sandbox.blue
    headers = {**red.control.headers, "Cookie": f"tgpay_control={red.desk.cookies['tgpay_control']}"}
    query = f"?merchants_id={red.shop.merchants_id}" if filtered else ""
    with stream_at(f"{red.control.url}{path}{query}", headers) as stream:
        assert stream.readline().startswith(b"retry")
        numbers = [shop.qr_order()["out_trade_no"] for shop in (blue.shop, red.shop, blue.shop, red.shop)]
        heard: list[str] = []
        while numbers[3] not in "".join(heard):
            heard.append(stream.readline().decode())
    assert numbers[1] in "".join(heard)
    assert [line for line in heard if numbers[0] in line or numbers[2] in line] == []
    refused = exchange(f"{red.control.url}{path}?merchants_id={blue.shop.merchants_id}", headers=headers)
    assert refused.status == 404


def test_a_number_that_another_team_makes_anew_shows_nothing_to_the_first_one(sandbox: Sandbox) -> None:
    red, blue = sandbox.red.control, sandbox.blue.control
    number = red.shop().merchants_id
    assert red.ask("DELETE", f"/merchants/{number}").status == 204
    shop = blue.shop(merchants_id=number)
    order = shop.qr_order()["out_trade_no"]
    assert red.ask("GET", f"/orders/{number}/{order}").status == 404
    assert number not in red.ask("GET", "/orders").text and order in blue.ask("GET", "/orders").text


@every_row("path, refused, offered", [
    ("/clock", "move_clock", "/console/clock"), ("/journal", "clear", "/journal/clear"),
    ("/scenarios", "on", "/scenarios/on"), ("/scenarios/desk", "use", 'value="use"')])
def test_the_console_offers_only_what_may_be_done(
        sandbox: Sandbox, path: str, refused: str, offered: str) -> None:
    def has(desk: Desk, **query: str) -> bool:
        main = desk.page(path, **query).find(".//main")
        return offered in "".join(html.tostring(form).decode() for form in main.iter("form"))

    boss = Desk(sandbox.admin.url)
    boss.ask("POST", "/session", {"token": BOSS, "onwards": "/console"})
    own = sandbox.red.shop.merchants_id
    assert (has(boss), has(sandbox.red.desk)) == (True, False)
    assert has(sandbox.red.desk, merchants_id=own)


def test_a_browser_is_what_its_token_is_and_shows_its_name_but_not_the_token(sandbox: Sandbox) -> None:
    page = sandbox.red.desk.ask("GET", "/merchants").text
    assert ">red<" in page and RED not in page
    assert RED not in "".join(sandbox.red.desk.cookies.values())
    forged = {"tgpay_control": sandbox.red.desk.cookies["tgpay_control"][:-1] + "x"}
    assert Desk(sandbox.admin.url, cookies=forged).ask("GET", "/merchants").status == 401


@every_row("given", ["red", "team", f"red:team:{RED}", f"{RED}x", RED[:-1], BLUE.upper()])
def test_only_a_token_opens(sandbox: Sandbox, given: str) -> None:
    assert Control(sandbox.admin.url, given).ask("GET", "/merchants").status == 401
    answer = Desk(sandbox.admin.url).ask("POST", "/session", {"token": given, "onwards": "/console"})
    assert answer.status == 401
