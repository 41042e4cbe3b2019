# SPDX-License-Identifier: MIT
# timeout: 500
# apps/httpd with a download in progress is saved, restored and migrated: the download goes on, its
# checksum is right, new connections work, the network is told, DHCP confirms the lease. Then a
# guest that counts what it has: nothing is in use after a restore that was not before.
# ROUNDS=N (make guest TEST=savenet ROUNDS=N): only that, N rounds of save, restore and migration in
# a row with both under way, and a count of what is in use after the second and after the last.

page() {
    local sum
    sum=$(curl -s -m 20 "http://$IP/small" | cksum)
    expect "a page" "$(cksum <www/small)" "$sum"
}

# slowly: pass the input on, until the file "go" exists a little at a time.
slowly() {
    until [ -e go ]; do
        head -c 50000
        nap 0.5
    done
    cat
}

# download: begin one in the background that lasts until downloaded, which looks at its checksum.
download() {
    rm -f go
    curl -s "http://$IP/big" | slowly | cksum >sum &
    job=$!
    nap 1
}

downloaded() {
    kill -0 $job 2>/dev/null || fail "the download ended too early to show anything"
    touch go
    wait $job || fail "curl: $?"
    expect "download" "$(cksum <www/big)" "$(<sum)"
}

leases() { grep -c "DHCPACK.*$IP" /run/dnsmasq.log; }

# begin_load, end_load: two clients on connections that have to last all the time (clients.py).
begin_load() {
    rm -f stop answered
    python3 -BS ./clients.py "$IP" >clients.log 2>&1 &
    job=$!
    wait_for 20 test -s answered || fail "the clients do not start: $(<clients.log)"
}
end_load() {
    touch stop
    wait $job || fail "$(<clients.log)"
    ok "$(<clients.log)"
}
answered() { (($(<answered) > before)); }
# stuck MESSAGE: fail, with what both ends know of the connections.
stuck() {
    xl sysrq soak n
    xl sysrq soak d
    ss -tnoim dst "$IP"
    curl -s -m 10 "http://$IP/small" | cksum
    nap 1
    fail "$1"
}
round() {
    if ((++round % 2)); then
        save_restore soak
    else
        migrate soak || fail "xl migrate: $(tail -n 5 migrate.log)"
    fi
    kill -0 $job 2>/dev/null || fail "round $round: $(<clients.log)"
    before=$(<answered)
    wait_for 60 answered || stuck "no answers after round $round"
    echo "-- round $round: $SECONDS s, $(<answered) pages"
}
rounds() {
    local round=0 rest
    create soak.cfg "disk = [ 'format=raw, vdev=xvda, access=ro, target=$PWD/httpd.img' ]"
    IP=$(guest_ip soak)
    wait_port "$IP" 80
    begin_load
    round
    round
    end_load
    rest=$(usage soak)
    begin_load
    while ((round < ROUNDS)); do
        round
        if ((round % 10 == 0)); then page; fi
    done
    end_load
    expect_usage soak "$rest" 8
    xl shutdown soak
    expect_shutdown soak poweroff
}

start_network
mkdir www
head -c $((ROUNDS > 0 ? 4000000 : 12000000)) /dev/urandom >www/big
head -c 5000 /dev/urandom >www/small
tar --create --file=httpd.img --directory=www .
if ((ROUNDS > 0)); then
    rounds
    exit
fi
create httpd.cfg
IP=$(guest_ip httpd)
wait_port "$IP" 80
page

note "save and restore, with a download in progress"
before=$(leases)
tcpdump -Z root -l -n -i xenbr0 arp and arp[6:2]=1 >arp.log 2>tcpdump.log &
download
save_restore httpd
page
wait_for 20 grep -q "who-has $IP.* tell $IP\|Announcement $IP" arp.log ||
    fail "no gratuitous ARP after the restore: $(cat arp.log tcpdump.log)"
ok "gratuitous ARP"
leased() { (($(leases) > before)); }
wait_for 20 leased || fail "DHCP was not asked to confirm the lease"
ok "DHCP confirms $IP"

note "live migration, with the same download in progress"
migrate httpd || fail "xl migrate: $(tail -n 5 migrate.log)"
page
downloaded

xl shutdown httpd >/dev/null
expect_shutdown httpd poweroff
destroy httpd

note "what is in use"
create network.cfg
IP=$(guest_ip network)
before=$(usage network)
save_restore network
expect_usage network "$before" 8
expect "four.test" 10.99.0.1 "$(ask network lookup four.test)"
destroy network
