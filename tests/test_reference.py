"""The reference says everything that the tables say."""
import subprocess
import sys

import pytest

from tgpay_emulator import scenarios
from tgpay_emulator.base.settings import SETTINGS, Setting, variable
from tgpay_emulator.domain import settlement, wallets
from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.protocol import faults, findings
from tgpay_emulator.protocol.codes import BUYER_FAILURES, REFUSALS
from tgpay_emulator.protocol.endpoint_tables import Endpoint
from tgpay_emulator.protocol.parameters import Need, Source
from tgpay_emulator.protocol.response_codes import RESPONSE_CODES
from tgpay_emulator.protocol.test_cards import test_cards as every_test_card

from .tables import every_row


@pytest.fixture(scope="module")
def printed() -> str:
    return subprocess.run([sys.executable, "-m", "tgpay_emulator", "reference"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout


def section(printed: str, endpoint: Endpoint) -> str:
    """The part of the reference that is about an endpoint."""
    return printed.partition(f"### `{endpoint.path}`: {endpoint.title}\n")[2].partition("\n#")[0]


def row(text: str, name: str) -> str:
    """The line of a table that begins with a name."""
    found = [line for line in text.splitlines() if line.startswith((f"| `{name}` |", f"| {name} |"))]
    assert found, f"no line for {name}"
    return found[0]


every_endpoint = every_row("endpoint",
                           [table for endpoint in ENDPOINTS.values() for table in endpoint.tables],
                           ids=lambda table: f"{table.name}, {table.title}")


@every_endpoint
def test_an_endpoint_has_its_section_its_root_and_its_note(printed: str, endpoint: Endpoint) -> None:
    assert f"### `{endpoint.path}`: {endpoint.title}\n" in printed
    told = section(printed, endpoint)
    assert f"Section {endpoint.section} of the document." in told
    assert f"Root `{endpoint.root}`, answer {'signed' if endpoint.signed else 'unsigned'}." in told
    assert endpoint.note in told


@every_endpoint
def test_each_parameter_tells_its_need_format_example_and_other_names(printed: str,
                                                                      endpoint: Endpoint) -> None:
    letters = {Need.REQUIRED: "R", Need.DOCUMENTED: "D", Need.OPTIONAL: "O"}
    for param in endpoint.params:
        told = row(section(printed, endpoint), param.name)
        assert f"| {letters[param.need]} | {param.format.name}" in told
        assert param.meaning in told and param.note in told and param.example in told
        assert all(alias in told for alias in param.aliases)
        assert str(param.length or "") in told


@every_endpoint
def test_each_answer_field_tells_its_meaning(printed: str, endpoint: Endpoint) -> None:
    answers = section(printed, endpoint).partition("| answer |")[2]
    for field in endpoint.answer:
        assert field.meaning in row(answers, field.name)


@every_endpoint
def test_rows_have_the_mark_of_their_source_documented_ones_none(printed: str, endpoint: Endpoint) -> None:
    parameters, _, answers = section(printed, endpoint).partition("| answer |")
    for rows, text in ((endpoint.params, parameters), (endpoint.answer, answers)):
        for described in rows:
            told = row(text, described.name)
            marks = [source for source in Source if f"*({source.value})*" in told]
            expected = [] if described.source is Source.DOCUMENTED else [described.source]
            assert marks == expected, described.name


@every_row("code", [*REFUSALS.values(), *BUYER_FAILURES.values()], ids=lambda code: code.name)
def test_each_refusal_and_each_failure_of_a_buyer_tells_when(printed: str, code) -> None:
    assert code.when in row(printed, code.name)


@every_row("rule", findings.RULES.values(), ids=lambda rule: rule.code)
def test_each_finding_tells_its_section_its_rule_and_what_to_change(printed: str,
                                                                    rule: findings.Rule) -> None:
    assert f"| {rule.section} | {rule.sentence} | {rule.change} |" in row(printed, rule.code)


@every_row("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_tells_its_flag_variable_default_and_meaning(printed: str, setting: Setting) -> None:
    told = row(printed, f"--{setting.name.replace('_', '-')}")
    assert f"`{variable(setting)}`" in told and setting.default in told and setting.help in told


def test_all_columns_of_the_settlement_file_are_there_in_their_order(printed: str) -> None:
    assert len(settlement.COLUMNS) == 25
    assert ", ".join(f"`{name}`" for name, _ in settlement.COLUMNS) in printed


@every_row("param", [row for table in ENDPOINTS["tgpaybankcard"].tables
                     for row in table.params if row.format.rows],
           ids=lambda param: param.name)
def test_the_rows_of_a_document_inside_a_parameter_are_there(printed: str, param) -> None:
    rows = printed.partition(f"#### Rows of `{param.name}`\n")[2].partition("\n#")[0]
    for inner in param.format.rows:
        assert inner.meaning in row(rows, inner.name) and str(inner.length or "") in row(rows, inner.name)


@every_row("code", RESPONSE_CODES.values(), ids=list(RESPONSE_CODES))
def test_each_response_code_tells_its_message_status_and_text_for_the_payer(printed: str, code) -> None:
    told = row(printed, code.code)
    assert f"| {code.message} | {code.section} | {code.status} | {code.advice.sentence} |" in told


@every_row("card", every_test_card(), ids=lambda card: card.number)
def test_each_test_card_tells_what_happens(printed: str, card) -> None:
    assert f"| {card.brand} | `{card.code}` {card.message} | {card.means} |" in row(printed, card.number)


def test_all_payment_codes_for_tests_are_there_for_both_wallets(printed: str) -> None:
    for code in wallets.TEST_CODES:
        alipay, wechat = (wallets.PREFIXES[wallet] + code.ending
                          for wallet in (wallets.ALIPAY, wallets.WECHAT))
        assert f"| `{alipay}` | `{wechat}` | {code.means} |" in printed


def test_every_key_of_a_scenario_every_fault_and_every_shipped_one_is_told(printed: str) -> None:
    told = printed.partition("\n## Scenarios\n")[2].partition("\n## ")[0]
    for name, *rest in (*scenarios.when_rows(), *scenarios.then_rows(), *scenarios.fault_rows(),
                        *scenarios.shipped_rows()):
        assert all(cell.replace("|", "\\|") in row(told, name) for cell in rest)
    nothing = {name for name, meaning in scenarios.fault_rows() if meaning.endswith("; nothing has happened")}
    assert nothing == {*faults.NOTHING_HAPPENS}
    assert [name for name, _ in scenarios.shipped_rows()] == scenarios.shipped()
