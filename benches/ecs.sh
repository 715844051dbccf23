#!/usr/bin/env bash
# Whole passes over the faked clouds: 20 regions × 500 instances; then 20 accounts × 10 regions × 4 kinds of resource. Every
# answer is 50 ms late, five scopes of each account are read at once.
#
#     benches/ecs.sh [ROUNDS]     5 rounds by default
#
# The ideal is what the same requests take where nothing takes time but they: the lists of regions (both accounts' at
# once, in the first pass only), then each region's calls one after the other, for each page says where the next one
# begins, in five regions of each account at once, each followed by the next in the order of the pass. It is never less than a fifth of
# all waits. The pace (`qps`) is the providers' rule and not ours, so it is set out of the way. Prints every round and
# fails if the median takes more than 1.2 times the ideal (1.25 with many accounts), or any round more than 64 MiB. Needs sqlite3 and GNU time
# (Debian: `apt-get install sqlite3 time`).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
rounds=${1:-5}
need sqlite3 /usr/bin/time

build
work=$(mktemp -d)
sandbox=
home=
trap '[ -z "$sandbox" ] || kill "$sandbox"; rm -rf "$work" ${home:+"$home"}' EXIT

# serve_clouds FLAG…: the fakes with these flags; sets `sandbox`, `home` and `config`.
serve_clouds() {
    if [ -n "$sandbox" ]; then
        kill "$sandbox"
        rm -rf "$home"
    fi
    : >"$work/sandbox"
    "$target/sandbox" serve "$@" --latency-ms 50 >"$work/sandbox" &
    sandbox=$!
    # The line that tells how to end it is the last one.
    until grep -q '^# ends' "$work/sandbox"; do
        kill -0 "$sandbox"
        sleep 0.05
    done
    config=$(sed -n 's/^# \(.*config\.toml\)$/\1/p' "$work/sandbox")
    home=$(dirname "$config")
}

# measure FLAG…: one pass; its time, memory and processor go to `time`, its report to `answer`; sets `requests`.
measure() {
    sync
    /usr/bin/time -f '%e %M %U %S' -o "$work/time" \
        "$target/tongbu" sync ecs "$@" --json --config "$config" --db "$work/tongbu.db" >"$work/answer"
    requests=$(grep -o '"requests":[0-9]*' "$work/answer" | tail -n 1 | cut -d : -f 2)
}

# How many calls each region takes, behind its account, in the order of the last pass: 100 instances a page, and at one of
# the two clouds 500 disks, which an incremental pass without news does not ask for.
calls() {
    sqlite3 -separator ' ' "$work/tongbu.db" "
        SELECT account, (instances + 99) / 100
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

# kinds ACCOUNTS: the same of every kind of resource, for that many accounts of each of the two clouds: two databases and two
# caches a region, two buckets an account. What is listed for each row alone takes a call for each row.
kinds() {
    awk -v accounts="$1" 'BEGIN {
        for (account = 1; account <= accounts; account++) {
            print "aliyun" account, 1 + 2 * 2
            print "tencent" account, 1 + 4 * 2
            for (region = 1; region <= 10; region++) {
                print "aliyun" account, 2; print "aliyun" account, 2 + 2 * 2; print "aliyun" account, 1 + 2
                print "tencent" account, 1; print "tencent" account, 1 + 2; print "tencent" account, 2
            }
        }
    }'
}

# judge NAME LISTED: reads calls, appends seconds, peak KiB, requests, ideal seconds, their ratio and the processor's seconds
# to the file NAME.
judge() {
    awk -v requests="$requests" -v listed="$2" -v measured="$(cat "$work/time")" '
        {
            soonest = 1
            for (lane = 2; lane <= 5; lane++) if (busy[$1, lane] < busy[$1, soonest]) soonest = lane
            busy[$1, soonest] += $2
            sum += $2
            if (busy[$1, soonest] > longest) longest = busy[$1, soonest]
        }
        END {
            if (sum + listed != requests) { print "error: " requests " requests, not " sum + listed >"/dev/stderr"; exit 1 }
            split(measured, of)
            ideal = ((listed > 0) + longest) * 0.05
            print of[1], of[2], requests, ideal, of[1] / ideal, of[3] + of[4]
        }' >>"$work/$1"
    tail -n 1 "$work/$1" | awk -v name="$1" '{
        printf "%-16s %6.2f s, ideal %5.2f s: %.3f  (%d requests, %.2f s of processor, %.1f MiB)\n",
            name, $1, $4, $5, $3, $6, $2 / 1024
    }'
}

# The lists of regions are requested in the first pass only; later ones find them in the database.
serve_clouds --regions 20 --instances 500
echo "20 regions × 500 instances, 50 ms a call, $(nproc) cores, $(uname -m), $(date -u +%F)"
for _ in $(seq "$rounds"); do
    rm -rf "$work"/tongbu.db*
    measure
    calls first | judge first 2
    measure
    calls unchanged | judge unchanged 0
    measure --incremental
    calls incremental | judge incremental 0
done

serve_clouds --accounts 20 --regions 20 --instances 20 --resources 2
echo "20 accounts × 10 regions × 4 kinds of resource"
for _ in $(seq "$rounds"); do
    rm -rf "$work"/tongbu.db*
    measure
    kinds 10 | judge first-kinds 20
    measure
    kinds 10 | judge unchanged-kinds 0
done

# ratio_of NAME: the median of the rounds' ratios.
ratio_of() {
    sort -n -k 5 "$work/$1" | awk '{ ratio[NR] = $5 } END { printf "%.3f", ratio[int((NR + 1) / 2)] }'
}

for name in first unchanged incremental; do
    result "ecs, 20 regions × 500, $name pass ÷ ideal" "$(ratio_of "$name")" '<=' 1.2
done
for name in first unchanged; do
    result "ecs, 20 accounts × 10 regions × 4 kinds, $name pass ÷ ideal" "$(ratio_of "$name-kinds")" '<=' 1.25
done
peak=$(awk '$2 > peak { peak = $2 } END { printf "%.1f", peak / 1024 }' "$work"/{first,unchanged,incremental,first-kinds,unchanged-kinds})
result "peak memory of the ecs passes" "$peak" '<=' 64 ' MiB'
finish
