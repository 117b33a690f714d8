"""Answers are kept as they come, whatever ends the run, and the same call goes on where it stopped."""

from __future__ import annotations

import os
import signal
import stat
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from probing import REFUSAL, Answering, header, many, probes, said, settled
from serving import Api

from mixguard.checkpoint.answers import Header, Line, read_answers, to_line
from mixguard.checkpoint.asking import AT_FIRST, IN_A_ROW, ask, left
from mixguard.checkpoint.served import Served
from mixguard.checkpoint.source import Wanted
from mixguard.checkpoint.storing import claimed
from mixguard.errors import UsageError
from mixguard.served.chat import ANSWER_MOST, Answer
from mixguard.served.endpoint import Endpoint


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "m.probe"


def test_every_sample_of_every_probe_is_asked_and_kept(file: Path) -> None:
    source = Answering(said)
    asked = ask(header(), source, file)
    assert source.asked == [(probe.id, sample) for sample in (0, 1) for probe in probes()]
    stored = read_answers(file)
    assert stored.rows.equals(asked.answers.rows)
    assert stored.rows["text"].to_list()[:2] == [f"{REFUSAL} h1/0", f"{REFUSAL} h1/1"]
    assert stored.rows["opening"].to_list() == [-0.5] * 10
    assert stored.is_whole
    assert asked.spent.requests == 10


def test_only_its_owner_reads_a_file_of_answers_and_nothing_else_is_left(file: Path) -> None:
    ask(header(), Answering(said), file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_faults_are_kept_as_such_and_asked_again(file: Path) -> None:
    def faulty(each: Wanted) -> Answer:
        return Answer(None, "status 503") if each.probe.id == "h2" else said(each)

    first = ask(header(), Answering(faulty), file)
    assert first.answers.missing == 2
    assert not first.answers.is_whole
    assert first.answers.rows.filter(probe="h2")["problem"].to_list() == ["status 503"] * 2
    again = Answering(said)
    second = ask(header(), again, file)
    assert again.asked == [("h2", 0), ("h2", 1)]
    assert second.answers.missing == 0
    assert second.answers.rows["problem"].null_count() == 10
    ask(header(), Answering(said), other := file.with_name("other.probe"))
    assert file.read_bytes() == other.read_bytes()


def test_a_whole_file_asks_nothing(file: Path) -> None:
    ask(header(), Answering(said), file)
    before, source = file.read_bytes(), Answering(said)
    ask(header().model_copy(update={"started": "2026-02-02"}), source, file)
    assert not source.asked
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (header(model="another"), "model there m, now another"),
        (header(temperature=0.0), "temperature there 0.7, now 0.0"),
        (header(samples=3), "samples there 2, now 3"),
        (header(seed=5), "seed there none, now 5"),
        (header(system="Be kind."), "the system prompt"),
        (header(many(3)), "other probes, 5 there, now 3"),
    ],
)
def test_another_run_is_told_what_differs(file: Path, other: Header, named: str) -> None:
    ask(header(), Answering(said), file)
    before = file.read_bytes()
    with pytest.raises(UsageError, match=r"choose another -o, or give --anew") as error:
        ask(other, Answering(said), file)
    assert named in str(error.value)
    assert file.read_bytes() == before
    assert ask(other, Answering(said), file, anew=True).answers.header == other


def test_a_file_without_answers_is_no_obstacle(file: Path) -> None:
    file.write_bytes(
        to_line(header(model="mistyped")) + to_line(Line(probe="h1", sample=0, problem="status 404"))
    )
    assert ask(header(), Answering(said), file).answers.header.target.model == "m"


@pytest.mark.parametrize("content", [b"notes\n", b"{}\n", b"\x00" * 100, b"[1]\n"])
@pytest.mark.parametrize("anew", [True, False])
def test_somebody_elses_file_is_never_replaced(file: Path, content: bytes, anew: bool) -> None:
    file.write_bytes(content)
    with pytest.raises(UsageError, match="choose another -o"):
        ask(header(), Answering(said), file, anew=anew)
    assert file.read_bytes() == content


def test_two_runs_never_write_to_one_file(file: Path) -> None:
    with claimed(file), pytest.raises(UsageError, match="another command is writing"):
        ask(header(), Answering(said), file)
    assert not file.exists()
    ask(header(), Answering(said), file)


def test_no_file_is_written_in_place_of_a_folder_or_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UsageError, match="not a regular file"):
            ask(header(), Answering(said), path)


def test_what_came_before_an_interrupt_is_kept(file: Path) -> None:
    def interrupted(each: Wanted) -> Answer:
        if (each.probe.id, each.sample) == ("l2", 0):
            raise KeyboardInterrupt
        return said(each)

    with pytest.raises(KeyboardInterrupt):
        ask(header(), Answering(interrupted), file)
    assert read_answers(file).missing == 10 - 3
    assert len(left(header(), file).wanted) == 7
    assert left(header(), file).known == 3


def test_a_server_that_is_gone_is_not_asked_thousands_of_times(file: Path) -> None:
    source = Answering(lambda each: Answer(None, "no connection"))
    asked = ask(header(many(500)), source, file)
    assert len(source.asked) == AT_FIRST
    assert "no connection" in asked.stopped
    later = Answering(lambda each: said(each) if each.probe.id == "p0" else Answer(None, "timed out"))
    ask(header(many(500)), later, file)
    assert len(later.asked) == 1 + IN_A_ROW


def test_prompts_that_a_filter_rejects_stop_nothing(file: Path) -> None:
    source = Answering(lambda each: Answer(None, "status 400"))
    asked = ask(header(many(40)), source, file)
    assert len(source.asked) == 80
    assert asked.answers.missing == 80
    assert not asked.stopped


@pytest.mark.parametrize(
    "text", ["\ud800 half a pair", "x" * (ANSWER_MOST + 5), "\x1b[2J\u202e", "a\nb\u2028c", ""]
)
def test_any_text_can_be_kept(file: Path, text: str) -> None:
    ask(header(), Answering(lambda each: Answer(text)), file)
    stored = read_answers(file).rows
    assert stored["text"].to_list() == [text[:ANSWER_MOST].replace("\ud800", "?")] * 10
    assert stored["cut"].all() == (len(text) > ANSWER_MOST)


def test_a_kill_at_any_moment_ends_with_the_same_bytes(serve: Callable[..., Api], tmp_path: Path) -> None:
    api = serve(settled)
    asked = header(many(30), seed=7)
    whole, killed = tmp_path / "whole.probe", tmp_path / "killed.probe"

    def run(file: Path) -> None:
        ask(asked, Served(Endpoint(api.url, "m", first_wait=0.01), asked.target), file)

    run(whole)
    rng, kills = Random(3), 0
    # Later each time: a busy machine may get nothing done in the first moments.
    while _killed(lambda: run(killed), rng.uniform(0.02, 0.12) * 1.03**kills):
        kills += 1
        assert kills < 100
    assert kills >= 3
    assert killed.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed.probe", "whole.probe"]


def _killed(work: Callable[[], None], seconds: float) -> bool:
    """Whether the work had to be killed after so many seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions of Python warn of forks beside threads
        child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
