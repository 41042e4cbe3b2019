SRCS := main.c
MEMORY := 16
