#!/bin/bash
# Whether audit-relay gets from a real auditd what audit.log has, as its plugin and at its socket.
#
# usage: tests/record/audit-relay.sh AGENT        (root, Debian 12, two minutes)
#
# Starts real auditd and sshd in private namespaces (see record.sh: no other auditd may be running),
# with systemd/audit-plugin.conf made active and the af_unix plugin beside it, logs on, hangs up,
# reloads and restarts auditd, and compares the records of the three ways, all of them and one by one.
# packages: openssh-server openssh-client auditd sshpass
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
die() { echo "audit-relay.sh: $*" >&2; exit 1; }

outer() {
  [ $# -eq 1 ] || { sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 1; }
  [ "$(id -u)" = 0 ] || die "must be run as root"
  [ -e /proc/self/loginuid ] || die "this kernel has no audit support"
  pidof auditd >/dev/null && die "an auditd is running here; use a machine (a VM) of its own"
  local agent backlog enabled
  agent=$(realpath "$1")
  WORK=$(mktemp -d /tmp/audit-relay.XXXXXX)
  backlog=$(auditctl -s | awk '$1 == "backlog_limit" {print $2}')
  enabled=$(auditctl -s | awk '$1 == "enabled" {print $2}')
  # shellcheck disable=SC2064
  trap "auditctl -e $enabled >/dev/null 2>&1; auditctl -b $backlog >/dev/null 2>&1; rm -rf '$WORK'" EXIT
  install -m 755 "$agent" "$WORK/doorward-agent"
  cp "$HERE/../../systemd/audit-plugin.conf" "$WORK/plugin.conf"
  unshare --mount --net --uts --ipc --propagation private "$0" --inside "$WORK"
}

start_auditd() {
  auditd -n >/dev/null 2>&1 &
  AUDITD=$!
  for _ in $(seq 100); do [ -s /run/auditd.pid ] && break; sleep 0.1; done
  [ -s /run/auditd.pid ] || die "auditd did not start"
  auditctl -b 8192 >/dev/null
  for _ in $(seq 100); do grep -q DAEMON_START "$PLUGIN" 2>/dev/null && break; sleep 0.1; done
}

stop_auditd() { kill "$AUDITD"; wait "$AUDITD" || true; sleep 1; }

logons() { # PASSWORD COUNT
  local i
  for ((i = 0; i < $2; i++)); do
    sshpass -p "$1" ssh -F none -p 2299 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
      -o LogLevel=ERROR -o PreferredAuthentications=password alice@127.0.0.1 true || true
  done
}

# the records of processes; those of auditd itself and of its configuration go to its plugins in
# another order, or to the file alone
records() { grep -hE '^type=(USER_|LOGIN|CRED_)' "$@" | sort; }

compare() { # NAME FILES
  local name=$1
  shift
  records "$@" >"$W/$name"
  echo "$name: $(wc -l <"$W/$name") of $(wc -l <"$W/expected") logon records, $(cat "$@" | grep -c DOORWARD_DROPPED || true) gaps"
  cmp -s "$W/$name" "$W/expected" || { diff "$W/$name" "$W/expected" | head -5; FAILED=1; }
}

inner() {
  local d
  W=$1
  cd /
  umask 022
  FAILED=0
  echo 4294967295 >/proc/self/loginuid 2>/dev/null || true
  mkdir "$W/etc"
  cp -a /etc/. "$W/etc/"
  mount --bind "$W/etc" /etc
  for d in /home /root /run /var/log /var/mail /var/spool; do [ -d $d ] && mount -t tmpfs -o mode=755 tmpfs $d; done
  mkdir -p /run/sshd /run/lock /var/log/audit
  hostname bastion-01
  ip link set lo up
  useradd -m -s /bin/bash doorward-test-alice 2>/dev/null || true
  usermod -l alice -d /home/alice doorward-test-alice 2>/dev/null || true
  mkdir -p /home/alice
  echo 'alice:alice-Pw.7' | chpasswd
  rm -f /etc/ssh/sshd_config.d/* /etc/audit/plugins.d/*
  ssh-keygen -A >/dev/null
  sed -i 's/^log_format.*/log_format = ENRICHED/; s/^flush.*/flush = INCREMENTAL/; s/^freq.*/freq = 1/' /etc/audit/auditd.conf
  sed "s/^active.*/active = yes/; s#^path.*#path = $W/doorward-agent#; s#^args.*#args = audit-relay#" \
    "$W/plugin.conf" >/etc/audit/plugins.d/doorward.conf
  printf 'active = yes\ndirection = out\npath = builtin_af_unix\ntype = builtin\nargs = 0640 /run/audispd_events\nformat = string\n' \
    >/etc/audit/plugins.d/af_unix.conf
  chmod 640 /etc/audit/plugins.d/*
  PLUGIN=/var/spool/doorward/audit/audit.log
  "$W/doorward-agent" audit-relay --socket /run/audispd_events --folder /var/spool/socket 2>"$W/socket.err" &
  RELAY=$!
  start_auditd
  for _ in $(seq 100); do grep -q connected "$W/socket.err" && break; sleep 0.1; done
  /usr/sbin/sshd -p 2299 -o ListenAddress=127.0.0.1
  logons alice-Pw.7 5
  logons wrong 5
  local relay_pid
  relay_pid=$(pgrep -P "$AUDITD" -f audit-relay)
  kill -HUP "$AUDITD" # auditd reads its configuration anew and sends SIGHUP to its plugins
  sleep 1
  kill -HUP "$relay_pid"
  [ "$(pgrep -P "$AUDITD" -f audit-relay)" = "$relay_pid" ] || die "the relay did not live through SIGHUP"
  logons alice-Pw.7 5
  sleep 1
  stop_auditd
  pgrep -f "doorward-agent audit-relay$" >/dev/null && die "the relay outlived auditd"
  start_auditd
  # auditd's socket comes back; what it wrote before that it had nobody to tell
  for _ in $(seq 100); do [ "$(grep -c connected "$W/socket.err")" = 2 ] && break; sleep 0.1; done
  logons alice-Pw.7 5
  logons wrong 20
  sleep 1
  kill "$(cat /run/sshd.pid)"
  sleep 1
  stop_auditd
  kill "$RELAY"
  wait "$RELAY" || die "the relay at the socket ended with $?"
  records /var/log/audit/audit.log >"$W/expected"
  [ -s "$W/expected" ] || die "auditd recorded nothing"
  compare plugin /var/spool/doorward/audit/audit.log*
  compare socket /var/spool/socket/audit.log*
  for d in /var/log/audit/audit.log $PLUGIN /var/spool/socket/audit.log; do
    echo "$d: $("$W/doorward-agent" normalize -q --source auditd "$d" | wc -l) events"
  done
  stat -c '%A %U %n' /var/spool/doorward/audit /var/spool/doorward/audit/*
  [ $FAILED = 0 ] || die "the three ways differ"
}

if [ "${1-}" = --inside ]; then shift; inner "$@"; else outer "$@"; fi
