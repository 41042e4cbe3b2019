/* SPDX-License-Identifier: MIT */
/*
 * Flush: a backend that offers neither FLUSH_DISKCACHE nor barriers because its disk has no
 * volatile cache says so with "0" in feature-flush-cache; then writes are stable when they are
 * answered, and flush has nothing to do. One that does not say anything cannot promise anything:
 * flush answers -EOPNOTSUPP, as it does when the backend refuses the request.
 */
#include "blkfront.h"

#include <errno.h>

#include <xen-abi/io/blkif.h>

/* With nothing to do, the request is held by nobody but the queue. */
int blkfront_start_flush(struct blkfront *disk, struct block_request *request)
{
    int result = disk->flush_error;

    disk->flush_error = 0;
    if (result != 0)
        return result;
    if (disk->block.read_only || disk->flush == BLKFRONT_FLUSH_NOT_NEEDED)
        return 0;
    if (disk->flush == BLKFRONT_FLUSH_UNSUPPORTED)
        return -EOPNOTSUPP;
    result = blkfront_send_flush(disk, request,
                                 disk->flush == BLKFRONT_FLUSH_CACHE ? BLKIF_OP_FLUSH_DISKCACHE
                                                                     : BLKIF_OP_WRITE_BARRIER);
    if (result == 0)
        request->pending++;
    return result;
}
