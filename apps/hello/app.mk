SRCS := main.c
MEMORY := 8
