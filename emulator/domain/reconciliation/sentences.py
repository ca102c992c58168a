"""What a check says about a list: a closed set of sentences, which pages say in other languages too."""
from collections.abc import Mapping
from dataclasses import dataclass

COMPARED = ("day", "fee", "amount")
DIFFERING = ("amount", "fee", "settlement_date")
SENTENCES: Mapping[str, str] = {
    "has_row": "the list has the row",
    "lacks_row": "the list does not have the row",
    "lacks_row_like_file": "the list does not have the row, like the file",
    "has_row_once": "the list has the row once",
    "has_row_twice": "the list has the row twice, like the file",
    "has_row_of_day": "the list has the row, which belongs to {true}, not to {shown}",
    "lacks_row_of_day": "the list does not have the row, which belongs to {true}, not to {shown}",
    "has_no_settlement_date": "the list has no settlement_date",
    "has_no_fee": "the list has no fee",
    "has_unknown_row": "the list has the unknown row {number}",
    "lacks_unknown_row": "the list does not have the unknown row {number}",
    **{f"correct_{name}": f"the list has the correct {name}, {{true}}; the file has {{shown}}"
       for name in COMPARED},
    **{f"wrong_{name}": f"the list has the {name} of the file, {{shown}}; the correct one is {{true}}"
       for name in COMPARED},
    **{f"other_{name}": f"the list has the {name} {{given}}, the file has {{shown}}, the correct one is "
                        f"{{true}}" for name in COMPARED},
    "extra": "row {place} of the list, {number} of {amount}, does not exist",
    "lacking": "the list does not have {number} of {amount}, settled on {day}",
    **{f"differing_{name}": f"row {{place}} of the list, {{number}}, has the {name} {{given}}; the correct "
                            f"one is {{true}}" for name in DIFFERING}}


@dataclass(frozen=True)
class Sentence:
    """A sentence by its key, with the values for its places; `str` gives it in English."""

    key: str
    values: Mapping[str, object]

    @property
    def pattern(self) -> str:
        """The English sentence with places for its values, such as `{true}`."""
        return SENTENCES[self.key]

    def __str__(self) -> str:
        return self.pattern.format(**self.values)


def sentence(key: str, **values: object) -> Sentence:
    """The sentence with this key and these values."""
    return Sentence(key, values)
