"""A YAML or JSON file as its values by dotted name, each with its line. Nothing in the file is constructed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from mixguard.errors import ConfigError
from mixguard.files import read_bounded

LONGEST = 256 * 2**10
"""Bytes of the longest configuration that is read."""
DEEPEST = 5
"""Mappings within mappings that are looked into."""
MOST = 2000
"""Values that are looked at; aliases can make a small file say a great many."""
_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"


class Found(NamedTuple):
    """A value, as written, and where."""

    text: str | None
    """None if it is a list, a mapping, or says nothing."""
    line: int
    """From 1."""


def read(path: Path) -> Mapping[str, Found]:
    """Values by dotted name.

    Raises:
        ConfigError: it cannot be read, is no mapping of YAML or JSON, or says too much.
    """
    content = read_bounded(path, ConfigError, LONGEST)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8; save it as UTF-8") from None
    if path.suffix.lower() == ".json":
        text = _as_yaml(path, text)
    root = _composed(path, text)
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(
            f"{path}:1: holds no options; give a trainer's configuration, `name: value` line by line"
        )
    found: dict[str, Found] = {}
    for name, each in _values(root, "", DEEPEST):
        found[name] = each
        if len(found) > MOST:
            raise ConfigError(
                f"{path}:{each.line}: holds more than {MOST:,} values; give a trainer's configuration"
            )
    return found


def _as_yaml(path: Path, text: str) -> str:
    """JSON is YAML but for its tabs, which can only stand between values."""
    try:
        json.loads(text)
    except ValueError as problem:
        line = getattr(problem, "lineno", 1)
        raise ConfigError(f"{path}:{line}: is not valid JSON: {getattr(problem, 'msg', problem)}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply") from None
    return text.replace("\t", " ")


def _composed(path: Path, text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        told = problem.problem or problem.context or "cannot be read"
        raise ConfigError(f"{path}:{mark.line + 1 if mark else 1}: is not valid YAML: {told}") from None
    except yaml.reader.ReaderError as problem:
        line = text[: problem.position].count("\n") + 1
        raise ConfigError(f"{path}:{line}: is not valid YAML: {problem.reason}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply") from None


def _values(node: yaml.MappingNode, above: str, left: int) -> Iterator[tuple[str, Found]]:
    """What a mapping says, merged mappings first, so that its own values replace theirs."""
    pairs = [(key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
    for key, value in pairs:
        if key.tag == _MERGE and left:
            merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for each in merged:
                if isinstance(each, yaml.MappingNode):
                    yield from _values(each, above, left - 1)
    for key, value in pairs:
        if key.tag == _MERGE:
            continue
        name = f"{above}{key.value}"
        line = key.start_mark.line + 1
        scalar = isinstance(value, yaml.ScalarNode) and value.tag != _NULL
        yield name, Found(value.value if scalar else None, line)
        if isinstance(value, yaml.MappingNode) and left:
            yield from _values(value, f"{name}.", left - 1)
