SRCS := main.c
CONFIG := tarfs blk
MEMORY := 8
