# SPDX-License-Identifier: MIT
# types: pvh
# timeout: 400
# apps/httpd in little memory, with many downloads of a MiB that begin together and clients that ask
# and never read: all are served, and sysrq, ping, a further request and xl shutdown are answered
# meanwhile.
mkdir -p www
head -c 1048576 /dev/urandom >www/large
head -c 612 /dev/urandom >www/small
tar -C www -cf files.img large small
CRC=$(python3 -c 'import zlib; print(zlib.crc32(open("www/large", "rb").read()))')
ADDRESS=10.99.0.50

# answered: the guest hears sysrq, a ping, and a request, each soon.
answered() {
    local lines start=$SECONDS
    lines=$(console "$DOM" | wc -l)
    xl sysrq "$DOM" h
    ping -q -c 1 -W 10 "$ADDRESS" >ping.log 2>&1 || fail "no answer to ping: $(cat ping.log)"
    said() { (($(console "$DOM" | wc -l) > lines)); }
    wait_for 10 said || fail "sysrq is not answered"
    expect "a small file meanwhile" 612 "$(curl -s -m 20 "http://$ADDRESS/small" | wc -c)"
    note "ping, sysrq and a request: $((SECONDS - start)) s"
}

# many MEMORY DOWNLOADS STALLED
many() {
    local job
    note "$1 MiB: $2 downloads, $3 clients that do not read"
    create httpd.cfg "memory = $1" "extra = 'mount=/www:xvda ip=$ADDRESS/24 ip6=off -- -l off'" \
        "disk = [ 'format=raw, vdev=xvda, access=ro, target=$PWD/files.img' ]"
    wait_console httpd 'httpd: listening on port 80' 30
    wait_port "$ADDRESS" 80
    rm -f begun
    python3 -BS ./clients.py "$ADDRESS" /large "$2" "$3" "$CRC" >clients.log 2>&1 &
    job=$!
    wait_for 60 test -e begun || fail "the clients do not start: $(<clients.log)"
    answered
    wait $job || fail "$(<clients.log)"
    ok "$(<clients.log)"
    answered
    xl sysrq httpd n
    nap 1
    console httpd | tail -n 12
    xl shutdown httpd
    expect_shutdown httpd poweroff 20
    destroy httpd
}

many 16 64 0
many 8 32 0
many 16 16 50
