"""Risk profiles: what a domain asks of a corpus, each number with its justification.

A profile is a TOML file: `[dose.NAME]` sets a constant of the dose rule and `[hazard.CODE]` a hazard's weight
and floor, each with a `why`. With `extends = "general"`, it changes only what it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, ValidationError

from mixguard.errors import ConfigError, meant
from mixguard.files import bundled, read_toml
from mixguard.model import Model

FOLDER = "profiles"
DEFAULT = "general"
DEEPEST = 16
"""Profiles that may extend one another in a chain."""


BOUNDS = {"ratio": (0, 1), "scale": (1, 1e12), "least": (0, 1e9), "most": (0, 1), "contrast": (0, 100),
          "contrast_most": (0, 1), "floor_from": (0, 1e12)}  # fmt: skip
"""Minimum of each constant, and its exclusive upper bound."""


class Dose(NamedTuple):
    """The constants of the dose rule, each justified in the profile that sets it."""

    ratio: float
    """Refusals per exchange, up to `scale` exchanges."""
    scale: float
    """Exchanges above which the dose grows with their square root."""
    least: float
    """Minimum refusals in a small corpus, as far as `most` allows."""
    most: float
    """Maximum share of refusals in the result."""
    contrast: float
    """Contrast pairs per refusal."""
    contrast_most: float
    """Upper bound on refusal and contrast pairs together, as a share of exchanges."""
    floor_from: float
    """Number of exchanges from which floors apply."""


class Constant(Model):
    """A constant of the dose rule."""

    value: float = Field(ge=0)
    why: str = Field(min_length=1)
    """Its source, or that it is a judgement."""


class HazardWeight(Model):
    """What a domain asks of one hazard."""

    weight: float = Field(ge=0, le=1e6)
    """Weight relative to the other hazards; 0 asks for nothing."""
    floor: int = Field(default=0, ge=0, le=10**6)
    """Minimum refusals, whatever the corpus size."""
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
        """Load a bundled profile by name, or a profile from a TOML file.

        Raises:
            ConfigError: the profile is missing or invalid.
        """
        return cls._read(_find(name, Path()), ())

    @classmethod
    def _read(cls, path: Path, above: tuple[Path, ...]) -> RiskProfile:
        if path.resolve() in above or len(above) >= DEEPEST:
            raise ConfigError(f"{path}: extends itself, or a chain of more than {DEEPEST} profiles")
        tree = read_toml(path, ConfigError)
        extends = str(tree.get("extends", ""))
        base = cls._read(_find(extends, path.parent), (*above, path.resolve())) if extends else None
        unknown = sorted(set(tree) - {"id", "about", "extends", "dose", "hazard"})
        if unknown:
            raise ConfigError(
                f"{path}: unknown key {unknown[0]!r}; valid keys: id, about, extends, dose, hazard"
            )
        constants = _parts(path, "dose", tree, Constant)
        strange = sorted(set(constants) - set(Dose._fields))
        if strange:
            raise ConfigError(
                f"{path}: dose.{strange[0]}: unknown constant; valid constants: {', '.join(Dose._fields)}"
            )
        for name, (least, most) in BOUNDS.items():
            if name in constants and not least <= constants[name].value < most:
                raise ConfigError(f"{path}: dose.{name}.value: must be at least {least} and below {most}")
        profile = cls(
            id=str(tree.get("id", path.stem)),
            about=str(tree.get("about", "")),
            constants={**(base.constants if base else {}), **constants},
            hazards={**(base.hazards if base else {}), **_parts(path, "hazard", tree, HazardWeight)},
        )
        missing = [name for name in Dose._fields if name not in profile.constants]
        if missing:
            raise ConfigError(f'{path}: dose.{missing[0]} is missing; add extends = "general" to inherit it')
        return profile

    def with_constants(self, changed: Mapping[str, float]) -> RiskProfile:
        """The same profile with other constants.

        Raises:
            ConfigError: a constant is unknown.
        """
        strange = sorted(set(changed) - set(Dose._fields))
        if strange:
            raise ConfigError(
                f"--set {strange[0]}: unknown constant; valid constants: {', '.join(Dose._fields)}"
            )
        own = {name: Constant(value=value, why="set by hand") for name, value in changed.items()}
        return RiskProfile(self.id, self.about, {**self.constants, **own}, self.hazards)

    @property
    def dose(self) -> Dose:
        """The constants of the dose rule."""
        return Dose(**{name: self.constants[name].value for name in Dose._fields})

    def weight(self, hazard: str) -> HazardWeight:
        """What the profile asks of a hazard; a hazard it does not name has weight 1."""
        return self.hazards.get(hazard) or HazardWeight(weight=1, why="not named in the profile")


def profile_names() -> list[str]:
    """Names of the bundled profiles."""
    return sorted(path.stem for path in bundled("taxonomies", FOLDER).glob("*.toml"))


def _find(name: str, here: Path) -> Path:
    """The file of a profile: a path, resolved from `here` if relative, or a bundled name."""
    if Path(name).suffix == ".toml":
        return here / name
    found = bundled("taxonomies", FOLDER) / f"{name}.toml"
    if not found.is_file():
        raise ConfigError(
            f"no profile {name!r}{meant(name, profile_names())}; name a .toml file, or one of: {', '.join(profile_names())}"
        )
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
