SRCS := main.c
MEMORY := 16
# Its last word waits for xenstore, and meanwhile the ring that main.c has filled is emptied.
WITHOUT := health
