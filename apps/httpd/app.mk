# SPDX-License-Identifier: MIT
#
# What the build needs to know of this appliance. SRCS are relative to this folder.
SRCS := main.c loop.c listener.c conn.c respond.c request.c path.c range.c condition.c date.c \
	mime.c say.c document.c body.c listing.c log.c text.c deadline.c clock.c budget.c
CONFIG := net blk tarfs
# The folder whose contents become the tar image, served as /www.
DISK := www
MEMORY := 16
