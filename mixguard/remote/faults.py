"""What goes wrong with a remote place, in one plain sentence: what, where, what to do.

Every library has errors of its own, so most are told by their names. Their texts may hold keys and are shown last.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from mixguard import urls
from mixguard.errors import InputError, MixguardError, UsageError

CHANGED = "changed while it was read; run the command again"
CUT = "the connection broke off before its end; run the command again"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_KEYS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; a public bucket needs FSSPEC_S3_ANON=true",
    "gs": "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
}
_KEYS |= {"s3a": _KEYS["s3"], "gcs": _KEYS["gs"]}
_LOGIN = "set the credentials that its fsspec package reads"
_REFUSED = (
    "forbidden",
    "permission",
    "accessdenied",
    "unauthorized",
    "signaturedoesnotmatch",
    "invalidaccesskey",
)
_UNREACHED = (
    "endpointconnection",
    "connectionrefused",
    "connectorerror",
    "connectionerror",
    "newconnection",
    "gaierror",
)
_BROKEN = (
    "incompleteread", "chunkedencoding", "protocolerror", "payloaderror", "connectionreset", "brokenpipe",
    "serverdisconnected", "connectionclosed", "responsestreaming", "remotedisconnected",
)  # fmt: skip


@contextmanager
def explained(url: str, error: type[UsageError] = InputError, verb: str = "read") -> Iterator[None]:
    """Turn whatever a library raises into one sentence.

    Raises:
        error: the block failed.
    """
    try:
        yield
    except MixguardError:
        raise
    except Exception as problem:  # noqa: BLE001 - every library has errors of its own
        raise error(f"{urls.shown(url)}: {_told(problem, url, verb)}") from None


def lacks_bucket(problem: FileNotFoundError) -> bool:
    """Whether not even the bucket is there."""
    return "bucket does not exist" in str(problem).lower()


def _told(problem: Exception, url: str, verb: str) -> str:
    if isinstance(problem, OSError) and problem.errno in _FULL:
        return f"no space is left in {tempfile.gettempdir()}; set TMPDIR to a folder on a larger disk"
    chain = [problem, *filter(None, (problem.__cause__, problem.__context__))]
    names = " ".join(f"{type(each).__name__} {getattr(each, 'code', '')}" for each in chain).lower()
    text = " ".join(map(str, chain)).lower()
    if "fileexpired" in names:
        return CHANGED
    if "credential" in names or "unable to locate credentials" in text or "defaultcredentials" in names:
        return f"no credentials were found; {_KEYS.get(urls.scheme(url), _LOGIN)}"
    if _any(_REFUSED, names, text):
        return f"access is denied; check that these credentials may {verb} it ({_KEYS.get(urls.scheme(url), _LOGIN)})"
    if isinstance(problem, FileNotFoundError):
        return "no such bucket; check its name" if lacks_bucket(problem) else "no such file or folder"
    return _of_connection(problem, url, names, text, verb)


def _of_connection(problem: Exception, url: str, names: str, text: str, verb: str) -> str:
    if _any(_BROKEN, names, ""):
        return CUT
    if "sslerror" in names or "certificate" in names:
        return "its certificate is not accepted; check the address"
    if "timeout" in names or "timed out" in text:
        return "timed out; check the address and the network, then run the command again"
    if _any(_UNREACHED, names, "") or "could not connect" in text:
        own = " (AWS_ENDPOINT_URL for a server of your own)" if urls.scheme(url) == "s3" else ""
        return f"its server cannot be reached; check the address{own} and the network"
    if "libjvm" in text or "libhdfs" in text:
        return "HDFS needs Java and Hadoop's client here; set JAVA_HOME and HADOOP_HOME"
    said = urls.scrubbed(str(problem).strip()) or type(problem).__name__
    return f"cannot be {'written' if verb == 'write' else verb} ({said})"


def _any(signs: tuple[str, ...], names: str, text: str) -> bool:
    return any(sign in names or (text and sign in text.replace(" ", "")) for sign in signs)
