"""The OpenAPI document as a Postman collection, version 2.1.

Its variables are the base URL, a merchant and its token. A script before each request to `/v2` signs what is
sent; the request has the mandatory parameters, and the optional ones switched off.
"""
import json
import re
from collections.abc import Mapping
from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
METHODS = ("get", "post", "put", "patch", "delete")
GATEWAY = "/v2/"
JSON = "application/json"
AMOUNTS = ("trans_amount", "total_fee")  # a request with one of these makes an order
SENT = ("out_trade_no", *AMOUNTS, "openid")  # what some requests need, though their tables call it optional
SIGNED = "sign"
# The merchant of the document's signature example (section 1.2), which every emulator has.
VARIABLES = {"base_url": "", "merchants_id": "201703200001", "token": "14b0be26d00fbc6dcf20ed1f0a3516df",
             "out_trade_no": "20170320000100000001", "terminal_sn": "0821032398", "control_token": ""}
NEW_NUMBER = """\
// a new order number, which later requests refer to
pm.collectionVariables.set("out_trade_no", pm.collectionVariables.get("merchants_id") + Date.now());
"""
SIGN = """\
// section 1.2: sort by name, join with &, add the token, MD5 in lower case; empty values are not signed
const signed = pm.request.body.urlencoded.all()
  .filter(row => !row.disabled && row.key !== "sign" && row.key !== "sign_type")
  .map(row => [row.key, pm.variables.replaceIn(row.value || "")])
  .filter(([name, value]) => value !== "")
  .sort(([one], [other]) => (one < other ? -1 : 1))
  .map(([name, value]) => name + "=" + value)
  .join("&");
pm.variables.set("sign", require("crypto-js").MD5(signed + pm.variables.get("token")).toString());
"""


def collection(document: Mapping[str, Any]) -> dict[str, Any]:
    """The Postman collection of an OpenAPI document: a folder for each of its tags."""
    folders: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith(GATEWAY) and method == "get":
                continue  # the same as its POST
            make = _signed if path.startswith(GATEWAY) else _controlling
            folders[operation["tags"][0]].append(make(path, method, operation))
    variables = {**VARIABLES, "base_url": document["servers"][0]["url"]}
    about = {tag["name"]: tag["description"] for tag in document["tags"]}
    return {
        "info": {"name": document["info"]["title"], "version": document["info"]["version"],
                 "description": document["info"]["description"], "schema": SCHEMA},
        "auth": {"type": "bearer", "bearer": [_variable("token", "{{control_token}}")]},
        "variable": [_variable(name, value) for name, value in variables.items()],
        "item": [{"name": name, "description": about[name], "item": items}
                 for name, items in folders.items()]}


def _variable(name: str, value: str) -> dict[str, str]:
    return {"key": name, "value": value, "type": "string"}


def _signed(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """A request to `/v2`: a form, which a script signs before it is sent."""
    form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    rows = [_field(name, schema, name in form["required"]) for name, schema in form["properties"].items()]
    makes_order = any(row["key"] in AMOUNTS for row in rows)
    script = (NEW_NUMBER if makes_order else "") + SIGN
    event = {"listen": "prerequest", "script": {"type": "text/javascript", "exec": script.splitlines()}}
    request = {"method": method.upper(), "url": _url(path, {}), "auth": {"type": "noauth"},
               "description": operation["description"], "body": {"mode": "urlencoded", "urlencoded": rows}}
    return {"name": operation["summary"], "event": [event], "request": request, "response": [],
            "protocolProfileBehavior": {"followRedirects": False}}


def _field(name: str, schema: Mapping[str, Any], is_needed: bool) -> dict[str, Any]:
    """A parameter of a form; it is switched off unless it is mandatory or in `SENT`, and has a value."""
    value = f"{{{{{name}}}}}" if name in (*VARIABLES, SIGNED) else next(iter(schema.get("examples", ())), "")
    is_sent = is_needed or value != "" and ("x-mandatory" in schema or name in SENT)
    return {"key": name, "value": value, "type": "text", "disabled": not is_sent}


def _controlling(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """A request to the control interface, with the example of its body."""
    request: dict[str, Any] = {"method": method.upper(), "url": _url(path, operation),
                               "description": operation["summary"]}
    headers = [{"key": each["name"], "value": "", "disabled": True, "description": each["description"]}
               for each in operation["parameters"] if each["in"] == "header"]
    if "requestBody" in operation:
        kind, content = next(iter(operation["requestBody"]["content"].items()))
        headers.append({"key": "Content-Type", "value": kind})
        request["body"] = _body(content) if kind == JSON else {"mode": "file"}
    if headers:
        request["header"] = headers
    return {"name": operation["operationId"], "request": request, "response": []}


def _body(content: Mapping[str, Any]) -> dict[str, Any]:
    """The example of a JSON body."""
    return {"mode": "raw", "raw": json.dumps(content.get("example", {}), ensure_ascii=False, indent=2),
            "options": {"raw": {"language": "json"}}}


def _url(path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """An address in Postman's notation."""
    written = re.sub(r"{(\w+)}", r":\1", path)
    parameters = operation.get("parameters", ())
    url = {"raw": "{{base_url}}" + written, "host": ["{{base_url}}"], "path": written[1:].split("/"),
           "variable": [{"key": each["name"], "value": _value(each), "description": each["description"]}
                        for each in parameters if each["in"] == "path"],
           "query": [{"key": each["name"], "value": _value(each), "description": each["description"],
                      "disabled": not each["required"]} for each in parameters if each["in"] == "query"]}
    return {name: value for name, value in url.items() if value}


def _value(parameter: Mapping[str, Any]) -> str:
    """A value of a parameter to begin with."""
    if parameter["name"] in VARIABLES:
        return f"{{{{{parameter['name']}}}}}"
    schema = parameter["schema"]
    return str(next(iter(schema.get("enum", ())), schema.get("minimum", "")))
