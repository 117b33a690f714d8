"""Values of a configuration with their lines; hostile files are refused with a place, soon, and construct nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.errors import ConfigError
from mixguard.training.places import LONGEST, Found, read


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.yml"


def test_each_value_has_its_line(file: Path) -> None:
    file.write_text("# a run\nnum_epochs: 3\ndatasets:\n  - path: a\nmethod:\n  type: dpo\nnothing:\n")
    assert read(file) == {
        "num_epochs": Found("3", 2),
        "datasets": Found(None, 3),
        "method": Found(None, 5),
        "method.type": Found("dpo", 6),
        "nothing": Found(None, 7),
    }


def test_json_may_have_tabs(tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text('{\n\t"a": {\n\t\t"n_epochs": 4}}')
    assert read(file)["a.n_epochs"] == Found("4", 3)


def test_merged_values_are_read_and_own_ones_win(file: Path) -> None:
    file.write_text("base: &b\n  num_epochs: 1\n  learning_rate: 1e-4\n<<: *b\nnum_epochs: 2\n")
    found = read(file)
    assert (found["num_epochs"], found["learning_rate"]) == (Found("2", 5), Found("1e-4", 3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r":1: holds no options"),
        (b"- a\n- b\n", r":1: holds no options"),
        (b"just words", r":1: holds no options"),
        (b"a: 1\nb: [1,\n", r":3: is not valid YAML"),
        (b"a: 1\n\tb: 2\n", r":2: is not valid YAML"),
        (b"a: 1\n---\nb: 2\n", r":\d: is not valid YAML"),
        (b"a: 1\nb: *nowhere\n", r":2: is not valid YAML: found undefined alias"),
        (b"a: 1\nb: \x00\n", r":2: is not valid YAML"),
        (b"a: 1\nb: \xff\n", r":2: is not UTF-8"),
        (b"a: " + b"[" * 20_000, r"nested too deeply|not valid YAML"),
        (b"a: " + b"x" * LONGEST, r"is longer than"),
        (b"".join(b"k%d: 1\n" % number for number in range(2500)), r":2001: holds more than 2,000 values"),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_place(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read(file)


def test_broken_json_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text('{\n"a": 1,\n}')
    with pytest.raises(ConfigError, match=r"job\.json:3: is not valid JSON|job\.json:2: is not valid JSON"):
        read(file)


def test_aliases_cannot_make_a_small_file_large(file: Path) -> None:
    lines = ["a0: &a0 {" + ", ".join(f"k{n}: 1" for n in range(20)) + "}"]
    lines += [f"a{n}: &a{n} {{{', '.join(f'k{m}: *a{n - 1}' for m in range(20))}}}" for n in range(1, 8)]
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match="holds more than"):
        read(file)


def test_a_value_that_holds_itself_ends(file: Path) -> None:
    file.write_text("a: &a\n  b: *a\n  <<: *a\nnum_epochs: 3\n")
    assert read(file)["num_epochs"] == Found("3", 4)


def test_nothing_is_constructed(file: Path, tmp_path: Path) -> None:
    file.write_text(f"num_epochs: 1\nbad: !!python/object/apply:os.mkdir [{tmp_path / 'made'}]\n")
    assert read(file)["bad"].text is None
    assert not (tmp_path / "made").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_refused(file: Path) -> None:
    os.mkfifo(file)
    with pytest.raises(ConfigError, match="is not a regular file"):
        read(file)


@given(
    content=st.one_of(
        st.binary(max_size=200), st.text(alphabet="a:-{}[]&*!<\"' \n\t1", max_size=80).map(str.encode)
    )
)
def test_any_bytes_are_read_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("any.yml", "any.json"):
        (folder / name).write_bytes(content)
        try:
            assert all(found.line >= 1 for found in read(folder / name).values())
        except ConfigError as error:
            assert str(folder / name) in str(error)
