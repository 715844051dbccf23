#!/usr/bin/env bash
# The three set-ups from nothing, in a fresh clone of the last commit with an empty target: the README's first command,
# then its test command, and the installation. The crates are fetched before.
#
#     benches/build.sh [PHASE…]     demo, test and install by default; `costs` alone adds what each direct dependency costs
#
# Prints the machine, the times, crates that the first two compiled twice, and the ten dearest crates, as Markdown. Fails
# above 240 s, 480 s and 300 s, and if a crate was compiled twice. Needs git and python3.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/lib.sh
[ "$#" -gt 0 ] || set -- demo test install
need git python3

source=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone --quiet "$source" "$work/tongbu"
cd "$work/tongbu"
# The shell's own setting would share a target that is not empty.
unset CARGO_TARGET_DIR
cargo fetch --locked --quiet

for phase in "$@"; do
    case $phase in
        demo | costs) command=(cargo run --timings --locked --features sandbox --bin sandbox -- demo) ;;
        test) command=(tests/run.sh --timings) ;;
        install) command=(cargo install --timings --path . --locked --root "$work/root") ;;
        *) echo "error: no phase is called \`$phase\`" >&2; exit 2 ;;
    esac
    begin=$(date +%s.%N)
    "${command[@]}" >"$work/$phase.log" 2>&1 </dev/null || { cat "$work/$phase.log" >&2; exit 1; }
    echo "$phase $begin $(date +%s.%N)" >>"$work/times"
    cp target/cargo-timings/cargo-timing.html "$work/$phase.html"
done

echo "$(nproc) cores ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), $(uname -m), $(rustc --version), $(date -u +%F)"
python3 "$source/benches/build.py" "$work"
