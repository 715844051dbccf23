# A separate root with a real cron, for the test beside this file. Run in new namespaces, as root:
#     machine.sh ROOT CRON TONGBU OUT BASE_URL TOKEN RECEIVER_URL
# ROOT becomes the machine; CRON is where Debian's package is unpacked; what there is to look at later goes to OUT.
set -eu
root=$1 cron=$2 tongbu=$3 out=$4 base_url=$5 token=$6 receiver=$7

# Cron hands over its mail as the user of the job.
chmod 1777 "$out"

# A small system in memory, which shares the programs of the machine around it. It has no resolver and no certificates, so
# that nothing is sent beyond the machine.
mount -t tmpfs tmpfs "$root"
mkdir -p "$root/usr" "$root/etc/cron.d" "$root/proc" "$root/dev" "$root/tmp" "$root/run" "$root/out" "$root/above" \
    "$root/work" "$root/var/lib" "$root/var/log" "$root/var/spool/cron/crontabs"
chmod 1777 "$root/tmp"
ln -s /run "$root/var/run"
for link in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$link" ]; then cp -a "/$link" "$root/$link"; fi
done
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$root/above,workdir=$root/work" "$root/usr"
for part in passwd group shadow gshadow login.defs nsswitch.conf pam.d security ld.so.cache ld.so.conf ld.so.conf.d; do
    if [ -e "/etc/$part" ]; then cp -a "/etc/$part" "$root/etc/"; fi
done
sed -i '/^tongbu:/d' "$root/etc/passwd" "$root/etc/group"
cp "$cron/etc/pam.d/cron" "$root/etc/pam.d/cron"
cp "$cron/usr/sbin/cron" "$root/usr/sbin/cron"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$out" "$root/out"
touch "$root/usr/local/bin/tongbu"
mount --bind "$tongbu" "$root/usr/local/bin/tongbu"
# What cron hands its mail to.
printf '#!/bin/sh\ncat >> /out/mail\n' > "$root/usr/sbin/sendmail"
chmod 755 "$root/usr/sbin/sendmail"

run() { chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root "$@"; }
as_tongbu() { run su -s /bin/sh tongbu -c "$1"; }
# wait_for WHAT COMMAND…: at most two minutes.
wait_for() {
    what=$1 count=0
    shift
    until "$@"; do
        count=$((count + 1))
        if [ "$count" -gt 130 ]; then echo "waited for $what" >&2; exit 1; fi
        sleep 1
    done
}
records() { as_tongbu "tongbu records list --sync fairing --trigger auto $1 --json" | grep -q '"status":'; }

# From nothing to a schedule. The configuration still has to be looked through: the checks come with the second setup.
printf 'fairing-shop-eu=%s\nalert=%s\n' "$token" "$receiver" |
    run tongbu setup --upstream fairing --notify webhook --yes --secrets-stdin > "$out/first" 2>&1 || true
sed -i "s|^#fairing.base_url = .*|fairing.base_url = \"$base_url\"|; s|^#fairing.min_interval = .*|fairing.min_interval = \"0s\"|" \
    "$root/etc/tongbu/config.toml"
run tongbu setup --yes > "$out/second" 2>&1
run find /etc/tongbu /etc/cron.d /var/lib/tongbu /var/log/tongbu -printf '%M %u %g %p\n' > "$out/files"
as_tongbu 'tongbu sync fairing --trigger manual' > "$out/sync" 2>&1
as_tongbu 'tongbu notify test' > "$out/notify" 2>&1

# Each minute instead of each hour, which nobody waits for here, and once more as soon as cron starts.
sed -i 's|^7 \* \* \* \* \(.*\)$|* * * * * \1\n@reboot \1|' "$root/etc/cron.d/tongbu"
run cron -f &
wait_for 'a run by cron' records '--status success'
if [ -e "$out/mail" ]; then mv "$out/mail" "$out/unwanted"; fi
as_tongbu 'tongbu doctor --cron --json' > "$out/doctor" || true

# A key that is not accepted any more.
printf 'wrong-key-canary\n' > "$root/etc/tongbu/secrets/fairing-shop-eu"
wait_for 'mail' test -s "$out/mail"
wait_for 'a failed run' records '--failed'
chmod 644 "$out"/*
