#!/usr/bin/env bash
# The aims for one core, and what is reached here: one table.
#   bench/targets/run.sh [--build DIR] [--runs N] [LINES]      default: build/release, 5, 500000
# Commands run on core 0, files lie in the page cache. Figures are of CPU time (user and system),
# medians; beside other work on the machine that is what can be compared. Elapsed: in brackets.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/release
runs=5
lines=500000
while [ $# -gt 0 ]; do
  case "$1" in
    --build) build=$2; shift ;;
    --runs) runs=$2; shift ;;
    -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "bench/targets/run.sh: unknown option $1; try --help" >&2; exit 1 ;;
    *) lines=$1 ;;
  esac
  shift
done
. bench/support/logs.sh
agent=$build/bin/doorward-agent
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
need_programs
make_logs "$work" "$lines"

# told FIGURE HERE AIM MET: a row.
told() { printf '  %-58s %-32s %-16s %s\n' "$@"; }
calc() { awk "BEGIN { $1 }"; }

# speed FIGURE FILE COMMAND AIM: M lines/s of a command of doorward-agent on a file.
speed() {
  local count
  count=$(wc -l <"$2")
  take --runs "$runs" "$agent" "$3" -q "$2"
  last=$cpu
  told "$1, $3" "$(calc "printf \"%.2f M lines/s [%.2f]\", $count / $cpu / 1e6, $count / $elapsed / 1e6")" \
    "${4:+>= $4 M}" "$([ -z "$4" ] || calc "print($count / $cpu / 1e6 >= $4 ? \"yes\" : \"no\")")"
}

ratio() {
  take --runs "$runs" wc -l "$2"
  told "$1" "$(calc "printf \"%.1f x wc -l\", $last / $cpu")" "$3" \
    "$([ -z "$3" ] || calc "print($last / $cpu <= ${3#<= } ? \"yes\" : \"no\")")"
}

load
told "figure" "here" "aim" "met"
for command in normalize replay; do
  speed "audit.log without logons" "$work/quiet.log" "$command" 10
  ratio "  its time" "$work/quiet.log" "<= 10"
done
for command in normalize replay; do
  speed "audit.log, every 50th record of a logon" "$work/mixed.log" "$command" 6
done
speed "auth.log, every line" "$work/auth.log" replay ""
speed "auth.log, every line of a logon" "$work/logons.log" normalize ""
speed "auth.log, every line of a logon" "$work/logons.log" replay 3

# The whole file and half of it: what is allocated once is the same for both. Prints, in turn,
# allocations in all and logons scored a second.
head -n "$((lines / 2))" "$work/logons.log" >"$work/half.log"
read -r once _ all scored <<<"$("$build/bench/bench-pipeline" --file="$work/half.log" \
  --file="$work/logons.log" --benchmark_format=json --benchmark_min_time=1 2>/dev/null |
  sed -n 's/.*"\(allocs\|scored\/s\)": \([0-9.e+-]*\).*/\2/p' | tr '\n' ' ')"
told "logons scored, file to verdict" "$(calc "printf \"%.2f M/s\", $scored / 1e6")" ">= 1.5 M" \
  "$(calc "print($scored >= 1.5e6 ? \"yes\" : \"no\")")"
told "allocations a line" \
  "$(calc "printf \"%.4f, %d at first\", ($all - $once) / ($lines - int($lines / 2)), $once")" "0" \
  "$(calc "print($all - $once < $lines / 20000 ? \"yes\" : \"no\")")"

head -n 1 "$work/logons.log" >"$work/one.log"
take --runs 21 --until-output "$agent" normalize -q "$work/one.log"
told "start to the first line told (normalize)" \
  "$(calc "printf \"%.1f ms, %.1f of CPU\", $elapsed * 1e3, $cpu * 1e3")" "<= 50 ms" \
  "$(calc "print($elapsed <= 0.05 ? \"yes\" : \"no\")")"
take --runs 21 "$agent" replay -q "$work/one.log"
told "start, one line scored, and end (replay)" \
  "$(calc "printf \"%.1f ms, %.1f of CPU\", $elapsed * 1e3, $cpu * 1e3")" "<= 50 ms" \
  "$(calc "print($elapsed <= 0.05 ? \"yes\" : \"no\")")"

for kind in quiet auth; do
  gzip -kf "$work/$kind.log"
  take --runs "$runs" zcat "$work/$kind.log.gz"
  zcat=$cpu zcat_elapsed=$elapsed
  take --runs "$runs" "$agent" replay -q "$work/$kind.log.gz"
  told "$kind.log.gz, replay" \
    "$(calc "printf \"%.2f x zcat [%.2f]\", $cpu / $zcat, $elapsed / $zcat_elapsed")" "<= 1" \
    "$(calc "print($elapsed / $zcat_elapsed <= 1 ? \"yes\" : \"no\")")"
done

python3 bench/live/measure.py "$agent" --alerts 0 --seconds 5 --rates 0,50000 --starts 9 >"$work/live"
awk 'NR > 1 && NF == 5 { printf "  the agent at %s lines/s: resident %s MiB, peak %s (aim 32), CPU %s\n", $1, $3, $4, $2 }
  /^start/ { print "  the agent, " $0 }' "$work/live"
