SRCS := main.c ../network/services.c
CONFIG := net blk vfs
MEMORY := 16
