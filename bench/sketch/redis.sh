#!/usr/bin/env bash
# What Debian's redis-server takes for PFADD, its HyperLogLog, as a peer of distinct_add and
# hash_and_distinct_add in bench-sketch: 25-byte values, 100 in one write, over a local socket.
#   bench/sketch/redis.sh [COMMANDS]      default 1000000; needs the Debian package redis-server
# Two figures: the command alone, as the server counts it (without reading, parsing and answering),
# and the server's CPU time for all of it. The client's time is in neither.
set -euo pipefail
commands=${1:-1000000}
command -v redis-server >/dev/null || { echo "redis-server is not installed" >&2; exit 2; }
work=$(mktemp -d)
socket=$work/socket
stop() { redis-cli -s "$socket" shutdown nosave >/dev/null 2>&1 || true; rm -rf "$work"; }
trap stop EXIT
redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --dir "$work" \
  --daemonize yes >/dev/null
for _ in $(seq 50); do redis-cli -s "$socket" ping >/dev/null 2>&1 && break; sleep 0.1; done

# field SECTION NAME: a number of redis-cli info.
field() { redis-cli -s "$socket" info "$1" | tr -d '\r' | sed -n "s/^$2:\(.*usec=\)\?\([0-9.]*\).*/\2/p"; }
server_cpu() { echo "$(field cpu used_cpu_user) $(field cpu used_cpu_sys)"; }

before=$(server_cpu)
redis-benchmark -s "$socket" -n "$commands" -P 100 -c 1 -r 100000 -q \
  PFADD bench 'user__rand_int__|10.0.0.7' >/dev/null
after=$(server_cpu)
echo "$before $after $(field commandstats cmdstat_pfadd) $commands" | awk '{
  printf "PFADD: %.0f ns the command alone, %.0f ns of the server in all\n",
         1000 * $5 / $6, 1e9 * ($3 + $4 - $1 - $2) / $6 }'
