"""The lines of code that an explained signature brings: each of them, put into a whole signing routine, makes
a request that is taken.
"""
import json
import os
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from tgpay_emulator.signing import code_samples
from tgpay_emulator.signing.code_samples import CODE_SAMPLES, ROUTINE, Step

from .driver import md5_sign

LANGUAGES = [field.name for field in fields(Step)]
TOKEN = "14b0be26d00fbc6dcf20ed1f0a3516df"
AMOUNT = "7.5"
# In no order, with an empty one, a sign of before, blanks, and what languages like to change.
PARAMS = {"out_trade_no": "2017 04", "merchants_id": "201703200001", "Zone": "b",
          "attach": " <a href=\"x\">'&amp;+%20</a>\t",
          "reference": "咖啡 ~*", "terminal_id": "", "sign_type": "MD5", "sign": "old", "10": "ten"}
IMPORTS = ("java.math.*", "java.net.URLEncoder", "java.nio.charset.StandardCharsets",
           "java.security.MessageDigest", "java.util.*",
           "java.util.stream.Collectors")
JAVA_PARAMS = "".join(f"params.put({json.dumps(name)}, {json.dumps(value, ensure_ascii=False)});\n" for name,
                      value in PARAMS.items())
PHP_PARAMS = ", ".join("'{}' => '{}'".format(name, value.replace("'", "\\'")) for name,
                       value in PARAMS.items())
# By language: the program, the file, what stands before and after the lines.
PROGRAMS = {
    "php": (["php"], "sign.php", f"<?php\n$params = [{PHP_PARAMS}];\n$amount = {AMOUNT};\n",
            "echo $query;\n"),
    "java": (["java", "-Xshare:auto"], "Sign.java",
             "".join(f"import {name};\n" for name in IMPORTS)
             + "public class Sign {\npublic static void main(String[] args) throws Exception {\n"
             f'Map<String, String> params = new HashMap<>();\n{JAVA_PARAMS}BigDecimal amount = new '
             f'BigDecimal("{AMOUNT}");\n',
             "System.out.print(query);\n}\n}\n"),
    "python": ([sys.executable], "sign.py", "import hashlib\nimport os\nfrom urllib.parse import urlencode\n"
               f"params = {PARAMS!r}\namount = {AMOUNT}\n", "print(query, end='')\n"),
    "javascript": (["node"], "sign.mjs", 'import { createHash } from "node:crypto";\n'
                   f"let params = {json.dumps(PARAMS, ensure_ascii=False)};\nlet amount = {AMOUNT};\n",
                   "process.stdout.write(query);\n")}


def test_every_mistake_has_a_line_in_every_language() -> None:
    for step in CODE_SAMPLES.values():
        assert all(line.strip() and "\n" not in line for line in step.lines().values())


def test_every_line_stands_in_the_routine_that_is_run() -> None:
    assert {id(step) for step in CODE_SAMPLES.values()} == {id(step) for step in ROUTINE}


def test_the_lines_of_two_mistakes_stand_in_their_order_and_once_where_they_are_the_same() -> None:
    for codes in (["UNSORTED", "TOKEN_ABSENT"], ["TOKEN_ABSENT", "UNSORTED"]):
        assert code_samples.code_for(codes)["php"].splitlines() == [
            code_samples.SORT.php, code_samples.HASH.php]
    assert code_samples.code_for(["TOKEN_ABSENT", "GBK"]) == code_samples.HASH.lines()


@pytest.mark.sampled
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lines_of_a_language_make_a_right_signature_together(tmp_path: Path, language: str) -> None:
    program, file, before, after = PROGRAMS[language]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    lines = "".join(f"{step.lines()[language]}\n" for step in ROUTINE)
    (tmp_path / file).write_text(before + lines + after, encoding="utf-8")
    ran = subprocess.run([*program, file], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8",
                         timeout=60,
                         env={**os.environ, "TGPAY_TOKEN": f"{TOKEN}\n"})
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    sent = dict(parse_qsl(ran.stdout, keep_blank_values=True))
    signed = {name: value.strip() for name,
              value in PARAMS.items() if value and name not in ("sign", "sign_type")}
    signed["trans_amount"] = "7.50"
    assert sent == {**signed, "sign": md5_sign(signed, TOKEN), "sign_type": "MD5"}


@pytest.mark.sampled
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lines_that_verify_a_notification_tell_a_right_signature_from_a_wrong_one(
        tmp_path: Path, language: str) -> None:
    program, file, before, _ = PROGRAMS[language]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    shown = {"php": "echo $verified ? 'right' : 'wrong';\n",
             "python": "print(['wrong', 'right'][verified])\n",
             "java": 'System.out.print(verified ? "right" : "wrong");\n}\n}\n',
             "javascript": 'process.stdout.write(verified ? "right" : "wrong");\n'}[language]
    for sign, verdict in ((md5_sign(PARAMS, TOKEN).upper(), "right"), ("0" * 32, "wrong")):
        text = before.replace("import hashlib", "import hashlib\nimport hmac")
        for quote in "'\"":
            text = text.replace(f"{quote}old{quote}", f"{quote}{sign}{quote}")
        lines = code_samples.verification()[language]
        (tmp_path / file).write_text(f"{text}{lines}\n{shown}", encoding="utf-8")
        ran = subprocess.run([*program, file], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8",
                             timeout=60, env={**os.environ, "TGPAY_TOKEN": TOKEN})
        assert ran.stdout.strip() == verdict, ran.stdout + ran.stderr
