"""Personal data in a text: patterns that a checksum or a public register of examples can confirm."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from mixguard.annotate.scan.numbers import digits_of, is_card, is_cpf, is_iban, is_insee

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
_IBAN = re.compile(r"(?<![\w])([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)(?![\w])")
_IPV4 = re.compile(r"(?<![\w.-])(?<![vV]ersion )\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d|/\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{4,36}[0-9A-Fa-f](?![\w:])")
_KNOWN = frozenset(
    [
        "8.8.8.8",
        "8.8.4.4",
        "1.1.1.1",
        "1.0.0.1",
        "9.9.9.9",
        "149.112.112.112",
        "208.67.222.222",
        "208.67.220.220",
        "4.2.2.2",
        "4.2.2.1",
        "1.2.3.4",
        "5.6.7.8",
        "4.4.4.4",
        "12.34.56.78",
        "123.45.67.89",
        "123.45.67.8",
        "98.76.54.32",
        "2001:4860:4860::8888",
        "2001:4860:4860::8844",
        "2606:4700:4700::1111",
        "2606:4700:4700::1001",
    ]
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
            digits = digits_of(match[0])
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


def _is_public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # Four small numbers are a version more often than an address.
    version = address.version == 4 and all(part < 30 for part in address.packed)
    return address.is_global and not address.is_multicast and not version and str(address) not in _KNOWN


_SEARCHES = (
    _emails,
    _matches(CARD, _CARD, is_card),
    _matches(IBAN, _IBAN, is_iban),
    _matches(IDENTITY, _CPF, is_cpf),
    _matches(IDENTITY, _INSEE, is_insee),
    _matches(ADDRESS, _IPV4, _is_public),
    _matches(ADDRESS, _IPV6, _is_public),
    _phones,
)
