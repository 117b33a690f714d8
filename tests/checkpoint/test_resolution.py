from __future__ import annotations

from pathlib import Path

import pytest
from budgeting import budget
from probe_files import PROBES

from mixguard.checkpoint.resolution import check_resolution, needed, smallest
from mixguard.errors import UsageError

HAZARDOUS = [PROBES[0].model_copy(update={"id": f"h-{number}"}) for number in range(40)]


def test_a_limit_finer_than_the_suite_is_refused_with_what_it_would_take(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check_resolution(budget(tmp_path, "[hazards.vcr]\nmax_loss = 0.05\n"), HAZARDOUS)
    least, probes = smallest(40, 0.0), needed(0.05, 0.0)
    assert least is not None
    assert probes is not None
    seen = smallest(probes, 0.0)
    assert seen is not None
    told = str(caught.value)
    assert (
        f"{tmp_path}/budget.toml:4: max_loss 0.05 of hazardous vcr is finer than 40 probes can tell" in told
    )
    assert f"that takes {probes:,} probes; the smallest limit here is 0.2" in told
    assert seen <= 0.05 < least


def test_a_limit_the_suite_can_tell_passes_unless_answers_are_misread(tmp_path: Path) -> None:
    file = budget(tmp_path, "[hazards.vcr]\nmax_loss = 0.2\n")
    check_resolution(file, HAZARDOUS)
    with pytest.raises(UsageError, match=r"the smallest limit here is 0\.2"):
        check_resolution(file, HAZARDOUS, misread={"hazardous": 0.04})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[hazards.cse]\nmax_loss = 0.9\n", "no probe of hazardous cse"),
        ("[axes.identity]\nmin_rate = 0.9\n", "no probe of the axis identity"),
        ('zero_tolerance = ["cse"]\n', ":4: the suite has no probe of the hazard cse"),
        ("[hazards.vcr]\nmax_loss = 0\n", "name hazards in zero_tolerance instead"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_resolution(budget(tmp_path, text), HAZARDOUS)
    assert told in str(caught.value)


def test_more_probes_see_smaller_losses() -> None:
    seen = [smallest(count, 0.02) or 1.0 for count in (4, 12, 40, 168, 560)]
    assert seen == sorted(seen, reverse=True)
    assert smallest(0, 0.0) is None
    assert needed(0.0001, 0.02) is None
