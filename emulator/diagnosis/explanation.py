"""Explains a wrong signature (`sign/explain`, and each refused request): which mistakes reproduce the value.

Nothing is claimed that does not reproduce it, and where several explanations do, all are named. What is told
is masked: neither a token nor a secret is ever in it.
"""
import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from typing import Any

from ..protocol.endpoint_tables import printable
from ..protocol.masking import Mask
from ..signing import signature
from ..signing.arrivals import Arrival
from ..signing.code_samples import remedies
from ..signing.recipes import Recipe
from .differences import Difference, Display
from .mistakes import BASE64, HALF, SPACED, shortened
from .search import Mistakes, Search, Tried, Way
from .separators import Repair, plainly, separated

LONGEST_GIVEN = 200  # characters of a sign that are told
MOST_WAYS = 4  # explanations of one value that a sentence names
HASHES = {40: "a SHA-1", 64: "a SHA-256", 128: "a SHA-512"}
_DIGITS = re.compile("[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}")
MISSING = "sign is missing"


@dataclass(frozen=True)
class Diagnosis:
    """What is known of a signature: the text without the token, the right value and the client's.

    Each of the `ways` is an explanation: mistakes that together reproduce the client's value.
    """

    canonical: str
    expected: str
    given: str
    sentence: str
    right: bool = False
    ways: tuple[Mistakes, ...] = ()
    differs: Difference | None = None

    @property
    def mistakes(self) -> Mistakes:
        """The mistakes of the first explanation, then those of others, which are named once."""
        found = list(self.ways[0]) if self.ways else []
        for mistake in chain(*self.ways[1:]):
            if mistake.code not in [known.code for known in found]:
                found.append(mistake)
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        """As the journal and `sign/explain` print it."""
        codes = [mistake.code for mistake in self.mistakes]
        ways = [[mistake.code for mistake in way] for way in self.ways]
        return {"right": self.right, "canonical": self.canonical, "expected": self.expected, "given": self.given,
                "mistake": codes[0] if codes else None, "mistakes": codes, "ways": ways,
                "sentence": self.sentence, "differs": asdict(self.differs) if self.differs else None,
                "code": remedies(codes) if codes else None}


def explain(params: Mapping[str, str], token: str, other_tokens: Sequence[str] = (), mask: Mask | None = None,
            arrival: Arrival | None = None, merchants: int | None = None) -> Diagnosis:
    """Find the mistakes behind `params["sign"]`.

    `other_tokens` are those that it may have been signed with by accident, of so many other `merchants`;
    `arrival` says more of how the parameters came. A sign that is missing is looked for in what came instead
    of an `&`.
    """
    mask, arrival = mask or Mask(params), arrival or Arrival(params)
    right, display = Recipe.right(params.items(), token), Display(params, token, mask)
    expected, base = signature.sign(params, token), None
    given = params.get("sign", "")
    if not given:
        base = misplaced_sign(arrival)
        given = dict(base.pairs)["sign"] if base else ""
    told = partial(Diagnosis, display.text(right), expected, mask.text(printable(_cut(given))))
    if not given:
        return told(mask.text(printable(_missing(arrival))))
    if not base and signature.matches(given, expected):
        return told("the signature is right", right=True)
    meant = Recipe.right(base.pairs, token) if base else right
    ways, tried = _search(meant, given, other_tokens, base, arrival)
    others = len(other_tokens) if merchants is None else merchants
    if ways:
        sentence = _sentence(ways)
    else:
        sentence = _doubt(dict(base.pairs) if base else params, given, tried, others)
        plain = base or plainly(arrival)
        if plain:
            sentence = f"{plain.mistakes[0].sentence}; and beside that the sign is wrong: {sentence}"
    if base:
        sentence = f"{MISSING}; {sentence}"
    named = tuple(way.mistakes for way in ways) or ((base.mistakes,) if base else ())
    differs = display.difference(right, ways[0].recipe) if ways else None
    return told(mask.text(printable(sentence)), ways=named, differs=differs)


def misplaced_sign(arrival: Arrival) -> Repair | None:
    """How a sign arrived that is not among the parameters: as a part of something else."""
    return next((repair for repair in separated(arrival) if dict(repair.pairs).get("sign")), None)


def meant(arrival: Arrival) -> Mapping[str, str]:
    """The parameters that were meant, where something else than an `&` plainly arrived between them."""
    repair = plainly(arrival)
    return dict(repair.pairs) if repair else {}


def _search(right: Recipe, given: str, tokens: Sequence[str], base: Repair | None,
            arrival: Arrival) -> tuple[list[Way], Tried | None]:
    """The explanations; `base` is what made `right` of what arrived, and a part of each."""
    before = base.mistakes if base else ()
    if base:
        arrival = Arrival(dict(base.pairs), arrival.known)
        if signature.matches(given, right.sign() or ""):
            return [Way(before, right)], None
    wanted, of_the_value = _wanted(given)
    if not wanted:
        return [], None
    ways, tried = Search(right, wanted, of_the_value, tokens, arrival).ways()
    return [Way((*before, *way.mistakes), way.recipe) for way in ways], tried


def _wanted(given: str) -> tuple[str, Mistakes]:
    """The hexadecimal digits of a sign, empty where it has none, and what is wrong with how it is written."""
    plain = given.strip().lower()
    spaced = (SPACED,) if given != given.strip() else ()
    if _DIGITS.fullmatch(plain):
        return plain, (*spaced, HALF) if len(plain) == 16 else spaced
    try:
        plain = base64.b64decode(given.strip().replace("-", "+").replace("_", "/"), validate=True).hex()
    except (binascii.Error, ValueError):
        return "", spaced
    return (plain, (*spaced, BASE64)) if len(plain) in (32, *HASHES) else ("", spaced)


def _sentence(ways: list[Way]) -> str:
    told = []
    for way in ways[:MOST_WAYS]:
        sentences = [mistake.sentence for mistake in way.mistakes]
        count = {2: "two mistakes at once: ", 3: "three mistakes at once: "}.get(len(sentences), "")
        told.append(count + "; and ".join(sentences))
    if len(told) == 1:
        return told[0]
    numbered = [f"({number}) {each}" for number, each in enumerate(told, 1)]
    return f"each of these gives this value: {'; or '.join(numbered)}"


def _missing(arrival: Arrival) -> str:
    """What there is to say where no sign came."""
    repair = plainly(arrival)
    if repair:
        return f"{MISSING}; {repair.mistakes[0].sentence}"
    near = next((name for name in arrival.params if name.lower() == "sign"), "")
    if near:
        return f"{MISSING}; it came empty" if near == "sign" else f"{MISSING}; {near} came, and case counts"
    last = arrival.written[-1].name if arrival.query and not arrival.body and arrival.written else ""
    if not last:
        return MISSING
    return (f"{MISSING}; the query ends with {shortened(last)}: a # that is not URL-encoded ends it, "
            "and what follows is not sent")


def _doubt(params: Mapping[str, str], given: str, tried: Tried | None, others: int) -> str:
    """What to look at first when no mistake is known."""
    if tried is None:
        return f"an MD5 is 32 hexadecimal digits, this has {len(given.strip())} characters"
    is_as_long = HASHES.get(len(given.strip()))
    length = f" (it is as long as {is_as_long}; sign with MD5)" if is_as_long else ""
    return f"{_tried(tried, others)}{length}; check the token first, then {_spot(params)}"


def _tried(tried: Tried, others: int) -> str:
    """What was tried in vain."""
    if tried.pairs:
        known = "no known mistake and no two of them give this value"
    elif tried.singles:
        known = "no known mistake gives this value, and there is too much here to try every two of them"
    else:
        known = "there is too much here to try every mistake on it"
    if not tried.tokens:
        return known
    if tried.tokens < others:
        return f"{known}; {tried.tokens} of the {others} tokens of other merchants were tried"
    merchants = "the other merchant" if others == 1 else f"any of the {others} other merchants"
    alone = "" if tried.tokens_in_pairs else ", without another mistake"
    return f"{known}, nor does the token of {merchants}{alone}"


def _spot(params: Mapping[str, str]) -> str:
    """The first parameter that is often changed on the way."""
    for name, value in signature.signed(params):
        if not value.isascii():
            return f"look at {shortened(name)}, which is not ASCII"
        if value != value.strip() or set(value) & set("+%&=#<>\"'\\ "):
            return f"look at {shortened(name)}, which has characters that are often changed on the way"
    return "compare the canonical text with yours"


def _cut(given: str) -> str:
    return given if len(given) <= LONGEST_GIVEN else f"{given[:LONGEST_GIVEN]}…"
