/* SPDX-License-Identifier: MIT */
/*
 * What an image brings up before main(): each room puts its function into the table of its stage;
 * the linker sorts by stage. Functions run in a thread (they may block, but boot waits for none but
 * their own work); a failure is logged by the function itself.
 */
#ifndef LIB_BASE_INIT_H
#define LIB_BASE_INIT_H

/*
 * Stages in order: "2vfs" (root filesystem, /dev), "3stack", "3xenbus" (network stack, device
 * search: they run when xenstore is up); then xenstore starts; then "5devices" (wait for the
 * devices that are there), "5mount" (filesystems on them), "6net" (wait for an address), "7ready"
 * (main() is next).
 */
#define INITCALL(stage, function)                                                            \
    static void (*const function##_initcall)(void)                                           \
        __attribute__((used, section(".initcall." stage))) = function

/*
 * What runs when the application has ended and its descriptors are closed, before the domain stops.
 * In a thread; must end.
 */
#define EXITCALL(function)                                                                   \
    static void (*const function##_exitcall)(void)                                           \
        __attribute__((used, section(".exitcall"))) = function

#endif
