# SPDX-License-Identifier: MIT
# The same image under each guest type, from the least memory that the type can have.
floor=1
[ "$TYPE" = pvh ] || floor=4    # the domain builder refuses less
for memory in $floor 8 32; do
    create hello.cfg "memory = $memory"
    expect_shutdown hello poweroff
    expect_console hello "Xenolith hello on Xen [0-9.]+, ${TYPE^^} guest, $((memory * 1024)) KiB"
    expect_console hello 'Hello from hello on Xen'
    expect_console hello 'hello has ended with status 0'
    destroy hello
done

create hello.cfg 'extra = "-- --status=3"'
expect_shutdown hello crash
expect_console hello 'hello has ended with status 3'
