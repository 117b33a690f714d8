"""Numbers that a checksum confirms: cards, bank accounts, identity numbers. Those of documentation do not count."""

from __future__ import annotations

import re

_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}"
)
_TEST_CARDS = frozenset(
    [
        "4242424242424242",
        "5555555555554444",
        "378282246310005",
        "371449635398431",
        "378734493671000",
        "5105105105105100",
        "4012888888881881",
        "4000056655665556",
        "5200828282828210",
        "2223003122003222",
        "6011000990139424",
        "6011000400000000",
        "30569309025904",
        "38520000023237",
        "3530111333300000",
        "3566002020360505",
        "4532015112830366",
        "4539578763621486",
        "4916338506082832",
        "5425233430109903",
        "4917484589897107",
        "4005519200000004",
        "4009348888881881",
        "5431111111111111",
    ]
)
_IBAN_LONG = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22,
    "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31,
    "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26, "AE": 23,
}  # fmt: skip
_TEST_IBANS = frozenset(
    [
        "GB82WEST12345698765432",
        "GB29NWBK60161331926819",
        "GB33BUKB20201555555555",
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
        "FR7630006000011234567890189",
        "ES9121000418450200051332",
        "NL91ABNA0417164300",
        "BE68539007547034",
        "CH9300762011623852957",
        "IT60X0542811101000000123456",
        "AT611904300234573201",
        "IE29AIBK93115212345678",
        "PL61109010140000071219812874",
        "DK5000400440116243",
        "SE4550000000058398257466",
        "NO9386011117947",
        "PT50000201231234567890154",
    ]
)


def is_card(text: str) -> bool:
    """Whether a text is the number of a payment card."""
    digits = digits_of(text)
    return (
        bool(_BRANDS.fullmatch(digits))
        and digits not in _TEST_CARDS
        and not re.search(r"(\d)\1{5}", digits)
        and "123456" not in digits
        and _luhn(digits)
    )


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN (ISO 13616): the length of its country, and the remainder 1 by 97."""
    code = text.replace(" ", "")
    if len(code) != _IBAN_LONG.get(code[:2]) or code in _TEST_IBANS:
        return False
    return int("".join(str(int(each, 36)) for each in code[4:] + code[:4])) % 97 == 1


def is_cpf(text: str) -> bool:
    """Whether a text is a Brazilian CPF."""
    digits = [int(each) for each in digits_of(text)]
    checks = [
        sum(weight * digit for weight, digit in zip(range(size + 1, 1, -1), digits, strict=False))
        * 10
        % 11
        % 10
        for size in (9, 10)
    ]
    return digits[9:] == checks and len(set(digits)) > 1 and digits[:9] != list(range(1, 10))


def is_insee(text: str) -> bool:
    """Whether a text is a French social security number."""
    code = text.replace(" ", "")
    number = code[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(code[13:])


def digits_of(text: str) -> str:
    """The digits of a text."""
    return re.sub(r"\D", "", text)
