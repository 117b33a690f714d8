"""Reviewers share the reading, join what they decided, and see how far they agree."""

from __future__ import annotations

import pytest
from building import digest
from deciding import by_text, decided
from hypothesis import given
from hypothesis import strategies as st

from mixguard.errors import UsageError
from mixguard.review.agreement import OVERLAP_LEAST, Merged, merge, part
from mixguard.review.decision import Decision

IDS = [digest(f"row {n}") for n in range(400)]


@pytest.mark.parametrize("of", [1, 2, 3])
def test_everything_is_read_once_and_a_tenth_by_all(of: int) -> None:
    parts = [part(IDS, number, of) for number in range(1, of + 1)]
    assert set.union(*parts) == set(IDS)
    if of > 1:
        assert len(set.intersection(*parts)) == 40
        assert sum(map(len, parts)) == 360 + of * 40
        assert all(abs(len(each) - 40 - 360 / of) < 50 for each in parts)


def test_parts_depend_on_the_ids_alone_and_hardly_move() -> None:
    one = part(IDS, 1, 2)
    assert part(IDS[::-1], 1, 2) == part([*IDS, *IDS], 1, 2) == one
    assert len(one ^ part(IDS[1:], 1, 2)) <= 3


def test_of_few_rows_all_are_read_by_all() -> None:
    assert part(IDS[:15], 1, 2) == part(IDS[:15], 2, 2) == set(IDS[:15])
    assert len(part(IDS[:60], 1, 2) & part(IDS[:60], 2, 2)) == OVERLAP_LEAST


@pytest.mark.parametrize(("number", "of"), [(0, 2), (3, 2), (-1, 1), (1, 0), (1, 101)])
def test_a_part_that_is_not_there_is_refused(number: int, of: int) -> None:
    with pytest.raises(UsageError, match=f"part {number}/{of}: write it as NUMBER/OF"):
        part(IDS, number, of)


def together(**rulings: str | None) -> Merged:
    """What reviewers say of one row, in the order they say it."""
    said = [
        (author, decided(ruling.replace("_", "-"), author=author, after=after))
        for after, (author, ruling) in enumerate(rulings.items())
        if ruling
    ]
    return merge({author: by_text(decision) for author, decision in said})


def ruling(merged: Merged) -> str | None:
    return next((each.ruling for each in merged.decisions.values()), None)


@pytest.mark.parametrize(
    ("said", "holds", "disagree", "both"),
    [
        ({"ann": "accept"}, "accept", 0, 0),
        ({"ann": "accept", "ben": "accept"}, "accept", 0, 1),
        ({"ann": "accept", "ben": "set_aside"}, None, 1, 1),
        ({"ann": "accept", "ben": "skip"}, "accept", 0, 0),
        ({"ann": "skip", "ben": "skip"}, "skip", 0, 0),
        ({"ann": "accept", "ben": "set_aside", "cem": "set_aside"}, "set-aside", 0, 1),
        ({"ann": "accept", "ben": "set_aside", "cem": "wrong_stance"}, None, 1, 1),
        ({"ann": "accept", "ben": "set_aside", "cem": "skip"}, None, 1, 1),
        ({"ann": "accept", "ben": "set_aside", "cem": "accept", "dee": "set_aside"}, None, 1, 1),
    ],
)
def test_what_most_say_holds_and_else_it_stays_open(
    said: dict[str, str], holds: str | None, disagree: int, both: int
) -> None:
    merged = together(**said)
    assert (ruling(merged), len(merged.disagreements), merged.both) == (holds, disagree, both)
    if disagree:
        assert set(merged.disagreements[0].decisions) == {
            name for name, each in said.items() if each != "skip"
        }


def test_two_hazards_are_two_opinions() -> None:
    one, other = decided("wrong-hazard", hazard="vcr"), decided("wrong-hazard", author="Ben")
    assert merge({"Ann": by_text(one), "Ben": by_text(other)}).decisions == {}
    same = decided("wrong-hazard", hazard="vcr", author="Ben", after=3)
    assert [*merge({"Ann": by_text(one), "Ben": by_text(same)}).decisions.values()] == [same]


def _read(author: str, rulings: list[str]) -> dict[str, Decision]:
    return by_text(*(decided(each, f"row {n}", author=author, after=n) for n, each in enumerate(rulings)))


def test_agreement_is_that_of_the_first_two_beyond_chance() -> None:
    # Of 30 rows both accept 15 and set 9 aside: by chance .5 * .6 + .5 * .4 = .5 would agree.
    ann = ["accept"] * 15 + ["set-aside"] * 15
    ben = ["accept"] * 15 + ["accept"] * 3 + ["set-aside"] * 12
    merged = merge({"Ann": _read("Ann", ann), "Ben": _read("Ben", ben)})
    assert (merged.both, merged.share, merged.kappa) == (30, 0.9, 0.8)
    assert merged.interval is not None
    assert 0.7 < merged.interval.low < 0.9 < merged.interval.high < 1
    late = {each.text_id: each.model_copy(update={"author": "Cem", "at": each.at.replace(year=2027)})
            for each in _read("Ann", ann).values()}  # fmt: skip
    decided_by_cem = merge({"Cem": late, "Ann": _read("Ann", ann), "Ben": _read("Ben", ben)})
    assert (decided_by_cem.share, decided_by_cem.kappa, decided_by_cem.disagreements) == (0.9, 0.8, ())
    assert len(decided_by_cem.decisions) == 30


def test_of_few_rows_or_one_ruling_no_kappa_is_told() -> None:
    few = ["accept", "set-aside"] * 9
    merged = merge({"Ann": _read("Ann", few), "Ben": _read("Ben", few)})
    assert (merged.both, merged.share, merged.kappa) == (18, 1.0, None)
    same = merge({name: _read(name, ["accept"] * 30) for name in ("Ann", "Ben")})
    assert (same.share, same.kappa) == (1.0, None)
    assert merge({}) == Merged({}, (), 0, None, None)
    assert merge({}).interval is None


rulings = st.sampled_from(["accept", "set-aside", "wrong-hazard", "wrong-stance", "skip"])


@given(said=st.dictionaries(st.sampled_from("abcd"), st.lists(rulings, max_size=6)))
def test_every_row_holds_or_is_open_and_the_order_of_reviewers_does_not_matter(
    said: dict[str, list[str]],
) -> None:
    journals = {author: _read(author, each) for author, each in said.items()}
    merged = merge(journals)
    rows = {text_id for journal in journals.values() for text_id in journal}
    assert rows == merged.decisions.keys() | {each.text_id for each in merged.disagreements}
    assert not merged.decisions.keys() & {each.text_id for each in merged.disagreements}
    other = merge(dict(reversed(journals.items())))
    assert (other.share, other.kappa, {*other.decisions}) == (merged.share, merged.kappa, {*merged.decisions})
