#!/bin/sh
# Makes the guest's root folder and kernel from Debian packages: guest_root.sh FOLDER
# Leaves FOLDER/root, extracted only (no maintainer script runs), and FOLDER/vmlinuz. Needs no root privileges.
set -eu
folder=$1
release=bookworm
packages=bash,bluez,coreutils,dash,dbus,dbus-bin,dbus-daemon,grep,iproute2,kmod,libc-bin,libstdc++6,linux-image-amd64
packages=$packages,mount,procps,python3,rfkill,sed,util-linux
# the kernel asks for the ciphers by itself; without drbg, LE Secure Connections is absent and it only logs so
modules="virtio_pci virtio_console virtio_rng virtio_blk ext4 crc32c_generic bluetooth hci_vhci uhid
    af_alg algif_hash algif_skcipher cmac ecb ccm ctr gcm hmac sha512_generic drbg jitterentropy_rng ecdh_generic"
PATH=$PATH:/usr/sbin:/sbin

rm -rf "$folder"
mkdir -p "$folder/root" "$folder/kernel"
mmdebstrap --variant=extract --quiet --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --include="$packages" --aptopt='Apt::Install-Recommends "false"' $release - |
    tar -C "$folder/root" -x --no-same-owner --exclude='./dev/*' \
        --exclude='./var/cache/*' --exclude='./var/lib/apt/*' --exclude='./var/lib/dpkg/*' \
        --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' \
        --exclude='*perl*' --exclude='*/gconv' --exclude='./usr/share/zoneinfo' --exclude='*/hwdb.d' \
        --exclude='*/kernel/drivers/gpu' --exclude='*/kernel/drivers/net' --exclude='*/kernel/drivers/media' \
        --exclude='*/kernel/drivers/scsi' --exclude='*/kernel/drivers/infiniband' --exclude='*/kernel/sound'

cd "$folder"
[ -e root/usr/lib/modules ] || { echo "guest_root.sh: no kernel modules" >&2; exit 1; }
version=$(ls root/usr/lib/modules)
mkdir -p kernel/lib
mv root/usr/lib/modules kernel/lib/
depmod -b kernel "$version"
for module in $modules; do
    modprobe -d kernel -S "$version" --show-depends "$module" | sed -n 's/^insmod //p'
done | sort -u | while read -r path; do
    target=root/usr/lib/modules/$version/${path#*"/$version/"}
    mkdir -p "$(dirname "$target")"
    cp "$path" "$target"
done
cp "kernel/lib/modules/$version/modules.order" "kernel/lib/modules/$version"/modules.builtin* "root/usr/lib/modules/$version/"
depmod -b root "$version"
cp root/boot/vmlinuz-* vmlinuz
rm -rf kernel root/boot root/var/run
ln -s /run root/var/run # where dbus-fast looks for the bus
printf 'root:x:0:0:root:/root:/bin/bash\nmessagebus:x:100:100::/nonexistent:/bin/false\n' >root/etc/passwd
printf 'root:x:0:\nmessagebus:x:100:\nbluetooth:x:101:\nnetdev:x:102:\n' >root/etc/group
echo 7e57000152a44e6f9d105f6e4d3c2b1a >root/etc/machine-id
