from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from buckets import Web, proxies_off, s3_server, web_server

from mixguard.remote import fetch, web


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known from an earlier test, and nobody waits between two tries."""
    for name in ("_COPIES", "_ADDRESSES", "_STATES"):
        monkeypatch.setattr(fetch, name, {})
    monkeypatch.setattr(web, "FIRST_WAIT", 0.0)
    proxies_off(monkeypatch)


@pytest.fixture(scope="session")
def s3() -> Iterator[Any]:
    """An fsspec file system of a real server, with one bucket, `bucket`."""
    with s3_server():
        import s3fs

        system = s3fs.S3FileSystem(skip_instance_cache=True)
        system.mkdir("bucket")
        yield system


@pytest.fixture
def site() -> Iterator[Web]:
    with web_server() as served:
        yield served
