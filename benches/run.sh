#!/usr/bin/env bash
# Whole passes against the usual pipeline: `curl` into the `sqlite3` shell, from the same local nginx, in one run.
#
#     benches/run.sh [ROWS] [ROUNDS]     200,000 rows and 3 rounds by default; 2000000 needs 10 GB of disk
#
# Prints medians, ratios, the disk's own time for the same bytes, and the machine. Fails where a bar is missed. PEERS=yes
# adds one round of sqlite-utils and of dlt, from PyPI into a virtual environment of their own. Needs nginx, curl, sqlite3
# and GNU time (Debian: `apt-get install nginx-light curl sqlite3 time`), for the peers python3 with venv.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
rows=${1:-200000}
rounds=${2:-3}
need nginx curl sqlite3 /usr/bin/time

build
work=$(mktemp -d)
trap 'clean_up "$work"' EXIT
port=$((20000 + $$ % 20000))

mkdir -p "$work/whole/api" "$work/edited/api"
"$target/sandbox" write "$work/whole/api/responses" --responses "$rows" >/dev/null
"$target/sandbox" write "$work/edited/api/responses" --responses "$rows" --edit-every 100 >/dev/null
payload=$(stat -c %s "$work/whole/api/responses")

serve "$work" "
    server { listen 127.0.0.1:$port; root $work/whole; }
    server { listen 127.0.0.1:$((port + 1)); root $work/edited; }
"

printf 'bench-key\n' >"$work/key"
chmod 600 "$work/key"
for which in whole edited; do
    listen=$port
    [ "$which" = whole ] || listen=$((port + 1))
    cat >"$work/$which.toml" <<CONFIG
[fairing]
base_url = "http://127.0.0.1:$listen"
min_interval = "0s"
[[fairing.accounts]]
name = "bench"
token = { file = "$work/key" }
CONFIG
done

pipeline() {
    rm -f "$work/pipeline.db"
    curl -sS -o "$work/answer.json" "http://127.0.0.1:$port/api/responses"
    sqlite3 "$work/pipeline.db" <<SQL
PRAGMA journal_mode = WAL;
CREATE TABLE responses (id TEXT PRIMARY KEY, question_id TEXT, question_type TEXT, response TEXT, other INTEGER,
    customer_id TEXT, email TEXT, order_id TEXT, order_total TEXT, utm_source TEXT, inserted_at TEXT, updated_at TEXT,
    raw TEXT);
INSERT INTO responses
SELECT value ->> 'id', value ->> 'question_id', value ->> 'question_type', value ->> 'response', value ->> 'other',
    value ->> 'customer_id', value ->> 'email', value ->> 'order_id', value ->> 'order_total', value ->> 'utm_source',
    value ->> 'inserted_at', value ->> 'updated_at', value
FROM json_each(readfile('$work/answer.json'), '\$.data');
SQL
}

pass() {
    "$target/tongbu" sync fairing --kind responses --config "$work/$1.toml" --db "$work/tongbu.db" -q
}

# The disk's own time for what the first pass writes: the log, then the database.
flush() {
    dd if=/dev/zero of="$work/disk" bs=1M count="$1" conv=fdatasync 2>/dev/null
    rm "$work/disk"
}
export -f pipeline pass flush
export work port

for _ in $(seq "$rounds"); do
    timed "$work" pipeline bash -c pipeline
    rm -rf "$work"/tongbu.db*
    timed "$work" first bash -c 'pass whole'
    written=$(stat -c %s "$work/tongbu.db")
    timed "$work" unchanged bash -c 'pass whole'
    timed "$work" edited bash -c 'pass edited'
    timed "$work" disk bash -c "flush $((2 * written / 1048576))"
    count=$(sqlite3 "$work/tongbu.db" 'SELECT count(*) FROM fairing_responses WHERE deleted_at IS NULL')
    [ "$count" = "$rows" ] || { echo "error: $count rows stored instead of $rows" >&2; exit 1; }
done

base=$(median "$work" pipeline 1)
echo "$rows responses, $payload bytes, median of $rounds rounds, $(nproc) cores, $(uname -m), $(date -u +%F)"
printf '%-28s %9s %9s %9s %9s %9s\n' what seconds processor 'peak MiB' 'MB out' ratio
for name in pipeline first unchanged edited disk; do
    awk -v name="$name" -v seconds="$(median "$work" "$name" 1)" -v processor="$(median "$work" "$name" 4)" \
        -v peak="$(median "$work" "$name" 2)" -v out="$(median "$work" "$name" 3)" -v base="$base" 'BEGIN {
            printf "%-28s %9.2f %9.2f %9.1f %9.1f %9.3f\n", name, seconds, processor, peak / 1024, out / 1e6, seconds / base
        }'
done
first=$(median "$work" first 1)
fact "curl + sqlite3, $rows rows of $((payload / rows)) bytes" "$base s"
fact "the disk alone, the first pass's bytes flushed" "$(median "$work" disk 1) s"
result "first pass ÷ curl + sqlite3" "$(ratio "$first" "$base")" '<=' 0.25
result "nothing changed ÷ curl + sqlite3" "$(ratio "$(median "$work" unchanged 1)" "$base")" '<=' 0.10
result "nothing changed, bytes written" "$(ratio "$(median "$work" unchanged 3)" 1048576 1)" '<=' 1 ' MiB'
result "1 % changed ÷ first pass" "$(ratio "$(median "$work" edited 1)" "$first")" '<=' 0.25
result "1 % changed, bytes written ÷ the first pass's" \
    "$(ratio "$(median "$work" edited 3)" "$(median "$work" first 3)")" '<=' 0.04
result "database ÷ payload" "$(ratio "$written" "$payload")" '<=' 1.25
peak=$(cat "$work"/{first,unchanged,edited}.times | awk '$2 > peak { peak = $2 } END { print peak }')
result "peak memory of the survey passes" "$(ratio "$peak" 1024 1)" '<=' 64 ' MiB'

python=${TMPDIR:-/tmp}/tongbu-bench-peers
provide_peers() {
    [ -x "$python/bin/dlt" ] || {
        python3 -m venv --clear "$python" &&
            "$python/bin/pip" install --quiet --disable-pip-version-check sqlite-utils 'dlt[sqlalchemy]'
    }
}
if [ "${PEERS:-no}" = yes ] && ! provide_peers; then
    echo 'note: sqlite-utils and dlt cannot be installed here; they are left out' >&2
elif [ "${PEERS:-no}" = yes ]; then
    for peer in sqlite-utils dlt; do
        timed "$work" "$peer" "$python/bin/python" benches/peers.py "$peer" "http://127.0.0.1:$port/api/responses" "$work"
        version=$("$python/bin/pip" show "$peer" 2>/dev/null | sed -n 's/^Version: //p')
        fact "$peer $version, first pass" "$(median "$work" "$peer" 1) s, $(ratio "$(median "$work" "$peer" 2)" 1024 0) MiB"
        least=1
        [ "$peer" != dlt ] || least=30
        result "$peer ÷ first pass" "$(ratio "$(median "$work" "$peer" 1)" "$first" 0)" '>=' "$least" ' ×'
    done
fi
finish
