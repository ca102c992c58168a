"""`reference --format postman`: the OpenAPI document as a Postman collection of version 2.1."""
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib import parse

import pytest
from jsonschema import Draft202012Validator

from .driver import Control, Server, command, exchange, md5_sign

TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
PAIR = {"type": "object", "required": ["key", "value"], "additionalProperties": False, "properties": {
    "key": {"type": "string", "minLength": 1}, "value": TEXT, "type": TEXT, "disabled": FLAG,
    "description": TEXT}}
PAIRS = {"type": "array", "items": PAIR, "minItems": 1}
AUTH = {"type": "object", "required": ["type"], "additionalProperties": False, "properties": {
    "type": {"enum": ["bearer", "noauth"]}, "bearer": PAIRS}}
REQUEST = {"type": "object", "required": ["method", "url"], "additionalProperties": False, "properties": {
    "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]}, "header": PAIRS, "auth": AUTH,
    "description": TEXT,
    "url": {
        "type": "object", "required": ["raw", "host", "path"], "additionalProperties": False, "properties": {
            "raw": {"type": "string", "pattern": r"^\{\{base_url\}\}/"}, "host": {"const": ["{{base_url}}"]},
            "path": {"type": "array", "items": {"type": "string", "pattern": "^[^/]+$"}},
            "query": PAIRS, "variable": PAIRS}},
    "body": {"type": "object", "required": ["mode"], "additionalProperties": False, "properties": {
        "mode": {"enum": ["raw", "urlencoded", "file"]}, "raw": TEXT, "urlencoded": PAIRS,
        "options": {"const": {"raw": {"language": "json"}}}}}}}
EVENT = {"type": "object", "required": ["listen", "script"], "additionalProperties": False, "properties": {
    "listen": {"enum": ["prerequest", "test"]},
    "script": {"type": "object", "required": ["type", "exec"], "properties": {
        "type": {"const": "text/javascript"}, "exec": {"type": "array", "items": TEXT}}}}}
# Version 2.1 as its schema has it, as far as a collection like this one can be.
COLLECTION = {
    "type": "object", "required": ["info", "item"], "additionalProperties": False, "properties": {
        "info": {"type": "object", "required": ["name", "schema"], "properties": {
            "schema": {"const": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}}},
        "auth": AUTH, "variable": PAIRS,
        "item": {"type": "array", "items": {
            "type": "object", "required": ["name", "item"], "additionalProperties": False, "properties": {
                "name": TEXT, "description": TEXT, "item": {"type": "array", "minItems": 1, "items": {
                    "type": "object", "required": ["name", "request"], "additionalProperties": False,
                    "properties": {"name": TEXT, "request": REQUEST, "response": {"const": []},
                                   "event": {"type": "array", "items": EVENT},
                                   "protocolProfileBehavior": {"const": {"followRedirects": False}}}}}}}}}}
# Runs the script of a request as Postman does; prints the fields that are sent, and the variables after it.
HARNESS = """
const {createHash} = require("crypto");
const {item, variables} = JSON.parse(require("fs").readFileSync(0));
const found = new Map(Object.entries(variables)), local = new Map();
const value = name => local.has(name) ? local.get(name) : found.get(name);
const replaceIn = text => text.replace(/{{(.*?)}}/g, (whole, name) => value(name) ?? whole);
const rows = item.request.body.urlencoded;
const modules = {"crypto-js": {MD5: text => createHash("md5").update(text).digest("hex")}};
const pm = {request: {body: {urlencoded: {all: () => rows}}},
  collectionVariables: {get: name => found.get(name), set: (name, text) => found.set(name, text)},
  variables: {get: value, set: (name, text) => local.set(name, text), replaceIn}};
new Function("pm", "require", item.event[0].script.exec.join("\\n"))(pm, name => modules[name]);
const sent = rows.filter(row => !row.disabled).map(row => [row.key, replaceIn(row.value)]);
console.log(JSON.stringify({sent: Object.fromEntries(sent), variables: Object.fromEntries(found)}));
"""


@pytest.fixture(scope="module")
def collection() -> Any:
    """What the command prints."""
    return json.loads(command("reference", "--format", "postman").stdout)


def requests_of(collection: Any, folder: str) -> list[Any]:
    """The requests in a folder."""
    return next(each["item"] for each in collection["item"] if each["name"] == folder)


def test_it_is_a_collection_of_version_2_1(collection: Any) -> None:
    assert [error.json_path for error in Draft202012Validator(COLLECTION).iter_errors(collection)] == []
    variables = {each["key"] for each in collection["variable"]}
    used = set(re.findall(r"{{(\w+)}}", json.dumps(collection)))
    assert {"base_url", "merchants_id", "token"} <= variables
    assert used <= variables | {"sign"}


def test_it_has_every_operation_and_every_endpoint_once(collection: Any) -> None:
    document = json.loads(command("reference", "--format", "openapi").stdout)
    operations = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods
                  if not (path.startswith("/v2/") and method == "get")]
    requests = [(each["request"]["method"],
                 re.sub(r":(\w+)", r"{\1}", each["request"]["url"]["raw"].removeprefix("{{base_url}}")))
                for folder in collection["item"] for each in folder["item"]]
    assert sorted(requests) == sorted(operations)


def test_its_scripts_sign_what_is_sent(collection: Any) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    variables = {each["key"]: each["value"] for each in collection["variable"]}
    with Server() as server:
        for item in requests_of(collection, "gateway"):
            run = subprocess.run(["node", "-e", HARNESS], text=True, capture_output=True, check=True,
                                 input=json.dumps({"item": item, "variables": variables}))
            sent, variables = json.loads(run.stdout).values()
            assert sent["sign"] == md5_sign(sent, variables["token"])
            url = f"{server.url}{item['request']['url']['raw'].removeprefix('{{base_url}}')}"
            exchange(url, "POST", parse.urlencode(sent).encode(),
                     {"Content-Type": "application/x-www-form-urlencoded"})
        entries = Control(server.url).get("/journal")["items"]
    assert len(entries) == len(requests_of(collection, "gateway"))
    # the QR order before it is not paid
    assert {entry["endpoint"]: entry["verdict"] for entry in entries if entry["verdict"] != "OK"} == {
        "tgpayrefund": "TRADE_STATUS_ERROR"}
    assert [entry["findings"] for entry in entries if entry["findings"]] == []


def test_newman_runs_it(collection: Any, tmp_path: Path) -> None:
    newman = shutil.which("newman")
    if newman is None:
        pytest.skip("newman is not installed: npm install --global newman")
    with Server() as server:
        variables = {"base_url": server.url}
        file = tmp_path / "collection.json"
        folders = [each for each in collection["item"] if each["name"] in ("gateway", "orders", "clock")]
        file.write_text(json.dumps({**collection, "item": folders}))
        run = subprocess.run([newman, "run", str(file), *(part for name, value in variables.items()
                                                          for part in ("--env-var", f"{name}={value}"))],
                             text=True, capture_output=True, timeout=100)
        assert run.returncode == 0, run.stdout
        verdicts = {entry["verdict"] for entry in Control(server.url).get("/journal")["items"]}
    assert "ILLEGAL_SIGN" not in verdicts and "OK" in verdicts
