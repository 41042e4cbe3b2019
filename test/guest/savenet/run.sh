# SPDX-License-Identifier: MIT
# timeout: 500
# apps/httpd with a download in progress is saved, restored and migrated: the download goes on, its
# checksum is right, new connections work, the network is told, DHCP confirms the lease. Then a
# guest that counts what it has: nothing is in use after a restore that was not before.
# ROUNDS=N (make guest TEST=savenet ROUNDS=N): so many rounds of save, restore and migration.

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

start_network
mkdir www
head -c 12000000 /dev/urandom >www/big
head -c 5000 /dev/urandom >www/small
tar --create --file=httpd.img --directory=www .
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

round=0
while ((round < ${ROUNDS:-0})); do
    ((++round % 10 == 1)) && download
    if ((round % 2)); then
        save_restore httpd
    else
        migrate httpd || fail "xl migrate: $(tail -n 5 migrate.log)"
    fi
    page
    if ((round % 10 == 0)); then downloaded; fi
    note "round $round"
done
xl shutdown httpd >/dev/null
expect_shutdown httpd poweroff
destroy httpd

note "what is in use"
create network.cfg
IP=$(guest_ip network)
before=$(usage network)
save_restore network
expect_usage network "$before" 64
expect "four.test" 10.99.0.1 "$(ask network lookup four.test)"
destroy network
