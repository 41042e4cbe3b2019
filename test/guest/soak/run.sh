# SPDX-License-Identifier: MIT
# timeout: 300
# types: pvh
# 10,000 requests, kept alive by 64 clients and one connection a request: none fails, and
# afterwards nothing more is in use than before.

# load ARGUMENT...: ab against the page of 612 bytes; all requests must be answered by it.
load() {
    local found
    found=$(ab -q "$@" "http://$IP/612.html" 2>&1) || fail "ab $*: $found"
    grep -q '^Failed requests: *0$' <<<"$found" || fail "ab $*: $found"
    ! grep -q '^Non-2xx' <<<"$found" || fail "ab $*: $found"
    ok "ab $*: $(sed -n 's/^Complete requests: *//p' <<<"$found") requests, none failed"
}

start_network
create soak.cfg "disk = [ 'format=raw, vdev=xvda, access=ro, target=$PWD/httpd.img' ]"
wait_console soak 'httpd: listening on port 80'
IP=$(guest_ip soak)

# Once, so that pools, caches and stdio have what they keep.
load -k -c 64 -n 500
load -c 64 -n 300
before=$(usage soak)

load -k -c 64 -n 7000
load -c 64 -n 2000
load -c 8 -n 1000
expect_usage soak "$before" 8
xl shutdown soak
expect_shutdown soak poweroff
