# SPDX-License-Identifier: MIT
# types: pvh
# Archives made by dom0's tar, served in place: one larger than the guest's memory, of a file with a
# hole; many files; names that only extended headers hold.
long=$(printf 'n%.0s' {1..200})
mkdir -p "tree/$long/$long" tree/some/deep/folder tree/many
write() { printf '%s' "$1" >"tree/$1"; }
for ((i = 0; i < 400; i++)); do
    write "many/file-$i"
done
write "$long/$long/$long"
write "$long/short"
write some/deep/folder/file
head -c 16M /dev/urandom >tree/big
head -c 8M /dev/urandom | dd of=tree/big bs=1M seek=20 conv=notrunc iflag=fullblock status=none
read -r sum size _ <<<"$(cksum tree/big)"

tar -C tree --format=gnu --exclude=./big -cf gnu.tar .
tar -C tree --format=pax --sparse -cf pax.tar .
(($(stat -c %s pax.tar) < 26 << 20)) || fail "the hole is in the archive"
create archive.cfg "extra = 'mount=/pax:xvda mount=/gnu:xvdb'" \
    "disk = [ 'format=raw, vdev=xvda, access=ro, target=$PWD/pax.tar',
              'format=raw, vdev=xvdb, access=ro, target=$PWD/gnu.tar' ]"
expect_shutdown archive poweroff 120
expect_console archive 'tarfs: xvda: 410 entries'
expect_console archive 'tarfs: xvdb: 409 entries'
expect_console archive "big in steps of 5000: $sum $size"
expect_console archive "big in steps of 65536: $sum $size"
expect_console archive '/gnu: 403 files in 7 directories, the longest path 602'
expect_console archive '/pax: 403 files in 7 directories, the longest path 602'
expect_console archive 'verdict: all checks passed'
