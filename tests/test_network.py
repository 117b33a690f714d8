"""No library looks up a host or writes into the home folder: watched from outside the process, and from inside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import chat

from mixguard.network import TELEMETRY, unobserved

STRACE = shutil.which("strace")
AUDIT = "from mixguard.cli import main; main()"


def able() -> bool:
    return (
        STRACE is not None and not subprocess.run([STRACE, "-o", os.devnull, "true"], check=False).returncode
    )


@pytest.mark.skipif(not able(), reason="strace is missing, or may not trace here")
def test_no_audit_asks_the_network_or_writes_into_the_home_folder(tmp_path: Path) -> None:
    home, own = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    corpus = tmp_path / "data.jsonl"
    corpus.write_text("".join(json.dumps(chat(f"Where is parcel {n}?", "Here.")) + "\n" for n in range(9)))
    known = ("PATH", "PYTHONPATH", "OMP_NUM_THREADS", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in known if name in os.environ}
    # The encoder is converted by the first of two runs.
    options = [
        "--set",
        "judge.stages=fast",
        "--run",
        str(tmp_path / "run"),
        "--set",
        f"encode.cache={own}",
        "--fail-on",
        "never",
    ]
    for run in ("first", "later"):
        trace = tmp_path / f"{run}.trace"
        watched = [str(STRACE), "-f", "-qq", "-o", str(trace), "-e", "trace=network"]
        done = subprocess.run(
            [*watched, sys.executable, "-c", AUDIT, "audit", str(corpus), *options],
            cwd=tmp_path, env={**environment, "HOME": str(home)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        calls = trace.read_text().splitlines()
        assert calls
        asked = [
            call
            for call in calls
            if re.search(r"(connect|send\w+)\(.*AF_INET|nameserver|sin_port=htons\(53\)", call)
        ]
        assert not asked
        assert not [call for call in calls if re.search(r"send(to|mmsg|msg)\(", call)]
        assert list(home.iterdir()) == []


def test_openvino_is_imported_without_its_telemetry_and_the_programs_own_stays() -> None:
    script = (
        "import sys\n"
        "from mixguard.network import unobserved\n"
        "with unobserved():\n    import openvino\n"
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry')]\n"
        "from openvino.tools.ovc import telemetry_utils\n"
        "assert telemetry_utils.tm.__name__ == 'openvino.tools.ovc.telemetry_stub'\n"
        "import openvino_telemetry\n"
        "telemetry_utils.tm = openvino_telemetry\n"
        "with unobserved():\n    assert telemetry_utils.tm is not openvino_telemetry\n"
        "assert telemetry_utils.tm is sys.modules['openvino_telemetry'] is openvino_telemetry\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_telemetry_package_can_be_imported_again_after_the_block() -> None:
    with pytest.raises(RuntimeError, match="inside"), unobserved():
        assert sys.modules[TELEMETRY] is None
        raise RuntimeError("inside")
    assert sys.modules.get(TELEMETRY, "absent") is not None
