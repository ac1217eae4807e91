#!/usr/bin/env bash
# Replays the real logs of ../shared/corpora at default settings and prints, for each file and for
# those that belong together, what became of it: the rows of the table in docs/real-logs.md.
#   bench/corpora/run.sh [AGENT] [CORPORA]   default: build/release/bin/doorward-agent ../shared/corpora
# With a third argument, a folder, what was said is kept there: NAME.txt, as --format text has it.
set -euo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)
agent=$(realpath "${1:-$repo/build/release/bin/doorward-agent}")
corpora=$(realpath "${2:-$repo/../shared/corpora}")
keep=${3:+$(realpath "$3")}
cd "$corpora"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# row NAME FILE...
row() {
  local name=$1
  shift
  # Stamps without a year and a zone would else depend on when and where the files were copied.
  local as=(replay --year 2017 --timezone UTC --policy "" "$@")
  "$agent" "${as[@]}" >"$work/alerts" 2>"$work/summary"
  [ -z "$keep" ] || "$agent" "${as[@]}" --format text >"$keep/${name//\//-}.txt" 2>&1
  local lines success failure rules
  lines=$(awk '$1 == "lines" || $1 == "records" || $1 == "input" { print $2; exit }' "$work/summary")
  success=$(awk '$1 == "events" { print $2; exit }' "$work/summary")
  failure=$(awk '$1 == "events" { print $4; exit }' "$work/summary")
  rules=$(grep -v '"update":true\|"summary":true' "$work/alerts" |
    grep -o '"rule":{"id":"[^"]*"' | cut -d'"' -f6 | sort | uniq -c |
    awk '{ printf "%s%d %s", (NR > 1 ? ", " : ""), $1, $2 }') || true
  echo "| $name | $lines | $success | $failure | ${rules:--} |"
}

echo "| file | lines | successes | failures | alerts |"
echo "| --- | ---: | ---: | ---: | --- |"
for file in authlog/*.log auditd/*.log cloudtrail/*.log entra/*.log m365/*events.json; do
  row "$file" "$file"
done
row "slave22 (secure-rhel7, test)" authlog/secure-rhel7.log authlog/test.log
row "precise32 (auth-ubuntu1204, test)" authlog/auth-ubuntu1204.log authlog/test.log
row "all of authlog" authlog/*.log
row "all of auditd" auditd/*.log
row "all of them" authlog/*.log auditd/*.log cloudtrail/*.log entra/*.log m365/*events.json
