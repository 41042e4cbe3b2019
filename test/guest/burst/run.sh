# SPDX-License-Identifier: MIT
# types: pvh
# apps/httpd in the least memory, 1 MiB: a burst of 64 connections is served, in turns, and so is
# who comes later.
ADDRESS=10.99.0.50
mkdir -p www
head -c 612 /dev/urandom >www/small
tar -C www -cf files.img small
create httpd.cfg 'memory = 1' "extra = 'mount=/www:xvda ip=$ADDRESS/24 ip6=off -- -l off'" \
    "disk = [ 'format=raw, vdev=xvda, access=ro, target=$PWD/files.img' ]"
wait_console httpd 'httpd: listening on port 80' 30
wait_port "$ADDRESS" 80
expect "before" 612 "$(curl -s -m 20 "http://$ADDRESS/small" | wc -c)"
for _ in 1 2; do
    python3 -BS ./burst.py "$ADDRESS" /small 64 || fail "see above"
    expect "after a burst" 612 "$(curl -s -m 20 "http://$ADDRESS/small" | wc -c)"
done
[[ $(xs_read httpd data/health) == *state=running* ]] || fail "$(xs_read httpd data/health)"
xl shutdown httpd
expect_shutdown httpd poweroff 20
refuse_console httpd 'cannot go on'
