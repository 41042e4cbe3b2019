SRCS := main.c
MEMORY := 192
