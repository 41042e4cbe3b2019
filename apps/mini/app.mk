SRCS := main.c
MEMORY := 2
WITHOUT := balloon health
