/* SPDX-License-Identifier: MIT */
/* Uses its disk and its network card once; what tools then see of them is run.sh's and after's. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../check.h"

/*
 * xl leaves a PVH guest's frames from 0xa0 to 0xbf out of its dumps: VGA's memory in a PC. With this
 * room for more than is read they are part of the image, and the rings lie above.
 */
static char sectors[1 << 19];

static void use_disk(void)
{
    int disk = open("/dev/xvda", O_RDONLY);

    CHECK(disk >= 0 && read(disk, sectors, 65536) == 65536);
}

static void use_network(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
    int plug = socket(AF_INET, SOCK_DGRAM, 0);

    inet_pton(AF_INET, "10.99.0.1", &to.sin_addr);
    CHECK(sendto(plug, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)) == 5);
}

int main(void)
{
    use_disk();
    use_network();
    printf("used\n");
    CHECK(check_failures == 0);
    sleep(1000);
    return check_verdict();
}
