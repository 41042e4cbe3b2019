/* SPDX-License-Identifier: MIT */
/*
 * What an image brings up before main(), and takes down after it: each room puts its function into
 * the table of its stage; lib/boot/stages.lds has the stages in their order, and another name is an
 * error of the linker. But for "console", functions run in a thread (they may block, but boot waits
 * for none but their own work); a failure is logged by the function itself.
 */
#ifndef LIB_BASE_INIT_H
#define LIB_BASE_INIT_H

/*
 * console      the log has a reader; on the boot stack
 * descriptors  0, 1 and 2 are open
 * filesystem   root file system, /dev
 * stack        network stack, disks in memory, what watches xenstore
 * xenbus       the search for devices, which begins when xenstore is there
 * xenstore     it is there, and lifecycle and sysrq with it
 * devices      waits for the devices that the cfg names
 * mount        file systems on them
 * balloon      memory that maxmem leaves out goes back to Xen
 * address      waits for an address
 * ready        main() is next
 */
#define INITCALL(stage, function)                  \
    static void (*const function##_initcall)(void) \
        __attribute__((used, section(".initcall." #stage))) = function

/*
 * What runs when the application has ended and its descriptors are closed, before the domain stops.
 * In a thread; must end.
 */
#define EXITCALL(function)                         \
    static void (*const function##_exitcall)(void) \
        __attribute__((used, section(".exitcall"))) = function

#endif
