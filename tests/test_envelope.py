"""The XML of an answer, against lxml, which reads and writes it in its own way."""
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tgpay_emulator.protocol import envelope

DECLARED = '<?xml version="1.0" encoding="utf-8" ?>\n'
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("&<>\"'\r\n\t\0\x0b\uffff]"))


def written_by_lxml(fields: dict[str, str]) -> str:
    """One element on each line. Raises ValueError for characters that XML does not have."""
    top = etree.Element("tgpaypro")
    top.text = "\n    "
    for name, value in fields.items():
        element = etree.SubElement(top, name)
        element.text, element.tail = value, "\n    "
    top[-1].tail = "\n"
    return f"{DECLARED}{etree.tostring(top, encoding='unicode')}\n"


@given(TEXTS, TEXTS)
def test_a_text_is_written_as_lxml_writes_it_and_refused_where_lxml_refuses_it(one: str, other: str) -> None:
    fields = {"attach": one, "error": "", "out_trade_no": other}
    try:
        expected = written_by_lxml(fields)
    except ValueError:
        with pytest.raises(ValueError):
            envelope.xml("tgpaypro", fields)
        return
    answer = envelope.xml("tgpaypro", fields)
    assert answer == expected
    assert {element.tag: element.text or "" for element in etree.fromstring(answer.encode())} == fields


@pytest.mark.parametrize("wrong", ["\0", "\x1f", "\ud800", "\udfff", "\ufffe"])
def test_a_character_that_xml_does_not_have_is_never_sent(wrong: str) -> None:
    with pytest.raises(ValueError):
        envelope.xml("tgpaypro", {"attach": wrong})
