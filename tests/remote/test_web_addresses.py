"""Files of a web server: whole or not at all, taken up where they broke off, and no secret to anybody else."""

from __future__ import annotations

import socket
from base64 import b64encode

import pytest
from buckets import Web, web_server

from mixguard import remote
from mixguard.errors import InputError, UsageError
from mixguard.remote import web

pytestmark = pytest.mark.usefixtures("afresh")

CONTENT = b"".join(b'{"n": %d}\n' % number for number in range(5000))


def every(_: str) -> bool:
    return True


def test_a_file_comes_whole_and_once(site: Web) -> None:
    site.files["/data.jsonl"] = CONTENT
    seen: list[int] = []
    url = f"{site.url}/data.jsonl?token=hidden&v=1"
    for _ in range(2):
        (copy,) = remote.copies(url, every, progress=lambda _s, done, *_: seen.append(done))
        assert copy.read_bytes() == CONTENT
    assert seen[-1] == len(CONTENT)
    assert [headers.get("If-None-Match") for _, headers in site.asked] == [None, '"one"']
    assert remote.named(copy) == f"{site.url}/data.jsonl?token=***&v=1"
    assert remote.copies(remote.named(copy), every, offline=True) == [copy]


def test_one_that_says_nothing_of_its_version_is_fetched_once(site: Web) -> None:
    site.files["/data.jsonl"], site.etag = CONTENT, ""
    for _ in range(2):
        (copy,) = remote.copies(f"{site.url}/data.jsonl", every)
    assert copy.read_bytes() == CONTENT
    assert len(site.asked) == 1


def test_a_new_version_is_fetched(site: Web) -> None:
    site.files["/data.jsonl"] = CONTENT
    remote.copies(f"{site.url}/data.jsonl", every)
    site.files["/data.jsonl"], site.etag = b"", '"two"'
    (copy,) = remote.copies(f"{site.url}/data.jsonl", every)
    assert copy.read_bytes() == b""


@pytest.mark.parametrize("ranges", [True, False])
def test_a_transfer_that_breaks_off_is_taken_up(site: Web, ranges: bool) -> None:
    site.files["/data.jsonl"], site.ranges, site.cut = CONTENT, ranges, {"/data.jsonl": 2}
    (copy,) = remote.copies(f"{site.url}/data.jsonl", every)
    assert copy.read_bytes() == CONTENT
    asked = [headers.get("Range") for _, headers in site.asked]
    assert asked[0] is None
    assert asked[1] == f"bytes={len(CONTENT) // 2}-"


def test_one_that_always_breaks_off_is_refused(site: Web) -> None:
    site.files["/data.jsonl"], site.ranges, site.cut = CONTENT, False, {"/data.jsonl": 99}
    with pytest.raises(InputError, match=r"data\.jsonl: the connection broke off before its end"):
        remote.copies(f"{site.url}/data.jsonl", every)


def test_one_that_changes_between_two_parts_is_read_anew(site: Web) -> None:
    site.files["/data.jsonl"], site.cut = CONTENT, {"/data.jsonl": 1}

    def change(_: str) -> None:
        if len(site.asked) == 2:
            site.files["/data.jsonl"], site.etag = CONTENT[::-1], '"two"'

    site.before = change
    (copy,) = remote.copies(f"{site.url}/data.jsonl", every)
    assert copy.read_bytes() == CONTENT[::-1]


def test_a_part_of_another_version_is_refused(site: Web) -> None:
    site.files["/data.jsonl"], site.cut = CONTENT, {"/data.jsonl": 1}
    site.headers["/data.jsonl"] = {"Content-Range": "bytes 7-9/10"}
    with pytest.raises(InputError, match="changed while it was read"):
        remote.copies(f"{site.url}/data.jsonl", every)


@pytest.mark.parametrize(
    ("status", "said"), [(403, r"access is denied \(403\)"), (401, "access is denied"), (404, "no such file"), (418, "answers 418"), (503, "answers 503")]
)  # fmt: skip
def test_a_refusal_is_told_without_the_secret(site: Web, status: int, said: str) -> None:
    site.status["/data.jsonl"] = status
    with pytest.raises(InputError, match=said) as raised:
        remote.copies(f"{site.url.replace('//', '//me:hunter2@')}/data.jsonl?sig=hunter2", every)
    assert "hunter2" not in str(raised.value)


def test_a_login_page_is_not_taken_for_a_corpus(site: Web) -> None:
    site.files["/data.jsonl"] = b"<html>log in</html>"
    site.headers["/data.jsonl"] = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(InputError, match="is a web page, not a file"):
        remote.copies(f"{site.url}/data.jsonl", every)


def test_a_password_goes_to_the_host_that_was_named_and_to_no_other(site: Web) -> None:
    with web_server() as other:
        other.files["/data.jsonl"] = CONTENT
        site.status["/data.jsonl"] = 302
        site.headers["/data.jsonl"] = {
            "Location": f"{other.url.replace('127.0.0.1', 'localhost')}/data.jsonl"
        }
        (copy,) = remote.copies(f"{site.url.replace('//', '//me:secret@')}/data.jsonl", every)
        assert copy.read_bytes() == CONTENT
        assert site.asked[0][1]["Authorization"] == f"Basic {b64encode(b'me:secret').decode()}"
        assert "Authorization" not in other.asked[0][1]


def test_redirects_end(site: Web) -> None:
    site.status["/data.jsonl"] = 302
    site.headers["/data.jsonl"] = {"Location": "/data.jsonl"}
    with pytest.raises(InputError, match="redirect"):
        remote.copies(f"{site.url}/data.jsonl", every)
    assert len(site.asked) <= web.REDIRECTS + 1


def test_what_a_server_says_is_packed_is_kept_as_it_comes(site: Web) -> None:
    import gzip

    site.files["/data.jsonl"] = gzip.compress(CONTENT)
    site.headers["/data.jsonl"] = {"Content-Encoding": "gzip"}
    (copy,) = remote.copies(f"{site.url}/data.jsonl", every)
    assert gzip.decompress(copy.read_bytes()) == CONTENT


def test_a_server_that_is_not_there_is_told_plainly() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InputError, match="its server cannot be reached; check the address"):
        remote.copies(f"http://127.0.0.1:{port}/data.jsonl", every)


def test_one_that_drips_is_given_up(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    site.files["/data.jsonl"] = CONTENT
    monkeypatch.setattr(web, "WATCHED", -1.0)
    monkeypatch.setattr(web, "SLOWEST", 10**9)
    with pytest.raises(InputError, match="comes too slowly"):
        remote.copies(f"{site.url}/data.jsonl", every)


def test_nothing_is_written_to_the_web(site: Web) -> None:
    with pytest.raises(UsageError, match="a web address cannot be written to"):
        remote.write(f"{site.url}/report.html", b"x")
    assert site.asked == []
