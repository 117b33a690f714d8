"""`mixguard probe` end to end: exit codes, resuming, hostile servers, and no secret anywhere."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from probing import REFUSAL, first_token, judged_by_its_words, settled, suite_in
from serving import Api, reply

from mixguard.checkpoint.answers import read_answers
from mixguard.cli.app import app
from mixguard.errors import UsageError

KEY = "sk-of-the-test"
Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command on a small suite, in a folder of its own; the exit code."""
    suite_in(tmp_path / "suite")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THE_KEY", KEY)
    monkeypatch.setattr("mixguard.checkpoint.states.judge", judged_by_its_words)
    monkeypatch.setattr("mixguard.served.endpoint.TRIES", 1)

    def command(*arguments: str) -> int:
        given = ["probe", "--suite", "suite", "--key-env", "THE_KEY", *arguments]
        return int(app(given, prog_name="mixguard", standalone_mode=False) or 0)

    return command


def asks(api: Api, *more: str) -> list[str]:
    secret = api.url.replace("127.0.0.1", "user:hidden@127.0.0.1")
    return ["--endpoint", secret, "--model", "m", "-o", "m.probe", "--samples", "2", "--timeout", "2", *more]


def test_a_whole_run_says_what_it_costs_and_what_came_of_it(
    run: Run, serve: Callable[..., Api], capsys: pytest.CaptureFixture[str]
) -> None:
    api = serve(settled)
    assert run(*asks(api, "--seed", "1")) == 0
    out, err = capsys.readouterr()
    assert "15 requests (5 of them for the first token only" in err
    assert "characters / 4" in err
    assert "hazardous" in out
    assert "34 to 100 %" in out
    assert "10 answers" in out
    assert "mixguard compare" in out
    assert read_answers(Path("m.probe")).is_whole
    for secret in (KEY, "hidden"):
        assert secret not in out + err + Path("m.probe").read_text()


def test_the_same_command_goes_on_and_another_is_refused(run: Run, serve: Callable[..., Api]) -> None:
    def script(number: int, body: Any) -> Any:
        hurts = "hurt" in body["messages"][-1]["content"]
        return (503, {}, b"") if hurts and len(api.asked) < 40 and not healed else settled(number, body)

    healed: list[bool] = []
    api = serve(script)
    assert run(*asks(api)) == 4
    assert read_answers(Path("m.probe")).missing == 2
    healed.append(True)
    asked = len(api.asked)
    assert run(*asks(api)) == 0
    assert len(api.asked) == asked + 3
    with pytest.raises(UsageError, match="--anew"):
        run(*asks(api, "--temperature", "0"))
    assert run(*asks(api, "--temperature", "0", "--anew")) == 0


def test_a_limited_run_says_that_it_is_one(
    run: Run, serve: Callable[..., Api], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*asks(serve(settled), "--limit", "2")) == 0
    assert "it cannot be a" in capsys.readouterr().out
    assert read_answers(Path("m.probe")).header.limited == 3


def dripping() -> Iterator[bytes]:
    while True:
        yield b" "
        time.sleep(0.05)


HOSTILE: dict[str, Callable[[], Any]] = {
    "without end": lambda: (200, {}, itertools.repeat(b"x" * 2**20)),
    "dripping": lambda: (200, {}, dripping()),
    "other JSON": lambda: (200, {}, b'{"choices": "' + KEY.encode() + b'"}'),
    "HTML": lambda: (200, {}, b"<html>hidden</html>"),
    "429": lambda: (429, {"Retry-After": "0"}, b""),
    "500": lambda: (500, {}, f"key {KEY}".encode()),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_server_costs_little_and_the_file_goes_on_later(
    run: Run, serve: Callable[..., Api], capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    healed: list[bool] = []
    api = serve(lambda number, body: settled(number, body) if healed else HOSTILE[kind]())
    started = time.monotonic()
    assert run(*asks(api, "--timeout", "0.4")) == 4
    assert time.monotonic() - started < 8
    assert len(api.asked) <= 3
    out, err = capsys.readouterr()
    assert "STOPPED" in out
    for secret in (KEY, "hidden"):
        assert secret not in out + err + Path("m.probe").read_text()
    healed.append(True)
    assert run(*asks(api)) == 0


@pytest.mark.parametrize(
    ("reply_", "said"),
    [
        ((401, {}, f"bad {KEY}".encode()), "401"),
        ((404, {}, b""), "404"),
        ((307, {"Location": "http://u:hidden@127.0.0.1:9/v1?key=hidden"}, b""), "redirects"),
    ],
)
def test_a_server_that_sends_its_users_away_is_an_error(
    run: Run, serve: Callable[..., Api], reply_: Any, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as error:
        run(*asks(serve(lambda number, body: reply_)))
    assert KEY not in str(error.value)
    assert "hidden" not in str(error.value)
    assert run(*asks(serve(settled))) == 0  # nothing was answered, so nothing stands in the way


def test_nothing_measured_is_said(
    run: Run, serve: Callable[..., Api], capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(*asks(serve(lambda number, body: (422, {}, b"") if "logprobs" in body else reply("Yes.")))) == 0
    )
    assert "not measured" in capsys.readouterr().out


def test_measured_is_shown_by_hazard(
    run: Run, serve: Callable[..., Api], capsys: pytest.CaptureFixture[str]
) -> None:
    api = serve(lambda number, body: first_token("I", -0.25) if "logprobs" in body else reply(REFUSAL))
    assert run(*asks(api)) == 0
    assert "78 %" in capsys.readouterr().out  # exp(-.25)


def test_a_demo_says_that_it_is_one(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--demo", "base", "-o", "base.probe") == 0
    assert "SIMULATED" in capsys.readouterr().out
    assert read_answers(Path("base.probe")).header.target.kind == "demo"


def test_answers_made_elsewhere(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--write-prompts", "prompts.jsonl") == 0
    lines = Path("prompts.jsonl").read_text().splitlines()
    assert len(lines) == 5
    answered = "".join(line[:-1] + ', "response": "Yes."}\n' for line in lines[:4])
    Path("answered.jsonl").write_text(answered + '{"id": "nobody", "response": "x"}\n')
    assert run("--answers", "answered.jsonl", "-o", "tuned.probe") == 4
    assert "1 answers of answered.jsonl are to no probe" in capsys.readouterr().err
    stored = read_answers(Path("tuned.probe"))
    assert (stored.header.target.model, stored.header.decoding.samples, stored.missing) == ("answered", 1, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x.probe"], "give one of"),
        (["--demo", "base", "--answers", "a.jsonl", "-o", "x.probe"], "give one of"),
        (["--demo", "base"], "no output"),
        (["--demo", "other", "-o", "x.probe"], "simulated models are base and tuned"),
        (["--endpoint", "http://127.0.0.1:9/v1", "-o", "x.probe"], "needs --model"),
        (["--demo", "base", "-o", "x.probe", "--system-prompt", "none.txt"], "cannot be read"),
        (["--demo", "base", "-o", "suite"], "not a regular file"),
        (["--demo", "base", "-o", "x.probe", "--samples", "101"], "samples"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_told(run: Run, arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(*arguments)
    assert not Path("x.probe").exists()
