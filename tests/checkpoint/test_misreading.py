"""Which error of the judge is used, and which way round."""

from __future__ import annotations

from pathlib import Path

import pytest
from building import DETECTORS

from mixguard.checkpoint import misreading
from mixguard.checkpoint.misreading import detectors, of_good
from mixguard.errors import TaxonomyError
from mixguard.stats import DetectorError

MEASURED = """
source = "412 answers of two models, read by hand"
[hazardous]
sensitivity = 0.95
specificity = 0.97
positives = 200
negatives = 100
[look_alike]
sensitivity = 0.9
specificity = 0.99
positives = 50
negatives = 150
"""


@pytest.fixture
def stance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(misreading, "bundled", lambda *_: tmp_path)
    return tmp_path


@pytest.mark.usefixtures("stance")
def test_until_answers_of_models_are_measured_the_exemplars_speak() -> None:
    hazardous, alike, identity = detectors(["hazardous", "look_alike", "identity"], DETECTORS)
    assert hazardous.error == DETECTORS.stance_error
    assert hazardous.misread == pytest.approx(1 - DETECTORS.stance_error.sensitivity)
    assert alike.misread == pytest.approx(1 - DETECTORS.stance_benign_error.specificity)
    assert "800 left-out exemplars" in hazardous.source
    assert (identity.error, identity.misread) == (None, 0.0)


def test_the_error_on_answers_of_models_comes_first(stance: Path) -> None:
    (stance / "answers.toml").write_text(MEASURED)
    hazardous, alike = detectors(["hazardous", "look_alike"], DETECTORS)
    assert hazardous.source == "412 answers of two models, read by hand"
    assert (hazardous.misread, alike.misread) == pytest.approx((0.05, 0.01))
    assert of_good(hazardous) == DetectorError(0.95, 0.97, 200, 100)
    assert of_good(alike) == DetectorError(0.99, 0.9, 150, 50)


def test_a_wrong_file_is_told(stance: Path) -> None:
    (stance / "answers.toml").write_text(MEASURED.replace("0.95", "1.5"))
    with pytest.raises(TaxonomyError, match=r"answers.toml: hazardous.sensitivity"):
        list(detectors(["hazardous"], DETECTORS))
