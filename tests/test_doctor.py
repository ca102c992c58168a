"""Contract 7, `sign/explain`: a wrong signature is explained by the mistake that makes it, and by nothing else."""
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

import pytest

from emulator import doctor

from .driver import Shop, md5_sign

TOKEN, OTHER = "14b0be26d00fbc6dcf20ed1f0a3516df", "0123456789abcdef0123456789abcdef"
Params = dict[str, str]
Pairs = Iterable[tuple[str, str]]
Client = Callable[[Params, str], str]


def md5(text: str, charset: str = "utf-8") -> str:
    return hashlib.md5(text.encode(charset)).hexdigest()


def counted(params: Params, but: tuple[str, ...] = ("sign_type",), empty: bool = False) -> list[tuple[str, str]]:
    """What counts, as it was sent."""
    return [(name, value) for name, value in params.items() if name not in but and (value or empty)]


def in_order(pairs: Pairs) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: pair[0].encode())


def line(pairs: Pairs, joint: str = "&") -> str:
    return joint.join(f"{name}={value}" for name, value in pairs)


def text_of(params: Params) -> str:
    return line(in_order(counted(params)))


def each_value(change: Callable[[str], str]) -> Client:
    return lambda params, token: md5(line((name, change(value)) for name, value in in_order(counted(params))) + token)


def instead(**changed: str | None) -> Client:
    """Signs other values than are sent; None leaves a parameter out."""
    def sign(params: Params, token: str) -> str:
        signed = {name: value for name, value in {**params, **changed}.items() if value is not None}
        return md5(text_of(signed) + token)
    return sign


def escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def unescaped(value: str) -> str:
    return value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


MISTAKES: list[tuple[str, str, Client]] = [
    ("blanks around the sign", "SPACED", lambda params, token: f" {md5(text_of(params) + token)} "),
    ("sign_type kept", "SIGN_TYPE_KEPT", lambda params, token: md5(line(in_order(counted(params, ()))) + token)),
    ("empty values kept", "EMPTY_KEPT", lambda params, token: md5(line(in_order(counted(params, empty=True))) + token)),
    ("unsorted", "UNSORTED", lambda params, token: md5(line(counted(params)) + token)),
    ("sorted by case", "SORTED_BY_CASE",
     lambda params, token: md5(line(sorted(counted(params), key=lambda pair: pair[0].lower())) + token)),
    ("without &", "NOT_JOINED", lambda params, token: md5(line(in_order(counted(params)), "") + token)),
    ("GBK", "GBK", lambda params, token: md5(text_of(params) + token, "gbk")),
    ("all upper case", "UPPER_CASE", lambda params, token: md5((text_of(params) + token).upper())),
    ("all lower case", "LOWER_CASE", lambda params, token: md5((text_of(params) + token).lower())),
    ("token absent", "TOKEN_ABSENT", lambda params, token: md5(text_of(params))),
    ("token before", "TOKEN_BEFORE", lambda params, token: md5(token + text_of(params))),
    ("&key=", "TOKEN_NAMED", lambda params, token: md5(f"{text_of(params)}&key={token}")),
    ("&key= in upper case", "TOKEN_NAMED", lambda params, token: md5(f"{text_of(params)}&key={token}").upper()),
    ("&token=", "TOKEN_NAMED", lambda params, token: md5(f"{text_of(params)}&token={token}")),
    ("key=", "TOKEN_NAMED", lambda params, token: md5(f"{text_of(params)}key={token}")),
    ("token after &", "TOKEN_AFTER_AMPERSAND", lambda params, token: md5(f"{text_of(params)}&{token}")),
    ("other token", "OTHER_TOKEN", lambda params, token: md5(text_of(params) + OTHER)),
    ("URL-encoded", "URL_ENCODED", each_value(lambda value: quote(value, safe=""))),
    ("URL-encoded with +", "URL_ENCODED", each_value(quote_plus)),
    ("URL-encoded but for slashes", "URL_ENCODED", each_value(quote)),
    ("URL-encoded in small letters", "URL_ENCODED",
     each_value(lambda value: re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote_plus(value)))),
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
each_mistake = pytest.mark.parametrize("code, client", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])


def sent(chance: random.Random, foreign: str = "咖啡") -> Params:
    """What a client sends: parameters in any order, with something in them for every mistake to spoil."""
    def words() -> str:
        return "".join(chance.choices("abcXYZ059", k=chance.randint(1, 9)))
    params = [
        ("merchants_id", "201703200001"), ("out_trade_no", words()), ("trans_amount", "1.5"), ("total_fee", "7.00"), ("terminal_id", ""),
        ("reference", f"{foreign} {words()} "), ("return_url", f"http://shop.example/{words()}?a={words()}&b=<\"{words()}\">"),
        ("attach", f"{words()} &lt;{words()}&gt;"), ("Zone", words()), ("sign_type", "MD5"), *((f"x{words()}", words()) for _ in range(3))]
    chance.shuffle(params)
    if [name for name, _ in params if name in ("Zone", "attach")] == ["Zone", "attach"]:
        params.reverse()
    return dict(params)


@each_mistake
def test_each_mistake_is_recognised_whatever_the_parameters(code: str, client: Client) -> None:
    for seed in range(15):
        params = sent(random.Random(seed))
        found = doctor.explain({**params, "sign": client(params, TOKEN)}, TOKEN, ["f" * 32, OTHER])
        assert found.mistake is not None, f"seed {seed}: {found.sentence}"
        assert found.mistake.code == code
        assert found.canonical == text_of(params)
        assert found.expected == md5_sign(params, TOKEN)
        assert found.given == client(params, TOKEN)


def test_latin_1_is_recognised() -> None:
    for seed in range(15):
        params = sent(random.Random(seed), "café £5")
        found = doctor.explain({**params, "sign": md5(text_of(params) + TOKEN, "latin-1")}, TOKEN)
        assert found.mistake and found.mistake.code == "LATIN_1"


def test_a_sign_type_that_was_signed_but_not_sent_is_recognised() -> None:
    params = {"merchants_id": "1", "out_trade_no": "2"}
    found = doctor.explain({**params, "sign": md5(f"{text_of(params)}&sign_type=MD5{TOKEN}")}, TOKEN)
    assert found.mistake and found.mistake.code == "SIGN_TYPE_KEPT"


def percent(kept: str, blank: str = "%20", small: bool = False) -> Callable[[str], str]:
    """The URL encoding that leaves letters, digits and `kept` as they are."""
    def encode(value: str) -> str:
        return "".join(letter if letter.isascii() and letter.isalnum() or letter in kept else blank if letter == " " else
                       "".join(f"%{byte:02x}" if small else f"%{byte:02X}" for byte in letter.encode()) for letter in value)
    return encode


@pytest.mark.parametrize("encode", [
    pytest.param(percent("-_.!~*'()"), id="JavaScript encodeURIComponent"), pytest.param(percent("-_.*", "+"), id="Java URLEncoder"),
    pytest.param(percent("-_.", "+"), id="PHP urlencode"), pytest.param(percent("-_.~"), id="PHP rawurlencode"),
    pytest.param(percent("-_.!*()", "+", small=True), id="C# HttpUtility.UrlEncode")])
def test_the_url_encoding_of_each_language_is_recognised(encode: Callable[[str], str]) -> None:
    params = {"merchants_id": "1", "reference": "Tea (green)! 50% ~*' 茶"}
    found = doctor.explain({**params, "sign": each_value(encode)(params, TOKEN)}, TOKEN)
    assert found.mistake and found.mistake.code in ("URL_ENCODED", "URL_ENCODED")


def test_an_amount_is_recognised_in_each_of_its_forms() -> None:
    for written, signed in (("1", "1.00"), ("1.00", "1"), ("1.5", "1.50"), ("1.50", "1.5"), ("0.10", "0.1"), ("2.0", "2.00"), ("3", "3.0")):
        params = {"merchants_id": "1", "refund_amount": written}
        found = doctor.explain({**params, "sign": instead(refund_amount=signed)(params, TOKEN)}, TOKEN)
        assert found.mistake and found.mistake.code == "AMOUNT_REFORMATTED", written
        assert "refund_amount" in found.sentence


def test_the_parameter_that_was_not_signed_is_named() -> None:
    for seed in range(15):
        chance = random.Random(seed)
        params = sent(chance)
        name = chance.choice([name for name, value in counted(params) if value])
        found = doctor.explain({**params, "sign": instead(**{name: None})(params, TOKEN)}, TOKEN)
        assert found.mistake and found.mistake.code == "PARAMETER_MISSING"
        assert found.sentence.startswith(f"{name} ")


def test_nothing_is_claimed_of_a_value_that_no_mistake_makes() -> None:
    for seed in range(30):
        chance = random.Random(seed)
        params = sent(chance)
        for sign in (f"{chance.getrandbits(128):032x}", "nonsense", "", "é"):
            assert doctor.explain({**params, "sign": sign}, TOKEN, [OTHER]).mistake is None


def test_nothing_is_claimed_when_a_client_makes_two_mistakes_at_once() -> None:
    params = sent(random.Random(1))
    for sign in (md5(f"{OTHER}{text_of(params)}"), md5((text_of(params) + TOKEN).upper(), "gbk"), md5(line(counted(params)) + OTHER),
                 each_value(lambda value: quote_plus(value.strip()))(params, TOKEN), instead(reference=None, attach=None)(params, TOKEN)):
        assert doctor.explain({**params, "sign": sign}, TOKEN, [OTHER]).mistake is None


@pytest.mark.parametrize("params, spot", [
    ({"attach": "a", "reference": "咖啡"}, "reference"), ({"attach": "a", "return_url": "http://a/?b=c"}, "return_url"),
    ({"reference": " a"}, "reference")])
def test_without_a_known_mistake_the_first_doubtful_spot_is_named(params: Params, spot: str) -> None:
    found = doctor.explain({**params, "sign": "0" * 32}, TOKEN)
    assert found.mistake is None
    assert spot in found.sentence


def test_a_sign_of_the_wrong_length_is_told_so() -> None:
    assert "32" in doctor.explain({"a": "1", "sign": "abc"}, TOKEN).sentence


OVER_HTTP = [row for row in MISTAKES if row[1] in ("UNSORTED", "TOKEN_BEFORE", "GBK", "PARAMETER_MISSING", "EMPTY_KEPT", "URL_ENCODED")]
over_http = pytest.mark.parametrize("code, client", [row[1:] for row in OVER_HTTP], ids=[row[0] for row in OVER_HTTP])


@over_http
@pytest.mark.parametrize("method", ["GET", "POST"])
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
    with_token = shop.control.post("/sign/explain", {"token": shop.token, "params": {**params, "sign": client(params, shop.token)}})
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


def test_no_token_is_ever_told(shop: Shop) -> None:
    params = {"merchants_id": shop.merchants_id, "out_trade_no": "1"}
    for sign in (md5(shop.token), md5_sign(params, TOKEN), md5(text_of(params))):
        answer = shop.send("tgpayquery", {**params, "sign": sign})
        told = answer.text + json.dumps(shop.journal(answer))
        assert shop.token not in told and TOKEN not in told


SECRETS: list[Client] = [
    lambda params, token: "0" * 32, lambda params, token: md5(text_of(params)), each_value(quote_plus), each_value(escaped),
    instead(password=None, pay_info=None), instead(tgpay_product=None), lambda params, token: md5(line(counted(params)) + token)]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("client", SECRETS)
def test_secrets_never_appear_in_an_explanation(shop: Shop, client: Client, method: str) -> None:
    params = {"user": "WoS.101", "tgpay_product": "ACCOUNT_LOGIN", "password": "hunter2 <咖啡> & co", "merchants_id": shop.merchants_id,
              "pay_info": '{"cardNo":"4111111111111111","cvv":"987"}'}
    for endpoint, token in (("tgpayuserinfo", TOKEN), ("tgpayqrcode", shop.token)):
        answer = shop.send(endpoint, {**params, "sign": client(params, token)}, method)
        assert answer["error"] == "ILLEGAL_SIGN"
        told = answer.text + json.dumps(shop.journal(answer), ensure_ascii=False)
        assert not [secret for secret in ("hunter2", "4111111111111111", "咖啡") if secret in told]
