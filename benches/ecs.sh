#!/usr/bin/env bash
# Whole passes over the faked clouds: 20 regions × 500 instances, every answer 50 ms late, five regions at once.
#
#     benches/ecs.sh [ROUNDS]     5 rounds by default
#
# The ideal is what the same requests take where nothing takes time but they: the lists of regions (both accounts' at
# once, in the first pass only), then each region's calls one after the other, for each page says where the next one
# begins, in five regions at once, each followed by the next in the order of the pass. It is never less than a fifth of
# all waits. The pace (`qps`) is the providers' rule and not ours, so it is set out of the way. Prints every round and
# fails if the median takes more than 1.2 times the ideal, or any round more than 64 MiB. Needs sqlite3 and GNU time
# (Debian: `apt-get install sqlite3 time`).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
rounds=${1:-5}
need sqlite3 /usr/bin/time

build
work=$(mktemp -d)
: >"$work/sandbox"
"$target/sandbox" serve --regions 20 --instances 500 --latency-ms 50 >"$work/sandbox" &
sandbox=$!
home=
trap 'kill "$sandbox"; rm -rf "$work" ${home:+"$home"}' EXIT
# The line that tells how to end it is the last one.
until grep -q '^# ends' "$work/sandbox"; do
    kill -0 "$sandbox"
    sleep 0.05
done
config=$(sed -n 's/^# \(.*config\.toml\)$/\1/p' "$work/sandbox")
home=$(dirname "$config")

# How many calls each region takes, in the order of the last pass: 100 instances a page, and at one of the two clouds 500
# disks, which an incremental pass without news does not ask for.
calls() {
    sqlite3 "$work/tongbu.db" "
        SELECT (instances + 99) / 100
            + CASE WHEN provider = 'aliyun' AND '$1' <> 'incremental' THEN max(1, (disks + 499) / 500) ELSE 0 END
        FROM (
            SELECT account, provider, region, count(*) AS instances, sum(json_array_length(data_disks)) AS disks
            FROM ecs_instances
            GROUP BY account, provider, region
        )
        JOIN sync_scopes ON scope = 'ecs/' || account || '/' || region
        WHERE record_id = (SELECT max(id) FROM sync_records)
        ORDER BY sync_scopes.id"
}

# pass NAME FLAG…: one pass; appends seconds, peak KiB, requests, ideal seconds, their ratio and the processor's seconds
# to the file NAME.
pass() {
    local name=$1 requests listed=0
    shift
    sync
    /usr/bin/time -f '%e %M %U %S' -o "$work/time" \
        "$target/tongbu" sync ecs "$@" --json --config "$config" --db "$work/tongbu.db" >"$work/answer"
    requests=$(grep -o '"requests":[0-9]*' "$work/answer" | tail -n 1 | cut -d : -f 2)
    # Later passes find the lists of regions in the database.
    [ "$name" != first ] || listed=2
    calls "$name" | awk -v requests="$requests" -v listed="$listed" -v measured="$(cat "$work/time")" '
        {
            soonest = 1
            for (lane = 2; lane <= 5; lane++) if (busy[lane] < busy[soonest]) soonest = lane
            busy[soonest] += $1
            sum += $1
            if (busy[soonest] > longest) longest = busy[soonest]
        }
        END {
            if (sum + listed != requests) { print "error: " requests " requests, not " sum + listed >"/dev/stderr"; exit 1 }
            split(measured, of)
            ideal = ((listed > 0) + longest) * 0.05
            print of[1], of[2], requests, ideal, of[1] / ideal, of[3] + of[4]
        }' >>"$work/$name"
    tail -n 1 "$work/$name" | awk -v name="$name" '{
        printf "%-12s %6.2f s, ideal %5.2f s: %.3f  (%d requests, %.2f s of processor, %.1f MiB)\n",
            name, $1, $4, $5, $3, $6, $2 / 1024
    }'
}

echo "20 regions × 500 instances, 50 ms a call, $(nproc) cores, $(uname -m), $(date -u +%F)"
for _ in $(seq "$rounds"); do
    rm -rf "$work"/tongbu.db*
    pass first
    pass unchanged
    pass incremental --incremental
done

for name in first unchanged incremental; do
    ratio=$(sort -n -k 5 "$work/$name" | awk '{ ratio[NR] = $5 } END { printf "%.3f", ratio[int((NR + 1) / 2)] }')
    result "ecs, 20 regions × 500, $name pass ÷ ideal" "$ratio" '<=' 1.2
done
peak=$(awk '$2 > peak { peak = $2 } END { printf "%.1f", peak / 1024 }' "$work"/{first,unchanged,incremental})
result "peak memory of the ecs passes" "$peak" '<=' 64 ' MiB'
finish
