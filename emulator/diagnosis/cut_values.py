"""Values that arrived in pieces: an `&` in the value was not URL-encoded and cut it into several parameters.
"""
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

from ..signing.arrivals import Arrival, Part
from ..signing.recipes import Pairs
from ..signing.signature import NEVER_SIGNED
from .meanings import meanings, mistakes_of
from .separators import Repair, pairs_of, sending_mistake
from .signing_mistakes import Mistake, shortened

MOST_PIECES = 20  # parameters that may be pieces; of more, only all together are joined
MOST_STRANGE = 4  # parameters that may be pieces of a value in any order
MOST_TWO_CUT = 100  # attempts to join the pieces of two values


def cut(arrival: Arrival) -> Iterator[Repair]:
    """Repairs of values that were cut at an `&`, so that their pieces arrived as parameters."""
    parts = arrival.gapped
    strange = [place for place, part in enumerate(parts) if _is_piece(arrival, part.name)]
    if not strange:
        return
    yield from _cut(parts, strange)
    if not arrival.is_written and any(not parts[place].value for place in strange):
        yield from _cut(tuple(part if part.value else Part(f"{part.name}=", "") for part in parts), strange)


def _is_piece(arrival: Arrival, name: str) -> bool:
    """Whether a part may be a piece of a value: the endpoint has no such name, or the name came twice."""
    if arrival.is_strange(name):
        return True
    if name in NEVER_SIGNED or len(arrival.parts) == len(arrival.params):
        return False
    return sum(part.name == name for part in arrival.parts) > 1


def _cut(parts: tuple[Part, ...], strange: list[int]) -> Iterator[Repair]:
    """Repairs that join pieces, the fewest pieces first.

    With more pieces the same text can result by chance.
    """
    whole = _runs(strange)
    some = whole
    if len(strange) <= MOST_PIECES:
        some = [run for first, last in whole for run in combinations(range(first, last + 1), 2)]
        some = sorted((run for run in some if run[1] - run[0] > 1), key=lambda run: run[1] - run[0])
    for run in some:
        yield from _glued(parts, [run], common=run in whole)
    two = [(one, other) for one, other in combinations(some, 2) if one[1] <= other[0] or other[1] <= one[0]]
    two.sort(key=lambda pair: sum(end - start for start, end in pair))
    for pair in two[:MOST_TWO_CUT]:
        yield from _glued(parts, sorted(pair))
    yield from _glued(parts, whole, common=True)
    if parts[0].segment is None and len(strange) <= MOST_STRANGE:
        yield from _in_any_order(parts, [parts[place] for place in strange])


def _runs(strange: list[int]) -> list[tuple[int, int]]:
    """Each value with all possible pieces behind it: the place of the value, and the place behind the last
    piece.
    """
    runs: list[tuple[int, int]] = []
    for place in strange:
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        elif place:
            runs.append((place - 1, place + 1))
    return runs


def _in_any_order(parts: tuple[Part, ...], strange: list[Part]) -> Iterator[Repair]:
    """Repairs when the order is not known in which the parts arrived."""
    for count in range(1, len(strange) + 1):
        for head in parts:
            for tail in permutations([part for part in strange if part != head], count):
                rest = [part for part in parts if part != head and part not in tail]
                yield from _glued((*rest, head, *tail), [(len(rest), len(rest) + 1 + count)])


def _glued(parts: tuple[Part, ...], runs: Sequence[tuple[int, int]], common: bool = False
           ) -> Iterator[Repair]:
    """Repairs in which the parts of each run are one value again, of the run's first name."""
    ends = dict(runs)
    inside = {place for start, end in runs for place in range(start + 1, end)}
    if not runs or any(parts[place].name in NEVER_SIGNED for place in (*ends, *inside)):
        return
    names = " and ".join(shortened(parts[place].name) for place in ends)
    were = "was" if len(ends) == 1 else "were"
    mistake = sending_mistake("AMPERSAND_NOT_ENCODED",
                              f"{names} {were} cut at an & in the value; URL-encode values when sending")
    known = set[Pairs]()
    for meaning, everywhere in meanings(parts[0].segment is not None):
        texts = _texts(parts, ends, everywhere)
        whole = [Part(part.name, meaning(text)) if text else part
                 for place, (part, text) in enumerate(zip(parts, texts)) if place not in inside]
        others = dict[Mistake, None]()
        for place, text in enumerate(texts):
            if place not in inside:
                others.update(dict.fromkeys(mistakes_of(meaning, text)))
        pairs = pairs_of(whole)
        if pairs not in known:
            known.add(pairs)
            yield Repair((mistake, *others), pairs, common)


def _texts(parts: tuple[Part, ...], ends: dict[int, int], everywhere: bool) -> list[str]:
    """For each part the text that is to be decoded again: of a run its joined pieces, of other parts their
    own.

    The text is empty for a part whose value stays as it is, that is for those of no run unless `everywhere`.
    """
    texts = [part.written if everywhere else "" for part in parts]
    for start, end in ends.items():
        pieces = [part.text for part in parts[start + 1:end]]
        texts[start] = "&".join((parts[start].written, *pieces))
    return texts
