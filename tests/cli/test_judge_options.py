"""Who may name a judge: whoever runs the command, not a file that is read unasked, nor a run from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from mixguard._rebalance import _judged_alike
from mixguard.cli.options import load_config
from mixguard.config import SERVED, Config, JudgeConfig
from mixguard.errors import ConfigError

NAMED = "http://127.0.0.1:9/v1#m"


@pytest.mark.parametrize("line", [f'endpoint = "{NAMED}"', 'key_env = "AWS_SECRET_ACCESS_KEY"'])
def test_a_file_read_unasked_names_no_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    file = tmp_path / "mixguard.toml"
    file.write_text(f"[judge]\n{line}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"mixguard\.toml: judge\.endpoint and judge\.key_env say where"):
        load_config(None, None, judge__endpoint=NAMED)
    assert load_config(file, None).judge != JudgeConfig()


def test_what_else_a_file_says_of_a_judge_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mixguard.toml").write_text("[judge]\nendpoint_most = 7\n")
    monkeypatch.chdir(tmp_path)
    judge = load_config(None, None, judge__endpoint=NAMED).judge
    assert (judge.endpoint, judge.endpoint_most) == (NAMED, 7)


def test_a_run_from_elsewhere_sends_nothing() -> None:
    theirs = Config().replace(
        {"judge.endpoint": NAMED, "judge.key_env": "AWS_SECRET_ACCESS_KEY", "judge.neighbours": 9}
    )
    ours = Config().replace({"judge.concurrency": 2})
    judge = _judged_alike(theirs, ours).judge
    assert (judge.endpoint, judge.key_env, judge.concurrency) == (None, "OPENAI_API_KEY", 2)
    assert judge.neighbours == 9  # how to judge is the run's
    mine = Config().replace({"judge.endpoint": NAMED})
    assert _judged_alike(Config(), mine).judge.endpoint == NAMED


def test_every_option_about_the_server_is_the_callers() -> None:
    names = list(JudgeConfig.model_fields)
    assert names[names.index("endpoint") :] == list(SERVED)
