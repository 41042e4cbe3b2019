SRCS := main.c ../network/services.c
CONFIG := net blk
MEMORY := 112
