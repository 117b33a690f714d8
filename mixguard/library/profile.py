"""Risk profiles: what a domain asks of a corpus, each number with its ground.

A profile is a TOML file: `[dose.NAME]` sets a constant of the rule and `[hazard.CODE]` a hazard's weight and floor, each
with `why`. One that says `extends = "general"` changes only what it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, ValidationError

from mixguard.errors import ConfigError
from mixguard.files import bundled, read_toml
from mixguard.model import Model

FOLDER = "profiles"
DEFAULT = "general"


BOUNDS = {"ratio": (0, 1), "scale": (1, 1e12), "least": (0, 1e9), "most": (0, 1), "contrast": (0, 100),
          "contrast_most": (0, 1), "floor_from": (0, 1e12)}  # fmt: skip
"""Least value of each constant, and what it stays below."""


class Dose(NamedTuple):
    """The constants of the rule; each has its ground in the profile that sets it."""

    ratio: float
    """Refusals per exchange, up to `scale` exchanges."""
    scale: float
    """Exchanges above which the dose grows with their square root."""
    least: float
    """Refusals wanted of a small corpus, as far as `most` allows."""
    most: float
    """Share of refusals in the result that is never exceeded."""
    contrast: float
    """Contrast pairs per refusal."""
    contrast_most: float
    """Share of exchanges that refusal and contrast pairs together stay below."""
    floor_from: float
    """Exchanges from which floors hold."""


class Constant(Model):
    """A number of the rule."""

    value: float = Field(ge=0)
    why: str = Field(min_length=1)
    """Its source, or that it is judgement."""


class HazardWeight(Model):
    """What a domain asks of one hazard."""

    weight: float = Field(ge=0)
    """How much it counts beside the others; 0 asks for nothing."""
    floor: int = Field(default=0, ge=0)
    """Refusals wanted whatever the corpus's size."""
    why: str = Field(min_length=1)


@dataclass(frozen=True)
class RiskProfile:
    """A loaded, validated profile."""

    id: str
    about: str
    constants: Mapping[str, Constant]
    hazards: Mapping[str, HazardWeight]

    @classmethod
    def load(cls, name: str) -> RiskProfile:
        """Load a bundled profile by name, or one from a TOML file.

        Raises:
            ConfigError: it is missing, or says something that is not understood.
        """
        return cls._read(_find(name, Path()), ())

    @classmethod
    def _read(cls, path: Path, above: tuple[Path, ...]) -> RiskProfile:
        if path.resolve() in above:
            raise ConfigError(f"{path}: extends itself")
        tree = read_toml(path, ConfigError)
        extends = str(tree.get("extends", ""))
        base = cls._read(_find(extends, path.parent), (*above, path.resolve())) if extends else None
        unknown = sorted(set(tree) - {"id", "about", "extends", "dose", "hazard"})
        if unknown:
            raise ConfigError(
                f"{path}: unknown {unknown[0]!r}; a profile has id, about, extends, dose, hazard"
            )
        constants = _parts(path, "dose", tree, Constant)
        strange = sorted(set(constants) - set(Dose._fields))
        if strange:
            raise ConfigError(
                f"{path}: dose.{strange[0]}: no such constant; there are {', '.join(Dose._fields)}"
            )
        for name, (least, most) in BOUNDS.items():
            if name in constants and not least <= constants[name].value < most:
                raise ConfigError(f"{path}: dose.{name}.value: has to be from {least} to below {most}")
        profile = cls(
            id=str(tree.get("id", path.stem)),
            about=str(tree.get("about", "")),
            constants={**(base.constants if base else {}), **constants},
            hazards={**(base.hazards if base else {}), **_parts(path, "hazard", tree, HazardWeight)},
        )
        missing = [name for name in Dose._fields if name not in profile.constants]
        if missing:
            raise ConfigError(
                f'{path}: no dose.{missing[0]}; say extends = "general" to take the rest from there'
            )
        return profile

    def with_constants(self, changed: Mapping[str, float]) -> RiskProfile:
        """The same profile with other numbers.

        Raises:
            ConfigError: there is no such constant.
        """
        strange = sorted(set(changed) - set(Dose._fields))
        if strange:
            raise ConfigError(f"--set {strange[0]}: no such constant; there are {', '.join(Dose._fields)}")
        own = {name: Constant(value=value, why="set by hand") for name, value in changed.items()}
        return RiskProfile(self.id, self.about, {**self.constants, **own}, self.hazards)

    @property
    def dose(self) -> Dose:
        """The constants of the rule."""
        return Dose(**{name: self.constants[name].value for name in Dose._fields})

    def weight(self, hazard: str) -> HazardWeight:
        """What is asked of a hazard; one the profile does not name counts like any other."""
        return self.hazards.get(hazard) or HazardWeight(weight=1, why="not named by the profile")


def profile_names() -> list[str]:
    """The bundled profiles."""
    return sorted(path.stem for path in bundled("taxonomies", FOLDER).glob("*.toml"))


def _find(name: str, here: Path) -> Path:
    """The file of a profile: a path, from `here` where it is relative, or a bundled name."""
    if Path(name).suffix == ".toml":
        return here / name
    found = bundled("taxonomies", FOLDER) / f"{name}.toml"
    if not found.is_file():
        raise ConfigError(f"no profile {name!r}: name a .toml file, or one of: {', '.join(profile_names())}")
    return found


def _parts(path: Path, section: str, tree: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    found = {}
    tables = tree.get(section, {})
    if not isinstance(tables, dict):
        raise ConfigError(f"{path}: {section} is not a table; write [{section}.NAME]")
    for name, table in tables.items():
        try:
            found[name] = kind.model_validate(table)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, (section, name, *problem["loc"])))
            raise ConfigError(f"{path}: {where}: {problem['msg']}") from None
    return found
