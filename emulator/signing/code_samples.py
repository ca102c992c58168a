"""Code samples for signing: for each signature mistake, the line that does this step correctly, in four
languages.

In the samples, `params` are the parameters and `token` is the merchant's token. The lines compute `text`,
`sign` and `query` from them, in the order of `ROUTINE`. A sample does not show the imports, nor the type of
`params` (in Java a `Map<String, String>` that can be modified).
"""
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Step:
    """One step of a signing routine: a line of code in each language."""

    php: str
    java: str
    python: str
    javascript: str

    def lines(self) -> dict[str, str]:
        """The line of each language, by the language's name."""
        return asdict(self)


TOKEN = Step(
    php="$token = substr(trim(getenv('TGPAY_TOKEN')), -32);"
        "  // the 32 characters of this merchants_id's token, no line break, no BOM",
    java='String token = System.getenv("TGPAY_TOKEN").trim().replace("\\uFEFF", "");'
         "  // the token of this merchants_id, no line break, no BOM",
    python='token = os.environ["TGPAY_TOKEN"].strip()[-32:]'
           "  # the 32 characters of this merchants_id's token, no line break, no BOM",
    javascript="const token = process.env.TGPAY_TOKEN.trim();"
               "  // the token of this merchants_id, no line break, no BOM")
AMOUNT = Step(
    php="$params['trans_amount'] = number_format($amount, 2, '.', '');  // once; sign and send this text",
    java='params.put("trans_amount", amount.setScale(2, RoundingMode.HALF_UP).toPlainString());  // once; '
         'sign and send this text',
    python='params["trans_amount"] = f"{amount:.2f}"  # once; sign and send this text',
    javascript="params.trans_amount = amount.toFixed(2);  // once; sign and send this text")
TRIM = Step(
    php="$params = array_map('trim', $params);  // before signing and before sending",
    java="params.replaceAll((name, value) -> value.trim());  // before signing and before sending",
    python="params = {name: value.strip() for name, value in params.items()}  # before signing and before "
           "sending",
    javascript="for (const name in params) params[name] = params[name].trim();  // before signing and before "
               "sending")
NEITHER_SIGN = Step(
    php="unset($params['sign'], $params['sign_type']);",
    java='params.keySet().removeAll(Set.of("sign", "sign_type"));',
    python='params = {name: value for name, value in params.items() if name not in ("sign", "sign_type")}',
    javascript='for (const name of ["sign", "sign_type"]) delete params[name];')
NO_EMPTY = Step(
    php="$params = array_filter($params, fn ($value) => $value !== '');",
    java="params.values().removeIf(String::isEmpty);",
    python='params = {name: value for name, value in params.items() if value != ""}',
    javascript='for (const name in params) if (params[name] === "") delete params[name];')
SORT = Step(
    php="ksort($params, SORT_STRING);",
    java="params = new TreeMap<>(params);",
    python="params = dict(sorted(params.items()))",
    javascript="const names = Object.keys(params).sort();")
JOIN = Step(
    php="$text = implode('&', array_map(fn ($name) => \"$name=$params[$name]\", array_keys($params)));  // "
        "the values as they are",
    java='String text = params.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue())'
         '.collect(Collectors.joining("&"));  // the values as they are',
    python='text = "&".join(f"{name}={value}" for name, value in params.items())  # the values as they are',
    javascript='const text = names.map((name) => `${name}=${params[name]}`).join("&");  // the values as '
               'they are')
HASH = Step(
    php="$sign = md5($text . $token);  // $text in UTF-8, its letters as they are",
    java='String sign = String.format("%032x", new BigInteger(1, MessageDigest.getInstance("MD5")'
         '.digest((text + token).getBytes(StandardCharsets.UTF_8))));',
    python='sign = hashlib.md5((text + token).encode("utf-8")).hexdigest()',
    javascript='const sign = createHash("md5").update(text + token, "utf8").digest("hex");')
SIGN_ALONE = Step(
    php="$params['sign'] = trim($sign);",
    java='params.put("sign", sign.trim());',
    python='params["sign"] = sign.strip()',
    javascript="params.sign = sign.trim();")
SEND_ALL = Step(
    php="$params += ['sign' => $sign, 'sign_type' => 'MD5'];  // nothing else joins or leaves $params after "
        "signing",
    java='params.putAll(Map.of("sign", sign, "sign_type", "MD5"));  // nothing else joins or leaves params '
         'after signing',
    python='params |= {"sign": sign, "sign_type": "MD5"}  # nothing else joins or leaves params after '
           'signing',
    javascript='Object.assign(params, { sign, sign_type: "MD5" });  // nothing else joins or leaves params '
               'after signing')
ENCODE = Step(
    php="$query = http_build_query($params);  // the values that were signed, encoded here and nowhere else",
    java='String query = params.entrySet().stream().map(each -> each.getKey() + "=" + '
         'URLEncoder.encode(each.getValue(), StandardCharsets.UTF_8)).collect(Collectors.joining("&"));  // '
         'encoded here and nowhere else',
    python="query = urlencode(params)  # the values that were signed, encoded here and nowhere else",
    javascript="const query = new URLSearchParams(params).toString();  // the values that were signed, "
               "encoded here and nowhere else")

ADDRESS = Step(
    php="$url = 'http://127.0.0.1:8472/v2/tgpayqrcode.php?' . $query;"
        "  // as it is: no htmlspecialchars(), no urlencode()",
    java='String url = "http://127.0.0.1:8472/v2/tgpayqrcode.php?" + query;'
         "  // as it is: not escaped, not encoded again",
    python='url = f"http://127.0.0.1:8472/v2/tgpayqrcode.php?{query}"'
           "  # as it is: not escaped, not encoded again",
    javascript="const url = `http://127.0.0.1:8472/v2/tgpayqrcode.php?${query}`;"
               "  // as it is: not escaped, not encoded again")

RECEIVED = Step(
    php="$received = $params['sign'];  // $params are the fields of the notification, decoded",
    java='String received = params.get("sign");  // params are the fields of the notification, decoded',
    python='received = params["sign"]  # params are the fields of the notification, decoded',
    javascript="const received = params.sign;  // params are the fields of the notification, decoded")
COMPARE = Step(
    php="$verified = hash_equals($sign, strtolower($received));",
    java="boolean verified = MessageDigest.isEqual(sign.getBytes(StandardCharsets.UTF_8), "
         "received.toLowerCase().getBytes(StandardCharsets.UTF_8));",
    python="verified = hmac.compare_digest(sign.encode(), received.lower().encode())",
    javascript="const verified = sign === received.toLowerCase();")

ROUTINE = (
    TOKEN, AMOUNT, TRIM, NEITHER_SIGN, NO_EMPTY, SORT, JOIN, HASH, SIGN_ALONE, SEND_ALL, ENCODE, ADDRESS)
VERIFICATION = (TOKEN, RECEIVED, NEITHER_SIGN, NO_EMPTY, SORT, JOIN, HASH, COMPARE)
# The step that avoids a mistake, by the mistake's code.
CODE_SAMPLES = {
    "SPACED": SIGN_ALONE, "SIGN_TYPE_KEPT": NEITHER_SIGN, "EMPTY_KEPT": NO_EMPTY, "UNSORTED": SORT,
    "SORTED_BY_CASE": SORT, "NOT_JOINED": JOIN, "URL_ENCODED": JOIN, "HTML_ESCAPED": JOIN,
    "PLUS_NOT_ENCODED": ENCODE, "HTML_UNESCAPED": ENCODE, "TRIMMED": TRIM,
    "AMOUNT_REFORMATTED": AMOUNT, "PARAMETER_MISSING": SEND_ALL, "PARAMETER_ADDED": SEND_ALL,
    "OTHER_TOKEN": TOKEN, "TOKEN_SPACED": TOKEN, "TOKEN_ABSENT": HASH, "TOKEN_BEFORE": HASH,
    "TOKEN_NAMED": HASH, "TOKEN_AFTER_AMPERSAND": HASH, "GBK": HASH, "LATIN_1": HASH, "UPPER_CASE": HASH,
    "LOWER_CASE": HASH, "ASCII": HASH, "UTF_16": HASH, "BOM": HASH, "OTHER_HASH": HASH, "HMAC": HASH,
    "BASE64": HASH, "HALF": HASH, "TOKEN_BOM": TOKEN, "SORTED_WITH_VALUES": SORT, "SIGN_KEPT": NEITHER_SIGN,
    "JSON_SIGNED": JOIN, "SLASHES_ADDED": JOIN, "UTF_8_TWICE": JOIN, "LINE_BREAKS": SEND_ALL,
    "SPACED_VALUE": TRIM, "PERCENT_NOT_ENCODED": ENCODE, "AMPERSAND_NOT_ENCODED": ENCODE,
    "HASH_NOT_ENCODED": ENCODE, "ENCODED_TWICE": ENCODE, "NOT_SENT_IN_UTF_8": ENCODE,
    "SENT_AS_UTF_8_TWICE": ENCODE, "SENT_TWICE": ENCODE, "AMPERSAND_ESCAPED": ADDRESS, "ENTITY": ADDRESS,
    "SEPARATOR": ADDRESS,
}


def code_for(codes: list[str]) -> dict[str, str]:
    """The code that avoids these mistakes, by language: one line for each step, in the order of `ROUTINE`."""
    steps = sorted({CODE_SAMPLES[code] for code in codes}, key=ROUTINE.index)
    return {language: "\n".join(step.lines()[language] for step in steps) for language in steps[0].lines()}


def verification() -> dict[str, str]:
    """The code that verifies the signature of a notification, by language: it computes `verified`."""
    return {language: "\n".join(step.lines()[language] for step in VERIFICATION)
            for language in VERIFICATION[0].lines()}
