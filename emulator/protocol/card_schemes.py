"""The number ranges of card schemes, the check digit, and the known numbers: test cards and public test
numbers.
"""
import re
from functools import cache

from .response_codes import RESPONSE_CODES

SHORTEST, LONGEST = 12, 19
_TO_15, _FROM_16 = (12, 13, 14, 15), (16, 17, 18, 19)
# Scheme, first and last prefix of four digits, lengths. Ranges of co-branded schemes (Elo, Troy, RuPay,
# Dankort, Verve, Hipercard, Laser, Switch and others) lie within those of Visa, Discover and Maestro unless
# they stand here.
RANGES = (
    ("Visa", 4000, 4999, (13, 16, 19)),
    ("Mastercard", 5100, 5599, (16,)), ("Mastercard", 2221, 2720, (16,)),
    ("American Express", 3400, 3499, (15,)), ("American Express", 3700, 3799, (15,)),
    ("JCB", 3528, 3589, _FROM_16), ("JCB", 1800, 1800, (15,)), ("JCB", 2131, 2131, (15,)),
    ("Diners Club", 3000, 3059, (14, 16, 19)), ("Diners Club", 3095, 3095, (14, 16, 19)),
    ("Diners Club", 3600, 3699, (14, 16, 19)), ("Diners Club", 3800, 3999, (14, 16, 19)),
    ("Discover, UnionPay, RuPay, Maestro", 6000, 6999, _FROM_16),
    ("UnionPay, RuPay", 8100, 8299, _FROM_16),
    ("Maestro, Elo, Verve, RuPay", 5000, 5099, _FROM_16), ("Maestro", 5600, 5899, _FROM_16),
    # Short Maestro numbers exist in these issuers' ranges only; elsewhere 12 to 15 digits are mostly
    # telephone numbers.
    *(("Maestro", only, only, _TO_15) for only in (5018, 5020, 5033, 5038, 5612, 5868, 5893, 6304, 6390)),
    ("Maestro", 6700, 6799, _TO_15),
    ("Mir", 2200, 2204, _FROM_16), ("Borica", 2205, 2205, (16,)), ("China T-Union", 3100, 3199, (19,)),
    ("GPN", 1946, 1946, (16,)), ("Troy", 9792, 9792, (16,)), ("Napas", 9704, 9704, (16, 19)),
    ("UzCard", 8600, 8600, (16,)), ("Humo", 9860, 9860, (16,)), ("Belkart", 9112, 9112, (16,)),
)
PREFIX = "400002"  # of the test cards that give a response code
PLAIN = ("4000020951595032", "5204740000001002", "4111111111111111", "4242424242424242", "5555555555554444",
         "378282246310005", "3530111333300000", "6011111111111117", "30569309025904")
# Numbers that payment providers publish for tests, and samples of check digit tools. They are no real cards.
PUBLIC = frozenset("""
4012888888881881 4222222222222 4000056655665556 4005519200000004 4009348888881881 4012000033330026
4012000077777777 4217651111111119 4500600000000061 4000111111111115 4917610000000000 4917300800000000
4462030000000000 4484070000000000 4111111145551142 4988438843884305 4166676667666746 4646464646464644
4000620000000007 4293189100000008 4263982640269299 4263970000005262 4000000000000002 4000000000000069
4000000000000119 4000000000000127 4000000000000259 4000000000000341 4000000000003220 4000002500003155
4000002760003184 4000000000009995 5105105105105100 5200828282828210 5555341244441115 5136333333333335
5585558555855583 5454545454545454 5500000000000004 5424000000000015 5577000055770004 5425233430109903
2223003122003222 2223000048400011 2223000048410010 2222400070000005 2222420000001113 371449635398431
378734493671000 371144371144376 341134113411347 370000000000002 374245455400126 3566002020360505
3566111111111113 3569990010095841 6011000990139424 6011000000000004 6011601160116611 6445644564456445
38520000023237 38000000000006 36006666333344 36227206271667 3056930009020004 36700102000000 6200000000000005
6205500000000000004 6212345678901265 6212345678901232 6212345678900000003 6250941006528599 8171999927660000
8171999900000000021 6759649826438453 6799990100000000019 6771798021000008 6304000000000000 50339619890917
586824160825533338 6331101999990016 6703444444444449 5641821111166669 5019717010103742 2200000000000004
5066991111111118 6362970000457013 6062826786276634 5067310000000010 6062828888666688 9792030394440796
4532015112830366 4539578763621486 6011514433546201 4556737586899855 4539148803436467 4916338506082832
4485275742308327 4716258050958645 4532756279624064 6243030000000001 6223164991230014 6221261111117766
6216261000000000018 6250947000000014 6250946000000016 5500005555555559 5431111111111111 4444333322221111
4911830000000 4462000000000003 4035501000000008 4360000001000005 4871049999999910 2222400010000008
5610591081018250 4007702835532454 5425230000004415 4000000000001091 4000000000003063 4000000000000101
4000000000009987 4000000000009979 4000000000000036 4000002760000016 4000058260000005 5200000000000007
6011000000000012 4007000000027 4111110000000211 4012888818888 4000000000001000 5200000000001005
5200000000000106 340000000000009 3530142019955809 3528000000000007 6759411100000008 6240008631401148
4929000000006 4929421234600821 4917300000000008 5404000000000001 5573470000000001 4508750015741019
36000000000008 374200000000004 5496198584584769 2223000010089800 6771830999991239 6771830000000000006
2200770239097761 2201382000000013 4111111111111129 4005562231212123 5155901222280001 5123456789012346
5313581000123430 345678901234564 30123456789019
""".split())
# It is compiled when it is needed first, and not at each start, because it is large and rarely needed.
_SCRIPTED = rf"{PREFIX}(?=(?:{'|'.join(sorted(RESPONSE_CODES))})[0-9]{{6}})"
_SHORTEST_TEST_CARD = min(map(len, PLAIN))
_PARTS = sorted({PREFIX[:5], *(number[5:10] for number in PLAIN)})
_DOUBLED = {character: digit for digit, character in enumerate("0516273849")}
_SINGLE = {character: digit for digit, character in enumerate("0123456789")}


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the correct check digit (Luhn); `number` must have ASCII digits only."""
    total = sum(map(_SINGLE.__getitem__, number[::-2])) + sum(map(_DOUBLED.__getitem__, number[-2::-2]))
    return total % 10 == 0


@cache
def lengths(prefix: str) -> tuple[int, ...]:
    """The possible lengths of card numbers that begin with these four digits."""
    place = int(prefix)
    found: set[int] = set()
    for _, first, last, some in RANGES:
        if first <= place <= last:
            found.update(some)
    return tuple(sorted(found))


def is_card_number(digits: str) -> bool:
    """Whether digits have the range, the length and the check digit of a card number of some scheme."""
    return SHORTEST <= len(digits) <= LONGEST and len(digits) in lengths(digits[:4]) and passes_luhn(digits)


def is_known(digits: str) -> bool:
    """Whether digits are the number of a test card or a public test number."""
    return digits in PUBLIC or is_test_card(digits)


def is_test_card(digits: str) -> bool:
    """Whether digits are the number of one of the emulator's test cards."""
    return digits in PLAIN or (len(digits) == 16 and _is_scripted(digits))


def test_cards_in(digits: str) -> set[str]:
    """The numbers of test cards in a text of digits, also within longer numbers.

    An order number hardly ever contains one by chance: about once in a hundred million.
    """
    for part in _PARTS if len(digits) >= _SHORTEST_TEST_CARD else ():
        if part in digits:
            break
    else:  # the usual case
        return set()
    found = {number for number in PLAIN if number in digits}
    for match in re.finditer(_SCRIPTED, digits):
        candidate = digits[match.start():match.start() + 16]
        if passes_luhn(candidate):
            found.add(candidate)
    return found


def _is_scripted(digits: str) -> bool:
    """Whether 16 digits are the test card of a response code."""
    return (digits.startswith(PREFIX) and digits[6:10] in RESPONSE_CODES and len(digits) == 16
            and passes_luhn(digits))
