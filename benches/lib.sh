# What the scripts beside this one share: the tools they need, a static server, a stopwatch. To be sourced.

# Ends the script where one of these tools is missing.
need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null && continue
        echo "error: \`$tool\` is missing; the head of $0 names what it needs" >&2
        exit 1
    done
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

# timed DIRECTORY NAME COMMAND…: appends seconds and peak KiB to the file NAME.times there.
timed() {
    local work=$1 name=$2
    shift 2
    sync
    /usr/bin/time -f '%e %M' -o "$work/time" "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
    tail -n 1 "$work/time" >>"$work/$name.times"
}

# median DIRECTORY NAME COLUMN
median() {
    sort -n "$1/$2.times" | awk -v column="$3" '{ value[NR] = $column } END { print value[int((NR + 1) / 2)] }'
}
