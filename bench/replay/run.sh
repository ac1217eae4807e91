#!/usr/bin/env bash
# Replays auth.log lines beside what one could use instead, in one run: sshg-parser, which only
# matches, and wc -l, the floor. Prints lines/s (median of five, one core) and ratios.
#   bench/replay/run.sh [BUILD_DIR] [LINES]        default: build/release 500000
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/release}
lines=${2:-500000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$build/bench/fleet-sim" --seed 1 --out "$work" >/dev/null 2>&1
# awk reads to the end, so that the first stage is not cut off by a signal.
awk -v n="$lines" 'NR <= n' "$work/auth.log" >"$work/all.log"
grep -E 'sshd(-session)?\[[0-9]+\]: (Accepted|Failed|Invalid user)' "$work/auth.log" |
  awk -v n="$lines" 'NR <= n' >"$work/logons.log"

# median_seconds COMMAND...: five runs pinned to one core, output thrown away.
median_seconds() {
  local i
  for i in 1 2 3 4 5; do
    local from to
    from=$(date +%s.%N)
    taskset -c 0 "$@" >/dev/null 2>&1 </dev/null
    to=$(date +%s.%N)
    echo "$to $from" | awk '{printf "%.6f\n", $1 - $2}'
  done | sort -n | sed -n 3p
}

row() {
  local name=$1 file=$2
  shift 2
  local seconds count
  count=$(wc -l <"$file")
  seconds=$(median_seconds "$@")
  awk -v name="$name" -v n="$count" -v s="$seconds" -v base="${base:-0}" 'BEGIN {
    rate = n / s / 1e6
    printf "  %-46s %8.3f s %9.2f M lines/s", name, s, rate
    if (base > 0) printf "   %6.1f x the time of wc -l", s / base
    printf "\n"
  }'
  last=$seconds
}

# sshg-parser looks host names up and would wait for a name server; without a network it does not.
offline=
[ "$(id -u)" -eq 0 ] && offline="unshare -n"
parser=$(command -v sshg-parser || ls /usr/libexec/sshguard/sshg-parser 2>/dev/null || true)
for kind in all logons; do
  file=$work/$kind.log
  [ "$kind" = all ] && echo "every line of the auth log ($(wc -l <"$file") lines):" ||
    echo "every line of it a logon attempt ($(wc -l <"$file") lines):"
  base=0
  row "wc -l" "$file" wc -l "$file"
  base=$last
  row "doorward-agent normalize" "$file" "$build/bin/doorward-agent" normalize -q "$file"
  row "doorward-agent replay, all rules, score + learn" "$file" \
    "$build/bin/doorward-agent" replay -q "$file"
  if [ -n "$parser" ]; then
    row "sshg-parser (matches only)" "$file" sh -c "exec $offline '$parser' <'$file'"
  else
    echo "  sshg-parser: not installed (Debian package sshguard)"
  fi
done
