#!/usr/bin/env bash
# What fitting theta and d is worth: an agent and a server on loopback read the simulated fleet's
# log, the server fits, and the log is scored without and with what it suggests.
#   bench/fleet/fitted.sh [BUILD_DIR] [SEED]       default: build/release 1
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/release}
seed=${2:-1}
agent=$build/bin/doorward-agent
server=$build/bin/doorward-server
work=$(mktemp -d)
pids=()
finish() {
  [ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait
  rm -rf "$work"
}
trap finish EXIT

"$build/bench/fleet-sim" --seed "$seed" --out "$work" >/dev/null 2>&1
start=$(sed -n 's/.*"test_start": "\([^"]*\)".*/\1/p' "$work/meta.json")
mkdir "$work/run" "$work/agent-run" "$work/policy"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$work/server.toml" <<END
[server]
data_dir = "$work/server"
run_dir = "$work/run"
[agents]
listen = "127.0.0.1:$port"
delta_interval_s = 1
round_interval_s = 5
[api]
listen = "off"
END
cat >"$work/agent.toml" <<END
[inputs]
auto = false
clock = "log"
[[input]]
path = "$work/auth.log"
source = "authlog"
[state]
dir = "$work/state"
run_dir = "$work/agent-run"
[metrics]
listen = "off"
END
"$server" init --data "$work/server" --name localhost >/dev/null 2>&1
"$server" run -c "$work/server.toml" 2>"$work/server.log" &
pids+=($!)
until [ -S "$work/run/api.sock" ]; do sleep 0.1; done
(umask 077 && "$server" token create -c "$work/server.toml" >"$work/token" 2>/dev/null)
"$agent" enroll -c "$work/agent.toml" --server "127.0.0.1:$port" --token-file "$work/token" >/dev/null 2>&1
"$agent" run -c "$work/agent.toml" 2>"$work/agent.log" &
pids+=($!)
# Read to the end, and told.
until "$agent" status --json -c "$work/agent.toml" 2>/dev/null | python3 -c '
import json, sys
try:
    told = json.load(sys.stdin)
except ValueError:
    sys.exit(1)
behind = max(one["bytes_behind"] for one in told["inputs"])
acked = told.get("fleet", {}).get("acked", 0)
sys.exit(0 if behind == 0 and told["lines_read"] > 0 and acked > 0 else 1)'; do sleep 1; done
until "$server" baseline fit -c "$work/server.toml" | grep -q "\*$"; do sleep 1; done
sleep 3
"$server" baseline fit -c "$work/server.toml"
"$server" baseline fit --json -c "$work/server.toml" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["overrides"])' >"$work/policy/policy.toml"
for policy in "" "$work/policy"; do
  name=$([ -z "$policy" ] && echo as-written || echo fitted)
  "$agent" replay -q --policy "$policy" --timezone UTC --alerts-from "$start" "$work/auth.log" \
    >"$work/$name.ndjson"
done
echo "== seed $seed"
"$build/bench/fleet-score" --truth "$work/truth.csv" --alerts "$work/as-written.ndjson" \
  --alerts "$work/fitted.ndjson" 2>/dev/null
