# SPDX-License-Identifier: MIT
SRCS := main.c
CONFIG := blk
MEMORY := 16
