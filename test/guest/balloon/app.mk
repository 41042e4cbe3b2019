SRCS := main.c
CONFIG := vfs
MEMORY := 16
