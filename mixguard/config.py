"""Every option of mixguard: name, default, bounds and help, defined once.

Command-line flags, `mixguard.toml`, the documentation and the provenance of a run derive from these models.
Precedence: command line over file over default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ByteSize, Field, StringConstraints, TypeAdapter, ValidationError

from mixguard import urls
from mixguard.errors import ConfigError, nearest
from mixguard.files import parse_value, read_toml, spelt
from mixguard.model import MaybePath, Model
from mixguard.training.config import TrainingConfig

Share = float
"""A ratio in [0, 1]."""
CheckId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,8}[0-9]{3}$")]


def _columns(given: Any) -> Any:
    """Columns by role, from `prompt=question,response=best_answer`."""
    if not isinstance(given, str):
        return given
    split = (each.partition("=") for each in given.split(",") if each.strip())
    pairs = [(role.strip(), column.strip()) for role, _, column in split]
    if not all(role and column for role, column in pairs) or len(dict(pairs)) < len(pairs):
        raise ValueError(
            "write each as role=column, and each role once: prompt=question,response=best_answer"
        )
    return dict(pairs)


def _names(given: Any) -> Any:
    """Names from one name, or from a list as `--set` passes it."""
    if not isinstance(given, str):
        return given
    listed = parse_value(given)
    return listed if isinstance(listed, list) else [given]


def _judge(given: Any) -> Any:
    """A judge as URL#MODEL without secrets, since every run writes its options down."""
    if not isinstance(given, str):
        return given
    url, mark, model = (part.strip() for part in given.partition("#"))
    if "@" in url:
        raise ValueError(
            "must not hold a user or password; put the key into a variable and name it with --key-env"
        )
    if not mark or not model or "://" not in url:
        raise ValueError("write it as URL#MODEL, e.g. http://localhost:8000/v1#llama-guard-3-8b")
    return f"{url}#{model}"


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
"""Names of files; as text, one name or a TOML list."""
Size = Annotated[int, BeforeValidator(TypeAdapter(ByteSize).validate_python)]
"""Bytes; as text, with a unit, e.g. `4GiB`."""
Columns = Annotated[dict[str, str], BeforeValidator(_columns)]
"""Columns by role; as text, `prompt=question,response=best_answer`."""


class ReadConfig(Model):
    """How records are read."""

    format: str | None = None
    """Format of every record; by default chosen by vote over a sample of records."""
    columns: Columns = Field(default={})
    """What columns with other names hold, as `prompt=question,response=best_answer`; also system, context, input, history, messages, chosen, rejected, label, completion, text. A dot leads into an object."""
    sample: int = Field(default=2000, ge=1, le=10**6)
    """Records per file that vote on its format."""
    max_record_bytes: int = Field(default=64 * 2**20, ge=1024, le=2**31)
    """Longest record to read, in bytes; longer ones go to quarantine."""


class EncodeConfig(Model):
    """How texts become vectors."""

    model: str = "bundled"
    """`bundled` (all-MiniLM-L6-v2, installed with mixguard), `hash` (no weights, for tests), or a sentence-transformers model: a folder or a hub name."""
    careful: str = "bundled"
    """all-mpnet-base-v2 for the careful stage: `bundled` (the extra `mixguard[careful]`), a folder, or a hub name."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the encoder runs; `auto` uses a GPU if there is one."""
    precision: Literal["auto", "int8", "bfloat16", "float32"] = "auto"
    """`auto` is bfloat16 on a CPU that supports it, else float32; `int8` is faster on a CPU with instructions for it (the fast stage alone), but may change the labels of a few rows; `float32` is the reference. A GPU computes in float16 unless it is `float32`."""
    offline: bool = False
    """Never use the network, not even for a named hub model or dataset."""
    cache: MaybePath = None
    """Folder for converted encoders, fitted models and the vector store; by default the user's cache folder."""
    cache_size: Size = Field(default=4 * 2**30, ge=16 * 2**20, le=2**53)
    """Most that the vectors of one encoder take in the cache, in bytes or as `4GiB`; beyond it, those used least recently are dropped. 4 GiB hold about five million short texts."""


class JudgeConfig(Model):
    """How exchanges are judged."""

    taxonomy: str = "mixguard"
    """Name of a bundled taxonomy, or the folder of your own."""
    stages: Literal["auto", "fast", "fast+careful"] = "auto"
    """Which stages judge hazards: the careful one decides what the fast one doubts; `auto` uses it where its weights are installed and the fast encoder is the bundled one."""
    screen: Literal["auto", "on", "off"] = "auto"
    """Whether a fast word-based model dismisses prompts that are nowhere near a hazard, before anything is embedded; `auto` does for corpora of 64 MB or more: in smaller ones, reading twice and fitting cost more than is saved."""
    neighbours: int = Field(default=5, ge=1, le=50)
    """Exemplars kept per exchange to explain its score."""
    window_overlap: int = Field(default=32, ge=0, le=128)
    """Tokens shared by adjacent windows of a text longer than the encoder's window."""
    evaluation: Names = Field(default=())
    """Evaluation files, whose prompts the corpus must not repeat (MG222); any corpus file."""
    ignore_template: bool = True
    """Whether runs of 13 words that more than 5 evaluation rows share count for nothing in MG222: they are the prompt template."""
    alignment: Names = Field(default=())
    """Files of the data that the model was aligned with, which the corpus is compared with (MG230); any corpus file."""
    references: Names = Field(default=())
    """Texts of which no answer should hold a long passage word for word: .txt, .md or .jsonl files, or folders of them; 256 MiB in all."""

    endpoint: Annotated[str | None, BeforeValidator(_judge)] = None
    """A model that decides what is left near the hazard limit, as URL#MODEL of an OpenAI-compatible API, e.g. http://localhost:8000/v1#llama-guard-3-8b; only prompts near the limit are sent, and nothing without this option."""
    endpoint_kind: Literal["auto", "llama-guard", "wildguard", "shieldgemma", "rubric"] = "auto"
    """How that model is asked; `auto` goes by its name, and asks any other chat model by a rubric."""
    endpoint_most: int = Field(default=500, ge=1, le=10**6)
    """Most prompts that are sent to it, those nearest to the limit first."""
    endpoint_trust: float = Field(default=0.9, ge=0.55, le=0.99)
    """How often its verdict is taken to be right: sets which scores are near the limit, and how far a verdict moves them."""
    key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds its API key."""
    concurrency: int = Field(default=4, ge=1, le=256)
    """Requests to it at a time."""
    per_minute: float = Field(default=0.0, ge=0, le=10**6)
    """Requests to it per minute; 0 for no limit."""
    timeout: float = Field(default=60.0, ge=0.1, le=3600)
    """Seconds to wait for its answer."""


SERVED = (
    "endpoint", "endpoint_kind", "endpoint_most", "endpoint_trust", "key_env", "concurrency", "per_minute", "timeout",
)  # fmt: skip
"""Options of `JudgeConfig` about a served model: only whoever runs the command says where texts and a key are sent."""


class CheckConfig(Model):
    """The limits that turn measurements into findings. Changing one does not re-embed anything."""

    hazard_limit: Share | None = Field(default=None, ge=0, le=1)
    """Probability from which an exchange touches a hazard; by default the taxonomy's calibrated limit."""
    limits: dict[CheckId, float] = Field(default={})
    """Limits by check id, e.g. `checks.limits.MG103 = 5`; docs/checks.md lists them with their defaults."""
    answered_share_fail: Share = Field(default=0.001, ge=0, le=1)
    """Share of answered hazardous prompts that fails the gate, measured by the lower end of its interval."""
    benign_below: Share = Field(default=0.2, ge=0, le=1)
    """Hazard probability below which a refused prompt counts as benign."""
    samples: int = Field(default=100, ge=0, le=1000)
    """Samples listed with each finding."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence level of every interval."""
    allow: MaybePath = None
    """Allow file: accepted findings and samples, each with a reason, an author and an expiry date."""
    aside: MaybePath = None
    """Set-aside file: rows that `rebalance` takes out, each with a reason, an author and an expiry date."""
    baseline: MaybePath = None
    """Run folder of an earlier audit; its findings are suppressed, so that only new ones fail."""
    provider: str | None = None
    """Service that will tune the model, whose rules for data are then checked: azure, bedrock, fireworks, mistral, openai, together, vertex, or a TOML file."""


class RunConfig(Model):
    """Where results go and how work is batched."""

    folder: MaybePath = None
    """Run folder to write; by default `mixguard-run` in the working directory."""
    batch: int = Field(default=8192, ge=1, le=10**6)
    """Exchanges judged at a time; memory grows with it."""
    engine: Literal["auto", "local", "processes", "ray"] = "auto"
    """Where exchanges are judged: in this process (`local`), in `processes` of this machine, or on a cluster (`ray`, the extra `mixguard[ray]`); `auto` is `processes` if several GPUs are used, else `local`. All find the same."""
    workers: int = Field(default=0, ge=0, le=10**4)
    """Most workers of the engines `processes` and `ray`; 0 for one per GPU that is used, else one per core."""
    shard: str | None = Field(default=None, max_length=13)
    """Annotate only the parts of one shard, as i/n with i from 1 to n; `mixguard merge` joins all of them."""
    fresh: bool = False
    """Judge everything again: do not resume a killed run, and do not reuse the judgements of the run that is replaced."""


class RebalanceConfig(Model):
    """What is added to a corpus and what is set aside. The profile sets the dose unless overridden here."""

    profile: str = "general"
    """Risk profile: a bundled name or a TOML file."""
    bank: str = "mixguard"
    """Refusal bank: a bundled name or a folder."""
    voice: str | None = None
    """How the model that you tune opens its refusals: a bundled voice, or a file made by `mixguard voice learn`. Without one, a corpus that holds refusals lends its own."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Seed for choosing pairs, the rows they imitate and their places; the same seed gives the same bytes."""
    budget: int | None = Field(default=None, ge=0, le=10**9)
    """Refusal pairs to aim for in a corpus without any, instead of the number derived from its size."""
    placement: Literal["spread", "shuffle", "append"] = "spread"
    """Where new records go: evenly spread, at random, or at the end."""
    keep_answered: bool = False
    """Keep answered hazardous prompts in the mix; each then gets one more refusal."""
    set_aside: Names = Field(default=("answered",))
    """Findings whose rows are set aside; docs/checks.md has their names."""
    set_aside_from: Share = Field(default=0.95, ge=0, le=1)
    """Hazard probability from which an answered prompt is set aside; docs/quality.md has its precision."""
    weight_zero: bool = False
    """Keep rows that would be set aside, with weight zero, if their format has weights."""
    mark_field: str | None = None
    """Key that names the pair in each new record; by default only the manifest names it."""
    ratio: Share | None = Field(default=None, ge=0, le=1)
    """Refusals per exchange, up to `scale` exchanges."""
    scale: float | None = Field(default=None, ge=1, lt=1e12)
    """Exchanges above which the dose grows with their square root."""
    least: float | None = Field(default=None, ge=0, lt=1e9)
    """Refusals to aim for in a small corpus."""
    most: Share | None = Field(default=None, ge=0, lt=1)
    """Maximum share of refusals."""
    contrast: float | None = Field(default=None, ge=0, lt=100)
    """Contrast pairs per refusal."""
    contrast_most: Share | None = Field(default=None, ge=0, le=1)
    """Maximum share of refusal and contrast pairs together, per exchange."""
    floor_from: float | None = Field(default=None, ge=0, lt=1e12)
    """Exchanges from which the profile's floors apply."""


class Config(Model):
    """The effective configuration of a run."""

    read: ReadConfig = ReadConfig()
    encode: EncodeConfig = EncodeConfig()
    judge: JudgeConfig = JudgeConfig()
    checks: CheckConfig = CheckConfig()
    run: RunConfig = RunConfig()
    rebalance: RebalanceConfig = RebalanceConfig()
    training: TrainingConfig = TrainingConfig()

    @classmethod
    def load(cls, path: Path | None = None, values: Mapping[str, Any] | None = None) -> Config:
        """Read a TOML file, then override options by dotted name, e.g. `{"encode.device": "cpu"}`.

        Raises:
            ConfigError: the file cannot be read, or an option is unknown or out of range.
        """
        tree = read_toml(path, ConfigError) if path else {}
        return cls.from_tree(_replaced(tree, values or {}), origin=str(path) if path else "the command line")

    def replace(self, values: Mapping[str, Any]) -> Config:
        """This configuration with options overridden by dotted name.

        Raises:
            ConfigError: an option is unknown or out of range.
        """
        return self.from_tree(_replaced(self.model_dump(), values), origin="--set")

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any], *, origin: str) -> Config:
        """Validate nested options; `origin` names their source in errors."""
        for name, value in _leaves(tree):
            if isinstance(value, str | Path) and not _is_utf8(str(value)):
                raise ConfigError(
                    f"{origin}: {name}: is not UTF-8, so no report can show it; choose another name"
                )
        try:
            made = cls.model_validate(tree)
        except ValidationError as error:
            raise ConfigError(_explain(error, origin)) from None
        _check_remote(made, origin)
        return made

    def value(self, name: str) -> object:
        """The value of an option, by dotted name."""
        section, _, key = name.partition(".")
        return getattr(getattr(self, section), key)

    def to_toml(self, limits: Mapping[str, Any] | None = None) -> str:
        """Every option with its effective value, as a file that `load` can read.

        Args:
            limits: limit by check; those not set are written as comments.
        """
        sections = [f"[{name}]\n{_section_toml(section)}" for name, section in self]
        known = {**dict.fromkeys(self.checks.limits), **(limits or {})}
        if known:
            lines = [_limit_toml(name, self.checks.limits.get(name), known[name]) for name in sorted(known)]
            sections.append("\n".join(["[checks.limits]", *lines, ""]))
        return "\n".join(sections)


def options() -> list[tuple[str, str, object, str]]:
    """Every option as (dotted name, type, default, help), in order."""
    return [
        (f"{section}.{name}", _type_name(field.annotation), field.default, field.description or "")
        for section, holder in Config.model_fields.items()
        for name, field in _fields(holder.annotation).items()
    ]


def changed(config: Config, limits: Mapping[str, float]) -> list[tuple[str, object, object]]:
    """The options that differ from their default, as (dotted name, value, default), in order.

    Args:
        config: the configuration.
        limits: default limit by check.
    """
    moved = [
        (f"checks.limits.{name}", value, limits.get(name))
        for name, value in sorted(config.checks.limits.items())
        if value != limits.get(name)
    ]
    others = [(name, config.value(name), default) for name, _, default, _ in options()]
    return [each for each in others if each[0] != "checks.limits" and each[1] != each[2]] + moved


def remote_options(config: Config) -> list[str]:
    """The options that name something remote; a judge's address and the hub's data sets apart."""
    return [name for name, value in _texts(config) if urls.url_of(value) is not None]


def _texts(config: Config) -> Iterator[tuple[str, str | Path]]:
    """Every text of every option but `judge.endpoint`."""
    for name, value in _leaves(config.model_dump()):
        for each in value if isinstance(value, tuple | list) else [value]:
            if isinstance(each, str | Path) and name != "judge.endpoint":
                yield name, each


def _check_remote(config: Config, origin: str) -> None:
    """Refuse secrets in names, since every run writes its options down, and remote names where the network is forbidden."""
    for name, value in _texts(config):
        url = urls.url_of(value)
        if url is not None and urls.shown(url) != url:
            raise ConfigError(
                f"{origin}: {name}: {urls.shown(url)} holds a password or a signature, and every run writes its options down;"
                " fetch the file first, or let the environment hold the credentials"
            )
        if url is not None and config.encode.offline:
            raise ConfigError(f"{origin}: {name}: {url} is remote, which --offline (encode.offline) forbids")


def _fields(section: Any) -> dict[str, Any]:
    return dict(section.model_fields)


def _type_name(annotation: Any) -> str:
    name = (
        str(getattr(annotation, "__name__", annotation)) if isinstance(annotation, type) else str(annotation)
    )
    return name.replace("typing.", "").replace("pathlib.", "")


def parsed(settings: Sequence[str]) -> dict[str, Any]:
    """Parse `--set section.name=value` to values by dotted name, as TOML unless the option is text.

    Raises:
        ConfigError: a setting is malformed.
    """
    # A folder called `2026` is a name, not a number.
    texts = {
        name for name, kind, _, _ in options() if "tuple" not in kind and ("str" in kind or "Path" in kind)
    }
    values = {}
    for setting in settings:
        name, equals, text = (part.strip() for part in setting.partition("="))
        if not equals or "." not in name:
            near = meant_option(name)
            raise ConfigError(
                f"--set {setting}: write it as section.name=value, e.g. checks.hazard_limit=0.8{near}"
            )
        value = parse_value(text)
        values[name] = value if isinstance(value, str) or name not in texts else text
    return values


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every option as (dotted name, value)."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def meant_option(name: str) -> str:
    """The option that a name probably means, as `meant` says it: one spelt alike, first in its own section."""
    keys = {option: option.rpartition(".")[2] for option, _, _, _ in options()}
    section, _, last = name.rpartition(".")
    beside = nearest(last, [key for option, key in keys.items() if option == f"{section}.{key}"])
    if beside:
        return f" (did you mean {f'{section}.{beside}'!r}?)"
    sections = dict.fromkeys(option.partition(".")[0] for option in keys)
    alike = nearest(name, (*keys, *sections)) or nearest(last, keys.values())
    found = next((option for option, key in keys.items() if key in (last, alike)), alike)
    return f" (did you mean {found!r}?)" if found else ""


def _is_utf8(text: str) -> bool:
    """Whether a name given by the system can be written: one that is not UTF-8 holds lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _replaced(tree: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    replaced = dict(tree)
    for name, value in values.items():
        first, dot, rest = name.partition(".")
        replaced[first] = _replaced(replaced.get(first, {}), {rest: value}) if dot else value
    return replaced


def _explain(error: ValidationError, origin: str) -> str:
    count = len(error.errors())
    lines = [f"{origin}: {count} invalid option{'s' if count > 1 else ''}"]
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        known = problem["type"] == "extra_forbidden"
        lines.append(
            f"  {name}: "
            + (
                f"no such option{meant_option(name) or ' (see `mixguard config`)'}"
                if known
                else problem["msg"].removeprefix("Value error, ")
            )
        )
    return "\n".join(lines)


def _section_toml(section: Model) -> str:
    lines = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if name == "limits":
            continue
        lines.append(f"# {field.description}")
        lines.append(f"# {name} =" if value is None else f"{name} = {spelt(value)}")
    return "\n".join(lines) + "\n"


def _limit_toml(name: str, value: float | None, limit: Any) -> str:
    comment = f"# {limit.help}\n" if limit else ""
    return comment + (f"# {name} = {limit.default:g}" if value is None else f"{name} = {spelt(value)}")
