#!/bin/sh
# Makes the Debian package without debhelper: deb.sh PROGRAM VERSION OUT. PROGRAM was linked for the prefix /usr.
set -eu
umask 022
program=$1 version=$2 out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
architecture=$(dpkg --print-architecture)

install -D -m 755 "$program" "$root/usr/bin/meterkey"
strip --remove-section=.comment --remove-section=.note "$root/usr/bin/meterkey"
mkdir "$work/bin"
ln -s "$(realpath "$program")" "$work/bin/meterkey"
sh tools/install.sh "$root/usr" "$root/usr/share/meterkey" "$work/bin"
gzip -9n "$root/usr/share/man/man1/meterkey.1"
mkdir -p "$root/usr/share/zsh/vendor-completions"
mv "$root/usr/share/zsh/site-functions/_meterkey" "$root/usr/share/zsh/vendor-completions/_meterkey"
rmdir "$root/usr/share/zsh/site-functions"
for unit in meterkey.service meterkey.socket; do
    install -D -m 644 "packaging/$unit" "$root/lib/systemd/system/$unit"
done
install -D -m 644 packaging/config.lua "$root/etc/meterkey/config.lua"
for page in docs/*.md; do
    install -D -m 644 "$page" "$root/usr/share/doc/meterkey/$(basename "$page")"
done
install -m 644 packaging/copyright "$root/usr/share/doc/meterkey/copyright"
gzip -9n <packaging/changelog >"$root/usr/share/doc/meterkey/changelog.gz"
chmod 644 "$root/usr/share/doc/meterkey/changelog.gz"
install -D -m 644 packaging/lintian-overrides "$root/usr/share/lintian/overrides/meterkey"

# The libraries that it is linked with, in the versions whose symbols it uses.
mkdir "$work/debian"
printf 'Source: meterkey\n\nPackage: meterkey\nArchitecture: %s\n' "$architecture" >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps -O "$root/usr/bin/meterkey" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$libraries" ] || { echo "deb: dpkg-shlibdeps found no libraries" >&2; exit 1; }

mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<END
Package: meterkey
Version: $version
Architecture: $architecture
Maintainer: The Meterkey authors <meterkey@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: $libraries, ca-certificates, adduser
Section: net
Priority: optional
Description: utility customers' meters with their consent
 A customer consents and signs in at their utility through Meterkey, which
 relays codes of a second factor and reads the list of meters. Adapters are Lua
 scripts; the service has pages, a dashboard and an API.
END
echo /etc/meterkey/config.lua >"$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do
    install -m 755 "packaging/$script" "$root/DEBIAN/$script"
done
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)

mkdir -p "$out"
dpkg-deb --root-owner-group --build "$root" "$out/meterkey_${version}_$architecture.deb" >/dev/null
echo "$out/meterkey_${version}_$architecture.deb"
