#!/usr/bin/env bash
# The Debian package: what it has, how far its service is shut in, and that it installs, runs and goes again, in a
# root of its own. The build takes some minutes.
source "$(dirname "$0")/lib.sh"
command -v dpkg-deb >/dev/null || { echo "left out: dpkg is not here"; exit 0; }
ls target/distribution/*.deb >/dev/null 2>&1 || cargo xtask dist >"$work/dist" 2>&1 || { cat "$work/dist"; exit 1; }
deb=$(ls -t target/distribution/portcullis_*.deb | head -1)
dpkg-deb --info "$deb" >"$work/info"
dpkg-deb --contents "$deb" | awk '{print $1, $2, $6}' >"$work/contents"
for wanted in '-rwxr-xr-x root/root usr/bin/portcullis' '-rw-r--r-- root/root etc/portcullis/gate.toml' \
    '-rw-r--r-- root/root usr/lib/systemd/system/portcullis-gate.service' \
    '-rw-r--r-- root/root usr/share/man/man1/portcullis-gate.1.gz' \
    '-rw-r--r-- root/root usr/share/bash-completion/completions/portcullis' \
    '-rw-r--r-- root/root usr/share/doc/portcullis/copyright' \
    '-rw-r--r-- root/root usr/share/doc/portcullis/changelog.gz'; do
    grep -qxF -- "$wanted" "$work/contents" || { echo "not in the package: $wanted"; exit 1; }
done
files=$(grep -c '^-' "$work/contents")

unit=$work/portcullis-gate.service
dpkg-deb --fsys-tarfile "$deb" | tar xO ./usr/lib/systemd/system/portcullis-gate.service >"$unit" 2>/dev/null ||
    dpkg-deb --fsys-tarfile "$deb" | tar xO usr/lib/systemd/system/portcullis-gate.service >"$unit"
exposure="not judged"
if command -v systemd-analyze >/dev/null; then
    # Of 100 at most 20: a service that may do anything has 96.
    systemd-analyze security --offline=yes --threshold=20 --no-pager "$unit" >"$work/security" || { cat "$work/security"; exit 1; }
    exposure=$(grep -oE 'level for .*: [0-9.]+' "$work/security" | grep -oE '[0-9.]+$')
else
    echo "left out: systemd-analyze is not here"
fi

if [ "$(id -u)" != 0 ]; then
    echo "left out: dpkg needs root to install"
    echo "package with $files files; exposure of its service $exposure of 10"
    exit 0
fi
root=$work/root
mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers}
touch "$root"/var/lib/dpkg/{status,available}
package() { dpkg --root="$root" --force-script-chrootless "$@" >"$work/dpkg" 2>&1 || { cat "$work/dpkg"; exit 1; }; }
package -i "$deb"
[ -z "$(dpkg --root="$root" --verify portcullis)" ]
grep -q '^portcullis:x:.*:/usr/sbin/nologin$' "$root/etc/passwd"
# As the service runs it: as its own user, with nothing but what is in the package.
owner=$(awk -F: '$1 == "portcullis" {print $3 ":" $4}' "$root/etc/passwd")
install -d -m 0700 -o "${owner%:*}" -g "${owner#*:}" "$root/var/lib/portcullis"
sed -i -e 's/127.0.0.1:10024/unix:\/var\/lib\/portcullis\/milter/' -e 's/127.0.0.1:9000/127.0.0.1:0/' "$root/etc/portcullis/gate.toml"
in_root() { chroot --userspec="$owner" "$root" /usr/bin/portcullis "$@"; }
in_root gate --check --config /etc/portcullis/gate.toml | grep -q 'rules judge mail'
in_root gate --config /etc/portcullis/gate.toml --log json 2>"$work/gate.log" &
gate=$!
for _ in $(seq 100); do
    [ -S "$root/var/lib/portcullis/milter" ] && break
    sleep 0.1
done
[ -S "$root/var/lib/portcullis/milter" ] || { cat "$work/gate.log"; exit 1; }
kill -TERM "$gate"
wait "$gate" || { cat "$work/gate.log"; exit 1; }
[ -z "$(find "$root/var/lib/portcullis" -type f -perm /077)" ]
# An upgrade leaves the configuration as it was changed, and a purge leaves the mail.
echo '# changed' >>"$root/etc/portcullis/gate.toml"
package -i "$deb"
grep -q '^# changed$' "$root/etc/portcullis/gate.toml"
package -P portcullis
[ ! -e "$root/usr/bin/portcullis" ] && [ ! -e "$root/etc/portcullis" ] && [ -d "$root/var/lib/portcullis/quarantine" ]
echo "package with $files files, installed, run, upgraded and purged in a root of its own; exposure of its service $exposure of 10"
