"""The routes of the emulator, apart from the gateway, which has none."""
from pathlib import Path

from tgpay_emulator.base.settings import Settings
from tgpay_emulator.server.building import build
from tgpay_emulator.store import place_of

CONTROL = "/_emulator/"


def routes(directory: Path, without: tuple[str, ...] = ("HEAD", "OPTIONS")) -> list[tuple[str, str]]:
    """Each method and path, in order, the places of a path in angle brackets.

    The methods that every view has are left out.
    """
    app = build(Settings(), place_of(str(directory / "emulator.db")))[0]
    rules = [*app.control.routes.map.iter_rules(), *app.site.app.url_map.iter_rules()]
    return sorted((method, rule.rule) for rule in rules for method in rule.methods or ()
                  if method not in without)
