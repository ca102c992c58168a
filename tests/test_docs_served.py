"""The documentation at `/docs`: every page in both languages, its links, its search, and the ways to it."""
import re
from typing import Any
from urllib.parse import unquote, urlencode, urljoin, urlsplit

import pytest
from lxml import html
from markupsafe import Markup
from playwright.sync_api import expect

from tgpay_emulator.web.console import NAVIGATION
from tgpay_emulator.web.console.subjects import SUBJECTS as OF_CONSOLE
from tgpay_emulator.web.documentation import markdown, pages, search
from tgpay_emulator.web.texts import CONSOLE, Texts

from .browser import DESK, LANGUAGES, PHONE, Visitor
from .console.desk import Desk
from .documents import DOCS, headings
from .driver import Control, Server, exchange
from .looks import faults, too_wide
from .tables import every_row

SCROLLS = "[...document.querySelectorAll('.wide')].some((each) => each.scrollWidth > each.clientWidth)"
BOTH = [(name, language) for name in pages.SUBJECTS for language in LANGUAGES]


def opened(url: str, path: str, language: str = "en") -> Any:
    """A page that is answered with 200, as a document."""
    answer = exchange(f"{url}{path}", headers={"Accept-Language": language})
    assert answer.status == 200, (path, answer.status)
    return html.fromstring(answer.text)


def file_of(name: str, language: str) -> str:
    """The file of a subject's page, named from the root."""
    folder = "docs/zh/" if language in pages.languages(name) and language != "en" else "docs/"
    (found,) = [path for path in DOCS if path.lower() == f"{folder}{name}.md"]
    return found


def test_every_page_is_a_subject() -> None:
    files = {path.removeprefix("docs/").removesuffix(".md").lower() for path in DOCS if "zh/" not in path}
    assert files == set(pages.SUBJECTS)


@every_row("name, language", BOTH)
def test_a_page_has_the_headings_of_its_file_with_anchors(base_url: str, name: str, language: str) -> None:
    document = opened(base_url, f"/docs/{name}", language)
    article = document.xpath("//article")[0]
    shown = [(int(heading.tag[1]), heading.text_content())
             for heading in article.xpath(".//*[self::h1 or self::h2 or self::h3]")]
    written = [(level, title.replace("`", "")) for level, title in headings(file_of(name, language))]
    assert shown == written
    anchors = [heading.get("id") for heading in article.xpath(".//*[self::h1 or self::h2 or self::h3]")]
    assert all(anchors) and len(anchors) == len(set(anchors))
    assert [mark.text for mark in document.xpath("//nav//a[@aria-current]")] == [
        Texts(language, CONSOLE)[f"docs_{name}"]]
    is_english = language in pages.languages(name)
    assert article.get("lang") == (None if is_english else "en")
    assert ("本页只有英文版" in document.text_content()) == (not is_english)


def test_every_link_of_every_page_leads_to_a_page_and_a_heading_that_exist(base_url: str) -> None:
    read = {(name, language): opened(base_url, f"/docs/{name}", language) for name, language in BOTH}
    ways: set[tuple[str, str]] = set()
    for (name, language), document in read.items():
        for link in document.xpath("//article//a/@href"):
            whole = urlsplit(urljoin(f"{base_url}/docs/{name}", link))
            if whole.netloc == urlsplit(base_url).netloc:
                path = f"{whole.path}?{whole.query}" if whole.query else whole.path
                ways.add((path if "lang=" in path else f"{path}?lang={language}", whole.fragment))
    assert len(ways) > 40
    for path, fragment in sorted(ways):
        answer = exchange(f"{base_url}{path}")
        assert answer.status == 200, path
        assert not fragment or f'id="{fragment}"' in answer.text, (path, fragment)


def test_a_file_that_a_page_links_to_is_plain_text(base_url: str) -> None:
    answer = exchange(f"{base_url}/docs/clients/php/pay.php")
    assert answer.headers["Content-Type"].startswith("text/plain") and "<?php" in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@every_row("path", ["/docs/nothing", "/docs/../README.md", "/docs/..%2F..%2Fsetup.cfg", "/docs/.haproxy",
                    "/docs/clients/none.php", "/docs/zh/signing", "/docs/signing.md"])
def test_an_unknown_page_is_404_with_ways_on(base_url: str, path: str) -> None:
    answer = exchange(f"{base_url}{path}", headers={"Accept-Language": "en"})
    assert answer.status == 404, answer.text
    if path.startswith("/docs/") and ".." not in path:
        links = html.fromstring(answer.text).xpath("//a/@href")
        assert {"/docs", "/docs/signing"} <= set(links)


@every_row("query, language, name, heading", [
    ("wrong signature", "en", "signing", "Why a signature is wrong"),
    ("X-TGPay-Rule", "en", "scenarios", "Which rule matches"),
    ("签名 错误", "zh", "signing", "签名为什么错误"),
    ("Idempotency-Key", "zh", "control-api", "The clock"),
    ("lose_next_answer", "en", "testing", "Merchant")])
def test_a_search_leads_to_the_section_with_the_words(base_url: str, query: str, language: str, name: str,
                                                      heading: str) -> None:
    document = opened(base_url, f"/docs?{urlencode({'q': query})}", language)
    found = document.xpath("//ol/li")
    hit = next(each for each in found if each.xpath("./a")[0].text_content() == heading)
    way = hit.xpath("./a/@href")[0]
    assert unquote(way) == f"/docs/{name}#{markdown.anchor(heading)}"
    marked = {mark.text_content().casefold() for mark in hit.xpath(".//mark")}
    assert marked & set(query.casefold().split())
    assert document.xpath("//input[@name='q']/@value") == [query]
    target = opened(base_url, f"/docs/{name}", language)
    assert target.xpath(f"//*[@id='{markdown.anchor(heading)}']")


def test_a_search_for_what_no_page_has_says_so(base_url: str) -> None:
    document = opened(base_url, "/docs?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert document.xpath("//ol/li") == [] and document.xpath("//script[contains(text(), 'alert')]") == []
    assert "No section has all of these words" in document.text_content()


def test_words_in_headings_count_more() -> None:
    sections = markdown.page("# Page\n\na word\n\n## A word\n\nx\n", str, Texts("en", CONSOLE)).sections
    assert [found.section.anchor for found in search.find("word", [("name", sections)])] == ["a-word", "page"]


def test_every_page_of_the_console_leads_to_its_subject(base_url: str) -> None:
    desk = Desk(base_url)
    assert OF_CONSOLE.keys() <= {page.name for page in NAVIGATION}
    for page in NAVIGATION:
        document = desk.page(urlsplit(desk.page("/orders").xpath(
            f"//nav//a[contains(., '{Texts('en', CONSOLE)[page.name]}')]/@href")[0]).path)
        (way,) = document.xpath("//header//a[text()='Documentation']/@href")
        assert way == f"/docs/{OF_CONSOLE.get(page.name, 'console')}"
        assert exchange(f"{base_url}{way}").status == 200
    assert desk.page("/settlement").xpath("//a[text()='Documentation']/@href") == ["/docs/reconciliation"]


def test_the_language_that_is_chosen_in_the_console_is_that_of_the_documentation(base_url: str) -> None:
    desk = Desk(base_url)
    desk.page("/orders", lang="zh")
    cookies = "; ".join(f"{name}={value}" for name, value in desk.cookies.items())
    answer = exchange(f"{base_url}/docs/signing", headers={"Cookie": cookies, "Accept-Language": "en"})
    assert "签名规则" in answer.text
    paths = {cookie.partition("Path=")[2].partition(";")[0]
             for cookie in exchange(f"{base_url}/docs?lang=en").headers.get_all("Set-Cookie") or []}
    assert paths == {"/console", "/docs"}


def test_it_needs_no_token_and_names_no_merchant() -> None:
    with Server(control_token="s3cret-token") as server:
        number = Control(server.url, "s3cret-token").get("/merchants")["items"][0]["name"]
        assert exchange(f"{server.url}/console/orders").status == 401
        for path in ("/docs", "/docs/signing", "/docs?q=token", "/docs/nothing"):
            answer = exchange(f"{server.url}{path}")
            assert answer.status == (404 if path == "/docs/nothing" else 200)
            assert number not in answer.text and "s3cret-token" not in answer.text


def test_it_answers_under_own_names_only_and_with_the_headers_of_the_console(base_url: str) -> None:
    refused = exchange(f"{base_url}/docs/signing", headers={"Host": "attacker.example"})
    assert refused.status == 421
    headers = [{name: value for name, value in exchange(f"{base_url}{path}").headers.items()
                if name.startswith(("Content-Security", "X-Content", "Referrer", "Cache"))}
               for path in ("/docs/signing", "/console/orders")]
    assert headers[0] == headers[1] and len(headers[0]) == 4


def test_the_link_to_the_other_language_is_that_of_the_header(base_url: str) -> None:
    document = opened(base_url, "/docs/cards", "zh")
    assert document.xpath("//article//a[text()='English' or text()='中文']") == []
    (way,) = document.xpath("//header//a[text()='English']/@href")
    assert "How card payments" in exchange(urljoin(f"{base_url}/docs/cards", way)).text


def test_html_in_a_page_is_left_out() -> None:
    text = ("# A\n\n<script>alert(1)</script>\n\nb <img src=x onerror=alert(1)> c\n\n"
            "<!-- not run: it <b> waits -->\n```sh\n<i>\n```\n")
    page = markdown.page(text, str, Texts("en", CONSOLE))
    assert isinstance(page.html, Markup) and "script" not in page.html and "<img" not in page.html
    assert "it &lt;b&gt; waits" in page.html and "&lt;i&gt;" in page.html


def test_a_chinese_line_goes_on_without_a_space() -> None:
    page = markdown.page("# 签名\n\n第一行，\n第二行。\n\n* 一\n  二\n", str, Texts("zh", CONSOLE))
    assert "第一行，第二行。" in page.html and "一二" in page.html


@pytest.mark.parametrize("name, language", [("", "en"), ("", "zh"), ("?q=card", "en"), ("/nothing", "zh"),
                                            *((f"/{name}", language) for name, language in BOTH)])
def test_a_page_fits_and_axe_finds_nothing(visitor: Visitor, base_url: str, name: str, language: str) -> None:
    visitor.expects(404)
    with visitor.at(f"{base_url}/docs{name}", language, DESK) as page:
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        assert faults(page, f"docs-{re.sub(r'[^a-z]+', '-', name)}", language) == {}


def test_a_wide_table_scrolls_inside_itself_on_a_phone_and_a_block_is_copied(visitor: Visitor,
                                                                             base_url: str) -> None:
    with visitor.at(f"{base_url}/docs/control-api", "en", PHONE) as page:
        assert page.evaluate(SCROLLS)
        assert too_wide(page) == 0
        block = page.locator(".code").first
        button = block.get_by_role("button", name="Copy")
        assert str(button.get_attribute("data-copy")).strip() == block.locator("pre").inner_text().strip()
        button.click()
        expect(block.get_by_role("button", name="Copied")).to_be_visible()


def test_the_search_needs_no_script(visitor: Visitor, base_url: str) -> None:
    with visitor.at(f"{base_url}/docs", "en", DESK, script=False) as page:
        page.get_by_label("Search the documentation").fill("chargeback")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Chargebacks").click()
        assert page.url.endswith("/docs/cards#chargebacks")
        expect(page.get_by_role("heading", name="Chargebacks")).to_be_visible()
