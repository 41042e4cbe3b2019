# SPDX-License-Identifier: MIT
SRCS := main.c
CONFIG := net
MEMORY := 64
