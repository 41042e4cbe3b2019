SRCS := main.c
CONFIG := net blk vfs
MEMORY := 4
