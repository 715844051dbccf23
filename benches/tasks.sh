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
. benches/lib.sh
tasks=${1:-100000}
packages=${2:-10000}
rounds=${3:-3}
need nginx sqlite3 /usr/bin/time

build
work=$(mktemp -d)
trap 'clean_up "$work"' EXIT
port=$((20000 + $$ % 20000))

for which in whole edited; do
    mkdir -p "$work/$which"
    edits=()
    [ "$which" = whole ] || edits=(--edit-every 100)
    "$target/sandbox" write-tasks "$work/$which" --tasks "$tasks" --packages "$packages" "${edits[@]}"
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
serve "$work" "$(server "$port" whole)
$(server "$((port + 1))" edited)"

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

pass() {
    "$target/tongbu" sync tasks --window historical --config "$work/$1.toml" --db "$work/tongbu.db" -q
}
export -f pass
export work port

for _ in $(seq "$rounds"); do
    commits $(((tasks + 49) / 50)) "$work"
    rm -rf "$work"/tongbu.db*
    "$target/tongbu" packages import "$work/whole/packages.csv" --config "$work/whole.toml" --db "$work/tongbu.db" -q
    timed "$work" first bash -c 'pass whole'
    timed "$work" unchanged bash -c 'pass whole'
    timed "$work" edited bash -c 'pass edited'
    count=$(sqlite3 "$work/tongbu.db" "SELECT count(*) FROM tasks JOIN task_matches ON task_id = id")
    [ "$count" = "$tasks" ] || { echo "error: $count tasks stored instead of $tasks" >&2; exit 1; }
    matched=$(sqlite3 "$work/tongbu.db" "SELECT count(*) FROM task_matches WHERE state = 'matched'")
done

echo "$tasks tasks, $matched of them matched to $packages packages, median of $rounds rounds, $(nproc) cores, $(uname -m), $(date -u +%F)"
printf '%-28s %9s %9s %9s\n' what seconds 'peak MiB' 'tasks/s'
for name in commits first unchanged edited; do
    awk -v name="$name" -v tasks="$tasks" -v seconds="$(median "$work" "$name" 1)" -v peak="$(median "$work" "$name" 2)" \
        'BEGIN { printf "%-28s %9.2f %9.1f %9.0f\n", name, seconds, peak / 1024, tasks / (seconds > 0 ? seconds : 0.01) }'
done
result "tasks, $packages packages, first pass" "$(ratio "$tasks" "$(median "$work" first 1)" 0)" '>=' 20000 ' tasks/s'
fact "as many commits of one page on this disk" "$(ratio "$tasks" "$(median "$work" commits 1)" 0) tasks/s"
result "peak memory of the tasks pass" "$(ratio "$(median "$work" first 2)" 1024 1)" '<=' 64 ' MiB'
finish
