#!/usr/bin/env bash
# Every measurement of whole runs, one after the other, and one table of them in Markdown.
#
#     benches/all.sh [ROWS] [ROUNDS] [--write] [--quick]
#
# 200,000 rows and 3 rounds by default: about 10 minutes after the release build. `--quick` leaves out sqlite-utils and
# dlt (5 minutes). `benches/all.sh 2000000 3` takes an hour and 10 GB of disk. `--write` puts the table into
# docs/performance.md and its first lines into both READMEs, between the comment lines that name this script. Installs
# what is missing from Debian's packages where it may. Fails where a bar is missed. Nothing else may run meanwhile.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
writes=no peers=yes numbers=()
for argument in "$@"; do
    case $argument in
        --write) writes=yes ;;
        --quick) peers=no ;;
        *[!0-9]* | '') echo "error: unknown argument \`$argument\`" >&2; exit 2 ;;
        *) numbers+=("$argument") ;;
    esac
done
rows=${numbers[0]:-200000}
rounds=${numbers[1]:-3}

# COMMAND PACKAGE: from Debian's package where it is missing.
provide() {
    command -v "$1" >/dev/null && return
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || need "$1"
    apt-get install --yes --no-install-recommends "$2" >/dev/null 2>&1 ||
        { apt-get update >/dev/null && apt-get install --yes --no-install-recommends "$2" >/dev/null; }
}
provide nginx nginx-light
provide curl curl
provide sqlite3 sqlite3
provide /usr/bin/time time
provide python3 python3-venv
# The package redis-server would start a daemon; the same program in redis-tools is a server where it is called one.
if ! command -v redis-server >/dev/null && [ ! -x target/redis/redis-server ]; then
    provide redis-check-rdb redis-tools
    mkdir -p target/redis
    ln -sf "$(command -v redis-check-rdb)" target/redis/redis-server
fi

build
RESULTS=$(mktemp)
export RESULTS
trap 'rm -f "$RESULTS"' EXIT
failed=0
PEERS=$peers benches/run.sh "$rows" "$rounds" || failed=1
benches/startup.sh || failed=1
benches/tasks.sh 100000 10000 "$rounds" || failed=1
benches/users.sh || failed=1
benches/ecs.sh "$rounds" || failed=1
benches/report.sh || failed=1
benches/export.sh "$rounds" || failed=1
benches/postgres.sh "$rows" "$rounds" || failed=1

version() {
    "$@" 2>/dev/null | head -n 1 | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1
}
machine="$(nproc) cores ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), $(uname -m), Linux $(uname -r)"
versions="tongbu $(version "$target/tongbu" --version), sqlite3 $(version sqlite3 --version), curl $(version curl --version)"
table() {
    echo "Measured $(date -u +%F) by \`benches/all.sh $rows $rounds\` on $machine; $versions. Medians of $rounds rounds."
    echo
    echo '| what | measured | bar | met |'
    echo '|---|---|---|---|'
    cat "$RESULTS"
}
echo
table

# put FILE: what comes in takes the place of what is between the marks there.
put() {
    python3 -c '
import pathlib, re, sys
path = pathlib.Path(sys.argv[1])
begin, end = "<!-- by benches/all.sh: begin -->", "<!-- by benches/all.sh: end -->"
text = path.read_text()
if begin not in text or end not in text:
    sys.exit(f"error: {path} has no marks")
path.write_text(text[: text.index(begin) + len(begin)] + "\n" + sys.stdin.read() + text[text.index(end) :])
' "$1"
}
if [ "$writes" = yes ]; then
    table | put docs/performance.md
    short=$(
        echo '| | |'
        echo '|---|---|'
        grep -E '÷ curl|÷ first pass|peak memory of the survey' "$RESULTS" | head -n 6 | cut -d '|' -f 1-3 | sed 's/$/|/'
    )
    put README.md <<<"$short"
    put README.zh-CN.md <<<"$short"
fi
exit "$failed"
