"""Documented, observed or inferred: reference, OpenAPI document, console and the page about fidelity say the
same of each endpoint, parameter, answer field, code and finding.
"""
import re
from typing import Any

import pytest
from lxml import html

from tgpay_emulator.gateway import fidelity, reference
from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.web.console.try_it import TABLES

from .console.desk import Desk
from .driver import Control, exchange

DOCUMENTED = "documented"
MARK = re.compile(r"\*\((observed|inferred)\)\*")
ROW = re.compile(r"^\| `([^`]+)` \|(.*)\|$", re.MULTILINE)
Marks = dict[str, str]


@pytest.fixture(scope="module")
def openapi(base_url: str) -> Any:
    return Control(base_url).get("/openapi.json")


def section(text: str, heading: str) -> str:
    """The part of a page below a heading, to the next one that is no deeper."""
    level = len(heading) - len(heading.lstrip("#"))
    below = text.partition(f"\n{heading}\n")[2]
    assert below, heading
    return re.split(rf"^#{{1,{level}}} ", below, maxsplit=1, flags=re.MULTILINE)[0]


def in_reference(heading: str, header: str) -> Marks:
    """The marks of a table of the reference, found by its heading and its first column."""
    part = section(reference.markdown(), heading).split("\n#### ")[0]
    (table,) = [each for each in part.split("\n\n") if each.startswith(f"| {header} |")]
    marks = {}
    for line in table.splitlines()[2:]:
        name = line.split(" | ")[0].strip("| `")
        found = MARK.search(line)
        marks[name] = found[1] if found else DOCUMENTED
    return marks


def on_page(heading: str, what: str = "") -> Marks:
    """The marks of a table of the page about fidelity; `what` narrows it to parameters or fields."""
    part = section(fidelity.page(), heading).split("\n### ")[0]
    rows = [(name, rest.split("|")) for name, rest in ROW.findall(part)]
    return {name: cells[-1].strip() for name, cells in rows if not what or cells[0].strip() == what}


def headings() -> dict[str, str]:
    """The keys of the tables in the console, and the headings of their tables in the reference."""
    return {key: f"`{table.path}`: {table.title}" for key, table in TABLES.items()}


def in_console(document: Any) -> tuple[Marks, Marks]:
    """The marks of the parameters and of the answer fields on the page "Try it"."""
    def mark(element: Any) -> str:
        return "".join(element.xpath(".//i/text()")) or DOCUMENTED
    fields = document.xpath("//div[contains(@class, 'field')][label/code]")
    parameters = {field.xpath("./label/code/text()")[0]: mark(field) for field in fields}
    answer = {row.xpath("./code/text()")[0]: mark(row)
              for row in document.xpath("//details[@class='answer-fields']//li")}
    return parameters, answer


@pytest.mark.parametrize("key", TABLES)
def test_reference_console_and_page_mark_the_rows_of_a_table_alike(base_url: str, key: str) -> None:
    heading = headings()[key]
    parameters, answer = in_console(Desk(base_url).page("/try", table=key))
    of_reference = in_reference(f"### {heading}", "parameter")
    assert parameters == {name: mark for name, mark in of_reference.items() if name != "sign"}
    assert of_reference == on_page(f"## {heading}", "parameter")
    if TABLES[key].answer:
        assert answer == in_reference(f"### {heading}", "field") == on_page(f"## {heading}", "field")


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_openapi_document_has_the_most_certain_mark_of_each_name(openapi: Any, name: str) -> None:
    certain = [DOCUMENTED, "observed", "inferred"]
    keys = [key for key, table in TABLES.items() if table.name == name]
    get, post = openapi["paths"][ENDPOINTS[name].path]["get"], openapi["paths"][ENDPOINTS[name].path]["post"]
    form = post["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
    answer = get["responses"]["200"]["content"]["text/xml"]["schema"]["properties"]
    for what, marks in (("parameter", {row["name"]: row["x-fidelity"] for row in get["parameters"]}),
                        ("parameter", {each: row["x-fidelity"] for each, row in form.items()}),
                        ("field", {each: row["x-fidelity"] for each, row in answer.items()})):
        every = [on_page(f"## {headings()[key]}", what) for key in keys]
        expected = {each: min((page[each] for page in every if each in page), key=certain.index)
                    for page in every for each in page}
        assert marks == expected


@pytest.mark.parametrize("key", TABLES)
def test_an_endpoint_has_the_same_mark_everywhere(openapi: Any, base_url: str, key: str) -> None:
    table, heading = TABLES[key], headings()[key]
    mark = section(fidelity.page(), f"## {heading}").strip().split(": ")[1].split(".")[0]
    first = section(reference.markdown(), f"### {heading}").strip().splitlines()[0]
    found = MARK.search(first)
    assert (found[1] if found else DOCUMENTED) == mark
    shown = Desk(base_url).page("/try", table=key).xpath("//form[@id='try']//div[@class='head']//i/text()")
    assert ("".join(shown) or DOCUMENTED) == mark
    if key == table.name:
        assert openapi["paths"][table.path]["get"]["x-fidelity"] == mark


@pytest.mark.parametrize("kind, of_page, of_reference, header", [
    ("errors", "### Errors of refusals", "## Refusals", "error"),
    ("buyer_failures", "### Buyers who cannot pay", "## Buyers who cannot pay", "detail_error_code"),
    ("findings", "### Findings", "## Findings", "code")])
def test_codes_and_findings_have_the_same_mark_everywhere(openapi: Any, kind: str, of_page: str,
                                                          of_reference: str, header: str) -> None:
    marks = {row["code"]: row["x-fidelity"] for row in openapi["x-codes"][kind]}
    assert marks == on_page(of_page) == in_reference(of_reference, header)
    assert len(marks) > 3 and all(row["section"] for row in openapi["x-codes"][kind])


def test_response_codes_are_documented_and_their_statuses_inferred_everywhere(openapi: Any,
                                                                              base_url: str) -> None:
    rows = openapi["x-codes"]["response_codes"]
    assert {(row["x-fidelity"], row["x-fidelity-of-status"]) for row in rows} == {(DOCUMENTED, "inferred")}
    part = section(fidelity.page(), "### Response codes of cards")
    cells = [[cell.strip() for cell in rest.split("|")] for _, rest in ROW.findall(part)]
    assert len(rows) == len(cells) == 71
    assert all(row[2] == DOCUMENTED and row[3].endswith(", inferred") for row in cells)
    assert "the statuses are inferred" in reference.markdown()
    shown = Desk(base_url).page("/cards").xpath("//section[@aria-labelledby='h-codes']/p//i/text()")
    assert shown == [DOCUMENTED, "inferred"]


def test_what_the_document_does_not_print_is_not_called_documented() -> None:
    assert on_page("### Errors of refusals")["ILLEGAL_SIGN"] == "inferred"
    findings = on_page("### Findings")
    assert {name for name, mark in findings.items() if mark != DOCUMENTED} == {
        "LEADING_ZEROS", "URL_NOT_ESCAPED", "CARD_DATA_IN_URL", "FORGED_ACKNOWLEDGED"}
    columns = on_page("## Columns of the settlement file")
    assert {name for name, mark in columns.items() if mark != DOCUMENTED} == {"type"}
    assert set(on_page("## `/v2/tgpaycheck.php`: Query by its older name").values()) == {"observed"}


def test_the_page_is_served_with_all_its_rows(base_url: str) -> None:
    (way,) = Desk(base_url).page("/cards").xpath("//section[@aria-labelledby='h-codes']/p//a/@href")
    served = html.fromstring(exchange(f"{base_url}{way}").text)
    names = served.xpath("//article//tr/td[1]/code/text()")
    assert len(names) == len(ROW.findall(fidelity.page())) > 600
