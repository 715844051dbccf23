#!/usr/bin/env bash
# How fast `export` takes rows out, against the `sqlite3` shell over the same view of the same file, in turn.
#
#     benches/export.sh [TIMES] [ROWS]     5 times and 2,000,000 rows by default
#
# Fails where a bar is missed. The seconds are those of the processor: where the rows go is a file, and what the disk
# takes for it says nothing about either program. Needs sqlite3 and GNU time.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
times=${1:-5}
rows=${2:-2000000}
need sqlite3 /usr/bin/time

build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

with_records "$work"
# The answers of a survey: most columns are there, some need quotes.
sqlite3 "$work/tongbu.db" "
    PRAGMA synchronous = OFF;
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $rows)
    INSERT INTO fairing_responses (content_hash, account, id, question_id, question_type, response, response_id, other,
        customer_id, email, order_id, order_number, order_total, order_total_usd, order_currency_code, utm_source,
        utm_medium, utm_campaign, response_provided_at, inserted_at, updated_at, first_seen_at, last_changed_at,
        last_seen_record, raw)
    SELECT zeroblob(16), iif(n % 3, 'shop-eu', 'shop-us'), 'r' || n, 'q' || n % 7, 'attribution',
        CASE n % 4 WHEN 0 THEN 'Instagram' WHEN 1 THEN '朋友推荐, ' || n WHEN 2 THEN 'she said \"try it\"' ELSE 'Podcast' END,
        'o' || n % 40, n % 2, 'c' || n % 90000, 'person' || n || '@example.com', 5000000 + n, '#' || n,
        n % 300 || '.50', n % 300 || '.50', 'USD', iif(n % 5, 'google', NULL), iif(n % 5, 'cpc', NULL), NULL, at, at, at,
        at, at, 1, '{}'
    FROM (SELECT n, strftime('%Y-%m-%dT%H:%M:%fZ', 1760000000 + n, 'unixepoch') AS at FROM numbers);
    PRAGMA wal_checkpoint(TRUNCATE)" >"$work/out"

for _ in $(seq "$times"); do
    timed "$work" tongbu "${tongbu[@]}" export v_responses -o "$work/tongbu.csv"
    timed "$work" sqlite3 sqlite3 -csv -header -cmd ".output $work/sqlite3.csv" "$work/tongbu.db" 'SELECT * FROM v_responses'
    timed "$work" few "${tongbu[@]}" export v_responses --where-account shop-us -o "$work/few.csv"
    timed "$work" jsonl "${tongbu[@]}" export v_responses --format jsonl -o "$work/tongbu.jsonl"
done
[ "$(wc -l <"$work/tongbu.csv")" = $((rows + 1)) ] || { echo 'error: rows are missing' >&2; exit 1; }

echo "export of $rows rows of $(head -n 1 "$work/tongbu.csv" | tr ',' '\n' | wc -l) columns; median of $times, $(nproc) cores"
seconds=$(median "$work" tongbu 4)
result "export to CSV, rows per second of processor" "$(ratio "$rows" "$seconds" 0)" '>=' 400000 '/s'
result "export to CSV ÷ sqlite3 -csv" "$(ratio "$seconds" "$(median "$work" sqlite3 4)")" '<=' 1.0
result "peak memory of export" "$(ratio "$(median "$work" tongbu 2)" 1024 1)" '<=' 64 ' MiB'
result "the same, of a third of the rows" "$(ratio "$(median "$work" tongbu 2)" "$(median "$work" few 2)")" '<=' 1.1
fact "export to JSON lines" "$(ratio "$rows" "$(median "$work" jsonl 4)" 0)/s"
fact "export to CSV, by the clock" "$(ratio "$rows" "$(median "$work" tongbu 1)" 0)/s"
finish
