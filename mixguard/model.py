"""Base class of every document and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from mixguard import urls
from mixguard.errors import UsageError


class Model(BaseModel):
    """A frozen object that rejects unknown fields and numbers that are not finite; the docstring under a field is its help."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Definition(Model):
    """The head of a folder of somebody's own; fields that this version does not know are left alone."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


def _path(given: Any) -> Any:
    if isinstance(given, str | Path) and "\0" in str(given):
        raise ValueError("a name cannot hold a null character")
    return None if given == "" else given


MaybePath = Annotated[
    Path | None, BeforeValidator(_path), PlainSerializer(urls.shown, str, when_used="json-unless-none")
]
"""A path; an empty one means none, so that a file or the command line can unset it."""

Made = TypeVar("Made", bound=BaseModel)


def checked(kind: type[Made], tree: Mapping[str, Any], error: type[UsageError], where: str) -> Made:
    """An object made of a file's content.

    Raises:
        error: a field is missing, unknown or out of range; the message starts with `where`.
    """
    try:
        return kind.model_validate(tree)
    except ValidationError as problem:
        first = problem.errors()[0]
        field = ".".join(map(str, first["loc"]))[:200]  # a key may be as long as its file
        told = first["msg"].removeprefix("Value error, ")
        raise error(f"{where}: {field}: {told}" if field else f"{where}: {told}") from None
