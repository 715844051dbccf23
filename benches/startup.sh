#!/usr/bin/env bash
# How long short commands take: `--help`, `status` and `records list` over many records, and a run that has nothing to do.
#
#     benches/startup.sh [RECORDS] [TIMES]     100,000 records and 60 times by default
#
# The database is in memory (/dev/shm), so that the disk's flushes cost nothing: what a run takes longer than `locks list`
# is its lock, its record and their end. Fails where a bar is missed. Needs sqlite3 and python3.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
records=${1:-100000}
times=${2:-60}
need sqlite3 python3

build
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT

with_records "$work"
# One run in 20 fails and wants to be read; the others are of two sync types.
sqlite3 "$work/tongbu.db" "
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $records)
    INSERT INTO sync_records (sync, sync_type, trigger_type, status, start_time, end_time, duration_ms, total, unchanged,
        exit_code, exit_name, trace_id, host, pid, version, is_read, end_seq, created_at, updated_at)
    SELECT iif(n % 3, 'fairing', 'tasks'), iif(n % 3, 'fairing', 'historical'), 'auto',
        iif(n % 20, 'success', 'failed'), at, at, 1000, 150, 150, iif(n % 20, 0, 5), iif(n % 20, 'ok', 'unavailable'),
        printf('%032x', n), 'bench', n, '0.1.0', n % 20 > 0, n + 10, at, at
    FROM (SELECT n, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ($records - n) || ' minutes') AS at FROM numbers)"

help=$(python3 benches/repeat.py "$times" "$target/tongbu" --help)
status=$(python3 benches/repeat.py "$times" "${tongbu[@]}" status)
locks=$(python3 benches/repeat.py "$times" "${tongbu[@]}" locks list)
list=$(python3 benches/repeat.py "$times" "${tongbu[@]}" records list)
run=$(python3 benches/repeat.py "$times" "${tongbu[@]}" sync users -q)

echo "$records records, median of $times, $(nproc) cores, $(uname -m), $(date -u +%F)"
result "tongbu --help" "$help" '<=' 4 ' ms'
result "status over $records records" "$status" '<=' 12 ' ms'
result "records list over $records records" "$list" '<=' 12 ' ms'
result "lock, record and release, without the disk's flushes" \
    "$(awk -v run="$run" -v locks="$locks" 'BEGIN { printf "%.2f", (run > locks ? run - locks : 0) }')" '<=' 3 ' ms'
finish
