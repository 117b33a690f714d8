"""Services that tune models: what each is documented to ask of data, as data with sources."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias, get_args

from pydantic import Field

from mixguard.errors import ConfigError, meant
from mixguard.files import bundled, read_toml
from mixguard.model import Model, checked

FOLDER = "providers"
Measure: TypeAlias = Literal[
    "least-samples", "most-samples", "most-bytes", "formats", "turns", "answers", "longest", "filter"
]
"""What can be measured: too few or too many samples, too many bytes, samples in other formats, out of turn or without an answer
that is trained, exchanges that are too long, and exchanges that a content filter may object to."""
MEASURES: tuple[Measure, ...] = get_args(Measure)


class Rule(Model):
    """One thing that a service is documented to ask of data."""

    asks: str = Field(min_length=1)
    """What, in a few words that complete `asks for`, or for a filter `screens`."""
    effect: str = Field(min_length=1)
    """What happens otherwise."""
    source: str = Field(min_length=1)
    value: float | None = Field(default=None, gt=0)
    """The number it compares with, in samples, bytes or characters."""
    formats: tuple[str, ...] = ()
    """Formats it takes."""
    hazards: tuple[str, ...] = ()
    """Hazards that its content filter corresponds to."""
    unpublished: bool = False
    """Whether nobody outside knows the threshold."""
    remedy: str | None = None


class Provider(Model):
    """A service and its rules."""

    name: str
    read: str
    """When its documentation was read, as year and month."""
    about: str = ""
    """What to know besides."""
    rule: dict[Measure, Rule]
    told: tuple[Rule, ...] = ()
    """Rules that cannot be measured here."""

    @classmethod
    def load(cls, name: str) -> Provider:
        """A bundled provider by name, or one from a TOML file.

        Raises:
            ConfigError: there is none, or its file is not valid.
        """
        path = _find(name)
        provider = checked(cls, read_toml(path, ConfigError), ConfigError, str(path))
        for measure, rule in provider.rule.items():
            wanted = {"formats": "formats", "filter": "hazards"}.get(measure)
            number = measure in ("least-samples", "most-samples", "most-bytes", "longest")
            if (wanted and not getattr(rule, wanted)) or (number and rule.value is None):
                raise ConfigError(f"{path}: rule.{measure}: needs `{wanted or 'value'}`")
        return provider


def provider_names() -> list[str]:
    """The bundled providers, sorted."""
    return sorted(path.stem for path in bundled("taxonomies", FOLDER).glob("*.toml"))


def _find(name: str) -> Path:
    own = bundled("taxonomies", FOLDER) / f"{name}.toml"
    if name in provider_names():
        return own
    if name.endswith(".toml"):
        return Path(name)
    raise ConfigError(
        f"checks.provider: no provider {name!r}{meant(name, provider_names())}; use one of {', '.join(provider_names())}, or a TOML file"
    )
