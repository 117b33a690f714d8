"""Personal data in a text: patterns that a checksum or a public register of examples can confirm."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

EMAIL, PHONE, CARD, IBAN, ADDRESS, IDENTITY = KINDS = ("email", "phone", "card", "iban", "ip", "id")
WORDS = {
    EMAIL: "e-mail address",
    PHONE: "phone number",
    CARD: "card number",
    IBAN: "bank account number",
    ADDRESS: "IP address",
    IDENTITY: "identity number",
}


class Piece(NamedTuple):
    """A place in a text that holds personal data."""

    kind: str
    start: int
    end: int


HINT = "|".join(
    (
        r"[0-9A-Za-z_%+-]@[0-9A-Za-z-]+\.[A-Za-z]",
        r"(?:[0-9][ .()-]{0,2}){6}[0-9]",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        r"[0-9A-Fa-f]:[0-9A-Fa-f:]{4}",
    )
)
"""What a text without any of it need not be looked at for."""

_EMAIL = re.compile(
    r"(?<![\w.+@/-])([A-Za-z0-9][A-Za-z0-9._%+-]{0,63})@((?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,15})(?![\w@-])"
)
_ROLES = re.compile(
    r"(?i)(?:info|contact|support|help|hello|sales|admin\w*|office|no-?reply|do-?not-?reply|webmaster|postmaster|service|customer\w*|press|media|"
    r"jobs|careers|hr|billing|team|git|root|user\w*|username|name|your\w*|my\w*|e?mail|someone|somebody|anyone|test\w*|example\w*|sample\w*|"
    r"(?:john|jane|j)[._-]?(?:doe|smith|d|s)\d*|johndoe\w*|foo|bar|abc|xyz|first\w*[._-]?last\w*|alice|bob|recipient|sender|from|to|me|you|x+|events?|"
    r"feedback|enquir\w+|inquir\w+|orders?|privacy|legal|security|marketing|news\w*|subscri\w+|bookings?|reservations?|returns?)\d*"
)
"""Addresses of an office, or that stand for anybody's."""
_GMAIL = 6
"""Characters that Gmail asks of a name."""
_RESERVED = re.compile(
    r"(?i)(?:.*\.)?(?:example|test|invalid|localhost|local)|(?:.*\.)?(?:example|test|domain|email|company|abc|xyz|website|yoursite|mysite|site|sample|foo|bar|"
    r"host|server|business|organi[sz]ation|school|university|[a-z]*your[a-z-]*|[a-z-]*example[a-z-]*|[a-z-]*domain)\.[a-z.]+"
)
_PHONES = (
    re.compile(
        r"(?<![\w.+/=-])(?:\+?1[ .-]?)?\(?([2-9]\d\d)\)?[ .-]{1,2}([2-9]\d\d)[ .-](\d{4})(?![\w-]|\.\d)"
    ),
    re.compile(r"(?<![\w.+*/=^-])\+([1-9]\d{0,2})[ .-]((?:\(?\d{1,5}\)?[ .-]?){2,6}\d)(?![\w-]|\.\d)"),
    re.compile(r"(?<![\w.+/=-])(0)(7\d{3} ?\d{3} ?\d{3})(?![\w-])"),
)
_FREE = frozenset({"800", "888", "877", "866", "855", "844", "833", "822", "900", "123", "555"})
"""American codes of companies and of fiction."""
_DRAMA = re.compile(
    r"7700900|20794600|1632960|1134960|1144960|1154960|1164960|1174960|1184960|1214960|1314960|1414960|1514960|1614960|1914980|2890180|2920180|8081570"
)
"""British numbers kept for drama."""
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}"
)
_TEST_CARDS = frozenset(
    "4242424242424242 5555555555554444 378282246310005 371449635398431 378734493671000 5105105105105100 4012888888881881 4000056655665556"
    " 5200828282828210 2223003122003222 6011000990139424 6011000400000000 30569309025904 38520000023237 3530111333300000 3566002020360505"
    " 4532015112830366 4539578763621486 4916338506082832 5425233430109903 4917484589897107 4005519200000004 4009348888881881 5431111111111111".split()
)
_IBAN = re.compile(r"(?<![\w])([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)(?![\w])")
_IBAN_LONG = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22,
    "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31,
    "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26, "AE": 23,
}  # fmt: skip
_TEST_IBANS = frozenset(
    "GB82WEST12345698765432 GB29NWBK60161331926819 GB33BUKB20201555555555 DE89370400440532013000 FR1420041010050500013M02606 FR7630006000011234567890189"
    " ES9121000418450200051332 NL91ABNA0417164300 BE68539007547034 CH9300762011623852957 IT60X0542811101000000123456 AT611904300234573201 IE29AIBK93115212345678"
    " PL61109010140000071219812874 DK5000400440116243 SE4550000000058398257466 NO9386011117947 PT50000201231234567890154".split()
)
_IPV4 = re.compile(r"(?<![\w.-])(?<![vV]ersion )\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d|/\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{4,36}[0-9A-Fa-f](?![\w:])")
_KNOWN = frozenset(
    "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220 4.2.2.2 4.2.2.1 1.2.3.4 5.6.7.8 4.4.4.4 12.34.56.78 123.45.67.89 123.45.67.8 98.76.54.32"
    " 2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001".split()
)
"""Servers everybody knows, and numbers that stand for any."""
_CPF = re.compile(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])")
_INSEE = re.compile(r"(?<![\w.-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?![\w-])")


def find(text: str) -> list[Piece]:
    """The personal data in a text, in order; a place counts once."""
    found: list[Piece] = []
    for search in _SEARCHES:
        for piece in search(text):
            if not any(piece.start < other.end and other.start < piece.end for other in found):
                found.append(piece)
    return sorted(found, key=lambda piece: piece.start)


def _matches(
    kind: str, pattern: re.Pattern[str], holds: Callable[[str], bool]
) -> Callable[[str], Iterator[Piece]]:
    def search(text: str) -> Iterator[Piece]:
        return (Piece(kind, *match.span()) for match in pattern.finditer(text) if holds(match[0]))

    return search


def _emails(text: str) -> Iterator[Piece]:
    for match in _EMAIL.finditer(text):
        impossible = match[2].lower() == "gmail.com" and len(match[1]) < _GMAIL
        if not impossible and not _ROLES.fullmatch(match[1]) and not _RESERVED.fullmatch(match[2]):
            yield Piece(EMAIL, *match.span())


def _phones(text: str) -> Iterator[Piece]:
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            digits = _digits(match[0])
            if 8 <= len(digits) <= 15 and not _invented(match.groups(), digits):
                yield Piece(PHONE, *match.span())


def _invented(parts: tuple[str, ...], digits: str) -> bool:
    """Whether a phone number is one for examples, fiction or companies."""
    own = digits[-10:]
    american = len(parts) == 3 and (parts[0] in _FREE or parts[1] == "555" or parts[0][1:] == "11")
    fiction = digits.startswith("1") and ("555" in (digits[1:4], digits[4:7]) or digits[1:4] in _FREE)
    return bool(american or fiction or _DRAMA.search(digits)) or _counted(own)


def _counted(digits: str) -> bool:
    """Whether somebody ran a finger along the keys: 1234567, 000000, 987654."""
    return bool(re.search(r"(\d)\1{4}", digits)) or any(
        run in digits
        for run in (
            "12345",
            "23456",
            "34567",
            "45678",
            "56789",
            "67890",
            "98765",
            "87654",
            "76543",
            "65432",
            "54321",
        )
    )


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _is_card(text: str) -> bool:
    digits = _digits(text)
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


def _is_iban(text: str) -> bool:
    """ISO 13616: the length of its country, and the remainder 1 by 97."""
    code = text.replace(" ", "")
    if len(code) != _IBAN_LONG.get(code[:2]) or code in _TEST_IBANS:
        return False
    return int("".join(str(int(each, 36)) for each in code[4:] + code[:4])) % 97 == 1


def _is_public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # Four small numbers are a version more often than an address.
    version = address.version == 4 and all(part < 30 for part in address.packed)
    return address.is_global and not address.is_multicast and not version and str(address) not in _KNOWN


def _is_cpf(text: str) -> bool:
    digits = [int(each) for each in _digits(text)]
    checks = [
        sum(weight * digit for weight, digit in zip(range(size + 1, 1, -1), digits, strict=False))
        * 10
        % 11
        % 10
        for size in (9, 10)
    ]
    return digits[9:] == checks and len(set(digits)) > 1 and digits[:9] != list(range(1, 10))


def _is_insee(text: str) -> bool:
    code = text.replace(" ", "")
    number = code[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(code[13:])


_SEARCHES = (
    _emails,
    _matches(CARD, _CARD, _is_card),
    _matches(IBAN, _IBAN, _is_iban),
    _matches(IDENTITY, _CPF, _is_cpf),
    _matches(IDENTITY, _INSEE, _is_insee),
    _matches(ADDRESS, _IPV4, _is_public),
    _matches(ADDRESS, _IPV6, _is_public),
    _phones,
)
