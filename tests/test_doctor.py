"""The diagnosis (`sign/explain`): a wrong signature is explained by what makes it, and by nothing else."""
import hashlib
import json
import os.path
import random
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, cycle
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tgpay_emulator.diagnosis import explanation

from .driver import Shop, md5_sign
from .tables import every_row

TOKEN, OTHER = "14b0be26d00fbc6dcf20ed1f0a3516df", "0123456789abcdef0123456789abcdef"
Params = dict[str, str]
Pairs = list[tuple[str, str]]
Changes = dict[str, str | None]


def in_order(pairs: Pairs) -> Pairs:
    return sorted(pairs, key=lambda pair: pair[0].encode())


@dataclass(frozen=True)
class Client:
    """A client that signs in its own way; as it stands here, rightly.

    `values` are changed one after another, `signed` are other values than are sent (None: not signed), `put`
    sets text and token together.
    """

    values: tuple[Callable[[str], str], ...] = ()
    signed: tuple[tuple[str, str | None], ...] = ()
    dropped: tuple[str, ...] = ("sign", "sign_type")
    empty: bool = False
    order: Callable[[Pairs], Pairs] = in_order
    joint: str = "&"
    text_case: Callable[[str], str] = str
    put: str = "TEXT|TOKEN"
    token: str = ""
    charset: str = "utf-8"
    case: Callable[[str], str] = str
    blanks: str = ""

    def whole(self, params: Params, token: str) -> str:
        """What is hashed."""
        pairs = [(name, value) for name, value in {**params, **dict(self.signed)}.items()
                 if value is not None]
        for change in self.values:
            pairs = [(name, change(value)) for name, value in pairs]
        counted = self.order([(name, value) for name,
                              value in pairs if name not in self.dropped and (value or self.empty)])
        text = self.text_case(self.joint.join(f"{name}={value}" for name, value in counted))
        parts = {"TEXT": text, "TOKEN": self.token or token}
        return self.case("".join(parts.get(part, part) for part in self.put.split("|")))

    def __call__(self, params: Params, token: str) -> str:
        """The signature."""
        return self.blanks + hashlib.md5(self.whole(params,
                                                    token).encode(self.charset)).hexdigest() + self.blanks

    def also(self, other: "Client") -> "Client | None":
        """The client that makes the other's mistakes after its own; None where one cannot make both."""
        mine, others = ({name for name, value in vars(each).items() if value != getattr(RIGHT, name)}
                        for each in (self, other))
        if (mine & others - {"values", "signed"}
                or {name for name, _ in self.signed} & {name for name, _ in other.signed}):
            return None
        changed = {name: getattr(other, name) for name in others}
        return replace(self, **{**changed, "values": self.values + other.values,
                                "signed": self.signed + other.signed})


RIGHT = Client()


def text_of(params: Params) -> str:
    return RIGHT.whole(params, "")


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def each_value(*changes: Callable[[str], str]) -> Client:
    return Client(values=changes)


def instead(**signed: str | None) -> Client:
    """Signs other values than are sent; None leaves a parameter out."""
    return Client(signed=tuple(signed.items()))


def escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def unescaped(value: str) -> str:
    return value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


def small_percent(value: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote_plus(value))


MISTAKES: list[tuple[str, str, Client]] = [
    ("blanks around the sign", "SPACED", Client(blanks=" ")),
    ("sign_type kept", "SIGN_TYPE_KEPT", Client(dropped=("sign",))),
    ("empty values kept", "EMPTY_KEPT", Client(empty=True)),
    ("unsorted", "UNSORTED", Client(order=list)),
    ("sorted by case", "SORTED_BY_CASE",
     Client(order=lambda pairs: sorted(pairs, key=lambda pair: pair[0].lower()))),
    ("without &", "NOT_JOINED", Client(joint="")),
    ("GBK", "GBK", Client(charset="gbk")),
    ("all upper case", "UPPER_CASE", Client(case=str.upper)),
    ("the text in upper case", "UPPER_CASE", Client(text_case=str.upper)),
    ("all lower case", "LOWER_CASE", Client(case=str.lower)),
    ("token absent", "TOKEN_ABSENT", Client(put="TEXT")),
    ("token before", "TOKEN_BEFORE", Client(put="TOKEN|TEXT")),
    ("&key=", "TOKEN_NAMED", Client(put="TEXT|&key=|TOKEN")),
    ("&token=", "TOKEN_NAMED", Client(put="TEXT|&token=|TOKEN")),
    ("key=", "TOKEN_NAMED", Client(put="TEXT|key=|TOKEN")),
    ("token after &", "TOKEN_AFTER_AMPERSAND", Client(put="TEXT|&|TOKEN")),
    ("a line break after the token", "TOKEN_SPACED", Client(put="TEXT|TOKEN|\n")),
    ("a blank before the token", "TOKEN_SPACED", Client(put="TEXT| |TOKEN")),
    ("other token", "OTHER_TOKEN", Client(token=OTHER)),
    ("URL-encoded", "URL_ENCODED", each_value(lambda value: quote(value, safe=""))),
    ("URL-encoded with +", "URL_ENCODED", each_value(quote_plus)),
    ("URL-encoded but for slashes", "URL_ENCODED", each_value(quote)),
    ("URL-encoded in small letters", "URL_ENCODED", each_value(small_percent)),
    ("+ sent as it is", "PLUS_NOT_ENCODED", each_value(lambda value: value.replace(" ", "+"))),
    ("trimmed", "TRIMMED", each_value(str.strip)),
    ("HTML escapes", "HTML_ESCAPED", each_value(escaped)),
    ("HTML escapes undone", "HTML_UNESCAPED", each_value(unescaped)),
    ("a parameter not signed", "PARAMETER_MISSING", instead(reference=None)),
    ("the merchant not signed", "PARAMETER_MISSING", instead(merchants_id=None)),
    ("service signed", "PARAMETER_ADDED", instead(service="bankcard.pay")),
    ("charset signed", "PARAMETER_ADDED", instead(_input_charset="utf-8")),
    ("two places signed", "AMOUNT_REFORMATTED", instead(trans_amount="1.50")),
    ("no places signed", "AMOUNT_REFORMATTED", instead(total_fee="7")),
]
CLIENTS = [row[2] for row in MISTAKES]
CODE_OF = {id(client): code for _, code, client in MISTAKES}
each_mistake = every_row("code, client", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])


def sent(chance: random.Random, foreign: str = "咖啡") -> Params:
    """What a client sends: parameters in any order, with something in them for every mistake to alter."""
    def words() -> str:
        return "".join(chance.choices("abcXYZ059", k=chance.randint(1, 9)))
    params = [
        ("merchants_id", "201703200001"), ("out_trade_no", words()), ("trans_amount", "1.5"),
        ("total_fee", "7.00"), ("terminal_id", ""), ("reference", f"{foreign} {words()} "),
        ("return_url", f"http://shop.example/{words()}?a={words()}&b=<\"{words()}\">"),
        ("attach", f"{words()} &lt;{words()}&gt;"), ("Zone", words()), ("sign_type", "MD5"),
        *((f"x{words()}", words()) for _ in range(3))]
    chance.shuffle(params)
    if [name for name, _ in params if name in ("Zone", "attach")] == ["Zone", "attach"]:
        params.reverse()
    return dict(params)


def codes(found: explanation.Diagnosis) -> list[str]:
    return [mistake.code for mistake in found.mistakes]


def ways(found: explanation.Diagnosis) -> set[tuple[str, ...]]:
    """The explanations, each as the codes of its mistakes."""
    return {tuple(sorted(mistake.code for mistake in way)) for way in found.ways}


@each_mistake
def test_each_mistake_is_recognised_whatever_the_parameters(code: str, client: Client) -> None:
    for seed in range(5):
        params = sent(random.Random(seed))
        found = explanation.explain({**params, "sign": client(params, TOKEN)}, TOKEN, ["f" * 32, OTHER])
        assert (code,) in ways(found), f"seed {seed}: {found.sentence}"
        alike = [each for each in CLIENTS if each(params, TOKEN) == client(params, TOKEN)]
        assert ways(found) <= {(CODE_OF[id(each)],) for each in alike}
        assert found.canonical == text_of(params)
        assert found.expected == md5_sign(params, TOKEN)
        assert found.given == client(params, TOKEN)


def test_latin_1_is_recognised() -> None:
    for seed in range(15):
        params = sent(random.Random(seed), "café £5")
        found = explanation.explain({**params, "sign": Client(charset="latin-1")(params, TOKEN)}, TOKEN)
        assert codes(found) == ["LATIN_1"]


def test_a_sign_type_that_was_signed_but_not_sent_is_recognised() -> None:
    params = {"merchants_id": "1", "out_trade_no": "2"}
    found = explanation.explain({**params, "sign": md5(f"{text_of(params)}&sign_type=MD5{TOKEN}")}, TOKEN)
    assert codes(found) == ["SIGN_TYPE_KEPT"]


def percent(kept: str, blank: str = "%20", small: bool = False) -> Callable[[str], str]:
    """The URL encoding that leaves letters, digits and `kept` as they are."""
    def encode(value: str) -> str:
        return "".join(letter if letter.isascii() and letter.isalnum()
                       or letter in kept else blank if letter == " " else
                       "".join(f"%{byte:02x}" if small else f"%{byte:02X}" for byte in letter.encode())
                       for letter in value)
    return encode


@pytest.mark.parametrize("encode", [
    pytest.param(percent("-_.!~*'()"), id="JavaScript encodeURIComponent"),
    pytest.param(percent("-_.*", "+"), id="Java URLEncoder"),
    pytest.param(percent("-_.", "+"), id="PHP urlencode"),
    pytest.param(percent("-_.~"), id="PHP rawurlencode"),
    pytest.param(percent("-_.!*()", "+", small=True), id="C# HttpUtility.UrlEncode")])
def test_the_url_encoding_of_each_language_is_recognised(encode: Callable[[str], str]) -> None:
    params = {"merchants_id": "1", "reference": "Tea (green)! 50% ~*' 茶"}
    found = explanation.explain({**params, "sign": each_value(encode)(params, TOKEN)}, TOKEN)
    assert codes(found) == ["URL_ENCODED"]


def test_an_amount_is_recognised_in_each_of_its_forms() -> None:
    for written, signed in (("1", "1.00"), ("1.00", "1"), ("1.5", "1.50"), ("1.50", "1.5"), ("0.10", "0.1"),
                            ("2.0", "2.00"), ("3", "3.0")):
        params = {"merchants_id": "1", "refund_amount": written}
        found = explanation.explain({**params, "sign": instead(refund_amount=signed)(params, TOKEN)}, TOKEN)
        assert codes(found) == ["AMOUNT_REFORMATTED"], written
        assert "refund_amount" in found.sentence


def test_the_parameter_that_was_not_signed_is_named() -> None:
    for seed in range(15):
        chance = random.Random(seed)
        params = sent(chance)
        name = chance.choice([name for name, value in params.items() if value and name != "sign_type"])
        found = explanation.explain({**params, "sign": instead(**{name: None})(params, TOKEN)}, TOKEN)
        assert codes(found) == ["PARAMETER_MISSING"]
        assert found.sentence.startswith(f"{name} ")


@pytest.mark.exhaustive
def test_nothing_is_claimed_of_a_value_that_no_mistake_makes() -> None:
    for seed in range(3):
        chance = random.Random(seed)
        params = sent(chance)
        for sign in (f"{chance.getrandbits(128):032x}", "nonsense", "", "é", md5(TOKEN), md5("")):
            found = explanation.explain({**params, "sign": sign}, TOKEN, [OTHER])
            assert (found.mistakes, found.differs, found.right, found.as_json()["code"]) == (
                (), None, False, None)


def pairs_of(client: Client) -> list[Client]:
    """The clients that make another mistake beside this one; where both change values, in either order."""
    both = [made for other in CLIENTS
            for made in (client.also(other), other.also(client) if client.values and other.values else None)]
    return [made for made in both if made]


def all_that_make(params: Params) -> dict[str, set[tuple[str, ...]]]:
    """The signatures of all clients that make one or two of the mistakes, and which these are: different
    mistakes may sign the same.
    """
    made: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for client in CLIENTS:
        made[client(params, TOKEN)].add((CODE_OF[id(client)],))
    for one, other in combinations_with_replacement(CLIENTS, 2):
        for both in (one.also(other), other.also(one)):
            if both:
                made[both(params, TOKEN)].add(tuple(sorted((CODE_OF[id(one)], CODE_OF[id(other)]))))
    return made


@pytest.mark.sampled
@pytest.mark.parametrize("code, client",
                         [pytest.param(*row[1:], marks=() if place % 16 == 0 else pytest.mark.exhaustive)
                          for place, row in enumerate(MISTAKES)], ids=[row[0] for row in MISTAKES])
def test_each_two_mistakes_are_recognised_whatever_the_parameters(code: str, client: Client) -> None:
    params = sent(random.Random(CLIENTS.index(client)))
    made = all_that_make(params)
    for both in pairs_of(client):
        sign = both(params, TOKEN)
        if sign == RIGHT(params, TOKEN):
            continue
        found = explanation.explain({**params, "sign": sign}, TOKEN, [OTHER])
        fewest = min(map(len, made[sign]))
        shortest = {reason for reason in made[sign] if len(reason) == fewest}
        is_simpler = fewest > 1 and {len(way) for way in ways(found)} == {1}  # one value only was changed
        assert shortest & ways(found) or is_simpler, (made[sign], found.sentence)


@every_row("params, spot", [
    ({"attach": "a", "reference": "咖啡"}, "reference"),
    ({"attach": "a", "return_url": "http://a/?b=c"}, "return_url"),
    ({"reference": " a"}, "reference")])
def test_without_a_known_mistake_the_first_doubtful_spot_is_named(params: Params, spot: str) -> None:
    found = explanation.explain({**params, "sign": "0" * 32}, TOKEN)
    assert found.mistakes == ()
    assert spot in found.sentence


def test_a_sign_of_the_wrong_length_is_told_so() -> None:
    assert "32" in explanation.explain({"a": "1", "sign": "abc"}, TOKEN).sentence


OVER_HTTP = [row for row in MISTAKES if row[1] in ("UNSORTED", "TOKEN_BEFORE", "GBK", "PARAMETER_MISSING",
                                                   "EMPTY_KEPT", "URL_ENCODED")]
over_http = every_row("code, client", [row[1:] for row in OVER_HTTP], ids=[row[0] for row in OVER_HTTP])


@over_http
@every_row("method", ["GET", "POST"])
def test_the_journal_explains_a_refused_request(shop: Shop, code: str, client: Client, method: str) -> None:
    params = {**sent(random.Random(2)), "merchants_id": shop.merchants_id}
    answer = shop.send("tgpayqrcode", {**params, "sign": client(params, shop.token)}, method)
    assert answer["error"] == "ILLEGAL_SIGN"
    explained = shop.journal(answer)["explanation"]
    assert explained["mistake"] == code
    assert (explained["canonical"], explained["expected"]) == (text_of(params), md5_sign(params, shop.token))
    assert explained["given"] == client(params, shop.token)
    assert explained["sentence"] in answer["detail_error_des"]


@over_http
def test_the_control_interface_explains_a_wrong_sign(shop: Shop, code: str, client: Client) -> None:
    params = {**sent(random.Random(3)), "merchants_id": shop.merchants_id}
    explained = shop.control.post("/sign/explain", {"params": {**params, "sign": client(params, shop.token)}})
    assert (explained["right"], explained["mistake"]) == (False, code)
    assert (explained["canonical"], explained["expected"]) == (text_of(params), md5_sign(params, shop.token))
    with_token = shop.control.post("/sign/explain",
                                   {"token": shop.token, "params": {
                                       **params, "sign": client(params, shop.token)}})
    assert with_token == explained


def test_the_token_of_another_merchant_is_recognised(shop: Shop) -> None:
    params = {"merchants_id": shop.merchants_id, "out_trade_no": "1"}
    wrong = {**params, "sign": md5_sign(params, TOKEN)}
    assert shop.control.post("/sign/explain", {"params": wrong})["mistake"] == "OTHER_TOKEN"
    assert shop.journal(shop.send("tgpayquery", wrong))["explanation"]["mistake"] == "OTHER_TOKEN"


def test_a_right_sign_is_called_right(shop: Shop) -> None:
    params = {"merchants_id": shop.merchants_id, "out_trade_no": "1"}
    for sign in (md5_sign(params, shop.token), md5_sign(params, shop.token).upper()):
        explained = shop.control.post("/sign/explain", {"params": {**params, "sign": sign}})
        assert (explained["right"], explained["mistake"]) == (True, None)


@each_mistake
@pytest.mark.exhaustive
def test_no_token_is_ever_told(code: str, client: Client) -> None:
    params = sent(random.Random(4))
    for each in (client, *pairs_of(client)[:1]):
        told = json.dumps(explanation.explain({**params, "sign": each(params, TOKEN)}, TOKEN,
                                              [OTHER]).as_json()).lower()
        assert not [token for token in (TOKEN, OTHER)
                    for place in range(0, 25, 8) if token[place:place + 8] in told]


def test_no_token_is_told_by_the_server_either(shop: Shop) -> None:
    params = {"merchants_id": shop.merchants_id, "out_trade_no": "1"}
    for sign in (md5(shop.token), md5_sign(params, TOKEN), md5(text_of(params)),
                 md5(f"{shop.token}{text_of(params)}")):
        answer = shop.send("tgpayquery", {**params, "sign": sign})
        told = answer.text + json.dumps(shop.journal(answer))
        assert shop.token not in told and TOKEN not in told


# The first difference.

TELLABLE = [row for row in MISTAKES if row[1] not in ("SPACED", "GBK")]


@pytest.mark.exhaustive
@every_row("client", [row[2] for row in TELLABLE], ids=[row[0] for row in TELLABLE])
def test_the_first_place_where_the_client_s_text_differs_is_told(client: Client) -> None:
    for seed in range(5):
        params = sent(random.Random(seed))
        text, yours = text_of(params), without_tokens(client.whole(params, TOKEN))
        differs = explanation.explain({**params, "sign": client(params, TOKEN)}, TOKEN, [OTHER]).differs
        assert differs is not None
        same = len(os.path.commonprefix([f"{text}<token>", yours]))
        assert differs.position == (same if same == len(f"{text}<token>") else min(same, len(text)))
        assert (differs.yours, differs.right) == (around(yours, differs.position),
                                                  around(f"{text}<token>", differs.position))


def around(text: str, place: int) -> str:
    """16 characters on both sides of a place."""
    before, after = text[:place], text[place:]
    return f"{'…' * (len(before) > 16)}{before[-16:]}{after[:16]}{'…' * (len(after) > 16)}"


def without_tokens(text: str) -> str:
    for token in (TOKEN, OTHER):
        shown = "<token>" if token == TOKEN else "<another token>"
        text = text.replace(token, shown).replace(token.upper(), "<token in another case>")
    return text


def test_a_difference_of_charset_is_told_in_bytes() -> None:
    params = {"merchants_id": "1", "reference": "a 茶"}
    differs = explanation.explain({**params, "sign": Client(charset="gbk")(params, TOKEN)}, TOKEN).differs
    assert differs == explanation.Difference(len("merchants_id=1&reference=a "),
                                             r"…d=1&reference=a \xB2\xE8<token>",
                                             r"…d=1&reference=a \xE8\x8C\xB6<token>")
    both = explanation.explain({**params, "sign": Client(charset="gbk", put="TOKEN|TEXT")(params, TOKEN)},
                               TOKEN).differs
    assert both is not None and (both.position, both.yours) == (0, "<token>merchants…")


def test_what_was_hashed_after_the_token_is_seen_in_the_difference() -> None:
    params = {"merchants_id": "1", "out_trade_no": "2"}
    found = explanation.explain({**params, "sign": Client(put="TEXT|TOKEN|\n")(params, TOKEN)}, TOKEN).differs
    assert found == explanation.Difference(len("merchants_id=1&out_trade_no=2<token>"), "…rade_no=2<token>\n",
                                           "…rade_no=2<token>")


def test_where_the_text_is_right_no_difference_is_told() -> None:
    params = {"merchants_id": "1"}
    assert explanation.explain({**params, "sign": f"{md5_sign(params, TOKEN)} "}, TOKEN).differs is None


SECRETS: list[tuple[str, Client, bool]] = [
    ("nothing known", Client(put="TEXT|TOKEN|something"), False), ("token absent", Client(put="TEXT"), True),
    ("URL-encoded", each_value(quote_plus), True), ("HTML escapes", each_value(escaped), True),
    ("unsorted", Client(order=list), True), ("upper case", Client(case=str.upper), True),
    ("GBK", Client(charset="gbk"), True), ("not joined", Client(joint=""), True),
    ("a plain one not signed", instead(tgpay_product=None), True),
    ("a secret not signed", instead(password=None), True),
    ("both secrets not signed", instead(password=None, pay_info=None), True),
    ("URL-encoded and unsorted", Client(values=(quote_plus,), order=list), True),
    ("URL-encoded twice", each_value(quote_plus, quote_plus), True)]


@pytest.mark.exhaustive
@every_row("method, client, known", [
    (method, *row[1:]) for method, row in zip(cycle(["GET", "POST"]), SECRETS)],
           ids=[row[0] for row in SECRETS])
def test_secrets_never_appear_in_an_explanation(shop: Shop, method: str, client: Client, known: bool) -> None:
    params = {"user": "WoS.101", "tgpay_product": "ACCOUNT_LOGIN", "password": "hunter2 <咖啡> & co",
              "merchants_id": shop.merchants_id,
              "pay_info": '{"cardNo":"4111111111111111","cvv":"z9v"}'}
    for endpoint, token in (("tgpayuserinfo", TOKEN), ("tgpayqrcode", shop.token)):
        signed = {**params, "sign": client(params, token)}
        answer = shop.send(endpoint, signed, method)
        assert answer["error"] == "ILLEGAL_SIGN"
        explained = shop.journal(answer)["explanation"]
        assert bool(explained["differs"]) == known
        by_hand = shop.control.post("/sign/explain", {"token": token, "params": signed})
        documents = (json.dumps(each, ensure_ascii=False) for each in (shop.journal(answer), by_hand))
        told = "".join((answer.text, *documents)).lower()
        assert not [secret for secret in ("hunter", "411111", "11111", "咖", "%e5", "xe5", "xbf", "z9v")
                    if secret in told]
        assert "password=***" in explained["canonical"] and "pay_info=***" in explained["canonical"]


def test_a_card_number_outside_of_pay_info_is_not_told_either(shop: Shop) -> None:
    params = {"merchants_id": shop.merchants_id, "reference": "4111 1111 1111 1111",
              "pay_info": '{"cardNo":"4111111111111111"}'}
    for client in (each_value(quote_plus), each_value(quote), Client(put="TEXT"), instead(pay_info=None),
                   Client(case=str.upper)):
        signed = {**params, "sign": client(params, shop.token)}
        explained = shop.control.post("/sign/explain", {"params": signed})
        assert explained["mistake"] is not None
        told = json.dumps([explained, shop.journal(shop.send("tgpaybankcard", signed, "POST"))])
        assert "1111" not in told


# How much work it is.

HUGE: dict[str, Params] = {
    "1,000 parameters": {f"name{number}": "value" for number in range(1000, 0, -1)},
    "a value of 1 MiB": {"zone": "1", "reference": "a" * 2**20, "merchants_id": "1"},
    "a value of 1 MiB, not ASCII": {"zone": "1", "reference": "茶" * (2**20 // 3), "merchants_id": "1"},
    "a value of 20 kB, not ASCII": {"zone": "1", "reference": "茶" * 7000, "merchants_id": "1"},
    "long names": {f"{number}{'n' * 19_000}": "value" for number in range(50, 0, -1)},
    "many blanks": {"zone": "1", "reference": "+ " * 200_000, "merchants_id": "1"},
}


@pytest.mark.sampled
@pytest.mark.parametrize("kind", HUGE)
def test_a_huge_request_is_no_endless_work(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[int] = []

    def counting(raw: bytes, **options: Any) -> Any:
        hashed.append(len(raw))
        return real(raw, **options)

    real, params = hashlib.md5, HUGE[kind]
    monkeypatch.setattr(hashlib, "md5", counting)
    assert explanation.explain({**params, "sign": "0" * 32}, TOKEN,
                               [f"{number:032x}" for number in range(1000)]).mistakes == ()
    assert sum(hashed) < 4 * 2**22
    assert len(hashed) < 3000
    hashed.clear()
    assert explanation.explain({**params, "sign": md5_sign(params, TOKEN)}, TOKEN).right
    assert len(hashed) == 2  # one of them is the test's own


@pytest.mark.exhaustive
@every_row("kind", HUGE)
def test_the_likeliest_mistake_is_recognised_in_a_huge_request_too(kind: str) -> None:
    params = HUGE[kind]
    found = explanation.explain({**params, "sign": Client(order=list)(params, TOKEN)}, TOKEN)
    assert codes(found) == ["UNSORTED"]
    untold = explanation.explain({**params, "sign": "0" * 32}, TOKEN)
    assert "too large" in untold.sentence
