# Packages of Debian 12 that the build and the tests need; sourced by ./quickstart and ./check.
build_packages=(
  cmake ninja-build g++ pkg-config ccache
  libboost1.81-dev libflatbuffers-dev flatbuffers-compiler libmimalloc-dev libsodium-dev
  libcli11-dev libtomlplusplus-dev libsimdjson-dev libmaxminddb-dev zlib1g-dev libzstd-dev
  libsystemd-dev libspdlog-dev libssl-dev libsqlite3-dev python3
)
test_packages=(
  git libgtest-dev libbenchmark-dev clang-format-14 clang-tidy-14 tzdata
  dpkg-dev lintian mandoc logrotate systemd systemd-container debootstrap
  openssl nginx rsyslog rsyslog-gnutls
)
# Of ./check --bench.
bench_packages=(libbenchmark-dev git valgrind)

# Installs those that are missing; does nothing, and needs no rights, when all are there.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "need root or sudo to install: ${missing[*]}" >&2
      return 1
    }
    sudo=(sudo)
  fi
  echo "== installing ${missing[*]}"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
