#!/usr/bin/env bash
# Whole passes against the usual pipeline: `curl` into the `sqlite3` shell, from the same local nginx, in one run.
#
#     benches/run.sh [ROWS] [ROUNDS]     200,000 rows and 3 rounds by default; 2000000 needs 6 GB of disk
#
# Prints medians, ratios and the machine. Needs nginx, curl, sqlite3 and GNU time (Debian: `apt-get install nginx-light
# curl sqlite3 time`).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
rows=${1:-200000}
rounds=${2:-3}
need nginx curl sqlite3 /usr/bin/time

cargo build --locked --release --quiet --features sandbox --bin tongbu --bin sandbox
target=${CARGO_TARGET_DIR:-target}/release
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
export -f pipeline pass
export work port target

for _ in $(seq "$rounds"); do
    timed "$work" pipeline bash -c pipeline
    rm -rf "$work"/tongbu.db*
    timed "$work" first bash -c 'pass whole'
    written=$(stat -c %s "$work/tongbu.db")
    timed "$work" unchanged bash -c 'pass whole'
    timed "$work" edited bash -c 'pass edited'
    count=$(sqlite3 "$work/tongbu.db" 'SELECT count(*) FROM fairing_responses WHERE deleted_at IS NULL')
    [ "$count" = "$rows" ] || { echo "error: $count rows stored instead of $rows" >&2; exit 1; }
done

base=$(median "$work" pipeline 1)
echo "$rows responses, $payload bytes, median of $rounds rounds, $(nproc) cores, $(uname -m), $(date -u +%F)"
printf '%-28s %9s %9s %9s\n' what seconds 'peak MiB' ratio
for name in pipeline first unchanged edited; do
    seconds=$(median "$work" "$name" 1)
    awk -v name="$name" -v seconds="$seconds" -v peak="$(median "$work" "$name" 2)" -v base="$base" \
        'BEGIN { printf "%-28s %9.2f %9.1f %9.3f\n", name, seconds, peak / 1024, seconds / base }'
done
awk -v written="$written" -v payload="$payload" 'BEGIN { printf "database / payload: %.3f\n", written / payload }'
