from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard import urls


@pytest.mark.parametrize(
    "url", ["s3://bucket/run", "https://host:8443/a.jsonl", "hdfs://name:8020/x", "memory://b"]
)
def test_a_url_is_known_as_text_and_as_a_path_that_lost_a_slash(url: str) -> None:
    assert urls.url_of(url) == url
    assert urls.url_of(Path(url)) == url
    assert urls.url_of(PureWindowsPath(url)) == url


@pytest.mark.parametrize(
    "name", ["data.jsonl", "/x/y", "C:/x", "a:b", "hf://owner/name:train", "-", "", "s3", "x/s3://y"]
)
def test_local_names_and_hub_names_are_none(name: str) -> None:
    assert urls.url_of(name) is None
    assert urls.shown(name) == name


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@host/a.jsonl", "https://***@host/a.jsonl"),
        ("https://token@host/a.jsonl", "https://***@host/a.jsonl"),
        ("https://h/a?X-Amz-Signature=ab&X-Amz-Date=1&file=b", "https://h/a?X-Amz-Signature=***&X-Amz-Date=***&file=b"),
        ("https://h/a?sv=2022&sig=abc%3D", "https://h/a?sv=***&sig=***"),
        ("https://h/a?token=x#access_token=y", "https://h/a?token=***"),
        ("sftp://me:pa/ss@w@host/dir", "sftp://***@host/dir"),
        ("sftp://me@host/dir", "sftp://me@host/dir"),
        ("abfs://box@account.dfs.core.windows.net/x", "abfs://box@account.dfs.core.windows.net/x"),
        ("hdfs://name:8020/u@x.jsonl", "hdfs://name:8020/u@x.jsonl"),
        ("s3://bucket/what?.jsonl", "s3://bucket/what?.jsonl"),
        ("s3://bucket/key?versionId=3", "s3://bucket/key?versionId=3"),
    ],
)  # fmt: skip
def test_what_may_be_secret_is_not_shown(url: str, shown: str) -> None:
    assert urls.shown(url) == shown
    assert urls.shown(shown) == shown


@given(
    secret=st.text("abcdefXYZ0123456789+%=~.", min_size=8),
    scheme=st.sampled_from(["https", "ftp", "sftp", "s3"]),
)
def test_no_password_and_no_signature_survives(secret: str, scheme: str) -> None:
    for url in (f"{scheme}://user:{secret}@host/data.jsonl", f"{scheme}://host/data.jsonl?sig={secret}"):
        assert secret not in urls.shown(url)
        assert secret not in urls.scrubbed(f"error at {url}: no")


def test_one_place_is_one_protocol_and_one_bucket() -> None:
    assert urls.same_place("s3://bucket/a", Path("s3://bucket/b"))
    assert not urls.same_place("s3://bucket/a", "s3://other/a")
    assert not urls.same_place("s3://bucket/a", "gs://bucket/a")
    assert not urls.same_place("data.jsonl", "data.jsonl")


def test_a_folder_and_a_name_make_a_url_again() -> None:
    for url in ("s3://bucket/a/b", "s3://bucket", "https://h/a/b"):
        assert urls.below(*urls.split(url)) == url
    assert urls.split("https://h/a/b.jsonl?sig=x/y") == ("https://h/a", "b.jsonl")
    assert urls.has_magic("s3://b/*.jsonl")
    assert not urls.has_magic("https://h/a?b=c")
