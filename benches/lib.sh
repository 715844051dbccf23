# What the scripts beside this one share: building, the tools they need, a static server, a stopwatch, the table of
# results. To be sourced.

# Ends the script where one of these tools is missing.
need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null && continue
        echo "error: \`$tool\` is missing; the head of $0 names what it needs" >&2
        exit 1
    done
}

# The program and its fakes; sets `target`. BINARIES names a directory that has them already, of another build say.
build() {
    target=${BINARIES:-${CARGO_TARGET_DIR:-target}/release}
    [ -n "${BINARIES:-}" ] || cargo build --locked --release --quiet --features sandbox --bin tongbu --bin sandbox
    case $target in /*) ;; *) target=$PWD/$target ;; esac
    export target
}

# with_records DIRECTORY: a database of one run there, and `tongbu` as the command that uses it.
with_records() {
    cat >"$1/config.toml" <<CONFIG
[users]
[[users.targets]]
name = "a"
kind = "http"
url = "http://127.0.0.1:1/sync"
CONFIG
    tongbu=("$target/tongbu" --config "$1/config.toml" --db "$1/tongbu.db")
    "${tongbu[@]}" sync users -q
}

# serve DIRECTORY SERVERS: nginx with these `server` blocks, until `clean_up DIRECTORY`.
serve() {
    local work=$1
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
    $2
}
NGINX
    # Its workers may run as another user.
    chmod -R a+rX "$work"
    nginx -c "$work/nginx.conf" -e "$work/nginx.log"
}

clean_up() {
    [ ! -s "$1/nginx.pid" ] || kill "$(cat "$1/nginx.pid")"
    rm -rf "$1"
}

# timed DIRECTORY NAME COMMAND…: appends to the file NAME.times there: seconds, peak KiB, bytes written, seconds of
# processor.
timed() {
    local work=$1 name=$2
    shift 2
    sync
    /usr/bin/time -f '%e %M %O %U %S' -o "$work/time" "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
    tail -n 1 "$work/time" | awk '{ print $1, $2, $3 * 512, $4 + $5 }' >>"$work/$name.times"
}

# median DIRECTORY NAME COLUMN
median() {
    sort -n -k "$3" "$1/$2.times" |
        awk -v column="$3" '{ value[NR] = $column } END { print value[int((NR + 1) / 2)] }'
}

# ratio ONE OTHER [DIGITS]
ratio() {
    awk -v one="$1" -v other="$2" -v digits="${3:-3}" 'BEGIN { printf "%." digits "f", (other > 0 ? one / other : 0) }'
}

# What the disk allows at the most: commits COUNT DIRECTORY times that many commits of one page each, every one flushed.
commits() {
    rm -f "$2"/commits.db*
    {
        echo 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE counts (id INTEGER PRIMARY KEY, n INT);'
        echo 'INSERT INTO counts VALUES (1, 0);'
        for _ in $(seq "$1"); do echo 'UPDATE counts SET n = n + 1 WHERE id = 1;'; done
    } >"$2/commits.sql"
    timed "$2" commits sqlite3 "$2/commits.db" ".read $2/commits.sql"
}

# result WHAT MEASURED '<=' or '>=' BAR [UNIT]: prints the line, adds it to the table that `all.sh` makes (the file
# RESULTS), and remembers in `missed` whether the bar is missed.
result() {
    local line
    line=$(awk -v what="$1" -v value="$2" -v order="$3" -v bar="$4" -v unit="${5:-}" 'BEGIN {
        is_met = value != "" && (order == "<=" ? value + 0 <= bar + 0 : value + 0 >= bar + 0)
        printf "| %s | %s%s | %s %s%s | %s |", what, value, unit, order == "<=" ? "≤" : "≥", bar, unit, is_met ? "yes" : "no"
    }')
    echo "$line"
    [ -z "${RESULTS:-}" ] || echo "$line" >>"$RESULTS"
    case $line in *'| no |') missed=1 ;; esac
}

# fact WHAT MEASURED: a line of that table without a bar.
fact() {
    echo "| $1 | $2 | | |"
    [ -z "${RESULTS:-}" ] || echo "| $1 | $2 | | |" >>"$RESULTS"
}

# Ends the script; with 1 where a bar was missed.
finish() {
    [ "${missed:-0}" = 0 ] || { echo 'error: a bar is missed' >&2; exit 1; }
}
