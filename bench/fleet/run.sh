#!/usr/bin/env bash
# The fleet simulation from end to end at default settings: recall by kind and false alerts a day,
# beside a baseline so large that nothing collides and the peers' methods on the same data, and how
# well the p-values are calibrated. Tables in Markdown on stdout, what they were made of in OUT.
#   bench/fleet/run.sh [BUILD_DIR] [SEED...]       default: build/release 1 2 3 4 5 6 7 8 9 10
#   OUT=folder PLOT=docs/calibration.svg bench/fleet/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/release}
shift || true
seeds=("$@")
[ "${#seeds[@]}" -gt 0 ] || seeds=(1 2 3 4 5 6 7 8 9 10)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${OUT:-$work/out}
mkdir -p "$out"
for seed in "${seeds[@]}"; do
  "$build/bench/fleet-sim" --seed "$seed" --out "$work" >/dev/null 2>&1
  start=$(sed -n 's/.*"test_start": "\([^"]*\)".*/\1/p' "$work/meta.json")
  replay=("$build/bin/doorward-agent" replay -q --timezone UTC)
  "${replay[@]}" --alerts-from "$start" "$work/auth.log" >"$work/doorward.ndjson"
  "${replay[@]}" --alerts-from "$start" --memory 512 "$work/auth.log" >"$work/exact.ndjson"
  "$build/bench/fleet-score" --truth "$work/truth.csv" --alerts "$work/doorward.ndjson" \
    --alerts "$work/exact.ndjson" --log "$work/auth.log" --json 2>/dev/null >"$out/$seed.score.json"
  # Scores as a stream gives them, nothing held back: what the p-values promise.
  "${replay[@]}" --scores --alerts-from 9999-01-01 "$work/auth.log" |
    python3 bench/fleet/calibration.py "$work/truth.csv" "$start" "$out/$seed.calibration.json" \
      >/dev/null
  rm -f "$work"/*.ndjson "$work"/auth.log
done
python3 bench/fleet/tables.py "$out" ${PLOT:+"$PLOT"}
