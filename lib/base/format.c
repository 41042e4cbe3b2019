/* SPDX-License-Identifier: MIT */
/*
 * A small printf for the kernel's own lines: integers, strings, characters, pointers; no floating
 * point, no allocation. Images that do not use the C library's printf do without its 50 KiB.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/printk.h"

struct output {
    char *buffer;
    size_t size, length; /* length: what the whole text takes, even beyond size */
};

struct conversion {
    bool left, zero;
    int width, precision; /* precision -1: none given */
    int longs;            /* 0 int, 1 long, 2 long long */
};

static void put(struct output *out, char c)
{
    if (out->length + 1 < out->size)
        out->buffer[out->length] = c;
    out->length++;
}

static void put_padded(struct output *out, const char *text, size_t length,
                       const struct conversion *how)
{
    size_t padding = how->width > 0 && (size_t)how->width > length ? (size_t)how->width - length
                                                                   : 0;
    char filler = how->zero && !how->left ? '0' : ' ';

    if (filler == '0' && length && *text == '-') {
        put(out, *text++);
        length--;
    }
    if (!how->left)
        while (padding) {
            put(out, filler);
            padding--;
        }
    while (length--)
        put(out, *text++);
    while (padding--)
        put(out, ' ');
}

static void put_number(struct output *out, uint64_t number, unsigned int base, bool negative,
                       const struct conversion *how)
{
    char digits[24], *p = digits + sizeof(digits);

    do {
        *--p = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    if (negative)
        *--p = '-';
    put_padded(out, p, digits + sizeof(digits) - p, how);
}

static void put_string(struct output *out, const char *text, const struct conversion *how)
{
    if (!text)
        text = "(null)";
    put_padded(out, text, how->precision >= 0 ? strnlen(text, how->precision) : strlen(text), how);
}

static int64_t take_signed(va_list *arguments, const struct conversion *how)
{
    return how->longs ? va_arg(*arguments, long) : va_arg(*arguments, int);
}

static uint64_t take_unsigned(va_list *arguments, const struct conversion *how)
{
    return how->longs ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned int);
}

static void convert(struct output *out, char kind, va_list *arguments, const struct conversion *how)
{
    int64_t number;
    char c;

    switch (kind) {
    case 'd':
    case 'i':
        number = take_signed(arguments, how);
        put_number(out, number < 0 ? -(uint64_t)number : (uint64_t)number, 10, number < 0, how);
        break;
    case 'u':
        put_number(out, take_unsigned(arguments, how), 10, false, how);
        break;
    case 'x':
        put_number(out, take_unsigned(arguments, how), 16, false, how);
        break;
    case 'p':
        put(out, '0');
        put(out, 'x');
        put_number(out, (uintptr_t)va_arg(*arguments, void *), 16, false, how);
        break;
    case 'c':
        c = va_arg(*arguments, int);
        put_padded(out, &c, 1, how);
        break;
    case 's':
        put_string(out, va_arg(*arguments, const char *), how);
        break;
    default:
        put(out, kind);
    }
}

static const char *parse_digits(const char *format, int *number)
{
    for (*number = 0; *format >= '0' && *format <= '9'; format++)
        *number = *number * 10 + (*format - '0');
    return format;
}

static const char *parse_number(const char *format, va_list *arguments, int *number)
{
    if (*format != '*')
        return parse_digits(format, number);
    *number = va_arg(*arguments, int);
    return format + 1;
}

static const char *parse_conversion(const char *format, va_list *arguments, struct conversion *how)
{
    *how = (struct conversion){ .precision = -1 };
    for (; *format == '-' || *format == '0'; format++) {
        how->left |= *format == '-';
        how->zero |= *format == '0';
    }
    format = parse_number(format, arguments, &how->width);
    if (*format == '.')
        format = parse_number(format + 1, arguments, &how->precision);
    for (; *format == 'l' || *format == 'z' || *format == 'h'; format++)
        how->longs += *format != 'h';
    return format;
}

int kvsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct output out = { buffer, size, 0 };
    struct conversion how;
    va_list list;

    va_copy(list, arguments);
    while (*format) {
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        format = parse_conversion(format + 1, &list, &how);
        if (*format)
            convert(&out, *format++, &list, &how);
    }
    va_end(list);
    if (size)
        buffer[out.length < size ? out.length : size - 1] = '\0';
    return out.length;
}

int ksnprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = kvsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
