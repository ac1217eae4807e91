#!/bin/bash
# Records real log files of logons, with the truth beside them, for the parser tests.
#
# usage: tests/record/record.sh [--journal] OUTDIR          (root, Debian 12, about 6 minutes)
#
# Starts real sshd, PAM, sudo, su, agetty/login, cron, rsyslogd and auditd, acts on them from
# client network namespaces (steps.py, repeated.py) and leaves in OUTDIR:
#   auth.log auth-rfc3339.log auth-rfc5424.log audit.log truth.ndjson steps.ndjson TRACES.md
#   auth-repeated.log audit-repeated.log truth-repeated.ndjson
# With --journal, systemd-journald takes the place of rsyslogd and auditd, and an ordinary user forges
# entries (journal_steps.py): journal.ndjson truth-journal.ndjson
# Everything happens in private mount, network, UTS and IPC namespaces: users, keys, configuration
# and logs live in tmpfs mounts which vanish with them; the host's own files are not touched.
# Only the kernel's audit system is shared: no other auditd may be running.
#
# packages: openssh-server openssh-client auditd rsyslog sudo login passwd util-linux iproute2 cron
#           sshpass netcat-openbsd python3 python3-paramiko python3-pexpect
# (apt-get is called for what is missing, without starting any service)
set -euo pipefail
PACKAGES="openssh-server openssh-client auditd rsyslog sudo login passwd util-linux iproute2 cron
          sshpass netcat-openbsd python3 python3-paramiko python3-pexpect"
HOST=bastion-01
HERE=$(cd "$(dirname "$0")" && pwd)

die() { echo "record.sh: $*" >&2; exit 1; }

install_packages() {
  local missing=() p policy=/usr/sbin/policy-rc.d made=0
  for p in $PACKAGES; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "installing: ${missing[*]}" >&2
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy; chmod 755 $policy; made=1; fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 ||
    { [ $made = 1 ] && rm -f $policy; die "could not install: ${missing[*]}"; }
  [ $made = 1 ] && rm -f $policy
}

# ---- outer part: checks, then the same script inside its own namespaces -------------------------
outer() {
  JOURNAL=
  if [ "${1-}" = --journal ]; then JOURNAL=1; shift; fi
  export JOURNAL
  [ $# -eq 1 ] || { sed -n '2,18p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 1; }
  [ "$(id -u)" = 0 ] || die "must be run as root (it makes namespaces, users and runs daemons)"
  [ -e /proc/self/loginuid ] || die "this kernel has no audit support"
  [ -z "$JOURNAL" ] && pidof auditd >/dev/null && die "an auditd is running here; use a machine (a VM) of its own"
  # python3-pexpect may also come from PYTHONPATH
  [ -n "$JOURNAL" ] && /usr/bin/python3 -c 'import pexpect' 2>/dev/null || install_packages
  mkdir -p "$1"
  OUT=$(cd "$1" && pwd)
  WORK=$(mktemp -d /tmp/record.XXXXXX)
  BACKLOG=
  [ -n "$JOURNAL" ] || BACKLOG=$(auditctl -s | awk '$1 == "backlog_limit" {print $2}')
  # shellcheck disable=SC2064
  trap "sweep '$WORK'" EXIT
  trap 'exit 130' INT TERM HUP
  unshare --mount --net --uts --ipc --propagation private \
    "$HERE/record.sh" --inside "$OUT" "$WORK" &
  wait $!
}

# ends every process left in the recorder's mount namespace (no other process can be in it)
sweep() {
  local ns p
  if [ -s "$1/ns" ]; then
    ns=$(cat "$1/ns")
    for sig in TERM KILL; do
      for p in /proc/[0-9]*; do
        [ "$(readlink "$p/ns/mnt" 2>/dev/null)" = "$ns" ] && kill -$sig "${p#/proc/}" 2>/dev/null || true
      done
      sleep 0.5
    done
  fi
  [ -z "$BACKLOG" ] || auditctl -b "$BACKLOG" >/dev/null 2>&1
  rm -rf "$1"
  return 0
}

# ---- inner part ---------------------------------------------------------------------------------
private_files() {
  local d
  echo "$(readlink /proc/self/ns/mnt)" >"$WORK/ns"
  mkdir "$WORK/tmp"
  mount -t tmpfs -o mode=755 tmpfs "$WORK/tmp"
  W=$WORK/tmp
  mkdir "$W/out" "$W/lib" "$W/etc" "$W/dev" "$W/dev/pts" "$W/dev/shm" "$W/keys"
  mount --bind "$OUT" "$W/out"
  cp "$HERE"/* "$W/lib/"
  if [ -n "$JOURNAL" ]; then # before /root is hidden
    /usr/bin/python3 -c 'import os, pexpect, ptyprocess
print(os.path.dirname(pexpect.__file__)); print(os.path.dirname(ptyprocess.__file__))' | xargs -I{} cp -r {} "$W/lib/"
  fi
  cp -a /etc/. "$W/etc/"
  mount --bind "$W/etc" /etc
  cp -a /dev/{null,zero,full,random,urandom,tty,fd,stdin,stdout,stderr} "$W/dev/"
  mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$W/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$W/dev/shm"
  ln -s pts/ptmx "$W/dev/ptmx"
  mount --rbind "$W/dev" /dev
  for d in /home /root /run /var/log /var/mail /var/spool /var/lib/sudo /opt /mnt; do
    [ -d $d ] && mount -t tmpfs -o mode=755 tmpfs $d
  done
  mkdir -p /run/sshd /run/lock /run/netns /run/sudo /var/log/audit /var/spool/rsyslog \
    /var/spool/cron/crontabs
  install -m 664 -g utmp /dev/null /run/utmp
  install -m 664 -g utmp /dev/null /var/log/wtmp
  install -m 660 -g utmp /dev/null /var/log/btmp
  install -m 664 -g utmp /dev/null /var/log/lastlog
}

network() {
  local i=0 c v4 v6 spec
  hostname $HOST
  echo $HOST >/etc/hostname
  printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost\n' $HOST >/etc/hosts
  : >/etc/resolv.conf
  ip link set lo up
  ip link add br0 type bridge
  for spec in 192.0.2.1/24 198.51.100.1/24 203.0.113.1/24 10.20.0.1/16; do ip addr add $spec dev br0; done
  ip link set br0 up
  ip -6 addr add 2001:db8:1::1/48 dev br0 nodad
  ip -6 addr add fe80::1/64 dev br0 nodad
  for spec in office:192.0.2.10/24:2001:db8:1::10 home:198.51.100.23/24:2001:db8:1:beef::23 \
    cafe:203.0.113.5/24:2001:db8:1:5::5 bot1:203.0.113.66/24:2001:db8:1:bad::66 \
    bot2:198.51.100.200/24:2001:db8:1:bad:1:2:3:4 lan:10.20.30.40/16:2001:db8:1:10::40; do
    IFS=: read -r c v4 v6 <<<"$spec"
    i=$((i + 1))
    ip netns add "$c"
    ip link add "v$i" type veth peer name eth0 netns "$c"
    ip link set "v$i" master br0 up
    ip -n "$c" link set lo up
    ip -n "$c" link set eth0 address "02:00:5e:00:53:0$i"
    ip -n "$c" addr add "$v4" dev eth0
    ip -n "$c" link set eth0 up
    ip -n "$c" -6 addr add "$v6/48" dev eth0 nodad
  done
  sleep 2.5 # duplicate address detection of the link-local addresses
}

add_user() { # NAME PASSWORD [useradd options]
  local n=$1 p=$2
  shift 2
  useradd -m -s /bin/bash --badname "$@" "$n"
  [ -z "$p" ] || printf '%s:%s\n' "$n" "$p" | chpasswd
  chmod 755 "/home/$n"
}

users() {
  local n t
  awk -F: '$3 < 1000 || $3 > 60000' "$W/etc/passwd" >"$W/passwd" && cat "$W/passwd" >/etc/passwd
  useradd -D >/dev/null
  ssh-keygen -q -t ed25519 -N '' -C ops -f "$W/keys/ed25519"
  ssh-keygen -q -t rsa -b 2048 -N '' -C backup -f "$W/keys/rsa"
  ssh-keygen -q -t ecdsa -N '' -C ecdsa -f "$W/keys/ecdsa"
  for n in 1 2 3 4 5 6; do ssh-keygen -q -t ed25519 -N '' -C "stranger$n" -f "$W/keys/wrong$n"; done
  for n in alice bob carol dave erin frank grace; do add_user $n "$n-Pw.7"; done
  add_user j.doe "j.doe-Pw.7"
  add_user deploy ''
  add_user svc-backup ''
  add_user heidi heidi-Pw.7 -G sudo
  add_user ivan ivan-Pw.7
  add_user judy judy-Pw.7
  add_user locked1 locked1-Pw.7
  usermod -L locked1
  add_user expired1 expired1-Pw.7 -e 2020-01-01
  add_user stalepw stalepw-Pw.7
  chage -d 0 stalepw
  add_user denied1 denied1-Pw.7
  add_user noshell noshell-Pw.7
  usermod -s /usr/sbin/nologin noshell
  add_user falsesh falsesh-Pw.7
  usermod -s /bin/false falsesh
  printf 'root:root-Pw.7\n' | chpasswd
  echo 'ivan ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/ivan
  echo 'frank ALL=(bob) /usr/bin/id' >/etc/sudoers.d/frank
  chmod 440 /etc/sudoers.d/*
  for n in deploy svc-backup alice bob heidi ivan judy frank; do
    t=ed25519
    [ $n = svc-backup ] && t=rsa
    install -d -m 700 -o $n -g $n "/home/$n/.ssh"
    install -m 600 -o $n -g $n "$W/keys/$t.pub" "/home/$n/.ssh/authorized_keys"
  done
  install -d -m 700 ~root/.ssh
  install -m 600 "$W/keys/ed25519.pub" ~root/.ssh/authorized_keys
  chmod 700 /root
}

config() {
  rm -f /etc/ssh/ssh_host_* /etc/ssh/sshd_config.d/*
  ssh-keygen -A >/dev/null
  # Debian's sshd_config, with keyboard-interactive also allowed
  cat >/etc/ssh/sshd_config <<-X
	Include /etc/ssh/sshd_config.d/*.conf
	KbdInteractiveAuthentication yes
	UsePAM yes
	X11Forwarding yes
	PrintMotd no
	AcceptEnv LANG LC_*
	Subsystem sftp /usr/lib/openssh/sftp-server
	DenyUsers denied1
	X
  # a stricter one on port 2222
  sed 's/^DenyUsers.*/Port 2222\nPidFile \/run\/sshd2.pid\nPermitRootLogin no\nAllowUsers alice bob@10.20.* j.doe root\nMaxAuthTries 3/' \
    /etc/ssh/sshd_config >/etc/ssh/sshd_config_2222
  # limits that need no change, so that pam_limits has nothing to say where raising them is not permitted
  printf '%s\n' "* - nofile $(ulimit -Hn)" "root - nofile $(ulimit -Hn)" "* - memlock $(ulimit -Hl)" \
    "root - memlock $(ulimit -Hl)" "* - core 0" "root - core 0" >/etc/security/limits.conf
  rm -f /etc/cron.d/* /etc/rsyslog.d/*
  echo '* * * * * alice true' >/etc/cron.d/report
  echo '' >/etc/crontab
  cat >/etc/rsyslog.conf <<-'X'
	module(load="imuxsock")
	$FileOwner root
	$FileGroup adm
	$FileCreateMode 0640
	$WorkDirectory /var/spool/rsyslog
	auth,authpriv.* action(type="omfile" file="/var/log/auth.log" template="RSYSLOG_TraditionalFileFormat")
	auth,authpriv.* action(type="omfile" file="/var/log/auth-rfc3339.log" template="RSYSLOG_FileFormat")
	auth,authpriv.* action(type="omfile" file="/var/log/auth-rfc5424.log" template="RSYSLOG_SyslogProtocol23Format")
	X
  cat >/etc/rsyslog-repeated.conf <<-'X'
	module(load="imuxsock")
	$WorkDirectory /var/spool/rsyslog
	$RepeatedMsgReduction on
	auth,authpriv.* action(type="omfile" file="/var/log/auth-repeated.log" template="RSYSLOG_TraditionalFileFormat")
	X
  sed -i 's/^log_format.*/log_format = ENRICHED/; s/^flush.*/flush = INCREMENTAL/; s/^freq.*/freq = 1/; s/^name_format.*/name_format = NONE/' \
    /etc/audit/auditd.conf
  rm -f /etc/audit/plugins.d/*
}

start() { # log daemons; $1: rsyslog configuration
  rsyslogd -n -f "$1" -i /run/rsyslogd.pid >/dev/null 2>"$W/rsyslogd.err" &
  auditd -n >/dev/null 2>"$W/auditd.err" &
  for _ in $(seq 50); do [ -S /dev/log ] && [ -s /run/auditd.pid ] && break; sleep 0.1; done
  [ -S /dev/log ] || die "rsyslogd did not start: $(cat "$W/rsyslogd.err")"
  [ -s /run/auditd.pid ] || die "auditd did not start: $(cat "$W/auditd.err")"
  auditctl -b 8192 >/dev/null
  sleep 0.5
}

stop() { # the log daemons, after what they still hold is written
  sleep 1
  kill "$(cat /run/rsyslogd.pid)" "$(cat /run/auditd.pid)" || true
  for _ in $(seq 50); do [ -e /run/auditd.pid ] || [ -e /run/rsyslogd.pid ] || break; sleep 0.1; done
}

journal() { # the steps with systemd-journald as the only log daemon
  mkdir -p /run/systemd/journal
  systemd-machine-id-setup >/dev/null 2>&1
  printf '[Journal]\nStorage=volatile\nAudit=\nReadKMsg=no\nRateLimitIntervalSec=0\n' >/etc/systemd/journald.conf
  ln -s /run/systemd/journal/dev-log /dev/log
  gcc -O1 -shared -fPIC -o "$W/forge.so" "$W/lib/forge.c" || die "no compiler for forge.c"
  chmod 711 "$WORK" # forge.so is an ordinary user's
  /lib/systemd/systemd-journald >/dev/null 2>"$W/journald.err" &
  local journald=$!
  for _ in $(seq 50); do [ -S /run/systemd/journal/dev-log ] && break; sleep 0.1; done
  [ -S /run/systemd/journal/dev-log ] || die "journald did not start: $(cat "$W/journald.err")"
  /usr/sbin/sshd
  /usr/sbin/sshd -f /etc/ssh/sshd_config_2222
  ! command -v cron >/dev/null || env -u TZ cron
  failed=0
  /usr/bin/python3 -B "$W/lib/journal_steps.py" "$W" || failed=1
  kill $(cat /run/crond.pid /run/sshd2.pid /run/sshd.pid 2>/dev/null) || true
  sleep 1
  journalctl --sync || true
  journalctl -q -o json --output-fields=MESSAGE,SYSLOG_IDENTIFIER,SYSLOG_PID,_TRANSPORT,_UID,_COMM,_EXE,_PID,_CAP_EFFECTIVE,_HOSTNAME,_SOURCE_REALTIME_TIMESTAMP \
    >"$W/out/journal.ndjson"
  cp "$W/truth.ndjson" "$W/out/truth-journal.ndjson"
  chmod 644 "$W"/out/*
  kill "$journald"
  [ $failed = 0 ] || die "some steps did not go as scripted; do not use these files"
}

# the kernel's audit system is the whole machine's: drops events of programs that are not part of the recording
own_events() { # FILE
  awk 'match($0, /audit\([0-9.]+:[0-9]+\)/) { id = substr($0, RSTART, RLENGTH) }
       NR == FNR { if (/ exe="/ && !/ exe="\/usr\/s?bin\/(sshd|sudo|su|login|cron|auditd|auditctl)"/) foreign[id] = 1; next }
       !(id in foreign)' "$1" "$1" >"$1.own"
  mv "$1.own" "$1"
}

inner() {
  OUT=$1 WORK=$2
  cd /
  umask 022
  echo 4294967295 >/proc/self/loginuid 2>/dev/null || true # daemons start with no login uid, as from init
  unset SUDO_USER SUDO_COMMAND SUDO_UID SUDO_GID MAIL
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TZ=UTC LC_ALL=C.UTF-8 HOME=/root
  private_files
  network
  users
  config
  if [ -n "$JOURNAL" ]; then
    journal
    return
  fi
  start /etc/rsyslog.conf
  /usr/sbin/sshd
  /usr/sbin/sshd -f /etc/ssh/sshd_config_2222
  env -u TZ cron
  failed=0 # what was recorded is kept for inspection also when a step went wrong
  /usr/bin/python3 -B "$W/lib/steps.py" "$W" || failed=1
  kill "$(cat /run/crond.pid)" "$(cat /run/sshd2.pid)"
  stop
  mv /var/log/audit/audit.log "$W/audit.log"
  start /etc/rsyslog-repeated.conf
  /usr/bin/python3 -B "$W/lib/repeated.py" "$W" || failed=1
  kill "$(cat /run/sshd.pid)"
  stop
  own_events "$W/audit.log"
  own_events /var/log/audit/audit.log
  # the one edit of a recorded line: the kernel's name in DAEMON_START becomes Debian 12's
  sed -i "s/kernel=$(uname -r)/kernel=6.1.0-28-amd64/" "$W/audit.log" /var/log/audit/audit.log
  cp /var/log/auth*.log "$W/audit.log" "$W/truth.ndjson" "$W/steps.ndjson" "$W/truth-repeated.ndjson" "$W/out/"
  cp /var/log/audit/audit.log "$W/out/audit-repeated.log"
  /usr/bin/python3 -B "$W/lib/traces.py" "$W/out" "$W/lib/findings.md" >"$W/out/TRACES.md"
  chmod 644 "$W"/out/*
  [ $failed = 0 ] || die "some steps did not go as scripted; do not use these files"
}

if [ "${1-}" = --inside ]; then shift; inner "$@"; else outer "$@"; fi
