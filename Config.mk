# SPDX-License-Identifier: MIT
# Switches of the build, with their defaults and what they cost.

# The compiler of all images: gcc (12 or newer) or clang (14 or newer).
CC := gcc

# Optimisation of our code and lwIP. -Os makes httpd some 15 % smaller, and a request dearer.
OPTIMISE := -O2

# Stack overruns are caught at the function's end: some 2 % of size and time. Empty turns it off.
PROTECT := -fstack-protector-strong

# Calls of memcpy(), strcpy(), read() and the like in applications are checked where the compiler knows the destination's size: some
# 200 bytes in an image that has such calls. Empty turns it off.
FORTIFY := -D_FORTIFY_SOURCE=2
