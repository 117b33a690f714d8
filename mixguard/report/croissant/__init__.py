"""Croissant 1.1 with its responsible-AI extension: what an audit knows of a corpus, for data catalogues.

Follows the specification (mlcommons/croissant, docs/croissant-spec-1.1.md and docs/croissant_rai.ttl), not
mlcroissant 1.1.1, which spells two properties of the extension differently (`dataDataManipulationProtocol`,
`dataCollectionTimeFrame`). schema.org is `https:` because its validator requires it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from os.path import commonpath, normpath
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

import orjson

from mixguard import __version__
from mixguard.corpus.files import STDIN
from mixguard.corpus.files.hub import HUB, is_saved
from mixguard.corpus.files.sniff import COMPRESSION, suffix_of
from mixguard.escape import plain
from mixguard.mix.manifest import Manifest
from mixguard.report.croissant.rai import listed, properties
from mixguard.report.figures import formats, spoken
from mixguard.run.document import Audit
from mixguard.run.words import decided

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
MOST = 1000
"""Files described; beyond that, the description says how many are left out."""
_CONTEXT = Path(__file__).with_name("context.json")
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
_TYPES = {
    ".jsonl": "application/jsonlines",
    ".ndjson": "application/jsonlines",
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/x-parquet",
    # Stream and file have different media types; the name does not say which, and this page covers both.
    ".arrow": "https://arrow.apache.org/docs/format/Columnar.html",
    ".feather": "https://arrow.apache.org/docs/format/Columnar.html",
}
"""Suffix to media type, as spelled in the specification's examples and mlcroissant."""
_PACKED = dict(zip(COMPRESSION, ("application/gzip", "application/zstd"), strict=True))


def render(audit: Audit, manifest: Manifest | None) -> bytes:
    """The corpus as a Croissant document.

    Args:
        audit: of the corpus.
        manifest: of the mix that was audited; None for a corpus that mixguard did not write.
    """
    document = {
        "@type": "sc:Dataset",
        "name": _name(list(audit.corpus.sources)),
        "description": " ".join(_description(audit)),
        "conformsTo": list(CONFORMS_TO),
        **_page(list(audit.corpus.sources)),
        "keywords": ["fine-tuning", "mixguard-audited"],
        "inLanguage": spoken(audit),
        **properties(audit, manifest),
        **_provenance(audit, manifest),
        "distribution": list(islice(_files(audit.corpus.sources), MOST)),
    }
    told = {"@context": orjson.loads(_CONTEXT.read_bytes()), **_cleaned(document)}
    content = orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n"
    # Catalogues embed the document in a page's <script>, which a name must not close.
    return content.replace(b"<", b"\\u003c")


def _cleaned(value: Any) -> Any:
    """The document with every text as one harmless line."""
    if isinstance(value, dict):
        return {key: _cleaned(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_cleaned(part) for part in value]
    return " ".join(plain(value).split()) if isinstance(value, str) else value


def _name(sources: list[str]) -> str:
    """A name derived from the file names; only a person knows a better one."""
    files = [name for name in sources if name != STDIN]
    if len(files) != 1:
        folders = [PurePath(name).parent for name in files if not name.startswith(HUB)]
        alike = len({folder.is_absolute() for folder in folders}) == 1
        stem = PurePath(commonpath(folders)).name if alike else ""
    elif files[0].startswith(HUB):
        stem = _hub_name(files[0]) or PurePath(_target(files[0])).name
    else:
        stem = PurePath(files[0]).name
        for suffix in (*COMPRESSION, *_TYPES):
            stem = stem.removesuffix(suffix)
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "corpus"


def _description(audit: Audit) -> Iterator[str]:
    corpus = audit.corpus
    yield (
        f"A fine-tuning corpus of {corpus.records:,} records ({listed(formats(audit))}) and {corpus.exchanges:,}"
        f" exchanges. mixguard audited it before training; verdict: {audit.verdict}, {decided(audit.verdict, audit.findings)}."
    )
    if STDIN in corpus.sources:
        yield f"Part of it was read from standard input, not from a file: SHA-256 {corpus.sources[STDIN]}."
    files = len(corpus.sources) - (STDIN in corpus.sources)
    if files > MOST:
        yield f"{MOST:,} of {files:,} files are described here; the run's audit.json has the SHA-256 of every file."
    unknown = ["creator", "license", "version", "citation", "date of publication"]
    if not _page(list(corpus.sources)):
        unknown.insert(2, "URL")
    yield f"Not stated, because only the publisher knows: {', '.join(unknown)}; the name is derived from the file names."


def _page(sources: list[str]) -> dict[str, str]:
    """The address of a corpus that is one hub data set."""
    names = {_hub_name(source) for source in sources}
    name = names.pop() if len(names) == 1 else None
    return {"url": _hub_page(name)} if name else {}


def _files(sources: dict[str, str]) -> Iterator[dict[str, Any]]:
    """A FileObject per source, except standard input."""
    relative = _places(name for name in sources if name != STDIN and "://" not in name)
    for source, digest in sources.items():
        if source.startswith(HUB):
            yield {**_hub_object(source), "sha256": digest}
        elif source != STDIN:
            place = quote(relative[source]) if source in relative else quote(source, safe=":/?&=*")
            yield {
                "@type": "cr:FileObject",
                "@id": place,
                "name": PurePath(source).name,
                "contentUrl": place,
                "encodingFormat": _media_type(source),
                "sha256": digest,
            }


def _places(sources: Iterable[str]) -> dict[str, str]:
    """Each file's path below their deepest common folder, whose location is kept private."""
    whole = {source: Path(normpath(Path(source).absolute())) for source in sources}
    below = {source: path.relative_to(path.anchor) for source, path in whole.items()}
    top = commonpath([path.parent for path in below.values()]) if below else ""
    return {source: path.relative_to(top).as_posix() for source, path in below.items()}


def _media_type(source: str) -> str | list[str]:
    """The media type implied by a file name; outer and inner if compressed."""
    inner = _TYPES.get(suffix_of(source), "application/octet-stream")
    outer = _PACKED.get(PurePath(source).suffix.lower())
    return [outer, inner] if outer else inner


def _hub_name(source: str) -> str | None:
    """`owner/name` of a hub data set; None for files, and for a saved data set of that name."""
    target = _target(source)
    known = source.startswith(HUB) and _HUB_NAME.fullmatch(target) and not is_saved(Path(target))
    return target if known else None


def _target(source: str) -> str:
    return source.removeprefix(HUB).partition(":")[0]


def _hub_page(name: str) -> str:
    return f"https://huggingface.co/datasets/{name}"


def _hub_object(source: str) -> dict[str, Any]:
    split = source.removeprefix(HUB).partition(":")[2]
    name = _hub_name(source)
    shown = name or PurePath(_target(source)).name
    rows = f"Rows of split {split}" if split else "Rows of every split"
    place = quote(shown)
    return {
        "@type": "cr:FileObject",
        "@id": f"hub/{place}/{quote(split, safe='')}" if split else f"hub/{place}",
        "name": shown,
        "description": f"{rows}. sha256 covers the concatenated Arrow files that the datasets library stores.",
        "contentUrl": _hub_page(name) if name else place,
        "encodingFormat": "git+https" if name else _TYPES[".arrow"],
    }


def _provenance(audit: Audit, manifest: Manifest | None) -> dict[str, Any]:
    """Where the corpus comes from and what was done with it, in PROV-O.

    An audit generates nothing: it used the corpus (`wasUsedBy`, PROV-O's inverse of `used`, as in GeoDCAT-AP for
    tests of a data set). A mix was generated, by `rebalance`.
    """
    version = audit.provenance.versions.get("mixguard", __version__)
    told: dict[str, Any] = {}
    if manifest is not None:
        inputs = islice(manifest.inputs.items(), MOST)
        told["prov:wasDerivedFrom"] = [
            {"@type": "prov:Entity", "name": PurePath(name).name, "sha256": digest} for name, digest in inputs
        ]
        told["prov:wasGeneratedBy"] = {
            "@type": "prov:Activity",
            "prov:label": "mixguard rebalance",
            "description": f"Files read: {len(manifest.inputs):,}; records added: {len(manifest.added):,}; set aside: {len(manifest.set_aside):,};"
            f" given weight zero: {len(manifest.weight_zero):,}; profile {manifest.plan.profile}; seed {manifest.options.seed}.",
            **_agent(manifest.versions.get("mixguard", __version__)),
        }
    told["prov:wasUsedBy"] = {
        "@type": "prov:Activity",
        "prov:label": "mixguard audit",
        "description": f"Exchanges examined: {audit.corpus.exchanges:,}; verdict: {audit.verdict}.",
        "prov:startedAtTime": audit.provenance.started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        **_agent(version),
    }
    return told


def _agent(version: str) -> dict[str, Any]:
    agent = {"@type": "prov:SoftwareAgent", "prov:label": f"mixguard {version}", "softwareVersion": version}
    return {"prov:wasAssociatedWith": agent}
