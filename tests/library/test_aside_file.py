"""The set-aside file is read like the allow file: every entry names a row, a reason, an author and an end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mixguard.errors import ConfigError
from mixguard.library.aside import SetAside, load_set_aside

WHOLE = {"sample": '"0123456789abcdef"', "reason": '" no "', "author": '"Ann"', "expires": "2027-01-31"}


def toml(**changed: str) -> str:
    entry = {name: value for name, value in {**WHOLE, **changed}.items() if value}
    return "[[aside]]\n" + "".join(f"{name} = {value}\n" for name, value in entry.items())


def test_entries_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "aside.toml"
    path.write_text(toml() + toml(check='"MG103"', expires='"2027-02-01"'))
    first, second = load_set_aside(path, ["MG103"])
    assert first == SetAside(sample="0123456789abcdef", reason="no", author="Ann", expires=date(2027, 1, 31))
    assert (second.check, second.expires) == ("MG103", date(2027, 2, 1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (toml(sample=""), "number 1: sample: Field required"),
        (toml(sample='"data.jsonl:3"'), "number 1: sample: "),
        (toml(reason=""), "number 1: reason: Field required"),
        (toml(subject='"x"'), "number 1: subject: unknown key; valid keys: check, sample, reason, author, expires"),
        (toml(check='"MG307"'), "number 1: check: MG307 is not a check that can be named here"),
        (toml() + "[[allow]]\n", r"write each entry as \[\[aside\]\]; found 'allow'"),
    ],
)  # fmt: skip
def test_a_bad_file_is_reported_with_the_entry(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "aside.toml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message) as error:
        load_set_aside(path, ["MG103"])
    assert str(error.value).startswith(f"{path}: ")
