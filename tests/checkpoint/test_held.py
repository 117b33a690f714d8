"""What the corpus held, from the run of the corpus, of its mix, or from the manifest alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from building import answered, audited, row

from mixguard.checkpoint.held import held
from mixguard.errors import RunFolderError, UsageError
from mixguard.mix.manifest import Manifest
from mixguard.run.document import Audit


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    made = audited(tmp_path / "run", [answered() for _ in range(5)] + [row(f"plain {at}") for at in range(5)])
    (made.folder / "audit.json").write_bytes(made.to_json())
    return made


def manifest(audit: Audit, monkeypatch: pytest.MonkeyPatch, **more: object) -> Path:
    """A manifest of the mix of the audited corpus."""
    added = [("refusal", "vcr"), ("refusal", "vcr"), ("contrast", "vcr"), ("refusal", "ncr")]
    made = Manifest.model_construct(
        inputs=audit.corpus.sources,
        outputs={"mix.jsonl": "f" * 64},
        coverage=audit.coverage,
        added=tuple(SimpleNamespace(kind=kind, hazard=hazard) for kind, hazard in added),
        set_aside=(SimpleNamespace(hazard="vcr"),),
    ).model_copy(update=more)
    monkeypatch.setattr(Manifest, "load", lambda _: made)
    return Path("mix.jsonl.manifest.json")


def test_a_run_alone_says_what_was_there(audit: Audit) -> None:
    found = held(audit.folder, None)
    assert found is not None
    vcr = found.of("vcr")
    assert vcr is not None
    assert (vcr.exchanges, vcr.answered, vcr.refused) == (5, 5, 0)
    assert (vcr.refusals_added, vcr.contrast_added, vcr.set_aside) == (0, 0, 0)
    assert found.of("other") is None
    assert found.sources == audit.corpus.sources


@pytest.mark.parametrize("with_run", [True, False])
def test_a_manifest_adds_what_the_mix_did(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, *, with_run: bool
) -> None:
    found = held(audit.folder if with_run else None, manifest(audit, monkeypatch))
    assert found is not None
    vcr, ncr = found.of("vcr"), found.of("ncr")
    assert vcr is not None
    assert ncr is not None
    assert (vcr.answered, vcr.refusals_added, vcr.contrast_added, vcr.set_aside) == (5, 2, 1, 1)
    assert (ncr.refusals_added, ncr.contrast_added) == (1, 0)


def test_a_run_of_another_corpus_is_refused(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    made = manifest(audit, monkeypatch, inputs={"other.jsonl": "9" * 64})
    with pytest.raises(UsageError, match="are about different corpora"):
        held(audit.folder, made)


def test_nothing_given_is_nothing_held(tmp_path: Path) -> None:
    assert held(None, None) is None
    with pytest.raises(RunFolderError):
        held(tmp_path / "no run", None)
