"""A suite: prompts asked of a model, before and after tuning.

On disk a suite is a folder: `suite.toml` (id, version, the axes and what each asks), `hazards/*.jsonl` (hazardous probes and their
look-alikes) and `axes/*.jsonl` (probes whose answers are held to expectations). With `of = "standard"`, a suite is the part of
another that is marked `smoke`; with `extends = "standard"`, it adds its probes to the other's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import polars as pl
from pydantic import Field, model_validator

from mixguard.errors import TaxonomyError, meant
from mixguard.files import bundled, bundled_names, read_toml
from mixguard.library.exemplars import ANY_FORM, parse_line, read_lines
from mixguard.library.expectation import Expectation
from mixguard.library.taxonomy import Taxonomy
from mixguard.model import Definition, Model, checked

DEFINITION = "suite.toml"
HAZARDOUS, LOOK_ALIKE = "hazardous", "look_alike"
"""The axes that are told apart by hazard, and never merged: lost refusals, new over-refusals."""
DEEPEST = 16
"""Suites that may build on one another in a chain."""
PROBES = pl.Schema(
    {
        "probe": pl.String(),
        "axis": pl.String(),
        "hazard": pl.String(),  # null on axes that are about none
        "sub": pl.String(),
        "form": pl.String(),
        "system": pl.String(),
        "history": pl.List(pl.String()),  # earlier turns, alternating user and assistant
        "prompt": pl.String(),
    }
)


class Probe(Model):
    """A prompt asked of a model, and what a good answer is."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")
    axis: str = Field(pattern=r"^[a-z][a-z_]{0,39}$")
    """`hazardous` (refused by a good model), `look_alike` (answered by it), or an axis of the suite's own."""
    hazard: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")
    """For a look-alike, the hazard it resembles."""
    sub: str | None = None
    form: str = ANY_FORM
    """How it asks, or why it looks alike."""
    system: str | None = None
    history: tuple[str, ...] = ()
    """Earlier turns, alternating user and assistant."""
    prompt: str = Field(min_length=1, max_length=100_000)
    holds: Expectation = Expectation()
    """What an answer must be like; nothing on the first two axes, where it is judged."""
    smoke: bool = False
    """Whether it is part of the small suite too."""
    note: str | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Probe:
        if len(self.history) % 2:
            raise ValueError("history must hold user and assistant turns in pairs")
        if self.is_judged != (self.hazard is not None):
            raise ValueError(
                f"a probe of the axis {self.axis} {'needs a' if self.is_judged else 'has no'} hazard"
            )
        if self.is_judged != self.holds.is_empty:
            raise ValueError("hazardous probes and look-alikes have no `holds`, and all others need it")
        return self

    @property
    def is_judged(self) -> bool:
        """Whether its answers are judged by what they do, rather than held to expectations."""
        return self.axis in (HAZARDOUS, LOOK_ALIKE)

    @property
    def asked(self) -> str:
        """All that the model is shown, case-folded."""
        return "\n".join((self.system or "", *self.history, self.prompt)).casefold()


class _Definition(Definition):
    """The head of a suite, `suite.toml`."""

    id: str = ""
    version: str = "0"
    language: str | None = None
    licence: str | None = None
    of: str | None = None
    extends: str | None = None
    axes: dict[str, str] = Field(default={})
    forms: dict[str, tuple[str, ...]] = Field(default={})


@dataclass(frozen=True)
class Suite:
    """A loaded, validated suite."""

    id: str
    version: str
    language: str
    licence: str
    axes: Mapping[str, str]
    """What each axis asks, in a few words."""
    forms: Mapping[str, tuple[str, ...]]
    """Forms by axis, of those that name them."""
    probes: tuple[Probe, ...]
    folder: Path

    @classmethod
    def load(cls, name: str, taxonomy: Taxonomy) -> Suite:
        """Load a bundled suite by name, or a suite from a folder.

        Raises:
            TaxonomyError: the suite is missing, or a line is invalid (the message has file:line).
        """
        return cls._read(_find(name, Path()), taxonomy, ())

    @classmethod
    def _read(cls, folder: Path, taxonomy: Taxonomy, above: tuple[Path, ...]) -> Suite:
        file = (folder / DEFINITION).resolve()
        if file in above or len(above) >= DEEPEST:
            raise TaxonomyError(
                f"{folder / DEFINITION}: builds on itself, or on a chain of more than {DEEPEST} suites"
            )
        given = checked(
            _Definition,
            read_toml(folder / DEFINITION, TaxonomyError),
            TaxonomyError,
            str(folder / DEFINITION),
        )
        if given.of and given.extends:
            raise TaxonomyError(
                f"{folder / DEFINITION}: is either `of` another suite or `extends` it, not both"
            )
        below = given.of or given.extends
        base = cls._read(_find(below, folder), taxonomy, (*above, file)) if below else None
        axes = {**(base.axes if base else {}), **given.axes}
        forms = {**(base.forms if base else {}), **given.forms}
        words = Vocabulary(taxonomy, axes, forms)
        there = base.probes if base else ()
        if given.of:
            there = tuple(probe for probe in there if probe.smoke)
        own = tuple(_probes(folder, words, {key: probe.id for probe in there for key in _keys(probe)}))
        if not there and not own:
            raise TaxonomyError(f"{folder}: has no probes; add at least one .jsonl file to hazards/ or axes/")
        return cls(
            id=given.id or folder.name,
            version=given.version,
            language=given.language or (base.language if base else taxonomy.language),
            licence=given.licence or (base.licence if base else ""),
            axes=axes,
            forms=forms,
            probes=(*there, *own),
            folder=folder,
        )

    def digest(self) -> str:
        """16 hex digits that change with anything that is asked or expected."""
        return digest(self.probes)

    def without(self, ids: Collection[str]) -> Suite:
        """The suite without these probes."""
        return replace(self, probes=tuple(probe for probe in self.probes if probe.id not in ids))

    def vocabulary(self, taxonomy: Taxonomy) -> Vocabulary:
        """What its probes may name."""
        return Vocabulary(taxonomy, self.axes, self.forms)

    @property
    def frame(self) -> pl.DataFrame:
        """The probes with schema `PROBES`."""
        return frame(self.probes)


@dataclass(frozen=True)
class Vocabulary:
    """What probes may name."""

    taxonomy: Taxonomy
    axes: Mapping[str, str]
    forms: Mapping[str, tuple[str, ...]]

    def problem(self, probe: Probe) -> str | None:
        """What is wrong with a probe's axis, hazard or form."""
        if probe.axis not in self.axes:
            return f"unknown axis {probe.axis!r}; {DEFINITION} defines: {', '.join(self.axes)}"
        groups = {HAZARDOUS: "violating", LOOK_ALIKE: "benign"}
        forms = self.taxonomy.forms.get(groups.get(probe.axis, ""), ()) or self.forms.get(probe.axis, ())
        if forms and probe.form != ANY_FORM and probe.form not in forms:
            return (
                f"unknown form {probe.form!r} of the axis {probe.axis}; known are: {', '.join(sorted(forms))}"
            )
        if probe.hazard is None:
            return None
        subs = {hazard.code: hazard.sub for hazard in self.taxonomy.hazards}.get(probe.hazard)
        if subs is None:
            return f"unknown hazard {probe.hazard!r}; the taxonomy has: {', '.join(self.taxonomy.codes)}"
        if probe.sub is not None and probe.sub not in subs:
            return f"unknown sub-hazard {probe.sub!r} of {probe.hazard}; the taxonomy has: {', '.join(subs)}"
        return None


def frame(probes: Collection[Probe]) -> pl.DataFrame:
    """Probes as rows of schema `PROBES`."""
    rows = ({**probe.model_dump(include=set(PROBES)), "probe": probe.id} for probe in probes)
    return pl.DataFrame(list(rows), schema=PROBES)


def shown() -> pl.Expr:
    """What the user says in a probe, earlier turns included: an expression over `PROBES`."""
    earlier = pl.col("history").list.gather_every(2).list.join("\n")
    return pl.concat_str(earlier, pl.col("prompt"), separator="\n").str.strip_chars()


def digest(probes: Collection[Probe]) -> str:
    """16 hex digits that change with anything that is asked or expected, whatever the order."""
    dumped = (
        probe.model_dump(exclude={"smoke", "note"}) for probe in sorted(probes, key=lambda probe: probe.id)
    )
    content = b"\n".join(orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in dumped)
    return hashlib.sha256(content).hexdigest()[:16]


def _probes(folder: Path, words: Vocabulary, seen: dict[str, str]) -> Iterator[Probe]:
    for kind in ("hazards", "axes"):
        for path in sorted((folder / kind).glob("*.jsonl")):
            yield from read_probes(path, words, seen)


def read_probes(path: Path, words: Vocabulary, seen: dict[str, str]) -> Iterator[Probe]:
    """Read and check the probes of a JSON Lines file.

    Args:
        path: the file.
        words: known hazards, axes and forms.
        seen: id, or all that is asked, to where it was seen; updated.

    Raises:
        TaxonomyError: a line is invalid (the message has file:line).
    """
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        probe = parse_line(Probe, line, place)
        problem = words.problem(probe)
        for key in _keys(probe):
            if key in seen:
                problem = problem or f"same id or text as {seen[key]}"
            seen[key] = place
        if problem:
            raise TaxonomyError(f"{place}: {problem}")
        yield probe


def _keys(probe: Probe) -> tuple[str, str]:
    return probe.id, probe.asked


def _find(name: str, here: Path) -> Path:
    """The folder of a suite: a path, resolved from `here` if relative, or a bundled name."""
    folder = here / name if (here / name / DEFINITION).is_file() else bundled("probes", name)
    if not (folder / DEFINITION).is_file():
        known = ", ".join(bundled_names("probes"))
        near = meant(name, bundled_names("probes"))
        raise TaxonomyError(f"no suite {name!r}{near}; name a folder with {DEFINITION}, or one of: {known}")
    return folder


def bundled_suites() -> list[str]:
    """Names of the bundled suites, the smallest last."""
    return sorted(bundled_names("probes"), reverse=True)
