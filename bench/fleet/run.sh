#!/usr/bin/env bash
# The fleet simulation from end to end at default settings: recall by kind and false alerts a day,
# beside the peers' methods on the same data, and how well the p-values are calibrated.
#   bench/fleet/run.sh [BUILD_DIR] [SEED...]       default: build/release 1 2 3 4 5 6
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/release}
shift || true
seeds=("$@")
[ "${#seeds[@]}" -gt 0 ] || seeds=(1 2 3 4 5 6)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for seed in "${seeds[@]}"; do
  "$build/bench/fleet-sim" --seed "$seed" --out "$work" >/dev/null 2>&1
  start=$(sed -n 's/.*"test_start": "\([^"]*\)".*/\1/p' "$work/meta.json")
  "$build/bin/doorward-agent" replay -q --timezone UTC --alerts-from "$start" "$work/auth.log" \
    >"$work/alerts.ndjson"
  echo "== seed $seed"
  "$build/bench/fleet-score" --truth "$work/truth.csv" --alerts "$work/alerts.ndjson" \
    --log "$work/auth.log" 2>/dev/null
  # Scores as a stream gives them, nothing held back: what the p-values promise.
  "$build/bin/doorward-agent" replay -q --scores --timezone UTC --alerts-from 9999-01-01 \
    "$work/auth.log" | python3 bench/fleet/calibration.py "$work/truth.csv" "$start"
  rm -f "$work"/*
done
