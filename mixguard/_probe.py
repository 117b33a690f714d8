"""Ask a model the probes of a suite: the public verb, and what the command line shares with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypedDict, Unpack, cast

import mixguard
from mixguard.checkpoint.answers import Answers, Decoding, Header, Target
from mixguard.checkpoint.asking import ask
from mixguard.checkpoint.called import Called
from mixguard.checkpoint.choosing import Chosen, chosen, held_by_corpora, held_by_runs
from mixguard.checkpoint.given import Given, Matched, read_given
from mixguard.checkpoint.like_run import asked_like, manner_of
from mixguard.checkpoint.served import Served
from mixguard.checkpoint.server import server_of
from mixguard.checkpoint.source import Source
from mixguard.config import Config
from mixguard.errors import UsageError
from mixguard.escape import shorten
from mixguard.library.suite import Suite
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import Progress, silent
from mixguard.served.endpoint import Endpoint

Asks: TypeAlias = "str | Endpoint | Callable[[Any], Any]"
"""What is asked: the URL of an API, an `Endpoint`, or a function from messages to an answer."""


class Options(TypedDict, total=False):
    """How `probe` asks; everything may be left out."""

    model: str
    """Its name at the API, or in the file; of a function its own name by default."""
    key: str | None
    """Key of the API; `OPENAI_API_KEY` of the environment by default."""
    samples: int
    """Answers to each probe: 3, or 1 at temperature 0."""
    temperature: float
    """0.7 by default; of a function it is a remark for the record."""
    max_tokens: int
    """Length at which answers are cut off: 300."""
    system: str | None
    """System prompt of probes that have none of their own."""
    seed: int | None
    limit: int | None
    """Most probes, spread over axes and hazards."""
    corpus: Sequence[str]
    """Corpora whose prompts, and what is nearly alike, are not asked."""
    run: Sequence[str | os.PathLike[str]]
    """Run folders of audits whose prompts are not asked."""
    like: str | os.PathLike[str] | None
    """Run folder of an audit in whose manner is asked."""
    batch: int
    """Conversations that a function is given at a time, as a list; 0 gives one, without a list around."""
    anew: bool
    """Replace what the file holds of another run."""


def probe(
    target: Asks,
    suite: str = "smoke",
    *,
    out: str | os.PathLike[str] | None = None,
    config: Config | None = None,
    progress: Progress = silent,
    **options: Unpack[Options],
) -> Answers:
    """Ask a model the probes of a suite.

    Args:
        target: a function from messages (a list of dicts with `role` and `content`) to an answer, an `Endpoint`, or the base URL of
            an OpenAI-compatible API, which takes `model` too.
        suite: `smoke`, `standard` or a folder.
        out: probe file to write; the same call goes on where an earlier one stopped. None keeps no file.
        config: taxonomy, encoder and cache.
        progress: called with the number of answers.
        **options: see `Options`.

    Returns:
        The answers; `path` is the file. Of a function that raised, the error stands in place of the answer.

    Raises:
        UsageError: the suite or target cannot be used, or the file is of another run.
    """
    config = config or Config()
    if isinstance(target, Endpoint):
        options.setdefault("temperature", target.temperature)
        options.setdefault("max_tokens", target.max_tokens)
    chose = choose(suite, config, options, progress)
    source = _source(target, options)
    header = header_of(chose, source, decoding_of(options))
    if out is not None:
        return ask(header, source, Path(out), progress, anew=options.get("anew", False)).answers
    with tempfile.TemporaryDirectory() as folder:
        return ask(header, source, Path(folder) / "model.probe", progress).answers._replace(path=None)


class Choice(NamedTuple):
    """A suite and what is asked of it."""

    suite: Suite
    chosen: Chosen


def choose(name: str, config: Config, options: Options, progress: Progress = silent) -> Choice:
    """The probes to ask, as they are asked.

    Raises:
        UsageError: there is no such suite, corpus or run, or nothing is left to ask.
    """
    suite = Suite.load(name, Taxonomy.load(config.judge.taxonomy))
    like, limit = options.get("like"), options.get("limit")
    runs = [Path(each) for each in (*options.get("run", ()), *([like] if like else []))]
    corpora = options.get("corpus", ())
    if runs or corpora:
        progress("comparing with the corpus", 0, None)
    held = held_by_runs(suite, runs) | held_by_corpora(suite, corpora, config)
    found = chosen(suite, held, limit)
    if not found.probes:
        raise UsageError(f"{name}: nothing is left to ask: the corpus holds all {len(suite.probes):,} probes")
    if like:
        probes = asked_like(found.probes, manner_of(Path(like), config), config.rebalance.seed)
        found = found._replace(probes=probes)
    return Choice(suite, found)


def decoding_of(options: Options) -> Decoding:
    """How answers are made.

    Raises:
        UsageError: a number is out of range.
    """
    from mixguard.model import checked

    named = ("samples", "temperature", "max_tokens", "system", "seed")
    tree = {name: value for name, value in cast("Mapping[str, Any]", options).items() if name in named}
    # At temperature 0 further samples only repeat the first.
    tree.setdefault("samples", 1 if tree.get("temperature") == 0 else 3)
    return checked(Decoding, tree, UsageError, "probe")


def header_of(choice: Choice, source: Source, decoding: Decoding) -> Header:
    """The first line of a new probe file."""
    suite, found = choice
    return Header(
        suite=shorten(suite.id, 200),
        suite_version=shorten(suite.version, 100),
        suite_digest=suite.digest(),
        target=source.target,
        decoding=decoding,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        probes=found.probes,
        dropped=found.dropped,
        limited=found.limited,
        tool=f"mixguard {mixguard.__version__}",
    )


def served(endpoint: Endpoint) -> Served:
    """A served model; the server is asked what it is."""
    server = server_of(endpoint)
    return Served(
        endpoint, Target(model=endpoint.model, kind="endpoint", server=server.name, template=server.template)
    )


class FromFile(NamedTuple):
    """A file of answers, matched with probes."""

    source: Given
    matched: Matched


def from_file(path: str, choice: Choice, model: str | None, config: Config) -> FromFile:
    """Answers made elsewhere.

    Raises:
        UsageError: none belongs to a probe.
    """
    matched = read_given(path, choice.chosen.probes, config)
    return FromFile(Given(matched, Target(model=model or Path(path).stem, kind="file")), matched)


def _source(target: Asks, options: Options) -> Source:
    if isinstance(target, Endpoint):
        return served(target)
    if isinstance(target, str):
        model = options.get("model")
        if not model:
            raise UsageError(
                f"probe: a URL needs the model's name there, e.g. probe({target!r:.80}, model='our-model')"
            )
        key = options["key"] if "key" in options else os.environ.get("OPENAI_API_KEY")
        return served(Endpoint(target, model, key=key))
    if not callable(target):
        raise UsageError(f"probe: takes a function, an Endpoint or a URL, not {type(target).__name__}")
    name = options.get("model") or getattr(target, "__name__", None) or type(target).__name__
    return Called(target, Target(model=shorten(name, 500), kind="callable"), options.get("batch", 0))
