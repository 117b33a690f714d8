#!/bin/sh
# Trains with axolotl on the mix of a corpus that passed, and on nothing else: sh train.sh [CORPUS]
set -eu # a gate that fails ends the script, with its exit code
corpus=$(realpath -- "${1:-$(dirname -- "$0")/../support.jsonl}")
cd -- "$(dirname -- "$0")"
mixguard rebalance -o build/train.jsonl -- "$corpus" # writes the mix, audits it: exits 1 if it fails
mixguard verify build/train.jsonl                    # what was audited is what is there
exec axolotl train support.yml
