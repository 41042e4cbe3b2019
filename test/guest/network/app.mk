SRCS := main.c services.c groups.c
CONFIG := net
MEMORY := 16
