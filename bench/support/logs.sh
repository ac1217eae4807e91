# Sourced by the scripts here: the logs that are measured, and what a command takes on them.
# Wants build=BUILD_DIR.

# make_logs DIR LINES: auth.log (all lines of a simulated fleet), logons.log (those of sshd that tell
# an attempt), quiet.log (audit records without logons), mixed.log (every 50th of a logon).
make_logs() {
  local dir=$1 lines=$2 days=20
  # A day has some 40,000 lines, 7,500 of them of attempts.
  [ "$lines" -le 100000 ] || days=$((lines / 7000))
  "$build/bench/fleet-sim" --seed 1 --days "$days" --out "$dir/sim" >/dev/null 2>&1
  # awk reads to the end, so that the first stage is not cut off by a signal.
  awk -v n="$lines" 'NR <= n' "$dir/sim/auth.log" >"$dir/auth.log"
  grep -E 'sshd(-session)?\[[0-9]+\]: (Accepted|Failed|Invalid user)' "$dir/sim/auth.log" |
    awk -v n="$lines" 'NR <= n' >"$dir/logons.log"
  rm -r "$dir/sim"
  "$build/bench/audit-log" quiet "$lines" >"$dir/quiet.log"
  "$build/bench/audit-log" mixed "$lines" >"$dir/mixed.log"
}

# need_programs: builds what the scripts here run, when it is missing and build is the usual place.
need_programs() {
  local programs=(bin/doorward-agent bench/fleet-sim bench/audit-log bench/timed bench/bench-pipeline)
  local program missing=no
  for program in "${programs[@]}"; do [ -x "$build/$program" ] || missing=yes; done
  [ "$missing" = yes ] || return 0
  [ "$build" = build/release ] || { echo "$build has no benchmarks" >&2; return 1; }
  echo "building" >&2
  . scripts/packages.sh
  install_packages "${build_packages[@]}" "${bench_packages[@]}" >&2
  cmake --preset release >/dev/null
  cmake --build --preset release --target "${programs[@]##*/}" >/dev/null
}

# take [OPTIONS OF timed] COMMAND...: sets elapsed, cpu (seconds) and peak (KiB); fails if it fails.
take() {
  local told
  told=$("$build/bench/timed" "$@") || return 1
  read -r elapsed cpu peak <<<"$told"
}

# What else keeps this machine busy.
load() { echo "  ($(date -u +%F), load average $(cut -d' ' -f1-2 /proc/loadavg), $(nproc) cores)"; }
