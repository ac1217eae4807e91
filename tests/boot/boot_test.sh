#!/usr/bin/env bash
# The package on a booted system: debootstraps Debian 12 once (kept in ~/.cache/doorward), boots a
# throw-away copy of it in systemd-nspawn and runs inside.py there. Exit 77: cannot be done here.
# auditd is not part of it: the kernel writes pids of the machine into its records and not those that
# the container's sshd logs, so that nothing there could be told to be the same attempt.
#   boot_test.sh BUILD_FOLDER
# DOORWARD_BOOT_CACHE: where the root is kept; DOORWARD_BOOT_MIRROR: where it comes from;
# DOORWARD_BOOT_KEEP=1: leaves the copy and says where.
set -euo pipefail

readonly kBootSecondsMax=240
readonly kSuite=bookworm
readonly kPackages=systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,openssh-client,rsyslog,logrotate,sudo,procps,iproute2,python3,apt-utils
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
cache=${DOORWARD_BOOT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/doorward}
# Where this machine's own packages come from.
mirror=${DOORWARD_BOOT_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' "Codename: $kSuite" \
  2>/dev/null | grep -v -e security -e updates | head -n 1 || true)}

skip() {
  echo "skipped: $*"
  exit 77
}

[ "$(id -u)" -eq 0 ] || skip "needs root, to boot a container"
for program in systemd-nspawn debootstrap cpack dpkg-deb flock; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done
[ -n "$mirror" ] || skip "apt knows no mirror of $kSuite; name one with DOORWARD_BOOT_MIRROR"
grep -qw overlay /proc/filesystems || skip "this kernel has no overlayfs"

work=$(mktemp -d /tmp/doorward-boot.XXXXXX)
booted=
cleanup() {
  if [ -n "$booted" ]; then
    kill "$booted" 2>/dev/null || true
    wait "$booted" 2>/dev/null || true
  fi
  for mounted in "$work/tree" "$work/layer"; do
    ! mountpoint -q "$mounted" || umount -l "$mounted"
  done
  rm -rf "$work"
}
if [ "${DOORWARD_BOOT_KEEP:-}" != 1 ]; then trap cleanup EXIT; fi

umask 022
SOURCE_DATE_EPOCH=$(date +%s) cpack --config "$build/CPackConfig.cmake" -G DEB -B "$work/debs" \
  >"$work/cpack.log" 2>&1 || { cat "$work/cpack.log"; exit 1; }
debs=("$work"/debs/doorward-*.deb)
depends=$(for deb in "${debs[@]}"; do dpkg-deb -f "$deb" Depends; done | paste -sd,)

# The root, with what the packages depend on, so that the container needs no network.
mkdir -p "$cache"
root=$cache/$kSuite-$(sha256sum <<<"$kPackages" | cut -c1-12)
exec 9>"$cache/lock"
flock 9
if [ ! -e "$root/.depends" ]; then
  rm -rf "$root"
  echo "making $root"
  debootstrap --variant=minbase --include="$kPackages" "$kSuite" "$root" "$mirror" \
    >"$work/debootstrap.log" 2>&1 || {
    rm -rf "$root"
    tail -n 3 "$work/debootstrap.log"
    skip "debootstrap found no $kSuite at $mirror"
  }
  touch "$root/.depends"
fi
if [ "$(cat "$root/.depends")" != "$depends" ]; then
  echo "installing what the packages depend on"
  : >"$root/.depends"
  chroot "$root" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get satisfy \
    -qq -y --no-install-recommends "$1"' sh "$depends" >"$work/satisfy.log" 2>&1 || {
    cat "$work/satisfy.log"
    exit 1
  }
  echo "$depends" >"$root/.depends"
fi
flock -u 9

# What the test writes goes to memory, and away.
mkdir "$work/layer" "$work/tree"
mount -t tmpfs -o mode=755,size=1g tmpfs "$work/layer" || skip "cannot mount a tmpfs"
mkdir "$work/layer/upper" "$work/layer/work"
mount -t overlay -o "lowerdir=$root,upperdir=$work/layer/upper,workdir=$work/layer/work" overlay \
  "$work/tree" || skip "cannot mount an overlay"
mkdir "$work/tree/opt/test"
cp "$here"/*.py "${debs[@]}" "$work/tree/opt/test/"
rm -f "$work/tree/.depends"
cat >"$work/tree/etc/systemd/system/boot-test.service" <<'UNIT'
[Unit]
After=ssh.service rsyslog.service
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
ExecStart=/usr/bin/python3 -B -u /opt/test/inside.py
StandardOutput=file:/opt/test/said
StandardError=inherit
UNIT
ln -s ../boot-test.service "$work/tree/etc/systemd/system/multi-user.target.wants/"
echo bastion-01 >"$work/tree/etc/hostname"

# Where systemd is not in charge, there is no scope to ask it for.
options=(--register=no)
[ -d /run/systemd/system ] || options+=(--keep-unit)
timeout --kill-after=10 "$kBootSecondsMax" systemd-nspawn "${options[@]}" --private-network \
  --machine="doorward-boot-$$" --console=pipe -b -D "$work/tree" </dev/null >"$work/console" 2>&1 &
booted=$!
wait "$booted" || true
booted=

said=$work/tree/opt/test/said
if [ ! -s "$said" ]; then
  tail -n 20 "$work/console"
  ! grep -q 'Welcome to' "$work/console" || { echo "booted, but the test did not run"; exit 1; }
  # Nothing of the test ran: this machine's kernel or cgroups do not let a container boot.
  skip "systemd-nspawn does not boot a container here"
fi
cat "$said"
if ! grep -qx 'all is as expected' "$said"; then
  for log in journal alerts.ndjson; do
    [ ! -s "$work/tree/opt/test/$log" ] || { echo "== $log"; tail -n 80 "$work/tree/opt/test/$log"; }
  done
  exit 1
fi
