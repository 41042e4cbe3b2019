SRCS := main.c
CONFIG := tarfs blk net
MEMORY := 16
