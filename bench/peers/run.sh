#!/usr/bin/env bash
# Doorward beside what one would use instead, in one run on the same generated files: one table.
#   bench/peers/run.sh [--build DIR] [--runs N] [--no-install] [--short] [LINES]
#                      default: build/release, 3 runs, installs missing packages, 500000 lines a file
#   --short            without those that take more than 10 times as long as Doorward
#
# Every command runs on one core (0) with its file in the page cache and its output thrown away.
# cpu: user and system time, median of the runs; lines/s and the ratios are of it, since elapsed
# time on a machine that does other work as well tells more of that. Peak: resident memory.
#
# Installs, as root: sshguard, liblognorm-utils, fail2ban, crowdsec, auditd, libauparse-dev, laurel,
# gcc, and keeps their services from starting. For a machine that is thrown away; elsewhere take
# --no-install, and what is missing is left out with a word.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/release
runs=3
install=yes
short=no
lines=500000
while [ $# -gt 0 ]; do
  case "$1" in
    --build) build=$2; shift ;;
    --runs) runs=$2; shift ;;
    --no-install) install=no ;;
    --short) short=yes ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "bench/peers/run.sh: unknown option $1; try --help" >&2; exit 1 ;;
    *) lines=$1 ;;
  esac
  shift
done
. bench/support/logs.sh

# crowdsec takes milliseconds a line where guessing goes on: it gets the first lines only.
crowdsec_lines=2000
peer_packages=(sshguard liblognorm-utils fail2ban crowdsec auditd libauparse-dev libaudit-dev laurel gcc
  libc6-dev)

install_peers() {
  local missing=() package
  for package in "${peer_packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return 0
  [ "$(id -u)" -eq 0 ] || { echo "not root, not installed: ${missing[*]}" >&2; return 0; }
  echo "installing ${missing[*]}" >&2
  # Neither services nor, for crowdsec, an account at its central API.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -rf /usr/sbin/policy-rc.d "$work"' EXIT
  fi
  mkdir -p /etc/crowdsec
  [ -s /etc/crowdsec/online_api_credentials.yaml ] ||
    echo '# none' >/etc/crowdsec/online_api_credentials.yaml
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || true
  # One by one: one that cannot be had must not keep the others away.
  for package in "${missing[@]}"; do
    apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
      echo "cannot be installed: $package" >&2
  done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ "$install" = no ] || install_peers
need_programs
make_logs "$work" "$lines"
agent=$build/bin/doorward-agent

# row NAME PROGRAM COMMAND...: measures the command on $file ($count lines). PROGRAM must be there.
row() {
  local name=$1 program=$2
  shift 2
  if [ -z "$program" ] || ! command -v "$program" >/dev/null; then
    printf '%s\tnot installed\n' "$name" >>"$rows"
    return 0
  fi
  if ! take --runs "${times:-$runs}" --accept "${accept:-0}" \
    --output "${output:-/dev/null}" "$@"; then
    printf '%s\tdoes not run here\n' "$name" >>"$rows"
    return 0
  fi
  [ "$name" != "wc -l" ] || floor=$(awk -v c="$cpu" -v n="$count" 'BEGIN { print c / n }')
  [ "$name" != "doorward-agent replay, all rules" ] ||
    ours=$(awk -v c="$cpu" -v n="$count" 'BEGIN { print c / n }')
  printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$elapsed" "$cpu" "$peak" "$count" >>"$rows"
}

# table TITLE: prints the rows measured since begin().
begin() { rows=$work/rows; : >"$rows"; count=$(wc -l <"$file"); floor=0; ours=0; }
table() {
  printf '\n%s\n  %-44s %9s %9s %11s %9s %10s %12s\n' "$1" "" "elapsed s" "cpu s" "M lines/s" \
    "peak MiB" "x wc -l" "x replay"
  awk -F '\t' -v floor="$floor" -v ours="$ours" '
    NF == 2 { printf "  %-44s %s\n", $1, $2; next }
    {
    each = $3 / $5
    printf "  %-44s %9.3f %9.3f %11.4f %9.1f %10.1f", $1, $2, $3, $5 / $3 / 1e6, $4 / 1024, each / floor
    if (ours > 0) printf " %12.2f", each / ours
    printf "\n"
  }' "$rows"
}

# Those that look names up get no network to wait for, those that look uids up only files.
alone=()
if [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; then alone=(unshare -n); fi
files_only=()
if [ "$(id -u)" -eq 0 ]; then
  sed 's/^\(passwd\|group\):.*/\1: files/' /etc/nsswitch.conf >"$work/nsswitch.conf"
  cat >"$work/files-only" <<X
#!/bin/sh
mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf && exec "\$@"
X
  chmod +x "$work/files-only"
  unshare -m "$work/files-only" true 2>/dev/null && files_only=(unshare -m "$work/files-only")
fi
# Reads its standard input: sh -c 'exec "$@" <FILE' would be counted as well, but is a millisecond.
from_file() { from=(sh -c 'f=$1; shift; exec "$@" <"$f"' sh "$file" "$@"); }

guard=$(command -v sshg-parser || ls /usr/libexec/sshguard/sshg-parser 2>/dev/null || true)
auth_peers() {
  begin
  row "wc -l" wc wc -l "$file"
  # It would stop at the first match if it saw that nobody reads.
  accept=1 output=$work/counted row "grep -c sshd" grep grep -c sshd "$file"
  row "doorward-agent normalize" "$agent" "$agent" normalize -q "$file"
  row "doorward-agent replay, all rules" "$agent" "$agent" replay -q "$file"
  from_file "${alone[@]}" "${guard:-none}"
  row "sshg-parser (matches only)" "$guard" "${from[@]}"
  from_file lognormalizer -r bench/peers/sshd.rulebase -e json
  row "lognormalizer, sshd rulebase" lognormalizer "${from[@]}"
  if [ "$short" = yes ]; then
    table "$1"
    return 0
  fi
  times=1 row "fail2ban-regex, its sshd filter (1 run)" fail2ban-regex fail2ban-regex "$file" sshd
  if command -v crowdsec >/dev/null && bench/peers/crowdsec.sh "$work/crowdsec"; then
    head -n "$crowdsec_lines" "$file" >"$work/first.log"
    count=$(wc -l <"$work/first.log")
    times=1 row "crowdsec, sshd collection, $count lines (1 run)" crowdsec \
      timeout 300 crowdsec -c "$work/crowdsec/config.yaml" -dsn "file://$work/first.log" -type syslog
    rm -rf "$work/crowdsec"
  else
    row "crowdsec, sshd collection" crowdsec false
  fi
  table "$1"
}

audit_peers() {
  begin
  row "wc -l" wc wc -l "$file"
  # It would stop at the first match if it saw that nobody reads.
  accept=1 output=$work/counted row "grep -c USER_LOGIN" grep grep -c USER_LOGIN "$file"
  row "doorward-agent normalize" "$agent" "$agent" normalize -q "$file"
  row "doorward-agent replay, all rules" "$agent" "$agent" replay -q "$file"
  row "libauparse, a loop in C" "$work/auparse-loop" "${files_only[@]}" "$work/auparse-loop" "$file"
  accept=1 row "aureport -au" aureport "${files_only[@]}" aureport -au -if "$file"
  row "ausearch --raw" ausearch "${files_only[@]}" ausearch --raw -if "$file"
  if [ "$short" = yes ]; then
    table "$1"
    return 0
  fi
  times=1 row "ausearch --format csv (1 run)" ausearch \
    "${files_only[@]}" ausearch --format csv -if "$file"
  mkdir -p "$work/laurel"
  cat >"$work/laurel.toml" <<X
directory = "$work/laurel"
user = "$(id -un)"
[auditlog]
file = "audit.log"
size = 10000000000
generations = 1
[transform]
execve-argv = ["array"]
[translate]
universal = false
user-db = false
[enrich]
pid = false
container = false
X
  from_file laurel -c "$work/laurel.toml"
  times=1 row "laurel, to JSON (1 run)" laurel "${from[@]}"
  rm -rf "$work/laurel"
  table "$1"
}

gcc -O2 -o "$work/auparse-loop" bench/peers/auparse_loop.c -lauparse 2>/dev/null || true
load
file=$work/auth.log
auth_peers "auth.log, every line ($(wc -l <"$file") lines)"
file=$work/logons.log
auth_peers "auth.log, every line tells an attempt ($(wc -l <"$file") lines)"
file=$work/quiet.log
audit_peers "audit.log without logons ($(wc -l <"$file") lines)"
file=$work/mixed.log
audit_peers "audit.log, every 50th record of a logon ($(wc -l <"$file") lines)"
