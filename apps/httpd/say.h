/* SPDX-License-Identifier: MIT */
/* Messages to whoever runs the server: one line each, on standard output or standard error. */
#ifndef HTTPD_SAY_H
#define HTTPD_SAY_H

/* "httpd: " and up to four strings, cut at 1,000 bytes. If nobody reads it, nobody is told so. */
void say(int descriptor, const char *first, const char *second, const char *third,
         const char *fourth);

/* The same on standard error. Returns -EINVAL, which most callers return in turn. */
int complain(const char *first, const char *second, const char *third, const char *fourth);

#endif
