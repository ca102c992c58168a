"""Makes sure that several servers on one database have the same settings, as far as these affect the data."""
import hashlib
import json
from collections.abc import Mapping

from ..base.settings import Settings
from ..store import Place
from .resources import Unstartable

SHARED = ("seed", "scenario", "strict", "timezone", "notify_timezone", "notify_retries", "notify_timeout",
          "notify_allow", "notify_ca",
          "notify_insecure", "settlement_time", "settlement_days", "refund_period", "autopilot",
          "contactless_limit", "amount_triggers", "keep", "keep_entries", "rate_limit")
SECRET = ("seed",)


def agree(place: Place, settings: Settings) -> None:
    """Compare the settings with those of the servers that serve the database already, if there are any.

    While this process lives, later ones compare theirs with these. Raises Unstartable if they differ, and
    `store.Unusable`.
    """
    theirs = place.serve(json.dumps(_written(settings)))
    differences = _differences(json.loads(theirs), _written(settings)) if theirs else []
    if differences:
        raise Unstartable(f"another server serves {place.shown} with other settings: "
                          f"{'; '.join(differences)}")


def _written(settings: Settings) -> dict[str, list[str]]:
    """For each shared setting a text for comparison and the text for people; of secrets only a hash."""
    values = {name: [repr(settings[name]), settings.text(name)] for name in SHARED}
    for name in SECRET:
        values[name] = [hashlib.sha256(values[name][0].encode()).hexdigest(), ""]
    return values


def _differences(theirs: Mapping[str, list[str]], ours: Mapping[str, list[str]]) -> list[str]:
    """The differences in words. A setting that the other server does not know counts as equal."""
    return [_difference(name, theirs[name][1], ours[name][1])
            for name in SHARED if name in theirs and theirs[name][0] != ours[name][0]]


def _difference(name: str, there: str, here: str) -> str:
    if name in SECRET:
        return f"{name} is another there"
    return f"{name} is {there or 'not set'} there and {here or 'not set'} here"
