"""What an endpoint takes and answers, as data.

An endpoint is one `@endpoint(...)` table above the function that carries the request out. The gateway checks
requests against it. The reference, the OpenAPI document and the generic tests read the same rows.
"""
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from .findings import Finding
from .parameters import Param, Source


class Field(Struct, frozen=True):
    """One field of an answer. A `sparing` field is left out when it has no value; others are sent empty."""

    name: str
    meaning: str
    source: Source = Source.DOCUMENTED
    sparing: bool = False


# Checks the parameters of a request. Returns the sentence of a problem, a finding, or None.
Rule = Callable[[Mapping[str, str]], str | Finding | None]


class Endpoint(Struct, frozen=True, dict=True):
    """An endpoint of the gateway: its table, and the function `act` that carries a request out.

    `act` is called with a `Call` and returns a `Reply`. `rules` are checks that a table row cannot express.
    `owner` is the parameter that says whose token signs the request. With `card_codes`, the `result_code` of
    a refusal is a response code (section 7.2); a `refused_as` is the `result_code` of every refusal.
    `variants` are further tables of the same path; each is used for requests to which its `applies` says yes.
    The `act` of an endpoint that only `reads` is called with an `Inquiry`.
    """

    name: str
    section: str
    title: str
    root: str
    signed: bool
    product: str | None
    params: tuple[Param, ...]
    answer: tuple[Field, ...]
    act: Callable[[Any], Any]
    source: Source
    rules: tuple[Rule, ...] = ()
    owner: str = "merchants_id"
    note: str = ""
    card_codes: bool = False
    refused_as: str = ""
    applies: Callable[[Mapping[str, str]], bool] = lambda params: True
    variants: tuple["Endpoint", ...] = ()
    reads: bool = False

    @property
    def path(self) -> str:
        """The path of the URL."""
        return f"/v2/{self.name}.php"

    @cached_property
    def names(self) -> frozenset[str]:
        """The parameter names of this table."""
        return frozenset(row.name for row in self.params)

    @property
    def tables(self) -> tuple["Endpoint", ...]:
        """All tables of this path, this one first."""
        return (self, *self.variants)

    @cached_property
    def all_names(self) -> frozenset[str]:
        """The parameter names and aliases of all tables of this path."""
        rows = [row for table in self.tables for row in table.params]
        return frozenset(name for row in rows for name in (row.name, *row.aliases))

    def table_of(self, params: Mapping[str, str]) -> "Endpoint":
        """The table for a request: the first variant that applies, else this table."""
        return next((variant for variant in self.variants if variant.applies(params)), self)


def endpoint(*, section: str, title: str, params: tuple[Param, ...], answer: tuple[Field, ...] = (),
             root: str = "tgpaypro",
             signed: bool = True, product: str | None = None, source: Source = Source.DOCUMENTED,
             rules: tuple[Rule, ...] = (), owner: str = "merchants_id", note: str = "", name: str = "",
             card_codes: bool = False, refused_as: str = "",
             applies: Callable[[Mapping[str, str]], bool] = lambda params: True,
             variants: tuple[Endpoint, ...] = (),
             reads: bool = False) -> Callable[[Callable[[Any], Any]], Endpoint]:
    """Turn the decorated function into an endpoint.

    Its name is that of the path; a variant says it in `name`.
    """
    def make(act: Callable[[Any], Any]) -> Endpoint:
        return Endpoint(name or act.__name__, section, title, root, signed, product, params, answer, act,
                        source, rules, owner, note,
                        card_codes, refused_as, applies, variants, reads)
    return make


def fields(*rows: tuple[str, str] | Field) -> tuple[Field, ...]:
    """Answer fields from pairs (name, meaning)."""
    return tuple(row if isinstance(row, Field) else Field(*row) for row in rows)
