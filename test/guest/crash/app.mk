SRCS := main.c
MEMORY := 4
