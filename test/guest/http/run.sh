# SPDX-License-Identifier: MIT
# types: pvh
# apps/httpd, from its disk to curl: what it answers, what it refuses, 200 connections at once,
# no work while idle, and a clean end with its log complete.

# page CURL-ARGUMENT...: the body goes to the file body, the head to head; prints the status.
page() { curl -s -m 20 -D head -o body -w '%{http_code}' "$@" || fail "curl $*: $?"; }
# field NAME: its value in the last answer's head.
field() { sed -n "s/^$1: *\(.*\)\r$/\1/Ip" head; }
size() { stat -c %s body; }

start_network
create httpd.cfg
wait_console httpd 'httpd: listening on port 80 \(IPv4 and IPv6\)' 30
IP=$(guest_ip httpd)
URL=http://$IP

note "files"
mkdir -p www
tar -xf httpd.img -C www
expect "GET" 200 "$(page "$URL/612.html")"
expect "sum" "$(cksum <www/612.html)" "$(cksum <body)"
expect "type" "text/html; charset=utf-8" "$(field content-type)"
tag=$(field etag)
date=$(field last-modified)
expect "GET of a large file" 200 "$(page "$URL/files/numbers.txt")"
expect "sum" "$(cksum <www/files/numbers.txt)" "$(cksum <body)"
expect "index" 200 "$(page "$URL/")"
expect "sum" "$(cksum <www/index.html)" "$(cksum <body)"
expect "listing" 200 "$(page "$URL/files/")"
grep -q 'numbers\.txt' body || fail "the listing does not name numbers.txt"
expect "folder without a slash" 301 "$(page "$URL/files")"
expect "location" /files/ "$(field location)"
expect "HEAD" 200 "$(page -I "$URL/files/numbers.txt")"
expect "length" "$(stat -c %s www/files/numbers.txt)" "$(field content-length)"
expect "no such file" 404 "$(page "$URL/none")"
expect "healthz" 200 "$(page "$URL/healthz")"

note "conditions and ranges"
expect "same tag" 304 "$(page -H "If-None-Match: $tag" "$URL/612.html")"
expect "other tag" 200 "$(page -H 'If-None-Match: "other"' "$URL/612.html")"
expect "same date" 304 "$(page -H "If-Modified-Since: $date" "$URL/612.html")"
expect "condition not met" 412 "$(page -H 'If-Match: "other"' "$URL/612.html")"
expect "first bytes" 206 "$(page -r 0-99 "$URL/files/numbers.txt")"
cmp body <(head -c 100 www/files/numbers.txt) || fail "wrong bytes"
expect "last bytes" 206 "$(page -r -50 "$URL/files/numbers.txt")"
cmp body <(tail -c 50 www/files/numbers.txt) || fail "wrong bytes"
expect "middle" 206 "$(page -r 17000-25000 "$URL/files/numbers.txt")"
expect "length" 8001 "$(size)"
expect "range behind the end" 416 "$(page -r 100000- "$URL/files/numbers.txt")"

note "IPv6"
IFS=: read -r -a MAC <<<"$(guest_mac httpd)"
SIX=$(printf 'fd99::%x:%x:%x:%x' $(((0x${MAC[0]} ^ 2) << 8 | 0x${MAC[1]})) \
    $((0x${MAC[2]} << 8 | 0xff)) $((0xfe00 | 0x${MAC[3]})) $((0x${MAC[4]} << 8 | 0x${MAC[5]})))
wait_for 30 ping -6 -q -c 1 -W 1 "$SIX" >/dev/null || fail "no answer to ping of $SIX"
expect "GET over IPv6" 200 "$(page "http://[$SIX]/612.html")"

note "bad requests, pipelining, 200 connections"
python3 requests.py "$IP" || fail "requests.py: see above"
expect "afterwards" 200 "$(page "$URL/612.html")"

note "a line for each request, however fast they come"
logged() { console httpd | grep -ac '"GET /612.html?log HTTP/1.[01]" 200 612'; }
ab -q -k -c 16 -n 1500 "$URL/612.html?log" >ab.out || fail "ab: $(cat ab.out)"
expect "served" 1500 "$(sed -n 's/^Complete requests: *//p' ab.out)"
complete() { [ "$(logged)" = 1500 ]; }
wait_for 30 complete || fail "$(logged) of 1500 requests were logged"
refuse_console httpd 'lines are missing'

note "idle"
nap 1
before=$(cpu_ns httpd)
nap 3
used=$((($(cpu_ns httpd) - before) / 1000))
((used < 150000)) || fail "idle for 3 s, httpd used $used us"
ok "idle for 3 s: $used us of CPU time"

note "shutdown"
expect "last request" 404 "$(page "$URL/the-last-one")"
xl shutdown httpd
expect_shutdown httpd poweroff
expect_console httpd '"GET /the-last-one HTTP/1.1" 404 [0-9]+'
refuse_console httpd 'crash'
