"""Remote places (`s3://`, `gs://`, `hdfs://`, `https://`, ...), through fsspec: fetched to read, put to write.

Everything else of mixguard sees local files: `copies` gives copies of remote ones, `named` gives their names back for reports.
"""

from __future__ import annotations

from mixguard.remote.fetch import copies
from mixguard.remote.send import check, exists, listed, remove, send, write
from mixguard.remote.spool import address, named, stand_in

__all__ = ["address", "check", "copies", "exists", "listed", "named", "remove", "send", "stand_in", "write"]
