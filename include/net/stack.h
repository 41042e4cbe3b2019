/* SPDX-License-Identifier: MIT */
/*
 * The network stack as the rest of the system sees it. Applications use <sys/socket.h>.
 */
#ifndef NET_STACK_H
#define NET_STACK_H

/* Start the stack and its thread, and take up network devices as they come. Runs by itself at boot;
 * calling it again does nothing. Threads only. */
void net_stack_init(void);

#endif
