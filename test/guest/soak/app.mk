# httpd, as it is, with one source more; its disk is httpd's.
SRCS := usage.c $(patsubst apps/httpd/%,../../../apps/httpd/%,$(wildcard apps/httpd/*.c))
CONFIG := net blk tarfs
MEMORY := 16
OPTIONS := mount=/www:xvda
