"""Build a published encoder's network for OpenVINO, once, into the cache; build it again if a byte of it has changed.

The folder has the SHA-256 of each file, written when it was converted.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import warnings
from contextlib import ExitStack
from pathlib import Path

import orjson

from mixguard.errors import CacheWarning, UsageError
from mixguard.files import cannot_keep, seal, sha256, trusted
from mixguard.moving import replace_folder, scratch_folder, sync
from mixguard.network import unobserved
from mixguard.vectors.published import Published
from mixguard.vectors.quantise import Calibration, EightBits

FILES = ("model.xml", "model.bin", "tokenizer.json")
SUMS = "sha256.json"
"""The file with their hashes, sealed with the cache's secret."""
_UNKEPT: dict[str, Path] = {}
"""Folders of this process, by name, where the cache cannot be used."""
FLOAT = Calibration({}, "")
"""Nothing is rounded."""


def verified(published: Published, cache: Path, calibration: Calibration = FLOAT) -> Path:
    """The folder of the network with every byte as it was written; built first if it is not there, or not whole.

    Args:
        published: the encoder.
        cache: the cache's folder.
        calibration: what is computed in eight bits, and how.

    Raises:
        UsageError: it cannot be built.
    """
    target = _target(published, cache, calibration)
    if target.name in _UNKEPT:
        return _UNKEPT[target.name]
    if _sums(target):
        if _is_whole(target):
            return target
        _tell(f"{target}: changed or damaged, so the encoder is converted again")
    return _made(published, target, calibration)


def _target(published: Published, cache: Path, calibration: Calibration) -> Path:
    kind = f"-int8-{calibration.digest}" if calibration.digest else ""
    return cache / "encoders" / f"{published.weights}{kind}-network"


def _sums(folder: Path) -> dict[str, str]:
    """The hashes written at conversion; none if a file is missing."""
    try:
        kept = orjson.loads((folder / SUMS).read_bytes())
        sums: dict[str, str] = kept["files"] if kept["seal"] == _sealed(folder, kept["files"]) else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    whole = isinstance(sums, dict) and set(sums) == set(FILES) and all((folder / n).is_file() for n in FILES)
    return sums if whole else {}


def _is_whole(folder: Path) -> bool:
    sums = _sums(folder)
    try:
        return bool(sums) and all(
            trusted(folder / name) and sha256([folder / name]) == digest for name, digest in sums.items()
        )
    except OSError:
        return False


def _made(published: Published, target: Path, calibration: Calibration) -> Path:
    """Convert into the cache, by one process at a time; else into a folder that goes with this process."""
    from filelock import FileLock

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not _is_whole(target):
                _put(published, target, calibration)
    except (OSError, RuntimeError) as error:  # openvino raises the latter where it cannot write
        cannot_keep(target.parent.parent, error)
        return _unkept(published, target.name, calibration)
    return target


def _put(published: Published, target: Path, calibration: Calibration) -> None:
    with scratch_folder(target) as scratch:
        with published.open(target.parent) as source:
            _convert(published, source, scratch, calibration)
        _sign(scratch)
        old = replace_folder(scratch, target)
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)


def _unkept(published: Published, name: str, calibration: Calibration) -> Path:
    stack = ExitStack()
    atexit.register(stack.close)
    place = Path(tempfile.gettempdir())
    try:
        folder = stack.enter_context(scratch_folder(place / "encoder"))
        with published.open(place) as source:
            _convert(published, source, folder, calibration)
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UsageError(
            f"{place}: no place to convert the encoder to either ({why}); set encode.cache to a folder with 1 GB of room"
        ) from None
    return _UNKEPT.setdefault(name, folder)


def _sealed(folder: Path, sums: dict[str, str]) -> str:
    return seal(folder.parent.parent, orjson.dumps(sums, option=orjson.OPT_SORT_KEYS))


def _tell(what: str) -> None:
    warnings.warn(what, CacheWarning, stacklevel=2)


def _convert(published: Published, source: Path, target: Path, calibration: Calibration) -> None:
    from mixguard.vectors.weights import read

    weights = read(source / "model.safetensors", published.family, published.window, published.adapter)
    with unobserved():
        import openvino

        openvino.save_model(
            EightBits(weights, calibration.roundings).network(published.inner),
            target / "model.xml",
            compress_to_fp16=False,
        )
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")


def _sign(target: Path) -> None:
    """Write the hashes, and sync everything."""
    sums = {name: sha256([target / name]) for name in FILES}
    (target / SUMS).write_bytes(orjson.dumps({"seal": _sealed(target, sums), "files": sums}))
    for path in (*target.iterdir(), target):
        path.chmod(0o755 if path == target else 0o644)
        sync(path)
