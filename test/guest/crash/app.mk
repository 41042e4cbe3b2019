SRCS := main.c
MEMORY := 2
