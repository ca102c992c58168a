"""The programs of the page about signing that create a QR order, filled in for one merchant."""
from collections.abc import Mapping

CURL = """token=@token
# sorted by name
number="@merchant$(date +%s)"
params="it_b_pay=15m&merchants_id=@merchant&out_trade_no=$number&pay_type=alipay&trans_amount=0.01"
sign=$(printf %s "$params$token" | md5sum | cut -c 1-32)
curl -sS "@url?$params&sign=$sign&sign_type=MD5"
"""
PYTHON = """import hashlib
from time import time_ns
from urllib.parse import urlencode
from urllib.request import urlopen

token = "@token"
params = {"merchants_id": "@merchant", "out_trade_no": f"@merchant{time_ns()}", "pay_type": "alipay",
          "trans_amount": "0.01", "it_b_pay": "15m"}
text = "&".join(f"{name}={params[name]}" for name in sorted(params) if params[name])
params |= {"sign": hashlib.md5(f"{text}{token}".encode()).hexdigest(), "sign_type": "MD5"}
print(urlopen(f"@url?{urlencode(params)}").read().decode())
"""
PHP = """<?php
$token = '@token';
$params = ['merchants_id' => '@merchant', 'out_trade_no' => '@merchant' . date('YmdHis'),
           'pay_type' => 'alipay',
           'trans_amount' => '0.01', 'it_b_pay' => '15m'];
$params = array_filter($params, fn ($value) => $value !== '');
ksort($params, SORT_STRING);
$pairs = array_map(fn ($name) => "$name=$params[$name]", array_keys($params));
$params += ['sign' => md5(implode('&', $pairs) . $token), 'sign_type' => 'MD5'];
echo file_get_contents('@url?' . http_build_query($params));
"""


def snippets(merchants_id: str, token: str, base_url: str) -> Mapping[str, str]:
    """The programs by language, with the merchant's number and token and the emulator's URL."""
    def filled(program: str) -> str:
        named = program.replace("@token", token).replace("@merchant", merchants_id)
        return named.replace("@url", f"{base_url}/v2/tgpayqrcode.php")
    return {"curl": filled(CURL), "Python": filled(PYTHON), "PHP": filled(PHP)}
