#!/usr/bin/env bash
# The short form of the benchmarks, as ./check --bench runs it: builds what it needs, compares
# instructions a line with those recorded (exit status 1 when one slipped), prints the aims and the
# ratios to what else is installed. bench/peers/run.sh installs the others and measures at length.
set -euo pipefail
cd "$(dirname "$0")/.."
lines=200000

echo "== build (release)"
log=$(mktemp)
cmake --preset release >"$log" 2>&1 || { cat "$log"; exit 1; }
rm -f "$log"
cmake --build --preset release --target doorward-agent fleet-sim audit-log timed bench-pipeline

failed=0
echo "== instructions a line"
bench/instructions/run.sh || failed=1
echo "== aims for one core"
bench/targets/run.sh --runs 3
echo "== beside what else is installed"
bench/peers/run.sh --no-install --short --runs 3 "$lines"
[ "$failed" -eq 0 ] || echo "check: a hot path costs more instructions than recorded"
exit "$failed"
