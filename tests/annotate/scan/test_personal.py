from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.annotate.scan.personal import HINT, KINDS, find

FOUND = {
    "email": ["Write to t.hargreave@lindenhof-garten.de.", "(m.k.oyelaran88@gmail.com)"],
    "phone": [
        "Call (212) 664-7665 now",
        "at 415-867-5309.",
        "+44 20 7219 3000",
        "+49 30 227 32152",
        "07911 844 352",
    ],
    "card": ["4539 1488 0343 6467", "5425-2334-3010-9911"],
    "iban": ["DE44 5001 0517 5407 3249 31", "GB94BARC10201530093459"],
    "ip": ["at 93.184.216.34.", "2a00:1450:4001:81b::200e"],
    "id": ["CPF 529.982.247-25"],
}
SPARED = [
    "a@example.com, b@sub.example.org, you@yourcompany.com, john.doe@gmail.com, info@lindenhof-garten.de, git@github.com",
    "dan@gmail.com",  # Gmail asks for six characters
    "555-0123, (212) 555-0142, 800-867-5309, 123-456-7890, +1 555 010 9999, 07700 900123, +44 7700 900123",
    "4111 1111 1111 1111, 4242424242424242, 378282246310005, 4539 1488 0343 6468",
    "GB82 WEST 1234 5698 7654 32, DE89370400440532013000, DE44 5001 0517 5407 3249 32",
    "127.0.0.1, 10.0.0.7, 192.168.1.1, 172.16.0.3, 192.0.2.1, 198.51.100.4, 203.0.113.9, 8.8.8.8, 1.1.1.1, 0.0.0.0, 999.1.2.3",
    "version 2.0.14.1, ::1, fe80::1, 2001:db8::1, 12:30:45, aa:bb:cc:dd:ee:ff, std::vector<int>",
    "111.111.111-11, 529.982.247-26",
    "ISBN 978-3-16-148410-0, 3.14159265358979, 2024-03-05 12:30, 1,000,000,000, 0123456789012345",
    "@app.route('/a')\nimport { a } from '@types/node'",
]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts])
def test_each_kind_is_found_where_it_stands(kind: str, text: str) -> None:
    assert re.search(HINT, text)
    (piece,) = find(text)
    assert piece.kind == kind
    assert 0 <= piece.start < piece.end <= len(text)


@pytest.mark.parametrize("text", SPARED)
def test_examples_fiction_and_other_numbers_are_spared(text: str) -> None:
    assert find(text) == []


@given(st.text(st.sampled_from("0123456789 .-+()@:abGBDE\n"), max_size=200))
def test_whatever_a_text_holds_places_lie_in_it_and_apart(text: str) -> None:
    found = find(text)
    assert all(piece.kind in KINDS and 0 <= piece.start < piece.end <= len(text) for piece in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
