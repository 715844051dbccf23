#!/usr/bin/env bash
# Whole passes of `sync tasks` over a window of many tasks in batches of 50, against lead packages, from a local nginx.
#
#     benches/tasks.sh [TASKS] [PACKAGES] [ROUNDS]     100,000 tasks, 10,000 packages and 3 rounds by default
#
# Prints medians, tasks a second, and what the disk allows: as many commits as the pass made, each flushed, and nothing
# else. Fails below 20,000 tasks a second in the first pass or above 64 MiB. Needs nginx, sqlite3 and GNU time (Debian:
# `apt-get install nginx-light sqlite3 time`).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
tasks=${1:-100000}
packages=${2:-10000}
rounds=${3:-3}
for tool in nginx sqlite3 /usr/bin/time; do
    command -v "$tool" >/dev/null || { echo "error: \`$tool\` is missing: apt-get install nginx-light sqlite3 time" >&2; exit 1; }
done

cargo build --locked --release --quiet --bin tongbu --example sandbox
target=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
trap '[ ! -s "$work/nginx.pid" ] || kill "$(cat "$work/nginx.pid")"; rm -rf "$work"' EXIT
port=$((20000 + $$ % 20000))

for which in whole edited; do
    mkdir -p "$work/$which"
    edits=()
    [ "$which" = whole ] || edits=(--edit-every 100)
    "$target/examples/sandbox" write-tasks "$work/$which" --tasks "$tasks" --packages "$packages" "${edits[@]}"
done

server() {
    cat <<SERVER
    server {
        listen 127.0.0.1:$1;
        root $work/$2;
        location /token { try_files /token =404; }
        location /task/list { try_files /pages/\$arg_page =404; }
    }
SERVER
}
cat >"$work/nginx.conf" <<NGINX
worker_processes 1;
pid $work/nginx.pid;
error_log $work/nginx.log;
events {}
http {
    access_log off;
    sendfile on;
    default_type application/json;
    client_body_temp_path $work/nginx-body;
    proxy_temp_path $work/nginx-proxy;
    fastcgi_temp_path $work/nginx-fastcgi;
    uwsgi_temp_path $work/nginx-uwsgi;
    scgi_temp_path $work/nginx-scgi;
$(server "$port" whole)
$(server "$((port + 1))" edited)
}
NGINX
# Its workers may run as another user.
chmod -R a+rX "$work"
nginx -c "$work/nginx.conf" -e "$work/nginx.log"

printf 'bench-secret\n' >"$work/key"
chmod 600 "$work/key"
for which in whole edited; do
    listen=$port
    [ "$which" = whole ] || listen=$((port + 1))
    cat >"$work/$which.toml" <<CONFIG
[tasks]
base_url = "http://127.0.0.1:$listen"
secret = { file = "$work/key" }
CONFIG
done

# timed NAME COMMAND…: appends seconds and peak KiB to the file NAME.
timed() {
    local name=$1
    shift
    sync
    /usr/bin/time -f '%e %M' -o "$work/time" "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
    tail -n 1 "$work/time" >>"$work/$name.times"
}

# What the disk allows at the most: the same number of commits of one page each, every one flushed.
commits() {
    rm -f "$work"/commits.db*
    {
        echo 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE counts (id INTEGER PRIMARY KEY, n INT);'
        echo 'INSERT INTO counts VALUES (1, 0);'
        for _ in $(seq $(((tasks + 49) / 50))); do echo 'UPDATE counts SET n = n + 1 WHERE id = 1;'; done
    } >"$work/commits.sql"
    timed commits sqlite3 "$work/commits.db" ".read $work/commits.sql"
}

pass() {
    "$target/tongbu" sync tasks --window historical --config "$work/$1.toml" --db "$work/tongbu.db" -q
}
export -f pass
export work port target

for _ in $(seq "$rounds"); do
    commits
    rm -rf "$work"/tongbu.db*
    "$target/tongbu" packages import "$work/whole/packages.csv" --db "$work/tongbu.db" -q
    timed first bash -c 'pass whole'
    timed unchanged bash -c 'pass whole'
    timed edited bash -c 'pass edited'
    count=$(sqlite3 "$work/tongbu.db" "SELECT count(*) FROM tasks JOIN task_matches ON task_id = id")
    [ "$count" = "$tasks" ] || { echo "error: $count tasks stored instead of $tasks" >&2; exit 1; }
    matched=$(sqlite3 "$work/tongbu.db" "SELECT count(*) FROM task_matches WHERE state = 'matched'")
done

median() {
    sort -n "$work/$1.times" | awk -v column="$2" '{ value[NR] = $column } END { print value[int((NR + 1) / 2)] }'
}
echo "$tasks tasks, $matched of them matched to $packages packages, median of $rounds rounds, $(nproc) cores, $(uname -m), $(date -u +%F)"
printf '%-28s %9s %9s %9s\n' what seconds 'peak MiB' 'tasks/s'
for name in commits first unchanged edited; do
    awk -v name="$name" -v tasks="$tasks" -v seconds="$(median "$name" 1)" -v peak="$(median "$name" 2)" \
        'BEGIN { printf "%-28s %9.2f %9.1f %9.0f\n", name, seconds, peak / 1024, tasks / (seconds > 0 ? seconds : 0.01) }'
done
awk -v tasks="$tasks" -v seconds="$(median first 1)" -v peak="$(median first 2)" \
    'BEGIN { exit !(tasks / seconds >= 20000 && peak <= 65536) }' || { echo 'error: the first pass misses its bar' >&2; exit 1; }
