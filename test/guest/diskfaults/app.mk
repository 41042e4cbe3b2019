SRCS := main.c
CONFIG := vfs blk
MEMORY := 32
