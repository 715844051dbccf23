#!/usr/bin/env bash
# Deliveries of `sync users`: from the outbox to one local HTTP target with 8 requests in flight and with the default of 3,
# from a Redis Stream into the outbox, and the memory of a pass in front of a long queue.
#
#     benches/users.sh [EVENTS] [STREAMED] [QUEUED]     10,000 events, 100,000 entries, 1,000,000 queued by default
#
# Prints events a second, peak memory, and what the disk allows: a commit for every 8 deliveries (or 3), each flushed, and
# nothing else. Fails where a bar is missed. Needs nginx, a Redis server, sqlite3 and GNU time (Debian: `apt-get install
# nginx-light redis-server sqlite3 time`; REDIS_SERVER names another server; the one that tests/run.sh installs will do).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
events=${1:-10000}
streamed=${2:-100000}
queued=${3:-1000000}
redis=${REDIS_SERVER:-$(command -v redis-server || echo target/redis/redis-server)}
need nginx "$redis" sqlite3 /usr/bin/time

build
tongbu=$target/tongbu
work=$(mktemp -d)
port=$((20000 + $$ % 20000))
trap 'stop_redis; clean_up "$work"' EXIT

# It writes to its directory until it has ended.
stop_redis() {
    local pid
    pid=$(cat "$work/redis.pid" 2>/dev/null) || return 0
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}

serve "$work" "keepalive_requests 100000000; server { listen 127.0.0.1:$port; location / { return 200 '{}'; } }"
"$redis" --port $((port + 1)) --bind 127.0.0.1 --dir "$work" --appendonly yes --daemonize yes \
    --pidfile "$work/redis.pid" >/dev/null

target_section="
[[users.targets]]
name = \"a\"
kind = \"http\"
url = \"http://127.0.0.1:$port/sync\""
printf '[users]\nworkers = 8\n%s\n' "$target_section" >"$work/http.toml"
# Nothing is delivered where nobody listens: what is measured is the way into the outbox.
printf '[users]\nsource = "redis"\nredis_url = "redis://127.0.0.1:%s"\n%s\n' $((port + 1)) \
    "${target_section/$port/1}" >"$work/stream.toml"
printf '[users]\n%s\n' "$target_section" >"$work/default.toml"
# A short budget of failures: the queue stays long, and the pass ends soon.
printf '[users]\nworkers = 8\n%s\n' "${target_section/$port/1}" >"$work/down.toml"

# lines COUNT: so many events of a tenth as many users, as JSON lines.
lines() {
    awk -v count="$1" 'BEGIN { for (i = 0; i < count; i++)
        printf "{\"type\":\"user.updated\",\"user_id\":%d,\"username\":\"u%d\",\"email\":\"u%d@example.com\"}\n",
            i % (count / 10) + 1, i, i }'
}

run() {
    "$tongbu" "$@" -q
}
export -f run
export tongbu

lines "$events" >"$work/events.jsonl"
lines "$streamed" >"$work/streamed.jsonl"
lines "$queued" >"$work/queued.jsonl"

commits $((events / 3)) "$work"
for name in http default; do
    "$tongbu" users emit - --config "$work/$name.toml" --db "$work/$name.db" -q <"$work/events.jsonl"
    timed "$work" "$name" bash -c "run sync users --config $work/$name.toml --db $work/$name.db"
    delivered=$(sqlite3 "$work/$name.db" "SELECT count(*) FROM user_deliveries WHERE state = 'delivered'")
    [ "$delivered" = "$events" ] || { echo "error: $delivered events delivered instead of $events" >&2; exit 1; }
done

"$tongbu" users emit - --to-stream --config "$work/stream.toml" --db "$work/stream.db" -q <"$work/streamed.jsonl"
# Its target is down, so it ends with 3.
timed "$work" ingest bash -c "run sync users --config $work/stream.toml --db $work/stream.db --allow-partial 2>/dev/null"
stored=$(sqlite3 "$work/stream.db" "SELECT count(*) FROM user_events")
[ "$stored" = "$streamed" ] || { echo "error: $stored events stored instead of $streamed" >&2; exit 1; }

timed "$work" emit bash -c "run users emit - --config $work/down.toml --db $work/down.db <$work/queued.jsonl"
timed "$work" queued bash -c "run sync users --config $work/down.toml --db $work/down.db 2>/dev/null || [ \$? = 5 ]"

echo "$(nproc) cores, $(uname -m), $(date -u +%F)"
printf '%-44s %9s %9s %9s\n' what seconds 'peak MiB' 'events/s'
row() {
    awk -v what="$2" -v count="$3" -v seconds="$(median "$work" "$1" 1)" -v peak="$(median "$work" "$1" 2)" \
        'BEGIN { printf "%-44s %9.2f %9.1f %9.0f\n", what, seconds, peak / 1024, count / (seconds > 0 ? seconds : 0.01) }'
}
row commits "a flushed commit for every 3 events" "$events"
row http "outbox to HTTP, 8 in flight" "$events"
row default "outbox to HTTP, 3 in flight" "$events"
row ingest "stream to outbox" "$streamed"
row emit "users emit, JSON lines" "$queued"
row queued "a pass before so long a queue, target down" "$queued"
rate() {
    ratio "$2" "$(median "$work" "$1" 1)" 0
}
result "users, deliveries with 8 workers" "$(rate http "$events")" '>=' 2000 '/s'
fact "users, deliveries with the default of 3 workers" "$(rate default "$events")/s"
result "these ÷ (3 × the disk's flushed commits)" "$(ratio "$(rate default "$events")" "$(rate commits "$events")" 2)" '>=' 0.9
result "users, entries of a stream" "$(rate ingest "$streamed")" '>=' 5000 '/s'
peak=$(cat "$work"/{http,default,ingest,emit,queued}.times | awk '$2 > peak { peak = $2 } END { print peak }')
result "peak memory, $queued queued" "$(ratio "$peak" 1024 1)" '<=' 64 ' MiB'
finish
