"""How a page looks: it fits a phone and a desktop, and axe-core finds nothing that keeps anybody from using
it.
"""
import os
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from .browser import DESK, HEIGHT, PHONE

PICTURES = Path("test-pages")
PICTURES_WANTED = "TGPAY_TEST_PICTURES"  # set by the option --pictures
WIDTHS = (PHONE, 640, 800, 970, DESK, 1920)
# What axe-core finds hangs on the layout and on the colours, and neither on the language. Of each page it
# looks at one view; with the option --pictures, which is for a close look, at two.
LOOKED_AT: dict[str, tuple[int, Literal["light", "dark"]]] = {"en": (PHONE, "light"), "zh": (DESK, "dark")}
# A page in a frame is looked at by itself.
AXE = "axe.run({resultTypes: ['violations'], iframes: false}).then((found) => found.violations)"
SPOKEN = {"en": "en", "zh": "zh-CN"}
HEADINGS = "document.querySelectorAll('h1').length"


def faults(page: Page, name: str, language: str = "en") -> dict[str, object]:
    """What is wrong with the page on a phone, on a desktop and at widths between; `name` and the language
    name its pictures.
    """
    spoken = page.evaluate("document.documentElement.lang")
    found: dict[str, object] = {
        "another language": spoken if spoken != SPOKEN[language] else "",
        "headings too many": page.evaluate(HEADINGS) - 1}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        found[f"too wide at {width}"] = too_wide(page)
        if width in (PHONE, DESK):
            picture(page, f"{name}-{language}-{width}")
    if is_looked_at(name, language):
        width, scheme = LOOKED_AT[language]
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme)
        found[f"hinders at {width}, {scheme}"] = hindrances(page)
    return {fault: what for fault, what in found.items() if what}


def is_looked_at(name: str, language: str) -> bool:
    """Whether axe-core looks at a page in this language: at every other page in English, and at those between
    in Chinese.
    """
    return bool(os.environ.get(PICTURES_WANTED)) or list(SPOKEN)[sum(name.encode()) % 2] == language


def picture(page: Page, name: str) -> None:
    """Leave a picture of the whole page, where `--pictures` asks for them: they take a third of the time."""
    if not os.environ.get(PICTURES_WANTED):
        return
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.jpg", full_page=True, type="jpeg", quality=85)


def too_wide(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return max(0, int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth")))


def hindrances(page: Page) -> list[str]:
    """What axe-core finds, whatever its impact: the rule, the place, and why."""
    page.evaluate(AXE_SCRIPT)
    told: list[dict[str, Any]] = page.evaluate(AXE)
    return [f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}" for rule in told
            for node in rule["nodes"]]
