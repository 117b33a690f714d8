"""`llamafactory-cli train`, probing the model while it trains; see README.md."""

from __future__ import annotations

from pathlib import Path

from llamafactory.train.tuner import run_exp
from probe_callback import ProbeCallback

if __name__ == "__main__":
    run_exp(callbacks=[ProbeCallback(Path("build/model/probes"), steps=50)])
