SRCS := main.c services.c
CONFIG := net
MEMORY := 16
