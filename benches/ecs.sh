#!/usr/bin/env bash
# Whole passes over the faked clouds: 20 regions × 500 instances, every answer 50 ms late, five regions at once.
#
#     benches/ecs.sh [ROUNDS]     5 rounds by default
#
# The ideal is what the same requests take with five always under way and nothing else to do: one wait for the lists of
# regions (both accounts' at once), a fifth of a wait for each other request. The pace (`qps`) is the providers' rule and
# not ours, so it is set out of the way. Prints every round and fails if the median takes more than 1.2 times the ideal,
# or any round more than 64 MiB. Needs GNU time (Debian: `apt-get install time`).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-5}
[ -x /usr/bin/time ] || { echo "error: \`time\` is missing: apt-get install time" >&2; exit 1; }

cargo build --locked --release --quiet --bin tongbu --example sandbox
target=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
: >"$work/sandbox"
"$target/examples/sandbox" serve --regions 20 --instances 500 --latency-ms 50 >"$work/sandbox" &
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

# pass NAME FLAG…: one pass; appends seconds, peak KiB, requests, ideal seconds, their ratio and
# the processor's seconds to the file NAME.
pass() {
    local name=$1
    shift
    sync
    /usr/bin/time -f '%e %M %U %S' -o "$work/time" \
        "$target/tongbu" sync ecs "$@" --json --config "$config" --db "$work/tongbu.db" >"$work/answer"
    local requests listed=0
    requests=$(grep -o '"requests":[0-9]*' "$work/answer" | tail -n 1 | cut -d : -f 2)
    # The second pass finds the lists of regions in the database.
    [ "$name" != first ] || listed=2
    awk -v requests="$requests" -v listed="$listed" '{
        ideal = (listed > 0) * 0.05 + (requests - listed) * 0.05 / 5
        print $1, $2, requests, ideal, $1 / ideal, $3 + $4
    }' "$work/time" | tee -a "$work/$name" | awk -v name="$name" \
        '{ printf "%-12s %6.2f s, ideal %5.2f s: %.3f  (%d requests, %.2f s of processor, %.1f MiB)\n", name, $1, $4, $5, $3, $6, $2 / 1024 }'
}

echo "20 regions × 500 instances, 50 ms a call, $(nproc) cores, $(uname -m), $(date -u +%F)"
for _ in $(seq "$rounds"); do
    rm -rf "$work"/tongbu.db*
    pass first
    pass unchanged
    pass incremental --incremental
done

for name in first unchanged incremental; do
    sort -n -k 5 "$work/$name" | awk -v name="$name" '
        { ratio[NR] = $5; if ($2 > peak) peak = $2 }
        END {
            median = ratio[int((NR + 1) / 2)]
            is_good = median <= 1.2 && peak <= 64 * 1024
            printf "%-12s median ratio %.3f of 1.2, peak %.1f of 64 MiB: %s\n", name, median, peak / 1024, is_good ? "good" : "MISSED"
            exit !is_good
        }' || failed=1
done
exit "${failed:-0}"
