"""The reference in Markdown and the tables of the READMEs, made from the tables that the gateway itself uses.
"""
from collections.abc import Iterable, Iterator

from .. import __version__, scenarios
from ..base.settings import SETTINGS, variable
from ..domain import settlement, wallets
from ..protocol import findings, test_cards
from ..protocol.codes import BUYER_FAILURES, REFUSALS
from ..protocol.endpoint_tables import Endpoint
from ..protocol.parameters import Need, Param
from ..protocol.response_codes import RESPONSE_CODES
from ..protocol.test_cards import TestCard
from .endpoints import ENDPOINTS
from .markdown import mark, table

NEEDS = {Need.REQUIRED: "R", Need.DOCUMENTED: "D", Need.OPTIONAL: "O"}
# What a newcomer tries first: paid, declined, 3-D Secure, pending and then paid, charged back.
FIRST_CARDS = ("4111111111111111", "4000023084000003", "4000023200000002", "4000023095000018",
               "4000023200000028")


def markdown() -> str:
    """The whole reference in Markdown."""
    parts = [
        f"# TGPay Emulator {__version__}: reference",
        "Generated from the tables that validate requests. **R**: required; a request without it is refused. "
        "**D**: mandatory in the document; its absence is a finding. **O**: optional. What has no mark is "
        "*documented*: the document prints it. *(observed)*: a public client of the gateway does so. "
        "*(inferred)*: neither; chosen to match the services behind the gateway.",
        "## Endpoints", *(part for endpoint in ENDPOINTS.values() for part in _endpoint(endpoint)),
        "## Columns of the settlement file", ", ".join(f"`{name}`" for name, _ in settlement.COLUMNS),
        f"The document's list has no field 12; `{settlement.NOT_IN_THE_DOCUMENT}` in its place is "
        "*(inferred)*.",
        "## Refusals", "`is_success` is F, and nothing is processed.",
        table(("error", "when", "HTTP"),
              ((code.name, code.when + mark(code.source), str(code.status)) for code in REFUSALS.values())),
        "## Buyers who cannot pay",
        "`is_success` is T, `result_code` FAIL: the request was processed, but the buyer could not pay.",
        table(("detail_error_code", "why"), ((code.name, code.when + mark(code.source))
                                             for code in BUYER_FAILURES.values())),
        "## Response codes of cards",
        "The outcome of a card payment is `status`. Codes, messages and texts are the "
        "document's, the statuses are inferred.", response_codes_table(),
        "## Test cards", "Use any expiry date in the future and any security code of the right length. Every "
                         "other number is declined with 3101.", test_cards_table(),
        "## Payment codes for tests", "Any other code that is well formed pays at once.",
        payment_codes_table(),
        "## Findings", "Rules of the document that are noted, not refused; with the setting `strict` they "
                       "are refused, except for names that the document's own examples send.",
        table(("code", "section", "rule", "what to change"),
              ((rule.code, rule.section, rule.sentence + mark(rule.source), rule.change)
               for rule in findings.RULES.values())),
        "## Scenarios", "A rule matches if all of its `when` matches; the first matching rule is used. If "
                        "`then` is a list, each entry is used once, in turn; then the rule is used up. Keys "
                        "marked (ours) do not imitate the gateway, but are useful for tests.",
        _rows(("when", "value", "matches if"), scenarios.when_rows()),
        _rows(("then", "value", "what happens"), scenarios.then_rows()),
        "### Faults", _rows(("fault", "what arrives"), scenarios.fault_rows()),
        "### Bundled scenarios", scenarios_table(),
        "## Settings", settings_table()]
    return "\n\n".join(parts) + "\n"


def settings_table() -> str:
    """The table of settings."""
    return table(("flag", "environment", "default", "what it is"),
                 ((f"`--{row.name.replace('_', '-')}`", f"`{variable(row)}`",
                   f"`{row.default}`" if row.default else "", row.help)
                  for row in SETTINGS))


def scenarios_table() -> str:
    """The table of bundled scenarios."""
    return _rows(("scenario", "what it is for"), scenarios.shipped_rows())


def _rows(header: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A table whose first column is printed as code."""
    return table(header, ((f"`{name}`", *rest) for name, *rest in rows))


def _endpoint(endpoint: Endpoint) -> Iterator[str]:
    """The parts of the reference about an endpoint: its tables, then those of JSON documents in its
    parameters.
    """
    for each in endpoint.tables:
        yield f"### `{each.path}`: {each.title}"
        signed = "signed" if each.signed else "unsigned"
        where = f"Section {each.section} of the document{mark(each.source)}."
        yield f"{where} Root `{each.root}`, response {signed}. {each.note}".strip()
        yield _parameters(each.params)
        if each.answer:
            yield table(("field", "meaning"),
                        ((f"`{row.name}`", row.meaning + mark(row.source)) for row in each.answer))
    documents = {row.name: row.format.rows for each in endpoint.tables
                 for row in each.params if row.format.rows}
    for name, rows in documents.items():
        yield f"#### Rows of `{name}`"
        yield _parameters(rows)


def _parameters(rows: Iterable[Param]) -> str:
    return table(("parameter", "need", "format", "example", "meaning"), (_parameter(row) for row in rows))


def _parameter(row: Param) -> tuple[str, ...]:
    length = f", at most {row.length} characters" if row.length else ""
    aliases = f"; also accepted as {', '.join(row.aliases)}" if row.aliases else ""
    note = f"; {row.note}" if row.note else ""
    return (f"`{row.name}`", NEEDS[row.need], row.format.name + length,
            f"`{row.example}`" if row.example else "",
            row.meaning + aliases + note + mark(row.source))


def payment_codes_table() -> str:
    """The table of payment codes for tests."""
    return table(("Alipay", "WeChat", "what the buyer does"),
                 ((f"`{wallets.PREFIXES[wallets.ALIPAY]}{row.ending}`",
                   f"`{wallets.PREFIXES[wallets.WECHAT]}{row.ending}`", row.means)
                  for row in wallets.TEST_CODES))


def response_codes_table() -> str:
    """The table of response codes of cards (section 7.2)."""
    return table(("code", "message", "section", "status", "what the payer reads"),
                 ((f"`{row.code}`", row.message, row.section, str(row.status), row.advice.sentence)
                  for row in RESPONSE_CODES.values()))


def test_cards_table(short: bool = False) -> str:
    """The table of test cards. With `short`, cards are left out that only decline a payment at once."""
    cards = test_cards.test_cards()
    if short:
        cards = [card for card in cards if card.number in test_cards.PLAIN
                 or card.means not in test_cards.AT_ONCE]
    return _cards(cards)


def first_cards_table() -> str:
    """The table of the five test cards to begin with."""
    return _cards(card for card in test_cards.test_cards() if card.number in FIRST_CARDS)


def _cards(cards: Iterable[TestCard]) -> str:
    return table(("number", "brand", "code", "what happens"),
                 ((f"`{card.number}`", card.brand, f"`{card.code}` {card.message}", card.means)
                  for card in cards))
