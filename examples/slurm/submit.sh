#!/usr/bin/env bash
# Audit a corpus in N shards, then join them: ./submit.sh N RUNS PATH...
# N: array tasks; RUNS: a new folder that all nodes see, for the shards and the run; PATH: files or folders that all nodes see.
# Prints the id of the job that joins the shards. It succeeds if the gate passes, so training can wait for it:
#   sbatch --dependency=afterok:"$(./submit.sh 16 /shared/runs/support /shared/data)" train.sbatch
set -euo pipefail
shards=$1 runs=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$runs/shards"
array=$(sbatch --parsable --array="1-$shards" "$here/shard.sbatch" "$@")
merge=$(sbatch --parsable --dependency="afterok:${array%%;*}" --kill-on-invalid-dep=yes "$here/merge.sbatch" "$runs")
echo "${merge%%;*}"
