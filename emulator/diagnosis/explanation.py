"""Explains a wrong signature, for `sign/explain` and for each refused request: which mistakes reproduce its
value.

Only mistakes that reproduce the value are named; where several explanations do, all of them are. The texts
are masked: they never contain a token or a secret.
"""
import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from typing import Any

from ..protocol.characters import printable
from ..protocol.masking import Mask
from ..signing import signature
from ..signing.arrivals import Arrival
from ..signing.code_samples import code_for
from ..signing.recipes import Recipe
from .differences import Difference, Display
from .search import Mistakes, Search, Tried, Way
from .separators import Repair, plainly, separated
from .signing_mistakes import BASE64, HALF, SPACED, shortened

LONGEST_GIVEN = 200  # characters of a wrong signature that are shown
MOST_WAYS = 4  # explanations that a sentence names
HASHES = {40: "a SHA-1", 64: "a SHA-256", 128: "a SHA-512"}
_DIGITS = re.compile("[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}")
MISSING = "sign is missing"


@dataclass(frozen=True)
class Diagnosis:
    """The result: the canonical text without the token, the correct signature, the client's, and a sentence.

    `right` says whether the client's signature is correct. Each of the `ways` is an explanation, that is
    mistakes that together reproduce the client's value. `differs` is the first difference between the signed
    texts.
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
        """The mistakes of the first explanation, then those of the others; each code once."""
        found = list(self.ways[0]) if self.ways else []
        for mistake in chain(*self.ways[1:]):
            if mistake.code not in [known.code for known in found]:
                found.append(mistake)
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        """The JSON object of the journal and of `sign/explain`."""
        codes = [mistake.code for mistake in self.mistakes]
        ways = [[mistake.code for mistake in way] for way in self.ways]
        return {"right": self.right, "canonical": self.canonical, "expected": self.expected,
                "given": self.given,
                "mistake": codes[0] if codes else None, "mistakes": codes, "ways": ways,
                "sentence": self.sentence, "differs": asdict(self.differs) if self.differs else None,
                "code": code_for(codes) if codes else None}


def explain(params: Mapping[str, str], token: str, other_tokens: Sequence[str] = (), mask: Mask | None = None,
            arrival: Arrival | None = None, merchants: int | None = None) -> Diagnosis:
    """Find the mistakes that explain the signature in `params["sign"]`.

    `token` is the merchant's. `other_tokens` belong to other merchants, of whom there are `merchants` (by
    default as many as tokens); the client may have used one by accident. `arrival` says how the parameters
    were sent. A missing `sign` is searched for in the values of other parameters.
    """
    mask, arrival = mask or Mask(params), arrival or Arrival(params)
    right, display = Recipe.right(params.items(), token), Display(params, token, mask)
    expected, base = signature.sign(params, token), None
    given = params.get("sign", "")
    if not given:
        base = misplaced_sign(arrival)
        given = dict(base.pairs)["sign"] if base else ""
    diagnosis = partial(Diagnosis, display.text(right), expected, mask.text(printable(_cut(given))))
    if not given:
        return diagnosis(mask.text(printable(_missing(arrival))))
    if not base and signature.matches(given, expected):
        return diagnosis("the signature is right", right=True)
    intended = Recipe.right(base.pairs, token) if base else right
    ways, tried = _search(intended, given, other_tokens, base, arrival)
    others = len(other_tokens) if merchants is None else merchants
    sentence = _sentence(ways) if ways else _unexplained(params, given, tried, others, base, arrival)
    if base:
        sentence = f"{MISSING}; {sentence}"
    named = tuple(way.mistakes for way in ways) or ((base.mistakes,) if base else ())
    differs = display.difference(right, ways[0].recipe) if ways else None
    return diagnosis(mask.text(printable(sentence)), ways=named, differs=differs)


def misplaced_sign(arrival: Arrival) -> Repair | None:
    """The repair that finds a missing `sign` within other parameters, None when there is none."""
    return next((repair for repair in separated(arrival) if dict(repair.pairs).get("sign")), None)


def intended(arrival: Arrival) -> Mapping[str, str]:
    """The parameters that the client meant, where a wrong separator is obvious; else none."""
    repair = plainly(arrival)
    return dict(repair.pairs) if repair else {}


def _search(right: Recipe, given: str, tokens: Sequence[str], base: Repair | None,
            arrival: Arrival) -> tuple[list[Way], Tried | None]:
    """Search for explanations.

    The mistakes of `base`, a repair that led to `right`, are part of each of them.

    The second result says what was tried; None when nothing had to be tried.
    """
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
    """The hexadecimal digits of a signature, empty when it has none, and the mistakes in how it is written.
    """
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
    """The sentence that names the first explanations."""
    explanations = []
    for way in ways[:MOST_WAYS]:
        sentences = [mistake.sentence for mistake in way.mistakes]
        count = {2: "two mistakes at once: ", 3: "three mistakes at once: "}.get(len(sentences), "")
        explanations.append(count + "; and ".join(sentences))
    if len(explanations) == 1:
        return explanations[0]
    numbered = [f"({number}) {each}" for number, each in enumerate(explanations, 1)]
    return f"each of these reproduces this signature: {'; or '.join(numbered)}"


def _unexplained(params: Mapping[str, str], given: str, tried: Tried | None, others: int, base: Repair | None,
                 arrival: Arrival) -> str:
    """The sentence about a signature that no known mistake explains."""
    sentence = _doubt(dict(base.pairs) if base else params, given, tried, others)
    plain = base or plainly(arrival)
    return (f"{plain.mistakes[0].sentence}; and the sign is wrong as well: {sentence}" if plain
            else sentence)


def _missing(arrival: Arrival) -> str:
    """The sentence about a request without a `sign`."""
    repair = plainly(arrival)
    if repair:
        return f"{MISSING}; {repair.mistakes[0].sentence}"
    near = next((name for name in arrival.params if name.lower() == "sign"), "")
    if near == "sign":
        return f"{MISSING}; it is empty"
    if near:
        return f"{MISSING}; {near} was sent, but names are case-sensitive"
    last = arrival.written[-1].name if arrival.query and not arrival.body and arrival.written else ""
    if not last:
        return MISSING
    return (f"{MISSING}; the query ends with {shortened(last)}: a # that is not URL-encoded ends it, "
            "and what follows is not sent")


def _doubt(params: Mapping[str, str], given: str, tried: Tried | None, others: int) -> str:
    """What the client should check first when no known mistake explains the value."""
    if tried is None:
        return f"an MD5 is 32 hexadecimal digits, this has {len(given.strip())} characters"
    is_as_long = HASHES.get(len(given.strip()))
    length = f" (it is as long as {is_as_long}; sign with MD5)" if is_as_long else ""
    return f"check the token first, then {_spot(params)}; {_tried(tried, others)}{length}"


def _tried(tried: Tried, others: int) -> str:
    """A sentence about what was tried without success."""
    if tried.pairs:
        known = "no known mistake, alone or with a second one, reproduces this signature"
    elif tried.singles:
        known = "no known mistake reproduces this signature; the request is too large to try two at once"
    else:
        known = "the request is too large to try every mistake on it"
    if not tried.tokens:
        return known
    if tried.tokens < others:
        return f"{known}; {tried.tokens} of the {others} tokens of other merchants were tried"
    merchants = "the other merchant" if others == 1 else f"any of the {others} other merchants"
    alone = "" if tried.tokens_in_pairs else ", without another mistake"
    return f"{known}, nor does the token of {merchants}{alone}"


def _spot(params: Mapping[str, str]) -> str:
    """A hint at the first parameter whose value is often changed in transmission."""
    for name, value in signature.signed(params):
        if not value.isascii():
            return f"look at {shortened(name)}, which is not ASCII"
        if value != value.strip() or set(value) & set("+%&=#<>\"'\\ "):
            return f"look at {shortened(name)}, which has characters that are often changed in transit"
    return "compare the string to sign with yours"


def _cut(given: str) -> str:
    return given if len(given) <= LONGEST_GIVEN else f"{given[:LONGEST_GIVEN]}…"
