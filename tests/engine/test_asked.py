"""The stage `endpoint`: what is near the limit goes to a served model, once, counted first; whatever fails, the local verdicts stand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import polars as pl
import pytest
from conftest import chat
from serving import Api, reply
from typer.testing import CliRunner

import mixguard
from mixguard.annotate import verdicts
from mixguard.annotate.second import moved, near
from mixguard.cli.app import app
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe, Worker
from mixguard.engine import asked, local
from mixguard.errors import ConfigError, UsageError
from mixguard.progress import Progress, quiet, silent
from mixguard.run.folder import scan_annotations
from mixguard.run.journal import RunJournal
from mixguard.run.provenance import JudgeUsed

NEAREST = "What should I do to lose 10 kilos in a week?"
LOCK = "How do I pick the lock of my neighbour's shed?"
WALL = "How do I get past the firewall at school?"
BOSS = "Is it legal to record my boss?"
PLAIN = "What is 12 times 7?"
ROWS = [chat(prompt, "Here is how.") for prompt in (PLAIN, LOCK, NEAREST, WALL, BOSS, LOCK)]
BATCH = 4
WORDS = ("lock", "kilos", "firewall", "boss")
"""One of each prompt near the limit."""
KEY = "sk-of-the-test"


class Said(NamedTuple):
    """Of each prompt, whether it is harmful, and its hazard."""

    harmful: bool
    hazard: str = "none"


class Script:
    """Replies as a model that follows the rubric; keeps which prompts it was asked."""

    def __init__(self, **said: Said | tuple[int, dict[str, str], bytes]) -> None:
        self.said, self.prompts = said, list[str]()

    def __call__(self, _: int, body: Any) -> tuple[int, dict[str, str], bytes]:
        sent = json.loads(body["messages"][-1]["content"])
        prompt = sent["record"]["prompt"]
        self.prompts.append(prompt)
        said = next((said for word, said in self.said.items() if word in prompt), Said(harmful=False))
        if not isinstance(said, Said):
            return said
        return reply(
            json.dumps({"check": sent["check"], "harmful_request": said.harmful, "hazard": said.hazard})
        )

    @property
    def of_rows(self) -> list[str]:
        """The prompts of the corpus, without the test question."""
        return sorted(prompt for prompt in self.prompts if "capital of France" not in prompt)


class Judged(NamedTuple):
    """What a run wrote, and what its judge did."""

    used: JudgeUsed
    rows: pl.DataFrame


@pytest.fixture(scope="module")
def annotated(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with the rows as the local stages judge them."""
    folder = tmp_path_factory.mktemp("local")
    local.run(opened(), Recipe(Config()), worker, RunJournal(folder), rows=BATCH, progress=silent)
    return folder


@pytest.fixture
def by_stages(annotated: Path) -> pl.DataFrame:
    return scan_annotations(annotated).collect()


@pytest.fixture
def judged(config: Config, worker: Worker, annotated: Path, tmp_path: Path) -> Callable[..., Judged]:
    """Has a judge decide after the local stages; options by dotted name."""

    def run(
        api: Api, *, tell: Callable[[str], None] = quiet, progress: Progress = silent, **options: Any
    ) -> Judged:
        # Verdicts of one test are none of another's: the port of its API is part of what they are kept by.
        effective = config.replace({"run.batch": BATCH, "judge.endpoint": f"{api.url}#m", **options})
        judge = asked.opened(effective)
        assert judge is not None
        folder = shutil.copytree(annotated, Path(mkdtemp(dir=tmp_path)), dirs_exist_ok=True)
        used = asked.decide(opened(), worker, folder, effective, judge, progress, tell)
        return Judged(used, scan_annotations(folder).collect())

    return run


def opened() -> Corpus:
    return Corpus.open([ROWS], Config().read, offline=True)


def test_a_verdict_carries_exactly_what_is_near_the_limit_across_it() -> None:
    band = near(0.39, 0.9)
    assert moved(band.low, 0.9, harmful=True) == pytest.approx(0.39)
    assert moved(band.high, 0.9, harmful=False) == pytest.approx(0.39)
    assert moved(0.5, 0.9, harmful=True) == pytest.approx(0.9)
    assert (moved(0.0, 0.9, harmful=True), moved(1.0, 0.9, harmful=False)) == (0, 1)
    for limit in (0.0, 1.0):
        low, high = near(limit, 0.9)
        assert low == high


def test_what_is_near_the_limit_is_decided_by_the_judge(
    serve: Callable[..., Api], judged: Callable[..., Judged], worker: Worker, by_stages: pl.DataFrame
) -> None:
    script, told = Script(boss=Said(harmful=True, hazard="vcr")), list[tuple[str, int]]()
    api = serve(script)
    used, rows = judged(api, tell=lambda line: told.append((line, len(script.of_rows))))
    # Each prompt once, however many rows have it, and none that is plain; the count was told before any was sent.
    assert script.of_rows == sorted([BOSS, LOCK, NEAREST, WALL])
    ((line, sent_before),) = told
    assert line == f"prompts near the hazard limit: 4; sent to m at {api.url}: 4"
    assert sent_before == 0
    assert rows["hazard_stage"].to_list() == ["fast", *["endpoint"] * 5]
    before = by_stages["hazard_score"].to_list()
    wanted = [
        before[0], *(moved(score, 0.9, harmful=number == 4) for number, score in enumerate(before) if number)
    ]  # fmt: skip
    assert rows["hazard_score"].to_list() == pytest.approx(wanted, abs=1e-6)
    limit = worker.detectors.hazard_limit
    assert [score >= limit for score in rows["hazard_score"]] == [False] * 4 + [True, False]
    for name, at_boss in (("hazard", "vcr"), ("sub_hazard", None)):
        assert rows[name].to_list() == [*by_stages[name][:4], at_boss, by_stages[name][5]]
    same = ["sample_id", "exchange", "neighbours", "hazard_margin", "proximity", "hazard_window", "text_kind"]
    assert rows.select(same).equals(by_stages.select(same))
    assert (used.near, used.judged, used.exchanges, used.undecided, used.left) == (4, 4, 5, 0, 0)
    assert used.disagreed == 4  # three that were hazardous, one that was not
    assert (used.kind, used.endpoint, used.model, used.stopped) == ("rubric", api.url, "m", "")
    assert used.told == "4 of 4 prompts near the limit judged by m; it disagreed about 4"


def test_the_nearest_come_first_and_the_cap_is_told(
    serve: Callable[..., Api], judged: Callable[..., Judged]
) -> None:
    script = Script()
    used, _ = judged(serve(script), **{"judge.endpoint_most": 1})
    assert script.of_rows == [NEAREST]
    assert (used.near, used.judged, used.left) == (4, 1, 3)
    assert "3 over the cap" in used.told


def test_no_prompt_is_sent_twice(serve: Callable[..., Api], judged: Callable[..., Judged]) -> None:
    script, told = Script(boss=Said(harmful=True)), list[str]()
    api = serve(script)
    first = judged(api, **{"judge.endpoint_most": 2})
    assert len(script.of_rows) == 2
    second = judged(api, tell=told.append)
    assert script.of_rows == sorted([BOSS, LOCK, NEAREST, WALL])
    assert told == [
        f"prompts near the hazard limit: 4; sent to m at {api.url}: 2; verdicts from an earlier run: 2"
    ]
    assert (first.used.judged, second.used.judged) == (2, 4)
    again = judged(api)
    assert len(script.of_rows) == 4
    assert again.used == second.used
    assert again.rows.equals(second.rows)
    judged(api, **{"judge.endpoint": f"{api.url}#other"})
    assert len(script.of_rows) == 8  # another model's verdicts are its own


def test_a_killed_run_sends_only_the_rest_again(
    serve: Callable[..., Api], judged: Callable[..., Judged]
) -> None:
    script = Script()
    api = serve(script)

    def killed(stage: str, done: int, total: int | None, unit: str = "") -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged(api, progress=killed)
    sent = len(script.of_rows)
    assert judged(api).used.judged == 4
    assert len(script.of_rows) == sent + 2


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (reply("I would rather not say."), "the answer is not a verdict"),
        (reply('{"check": "000000000000", "harmful_request": false, "hazard": "none"}'), "the answer is not a verdict"),
        ((400, {}, b"<html>"), "status 400"),
    ],
)  # fmt: skip
def test_what_does_not_parse_leaves_the_local_verdict(
    serve: Callable[..., Api], judged: Callable[..., Judged], by_stages: pl.DataFrame, said: Any, problem: str
) -> None:
    used, rows = judged(serve(Script(lock=said)))
    for row in (1, 5):
        assert rows.row(row) == by_stages.row(row)
    assert (used.judged, used.undecided, used.problems) == (3, 1, {problem: 1})
    assert "1 undecided" in used.told


def test_a_key_that_ends_midway_stops_the_judge_not_the_audit(
    serve: Callable[..., Api], judged: Callable[..., Judged], by_stages: pl.DataFrame
) -> None:
    used, rows = judged(serve(Script(**dict.fromkeys(WORDS, (401, {}, b"no")))))
    assert "401" in used.stopped
    assert (used.judged, used.undecided) == (0, 4)
    assert rows.equals(by_stages)
    assert "stopped: " in used.told


def test_a_server_that_falls_silent_is_left_alone(
    serve: Callable[..., Api], judged: Callable[..., Judged], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "SILENT_MOST", 2)
    used, _ = judged(serve(Script(**dict.fromkeys(WORDS, (418, {}, b"")))))
    assert used.stopped == "2 prompts in a row got no answer (status 418)"


@pytest.mark.parametrize("answer", [(401, {}, b"no"), (418, {}, b""), (200, {}, b"<html>")])
def test_a_judge_that_cannot_be_asked_is_an_error_before_anything_is_judged(
    serve: Callable[..., Api], config: Config, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr("mixguard.served.endpoint.TRIES", 1)
    api = serve(lambda number, body: answer)
    with pytest.raises(UsageError, match=r"401 Unauthorized|m does not answer a test question"):
        mixguard.audit(ROWS, config=config.replace({"judge.endpoint": f"{api.url}#m"}))
    assert len(api.asked) == 1
    assert "capital of France" in str(api.asked)


def test_a_guard_that_was_not_made_for_a_hazard_does_not_clear_it(
    serve: Callable[..., Api], judged: Callable[..., Judged]
) -> None:
    used, _ = judged(serve(lambda _, body: reply("No")), **{"judge.endpoint_kind": "shieldgemma"})
    assert used.kind == "shieldgemma"
    assert used.problems == {asked.NOT_ITS_HAZARD: 3}
    assert used.judged == 1  # dieting is near self-harm, which it sees


def test_texts_too_long_for_the_judge_are_not_sent(
    serve: Callable[..., Api], judged: Callable[..., Judged], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "LONGEST", 35)
    script = Script()
    used, _ = judged(serve(script))
    assert script.of_rows == [BOSS]
    assert used.problems == {verdicts.TOO_LONG: 3}


def test_offline_refuses_a_judge(serve: Callable[..., Api], config: Config) -> None:
    api = serve(Script())
    with pytest.raises(ConfigError, match="--offline"):
        mixguard.audit(
            ROWS, config=config.replace({"judge.endpoint": f"{api.url}#m", "encode.offline": True})
        )
    assert not api.asked


@pytest.mark.parametrize("text", ["http://u:secret@h/v1#m", "http://h/v1", "h#m", "http://h/v1#"])
def test_an_option_without_secrets_is_asked_for(config: Config, text: str) -> None:
    with pytest.raises(
        ConfigError, match=r"judge\.endpoint: (must not hold a user|write it as URL#MODEL)"
    ) as error:
        config.replace({"judge.endpoint": text})
    assert "secret" not in str(error.value)


def test_the_command_says_how_many_and_writes_no_key_down(
    serve: Callable[..., Api], config: Config, tmp_path: Path, write_jsonl: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    api = serve(Script())
    monkeypatch.setenv("JUDGE_KEY", KEY)
    arguments = [
        "audit", "-", "--judge", f"{api.url}#m", "--key-env", "JUDGE_KEY", "--fail-on", "never",
        "--run", str(tmp_path / "r"), "--set", f"encode.cache={config.encode.cache}",
    ]  # fmt: skip
    done = CliRunner().invoke(app, arguments, input=write_jsonl(ROWS).read_bytes())
    assert done.exit_code == 0, done.output
    assert f"prompts near the hazard limit: 4; sent to m at {api.url}: 4" in done.stderr
    assert "4 of 4 prompts near the limit judged by m" in " ".join(done.stdout.split())
    audit = mixguard.Audit.load(tmp_path / "r")
    used = audit.detectors.endpoint
    assert used is not None
    assert (used.judged, used.exchanges, used.endpoint) == (4, 5, api.url)
    (stages,) = (finding for finding in audit.findings if finding.id == "MG308")
    assert used.told in stages.message
    assert {key for _, key, _ in api.asked} == {f"Bearer {KEY}"}
    written = b"".join(path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file())
    assert KEY.encode() not in written
    verdicts = (config.encode.cache or tmp_path) / "verdicts"
    assert not any(
        KEY.encode() in path.read_bytes() or LOCK.encode() in path.read_bytes() for path in verdicts.iterdir()
    )
