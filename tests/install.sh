#!/usr/bin/env bash
# Install what the tests need beyond Python: MariaDB, PostgreSQL, Ceph's S3, Chromium, Korean fonts and Node (apt),
# and JupyterHub's proxy (npm, into .venv).
# As root, or on CI where sudo asks no password. Otherwise it names the tests that cannot run, and ends well.
set -euo pipefail

export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive

cd "$(dirname "$0")/.."
proxy=configurable-http-proxy proxy_version=4.6.3
install_proxy() { # what JupyterHub's test stands behind
    local program=.venv/node_modules/.bin/$proxy
    if [ -x "$program" ] && [ "$("$program" --version)" = "$proxy_version" ]; then
        return
    fi
    if ! command -v npm >/dev/null; then
        echo "tests/install.sh: no npm here, so JupyterHub's test is skipped; install Node and npm yourself" >&2
        return
    fi
    npm install --prefix .venv --no-save --no-package-lock --no-audit --no-fund --loglevel=error \
        "$proxy@$proxy_version" || [ "${CI:-}" != true ] # the test says what it lacks, and fails on CI
}

missing=()  # package and the tests that want it, by the program that proves it is there
want() { # PROGRAM TESTS PACKAGE...
    local program=$1 tests=$2
    shift 2
    if ! command -v "$program" >/dev/null && ! compgen -G "$program" >/dev/null; then
        missing+=("$@")
        echo "tests/install.sh: $tests: $program is not installed" >&2
    fi
}
want mariadbd "MariaDB tests" mariadb-server
want "/usr/lib/postgresql/*/bin/initdb" "PostgreSQL tests" postgresql
want radosgw "S3 tests" radosgw
want ceph-mon "S3 tests" ceph-mon
want ceph-osd "S3 tests" ceph-osd
want setpriv "MariaDB, PostgreSQL and S3 tests" util-linux
# Ubuntu's package chromium only points at a snap; its runners carry Chrome.
command -v google-chrome >/dev/null || command -v chromium-browser >/dev/null ||
    want chromium "tests in a browser" chromium
want "/usr/share/fonts/truetype/nanum/*.ttf" "Hangul in a browser" fonts-nanum
want npm "JupyterHub's test" nodejs npm

if [ ${#missing[@]} -eq 0 ]; then
    install_proxy
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "tests/install.sh: no apt-get here; install these yourself: ${missing[*]}. The tests that want them are skipped." >&2
    install_proxy
    exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if [ "${CI:-}" = true ] && sudo -n true 2>/dev/null; then
        as_root=(sudo)
    else
        echo "tests/install.sh: not root, so these tests are skipped; to have them: sudo $0" >&2
        install_proxy
        exit 0
    fi
fi
log=$(mktemp)
echo "tests/install.sh: installing ${missing[*]} (log: $log)" >&2
# Two tries: a mirror's index may change between update and install.
for _ in 1 2; do
    if "${as_root[@]}" apt-get update -q >>"$log" 2>&1 &&
        "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
        install_proxy
        exit 0
    fi
done
tail -n 20 "$log" >&2
echo "tests/install.sh: apt-get could not install ${missing[*]}; its log: $log" >&2
exit 1
