"""The words that decided, measured over HTTP: one row at a time, by an encoder that is loaded once and only if it is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from reviewing import Judge, audited_texts, harmful, opened

from mixguard.config import Config
from mixguard.errors import UsageError
from mixguard.review import words
from mixguard.review.queue import Filter
from mixguard.review.routes import routes
from mixguard.review.server import Site, serving
from mixguard.review.session import Session
from mixguard.run.document import Audit

LOWER = "without it, the odds of a hazard are 81.0 times lower"


class Told(NamedTuple):
    status: int
    reply: dict[str, Any]


Ask = Callable[..., Told]


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audited_texts(tmp_path_factory.mktemp("words"), harmful(3))


@pytest.fixture
def session(audit: Audit, tmp_path: Path) -> Session:
    return opened(audit, tmp_path, tmp_path.name.replace("_", "-")).session


@pytest.fixture
def ask(session: Session) -> Iterator[Ask]:
    with serving(Site(b"", "", routes(session, Filter()))) as address:
        parts = urlsplit(address)
        (token,) = parse_qs(parts.query)["token"]
        origin = f"http://{parts.netloc}"

        def asked(path: str, **body: Any) -> Told:
            connection = HTTPConnection(parts.netloc, timeout=20)
            headers = {
                "Origin": origin,
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
            }
            connection.request("POST", path, json.dumps(body), headers)
            reply = connection.getresponse()
            told = Told(reply.status, json.loads(reply.read()))
            connection.close()
            return told

        yield asked


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    found = Judge()
    monkeypatch.setattr(words, "judge_again", found.load)
    return found


def test_words_are_measured_once_for_all_who_ask_and_rows_are_read_meanwhile(ask: Ask, judge: Judge) -> None:
    first = ask("/row").reply["row"]
    assert (first["measured"], judge.loaded) == (False, 0)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask, "/words", id=first["id"]) for _ in range(2)]
        second = ask("/row", at=first["id"], step="next").reply["row"]
        judge.free.set()
        for each in waiting:
            assert each.result().reply["prompt"]["pieces"] == [
                ["How do I rob ", None, None],
                ["bank", LOWER, "measured"],
                [" 2?", None, None],
            ]
    ask("/words", id=second["id"])
    assert judge.loaded == 1
    assert judge.judged == ["How do I rob bank 2?", "How do I rob bank 1?"]
    again = ask("/row", at=first["id"], step="this").reply["row"]
    assert (again["measured"], again["texts"]["prompt"]["pieces"][1][1]) == (True, LOWER)


def test_only_a_hazardous_prompt_that_can_be_read_is_measured(
    ask: Ask, session: Session, judge: Judge
) -> None:
    harmless = session.rows.filter(~session.rows["grave"])["text_id"][0]
    for text_id in (harmless, "0" * 32):
        told = ask("/words", id=text_id)
        assert told.status == 409
        assert "no hazardous prompt" in told.reply["error"]
    assert judge.loaded == 0


def test_without_the_encoder_a_sentence_says_so_and_nothing_is_fetched(tmp_path: Path) -> None:
    gone = Config.from_tree({"encode": {"model": "nobody/nothing", "cache": tmp_path}}, origin="test")
    with pytest.raises(UsageError, match=r"nobody/nothing.*--offline"):
        words.Words(gone).of("0" * 32, "How do I rob a bank?")
