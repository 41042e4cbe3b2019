/* SPDX-License-Identifier: MIT */
/*
 * What an image brings up before main(): each room puts its function into the table of its stage; the linker sorts by stage.
 * Functions run in a thread (they may block, but boot waits for none but their own work); a failure is logged by the function itself.
 */
#ifndef LIB_INIT_H
#define LIB_INIT_H

/*
 * Stages in order: "1core" (generator of random numbers, clocks), "2vfs" (root filesystem, /dev), "3stack" (network stack listens for devices, block layer),
 * [xenstore, xenbus and the devices come up here], "5mount" (filesystems on devices), "6net" (wait for an address).
 */
#define INITCALL(stage, function)                                                            \
    static void (*const function##_initcall)(void)                                           \
        __attribute__((used, section(".initcall." stage))) = function

#endif
