"""Settings that depend on where the server listens: its public address, and safe values where others can
reach it.
"""
import secrets
from typing import Any

from ..base.settings import EVERYWHERE, MERCHANTS, PRIVATE, Settings, is_loopback, is_reachable, is_shared
from ..base.tokens import ADMIN
from ..base.urls import url_of
from ..store import Place
from .resources import Unstartable

ALL_INTERFACES = (EVERYWHERE, "::")


def check_token(settings: Settings, place: Place) -> None:
    """Make sure that a token is given where one is needed and other nodes may serve the same database.

    They would not know one that is drawn, and it does not belong into the database, where everybody finds it
    who gets a backup. Raises Unstartable.
    """
    if place.is_for_nodes and not settings.control_token and _needs_an_admin(settings):
        raise Unstartable(f"all nodes that serve {place.shown} need the same control token, so that none is "
                          "drawn: give one with --control-token or TGPAY_CONTROL_TOKEN")


def guarded(settings: Settings) -> Settings:
    """The settings with safe values, if other machines can reach the emulator, or teams share it.

    Unless they are given, the control token and the seed are drawn at random. Where there are tokens of
    admins, no other one is drawn. If the emulator listens for other machines, notifications go to private
    networks and the merchants' own hosts only.
    """
    drawn: dict[str, Any] = {}
    if not settings.control_token and _needs_an_admin(settings):
        drawn["control_token"] = secrets.token_urlsafe(18)
    if "seed" not in settings.given and is_shared(settings):
        drawn["seed"] = secrets.token_urlsafe(9)
    # Behind a tunnel, the emulator listens on loopback and the shop is on the same machine: nothing is
    # restricted.
    if is_reachable(settings) and not settings.notify_allow and not is_loopback(settings.host):
        drawn["notify_allow"] = (PRIVATE, MERCHANTS)
    return settings.replaced(**drawn) if drawn else settings


def _needs_an_admin(settings: Settings) -> bool:
    """Whether a token is required, but nobody has one with the role of an admin."""
    return is_shared(settings) and all(row.role != ADMIN for row in settings.tokens)


def with_its_seed(settings: Settings, place: Place) -> Settings:
    """The settings with the seed that was drawn for this database at an earlier start, if there was one.

    Otherwise the seed of the settings is stored in the database. Raises `store.Unusable`.
    """
    place.prepare()
    store = place.open()
    with store.write() as tables:
        seed = tables.facts.remember("seed", settings.seed)
    store.close()
    return settings.replaced(seed=seed)


def on_the_lan(settings: Settings, port: int) -> Settings:
    """The settings with the public URL for phones on the same network, if the setting `lan` is on.

    Raises Unstartable.
    """
    if not settings.lan or settings.public_url:
        return settings
    host = settings.host if settings.host not in ALL_INTERFACES else _lan_address()
    return settings.replaced(public_url=url_of(host, port, settings.scheme))


def _lan_address() -> str:
    from ..base import lan  # imported late, because few servers need it

    try:
        return lan.addresses()[0]
    except lan.NoNetwork as alone:
        raise Unstartable(str(alone)) from alone
