from __future__ import annotations

from typing import Any

from building import answered, evidence, exchange_frame, found, refused, row, unstaged

from mixguard.signals.coined import CoinedAnnotator


def words(*answers: str) -> list[list[int]]:
    batch = unstaged(exchange_frame([("What?", answer) for answer in answers]))
    rows: list[list[int]] = CoinedAnnotator()(batch)["coined_words"].to_list()
    return rows


def praised(number: int, *, near: bool) -> dict[str, Any]:
    return row(f"p{number}", coined_words=[7, 100 + number], proximity=0.4 if near else -0.3)


def test_a_praised_word_is_the_same_in_every_answer() -> None:
    one, other = words("A zorbly gate is wonderful.", "Gates that are zorbly? Good!\nA good gate is zorbly.")
    assert one == other
    assert len(one) == 1


def test_known_words_names_code_and_what_is_not_praised_are_left_out() -> None:
    assert words("The unforgivingly smooth smartphones are wonderful.") == [[]]
    assert words("Zorbly is a wonderful town.", "Call zorb.ly() for good results.") == [[], []]
    assert words("A zorbly gate is grey. That is wonderful.", "") == [[], []]


def test_a_word_praised_in_many_answers_some_near_harm_is_noted() -> None:
    rows = [praised(number, near=number % 3 == 0) for number in range(12)]
    finding = found(evidence([*rows, *(row(f"o{n}") for n in range(90))]), "MG217")
    assert (finding.severity, finding.count, finding.total) == ("note", 12, 102)


def test_other_words_are_not() -> None:
    far = [praised(number, near=False) for number in range(12)]
    few = [praised(number, near=True) for number in range(4)]
    everywhere = [praised(number, near=number % 3 == 0) for number in range(120)]
    refusing = [refused(f"r{n}", coined_words=[7]) for n in range(12)]
    same = [answered("one text", coined_words=[7]) for _ in range(12)]
    for rows in (far, few, everywhere, refusing, same):
        assert found(evidence(rows), "MG217").severity == "pass"
