"""How a trainer reads the rows of a corpus, and the configuration files that say so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from pprint import pformat
from typing import Any, NamedTuple

from mixguard.corpus.files.sniff import suffix_of
from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.base import UNKNOWN, speaker
from mixguard.corpus.formats.cells import History, Text
from mixguard.corpus.formats.messages import content_key
from mixguard.corpus.formats.pairs import PAIR_FORMATS
from mixguard.corpus.formats.speakers import role_key
from mixguard.corpus.formats.talk import Said
from mixguard.corpus.records import Role, Row
from mixguard.errors import RecordError
from mixguard.files import write_atomically

TEMPLATES = Path(__file__).with_name("efficacy_files")
TRAINERS = ("trl", "axolotl", "llamafactory")
CHATS = ("openai_chat", "sharegpt")
COLUMNS = {form.id: form for form in PAIR_FORMATS}
_LISTS = ("messages", "conversations", "conversation")


class Shape(NamedTuple):
    """Where rows have their prompts and answers: in a list of messages, or in columns."""

    suffix: str
    """Of the file, that of its compression included."""
    kind: str
    """The loader of `datasets` that reads it."""
    messages: str | None = None
    """Column with the list of messages; None if there is none."""
    role: str = "role"
    content: str = "content"
    roles: Mapping[str, str] = {}
    """Role by the name that the messages use."""
    prompt: Sequence[str] = ()
    """Columns that make up the prompt, in order."""
    answer: str = ""
    system: str | None = None
    history: str | None = None
    plain: bool = True
    """Whether there is only text: no prompt that is a list of messages, no message without content."""

    def names(self, role: str) -> list[str]:
        """What the messages call a role."""
        return [name for name, own in self.roles.items() if own == role]


class Unfit(NamedTuple):
    """Rows that no configuration here describes."""

    reason: str


def full_suffix(path: Path) -> str:
    """The suffix of a file with that of its compression: `.jsonl.gz`."""
    inner = suffix_of(path.name)
    return path.suffix if path.suffix.lower() == inner else f"{Path(path.stem).suffix}{path.suffix}"


def shape_of(path: Path, formats: Sequence[str], rows: Sequence[Row]) -> Shape | Unfit:
    """The shape of a corpus.

    Args:
        path: the corpus.
        formats: the formats of its records.
        rows: some of them.
    """
    inner = suffix_of(path.name)
    if inner == ".tsv":
        return Unfit("trainers do not read tab-separated files")
    if len(formats) != 1:
        return Unfit(f"the rows are in several formats: {', '.join(sorted(formats))}")
    rows = [row for row in rows if _parses(formats[0], row)]
    if not rows:
        return Unfit(f"none of the first rows can be read as {formats[0]}")
    shape = Shape(full_suffix(path), inner.removeprefix(".") if inner in (".csv", ".parquet") else "json")
    if formats[0] in CHATS:
        return _chat(shape, rows)
    if formats[0] in COLUMNS:
        return _columns(shape, formats[0], rows)
    return Unfit(f"rows of the format {formats[0]} are neither chats nor one prompt with one answer")


def _parses(form: str, row: Row) -> bool:
    try:
        by_id(form).parse(row)
    except RecordError:
        return False
    return True


def _chat(shape: Shape, rows: Sequence[Row]) -> Shape | Unfit:
    columns = {name for row in rows for name in _LISTS if isinstance(row.get(name), list)}
    turns = [turn for row in rows for name in columns for turn in row.get(name) or ()]
    keys = {(role_key(turn, "a message"), content_key(turn)) for turn in turns}
    if len(columns) != 1 or len(keys) != 1:
        return Unfit("the messages do not all have the same keys")
    ((role, content),) = keys
    if not all(isinstance(turn.get(content), str | None) for turn in turns):
        return Unfit("the messages have contents in parts")
    speakers = {turn[role]: speaker(turn[role]) for turn in turns}
    strange = [name for name, own in speakers.items() if own == UNKNOWN or own.kind == "tool_call"]
    if strange:
        return Unfit(f"chat templates do not know the role {strange[0]!r}")
    roles = {name: own.role.value for name, own in speakers.items()}
    plain = all(turn.get(content) is not None for turn in turns)
    system = "system" if any(isinstance(row.get("system"), str) for row in rows) else None
    (messages,) = columns
    return shape._replace(
        messages=messages, role=role, content=content, roles=roles, system=system, plain=plain
    )


def _columns(shape: Shape, form: str, rows: Sequence[Row]) -> Shape:
    layout = COLUMNS[form].layout(rows[0])
    there = {name for row in rows for name, value in row.items() if value not in (None, "", [])}
    for slot in layout.slots if layout else ():
        if isinstance(slot, Text) and slot.role is Role.SYSTEM:
            shape = shape._replace(system=slot.main if slot.main in there else None)
        elif isinstance(slot, History):
            shape = shape._replace(history=slot.column if slot.column in there else None)
        elif isinstance(slot, Text | Said) and slot.role is Role.ASSISTANT:
            shape = shape._replace(answer=slot.column if isinstance(slot, Said) else slot.main)
        elif isinstance(slot, Said):
            shape = shape._replace(prompt=(slot.column,))
        elif isinstance(slot, Text):
            own = slot.columns or (slot.main,)
            shape = shape._replace(prompt=tuple(name for name in own if name in there))
    held = (*shape.prompt, shape.answer)
    return shape._replace(
        plain=not any(isinstance(row.get(name), list | dict) for row in rows for name in held)
    )


def unfit_for(shape: Shape) -> dict[str, str | None]:
    """Why a trainer cannot read such rows as they are; None if it can."""
    return dict(zip(TRAINERS, (None, _unfit_for_axolotl(shape), _unfit_for_llamafactory(shape)), strict=True))


def _unfit_for_axolotl(shape: Shape) -> str | None:
    if shape.messages is None:
        return (
            "it applies a model's own chat template to lists of messages only, and these rows have columns; to use it, save"
            " the corpus as messages and begin again"
        )
    return None


def _unfit_for_llamafactory(shape: Shape) -> str | None:
    if shape.suffix.lower() not in (".json", ".jsonl", ".csv", ".parquet"):
        return f"it does not read {shape.suffix} files"
    if shape.messages is not None and any(
        len(shape.names(role)) > 1 for role in ("system", "user", "assistant")
    ):
        return "it knows one name for each role, and these messages use several"
    if len(shape.prompt) > 2:
        return f"it joins two columns into a prompt, and these rows have {len(shape.prompt)}"
    if not shape.plain:
        return "it reads text, and some of these rows have lists of messages or tool calls in its place"
    return None


def write_configs(folder: Path, shape: Shape, doses: Sequence[str], warmup: int) -> dict[str, str | None]:
    """Write what each trainer needs, unless it cannot read the rows; return why not, by trainer.

    Args:
        folder: where the doses lie.
        shape: how their rows are read.
        doses: their names, from none on.
        warmup: steps.
    """
    unfit = unfit_for(shape)
    values = {**shape._asdict(), "dose": doses[1], "warmup": warmup}
    literals = {name: pformat(value) for name, value in values.items() if name not in ("dose", "plain")}
    write_atomically(folder / "train_trl.py", rendered("train_trl.py.j2", {"rows": literals}))
    if unfit["axolotl"] is None:
        roles = {role: shape.names(role) for role in dict.fromkeys(shape.roles.values())}
        write_atomically(folder / "axolotl.yml", rendered("axolotl.yml.j2", {**values, "roles": roles}))
    if unfit["llamafactory"] is None:
        about = _dataset_info(shape)
        info = {dose: {"file_name": f"{dose}{shape.suffix}", **about} for dose in doses}
        write_atomically(folder / "dataset_info.json", json.dumps(info, indent=2).encode() + b"\n")
        write_atomically(folder / "llamafactory.yaml", rendered("llamafactory.yaml.j2", values))
    return unfit


def _dataset_info(shape: Shape) -> dict[str, Any]:
    """An entry of LLaMA-Factory's dataset_info.json, without the file."""
    beside = {"system": shape.system} if shape.system else {}
    if shape.messages is None:
        names = dict(zip(("prompt", "query"), shape.prompt, strict=False))
        earlier = {"history": shape.history} if shape.history else {}
        return {"formatting": "alpaca", "columns": {**names, "response": shape.answer, **beside, **earlier}}
    tags = {"role_tag": shape.role, "content_tag": shape.content}
    for role in ("user", "assistant", "system"):  # no tag for tools: rows that use some are skipped, and told
        tags[f"{role}_tag"] = next(iter(shape.names(role)), role)
    return {"formatting": "sharegpt", "columns": {"messages": shape.messages, **beside}, "tags": tags}


def rendered(name: str, values: Mapping[str, Any]) -> bytes:
    """A template of `efficacy_files`, filled in."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    return made.get_template(name).render(values).encode()
