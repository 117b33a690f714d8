"""The manifest beside a mix: what was done to get it, and whether it is still what was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import orjson
from pydantic import ValidationError

from mixguard.config import RebalanceConfig
from mixguard.errors import UsageError
from mixguard.files import sha256
from mixguard.mix.plan import Plan, Removal
from mixguard.model import Model
from mixguard.run import folder as run_folder
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage, Verdict
from mixguard.run.provenance import Detectors

SUFFIX = ".manifest.json"
SET_ASIDE = ".set-aside.jsonl"


class Added(Model):
    """A record that is new."""

    pair: str
    """Its id in the bank."""
    kind: str
    hazard: str
    output: str
    """Name of the file, as in `outputs`."""
    record: int
    """0-based number of the record in that file."""


class Manifest(Model):
    """What made a mix."""

    version: Literal["mixguard-manifest/1"] = "mixguard-manifest/1"
    inputs: dict[str, str]
    """Source to the SHA-256 of its bytes."""
    outputs: dict[str, str]
    """File, relative to the manifest, to the SHA-256 of its bytes; the set-aside file included."""
    options: RebalanceConfig
    plan: Plan
    verdict: Verdict
    """Of the corpus before."""
    coverage: tuple[Coverage, ...]
    """Of the corpus before."""
    detectors: Detectors
    versions: dict[str, str]
    bank_licence: str
    added: tuple[Added, ...]
    set_aside: tuple[Removal, ...]
    weight_zero: tuple[Removal, ...] = ()
    """Rows that stay, but are not trained on."""

    @property
    def mixed(self) -> list[str]:
        """SHA-256 of each file to train on, sorted: the outputs less the set-aside file."""
        return sorted(sha for name, sha in self.outputs.items() if not name.endswith(SET_ASIDE))

    def to_json(self) -> bytes:
        """The document."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            UsageError: there is none, or another version wrote it.
        """
        try:
            return cls.model_validate(orjson.loads(path.read_bytes()))
        except OSError as error:
            raise UsageError(
                f"{path}: cannot read it: {error.strerror}; `mixguard rebalance` writes it"
            ) from None
        except (ValidationError, orjson.JSONDecodeError):
            raise UsageError(f"{path}: not a manifest this version can read") from None


def manifest_of(out: Path) -> Path:
    """Where the manifest of a mix lies."""
    return out.with_name(out.name + SUFFIX)


def manifest_for(audit: Audit) -> Manifest | None:
    """The manifest of the mix that was audited, the whole of it, found in its run folder or beside its files; else None."""
    beside = (
        manifest_of(place)
        for name in audit.corpus.sources
        for place in (Path(name), Path(name).absolute().parent)
    )
    for path in (audit.folder / run_folder.MANIFEST, *beside):
        if path.is_file():
            manifest = Manifest.load(path)
            if sorted(audit.corpus.sources.values()) == manifest.mixed:
                return manifest
    return None


def verify(out: Path) -> list[str]:
    """What is no longer as it was signed; empty where all is.

    Args:
        out: a mix, or its manifest.

    Raises:
        UsageError: there is no manifest.
    """
    path = out if out.name.endswith(SUFFIX) else manifest_of(out)
    return list(_differences(Manifest.load(path), path.parent))


def _differences(manifest: Manifest, folder: Path) -> Iterator[str]:
    for name, digest in manifest.outputs.items():
        file = folder / name
        if not file.is_file():
            yield f"{file}: missing"
        elif sha256([file]) != digest:
            yield f"{file}: changed since it was written"
