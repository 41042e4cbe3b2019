SRCS := main.c ../network/services.c
CONFIG := net blk tarfs
MEMORY := 16
