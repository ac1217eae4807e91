#!/usr/bin/env bash
# Counts the instructions that a line costs on the hot paths and holds them against those recorded
# in bench/instructions/recorded.tsv. Counts repeat to a thousandth where times on a busy machine do
# not, so a slip shows.
#   bench/instructions/run.sh [--build DIR] [--record] [--tolerance PERCENT]
#                             default: build/release, 3 %
# Exit status 1 when a path costs more than the tolerance above what was recorded, or cannot be
# compared; 2 when valgrind is missing. --record writes the file anew; commit it with the change that
# moved it.
#
# Start-up is taken out: the same path on 10,000 and on 30,000 lines, and the difference is divided.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/release
record=no
tolerance=3
while [ $# -gt 0 ]; do
  case "$1" in
    --build) build=$2; shift ;;
    --tolerance) tolerance=$2; shift ;;
    --record) record=yes ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "bench/instructions/run.sh: unknown argument $1; try --help" >&2; exit 1 ;;
  esac
  shift
done
command -v valgrind >/dev/null || {
  echo "bench/instructions/run.sh: valgrind is not installed (Debian package valgrind)" >&2
  exit 2
}
. bench/support/logs.sh

recorded=bench/instructions/recorded.tsv
few=10000
many=30000
agent=$build/bin/doorward-agent
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
need_programs
make_logs "$work" "$many"
inputs=$(cat "$work"/{auth,logons,quiet,mixed}.log | cksum | tr ' ' '-')
for kind in auth logons quiet mixed; do
  head -n "$few" "$work/$kind.log" >"$work/$kind.few"
done

compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
compiler="$(basename "$compiler") $("$compiler" -dumpfullversion)"
libc=$(getconf GNU_LIBC_VERSION)
# What libc's string functions are chosen by.
processor=$(grep -qw avx2 /proc/cpuinfo && echo avx2 || echo no-avx2)
made_with="$compiler, $libc, $processor"

# count COMMAND...: instructions that it takes in user space.
count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# The machine that valgrind plays takes no part in time zones and settings of this one.
export TZ=UTC
{
  cat <<X
# Instructions a line, by bench/instructions/run.sh --record. They depend on the compiler, on libc and
# on what the processor has: where those differ, record again before comparing.
# made with: $made_with
# inputs: $inputs
X
  for path in auth:normalize auth:replay logons:normalize logons:replay quiet:normalize \
    quiet:replay mixed:normalize mixed:replay; do
    kind=${path%:*}
    command=${path#*:}
    small=$(count "$agent" "$command" -q "$work/$kind.few")
    large=$(count "$agent" "$command" -q "$work/$kind.log")
    printf '%s\t%s\t%s\n' "$kind.log" "$command" "$(((large - small) / (many - few)))"
  done
} >"$work/now.tsv"

if [ "$record" = yes ]; then
  cp "$work/now.tsv" "$recorded"
  cat "$recorded"
  exit 0
fi
[ -f "$recorded" ] || { echo "bench/instructions/run.sh: nothing is recorded; --record" >&2; exit 1; }
before=$(sed -n 's/^# made with: //p' "$recorded")
[ "$before" = "$made_with" ] ||
  echo "  recorded with $before; here $made_with: differences may come from that"
if [ "$(sed -n 's/^# inputs: //p' "$recorded")" != "$inputs" ]; then
  echo "  the generated logs are others than those recorded with: run bench/instructions/run.sh --record"
  exit 1
fi
awk -F '\t' -v tolerance="$tolerance" '
  /^#/ { next }
  NR == FNR { old[$1 " " $2] = $3; next }
  FNR != NR && !head++ { printf "  %-24s %10s %10s %8s\n", "instructions a line", "recorded", "now", "ratio" }
  {
    path = $1 " " $2
    ratio = old[path] > 0 ? $3 / old[path] : 0
    word = ""
    if (ratio == 0) { word = "not recorded"; slipped = 1 }
    else if (ratio > 1 + tolerance / 100) { word = "SLIPPED"; slipped = 1 }
    else if (ratio < 1 - tolerance / 100) word = "faster: record it"
    printf "  %-24s %10d %10d %8.3f  %s\n", path, old[path], $3, ratio, word
  }
  END { exit slipped }' "$recorded" "$work/now.tsv"
