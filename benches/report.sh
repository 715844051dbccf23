#!/usr/bin/env bash
# How long `report` takes over a year: 100,000 records, 5,000 instances with 50,000 changes, 2 million survey responses.
#
#     benches/report.sh [TIMES] [RESPONSES]     5 times and 2,000,000 responses by default
#
# Fails where a bar is missed. Needs sqlite3, python3 and GNU time.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
times=${1:-5}
responses=${2:-2000000}
need sqlite3 python3 /usr/bin/time

build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

with_records "$work"
sqlite3 "$work/tongbu.db" "
    PRAGMA synchronous = OFF;
    -- They are made of the records by the next run.
    DELETE FROM sync_days;
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
    INSERT INTO sync_records (sync, sync_type, trigger_type, status, start_time, end_time, duration_ms, total, new, updated,
        unchanged, deleted, matched, pending, request_count, retry_count, exit_code, exit_name, error_details, trace_id,
        host, pid, version, end_seq, created_at, updated_at)
    SELECT kind, iif(kind = 'tasks', 'today', kind), 'auto', iif(n % 20, 'success', 'failed'), at, at,
        200 + abs(random()) % 9000, 500, n % 7, n % 11, 480, n % 3, iif(kind = 'tasks', 40 + n % 9, 0),
        iif(kind = 'tasks', n % 9, 0), 5 + n % 40, n % 20 = 0, iif(n % 20, 0, 5), iif(n % 20, 'ok', 'unavailable'),
        iif(n % 20, '[]', json_array(json_object('scope', kind, 'class', iif(n % 40, 'auth', 'unavailable'),
            'error', 'x', 'at', at))),
        printf('%032x', n), 'bench', n, '0.1.0', n + 10, at, at
    FROM (SELECT n, CASE n % 5 WHEN 0 THEN 'fairing' WHEN 1 THEN 'douban' WHEN 2 THEN 'tasks' ELSE 'ecs' END AS kind,
            strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ((100000 - n) * 525600.0 / 100000) || ' minutes') AS at
        FROM numbers);
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
    INSERT INTO ecs_instances (account, provider, region, instance_id, status, name, instance_type, security_groups,
        data_disks, tags, cpu_count, memory_mib, created_at, expired_at, raw, content_hash, first_seen_at,
        last_changed_at, last_seen_record, deleted_at)
    SELECT 'account-' || n % 5, CASE n % 3 WHEN 0 THEN 'aliyun' WHEN 1 THEN 'aws' ELSE 'tencent' END, 'region-' || n % 20,
        'i-' || n, iif(n % 9, 'running', 'stopped'), 'host-' || n, 'type-' || n % 30, '[]',
        json_array(json_object('id', 'd-' || n, 'size_gib', 100, 'category', 'ssd', 'device', null)), '[]', 4, 16384,
        seen, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+' || n % 700 || ' days'), '{}', printf('%032x', n), seen, seen, 1,
        iif(n % 10, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || n % 100 || ' days'))
    FROM (SELECT n, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || (100 + n % 500) || ' days') AS seen FROM numbers);
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50000)
    INSERT INTO ecs_changes (record, account, region, instance, kind, field, before, after, at)
    SELECT 1, account, region, instance_id, 'updated', CASE n % 3 WHEN 0 THEN 'status' WHEN 1 THEN 'name' ELSE 'tags' END,
        iif(n % 3, 'x', iif(n % 2, 'running', 'stopped')), 'y',
        strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ((50000 - n) * 525600.0 / 50000) || ' minutes')
    FROM numbers JOIN ecs_instances ON instance_id = 'i-' || (n * 7 % 5000 + 1);
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $responses)
    INSERT INTO fairing_responses (content_hash, account, id, response, first_seen_at, last_changed_at, last_seen_record,
        raw)
    SELECT zeroblob(16), 'shop', n, 'a response', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1, '{}'
    FROM numbers"
"${tongbu[@]}" sync users -q
for _ in $(seq "$times"); do
    timed "$work" terminal "${tongbu[@]}" report --since 1y
    timed "$work" html "${tongbu[@]}" report --since 1y --html "$work/report.html"
done

echo "a year of 100,000 records, 50,000 changes, $responses responses; median of $times, $(nproc) cores"
result "report over a year, on the terminal" "$(median "$work" terminal 1)" '<=' 2 ' s'
result "report over a year, as HTML" "$(median "$work" html 1)" '<=' 2 ' s'
result "peak memory of report" "$(ratio "$(median "$work" html 2)" 1024 1)" '<=' 64 ' MiB'
result "size of the page" "$(ratio "$(stat -c %s "$work/report.html")" 1000000 2)" '<=' 2 ' MB'
finish
