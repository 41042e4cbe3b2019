/* SPDX-License-Identifier: MIT */
/*
 * How a room takes part when the domain is saved, restored or migrated: an entry in a linker set,
 * like lib/base/init.h's, so that an image without the room has nothing to do. xen/domain/suspend.c calls them,
 * by stage, in xenstore's watch thread. NULL stands for nothing to do.
 *
 * prepare: start nothing more that another domain would have to finish, and wait for what is under
 * way, until the deadline. 0, or -errno: the suspend is refused. May block; other threads run.
 * leave: the last moment; nobody runs from the first room's to the new domain or the cancelling. Must
 * not block. Not called when the preparation failed.
 * cancel: everything goes on as it was, the preparation that failed included. Must not block.
 *
 * In a new domain the grants and ports of before are void: page and reference of a grant may be let
 * go at once, and a number that was a port may be another's soon.
 * forget: let go of them. Neither console nor xenstore can be used yet; must not block.
 * resume: begin anew. xenstore can be used; may block, and then other threads run.
 */
#ifndef LIB_BASE_SUSPEND_H
#define LIB_BASE_SUSPEND_H

#include <stdint.h>

struct suspend_hooks {
    int (*prepare)(uint64_t deadline);
    void (*leave)(void);
    void (*cancel)(void);
    void (*forget)(void);
    void (*resume)(void);
};

/*
 * Stages in order (lib/boot/stages.lds): memory (what the others may want), work (which
 * waits), random, net (secrets, before any other thread can draw a number), xenbus, peers (of TCP:
 * the last to be told to wait).
 */
#define SUSPEND_HOOKS(stage, name)                          \
    static const struct suspend_hooks *const name##_suspend \
        __attribute__((used, section(".suspend." #stage))) = &(name)

#endif
