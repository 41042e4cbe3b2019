/* SPDX-License-Identifier: MIT */
/*
 * Calendar arithmetic in the proleptic Gregorian calendar, on years that start in March so that
 * the leap day comes last: then the days before month m are (153 m + 2) / 5, and 400 years are
 * 146,097 days. 719,468 days lie between 1 March of year 0 and 1 January 1970.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "date.h"

struct moment {
    int year;
    unsigned month;   /* 0 to 11 */
    unsigned day;     /* 1 to 31 */
    unsigned weekday; /* 0 is Sunday */
    unsigned hour, minute, second;
};

static const char month_names[12][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
};
static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

enum { SECONDS_A_DAY = 86400, DAYS_TO_1970 = 719468, DAYS_IN_400_YEARS = 146097 };
static const int64_t end_of_9999 = INT64_C(253402300799);

static struct moment moment_at(int64_t seconds)
{
    if (seconds < 0)
        seconds = 0;
    if (seconds > end_of_9999)
        seconds = end_of_9999;

    unsigned of_day = (unsigned)(seconds % SECONDS_A_DAY);
    unsigned since_1970 = (unsigned)(seconds / SECONDS_A_DAY);
    unsigned days = since_1970 + DAYS_TO_1970;
    unsigned era = days / DAYS_IN_400_YEARS;
    unsigned of_era = days % DAYS_IN_400_YEARS;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned from_march = (5 * of_year + 2) / 153;

    return (struct moment){
        .year = (int)(year + era * 400 + (from_march >= 10)),
        .month = (from_march + 2) % 12,
        .day = of_year - (153 * from_march + 2) / 5 + 1,
        .weekday = (since_1970 + 4) % 7,
        .hour = of_day / 3600,
        .minute = of_day / 60 % 60,
        .second = of_day % 60,
    };
}

static int64_t seconds_of(const struct moment *m)
{
    int64_t year = m->year - (m->month < 2);
    int64_t from_march = (m->month + 10) % 12;
    int64_t of_year = (153 * from_march + 2) / 5 + m->day - 1;
    int64_t of_era = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + of_year;
    int64_t days = year / 400 * DAYS_IN_400_YEARS + of_era - DAYS_TO_1970;

    return days * SECONDS_A_DAY + m->hour * 3600 + m->minute * 60 + m->second;
}

static char *put_number(char *out, unsigned value, unsigned width)
{
    for (unsigned i = width; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + width;
}

static char *put_clock(char *out, const struct moment *m)
{
    out = put_number(out, m->hour, 2);
    *out++ = ':';
    out = put_number(out, m->minute, 2);
    *out++ = ':';
    return put_number(out, m->second, 2);
}

void date_format(int64_t seconds, char out[DATE_LENGTH])
{
    struct moment m = moment_at(seconds);

    memcpy(out, day_names[m.weekday], 3);
    memcpy(out + 3, ", ", 2);
    out = put_number(out + 5, m.day, 2);
    *out = ' ';
    memcpy(out + 1, month_names[m.month], 3);
    out[4] = ' ';
    out = put_number(out + 5, (unsigned)m.year, 4);
    *out = ' ';
    memcpy(put_clock(out + 1, &m), " GMT", 4);
}

void date_format_log(int64_t seconds, char out[DATE_LOG_LENGTH])
{
    struct moment m = moment_at(seconds);

    *out = '[';
    out = put_number(out + 1, m.day, 2);
    *out = '/';
    memcpy(out + 1, month_names[m.month], 3);
    out[4] = '/';
    out = put_number(out + 5, (unsigned)m.year, 4);
    *out = ':';
    memcpy(put_clock(out + 1, &m), " +0000]", 7);
}

void date_format_list(int64_t seconds, char out[DATE_LIST_LENGTH])
{
    struct moment m = moment_at(seconds);

    out = put_number(out, (unsigned)m.year, 4);
    *out = '-';
    out = put_number(out + 1, m.month + 1, 2);
    *out = '-';
    out = put_number(out + 1, m.day, 2);
    *out = ' ';
    out = put_number(out + 1, m.hour, 2);
    *out = ':';
    put_number(out + 1, m.minute, 2);
}

/* A cursor over the text; `bad` stays set after the first mismatch. */
struct reader {
    const char *at;
    const char *end;
    bool bad;
};

static void expect(struct reader *r, const char *literal)
{
    size_t len = strlen(literal);

    if ((size_t)(r->end - r->at) < len || memcmp(r->at, literal, len) != 0)
        r->bad = true;
    else
        r->at += len;
}

static unsigned read_number(struct reader *r, unsigned width)
{
    unsigned value = 0;

    while (width-- > 0) {
        if (r->at == r->end || *r->at < '0' || *r->at > '9') {
            r->bad = true;
            return 0;
        }
        value = value * 10 + (unsigned)(*r->at++ - '0');
    }
    return value;
}

static unsigned read_month(struct reader *r)
{
    for (unsigned i = 0; i < 12; i++) {
        if (r->end - r->at >= 3 && memcmp(r->at, month_names[i], 3) == 0) {
            r->at += 3;
            return i;
        }
    }
    r->bad = true;
    return 0;
}

static void read_clock(struct reader *r, struct moment *m)
{
    m->hour = read_number(r, 2);
    expect(r, ":");
    m->minute = read_number(r, 2);
    expect(r, ":");
    m->second = read_number(r, 2);
}

/* ", 06 Nov 1994 08:49:37 GMT" */
static void read_fixdate(struct reader *r, struct moment *m)
{
    expect(r, ", ");
    m->day = read_number(r, 2);
    expect(r, " ");
    m->month = read_month(r);
    expect(r, " ");
    m->year = (int)read_number(r, 4);
    expect(r, " ");
    read_clock(r, m);
    expect(r, " GMT");
}

/* ", 06-Nov-94 08:49:37 GMT" */
static void read_rfc850(struct reader *r, struct moment *m)
{
    expect(r, ", ");
    m->day = read_number(r, 2);
    expect(r, "-");
    m->month = read_month(r);
    expect(r, "-");
    m->year = (int)read_number(r, 2);
    m->year += m->year < 70 ? 2000 : 1900;
    expect(r, " ");
    read_clock(r, m);
    expect(r, " GMT");
}

/* " Nov  6 08:49:37 1994" */
static void read_asctime(struct reader *r, struct moment *m)
{
    expect(r, " ");
    m->month = read_month(r);
    expect(r, " ");
    if (r->at < r->end && *r->at == ' ') {
        r->at++;
        m->day = read_number(r, 1);
    } else {
        m->day = read_number(r, 2);
    }
    expect(r, " ");
    read_clock(r, m);
    expect(r, " ");
    m->year = (int)read_number(r, 4);
}

/* Day names must be names; that they fit the date is not asked for. */
static bool skip_weekday(struct reader *r, bool *long_name)
{
    static const char endings[7][7] = { "day", "day", "sday", "nesday", "rsday", "day", "urday" };

    for (unsigned i = 0; i < 7; i++) {
        size_t ending = strlen(endings[i]);

        if (r->end - r->at < 3 || memcmp(r->at, day_names[i], 3) != 0)
            continue;
        r->at += 3;
        *long_name = (size_t)(r->end - r->at) >= ending && memcmp(r->at, endings[i], ending) == 0;
        if (*long_name)
            r->at += ending;
        return true;
    }
    return false;
}

int date_parse(const char *text, size_t len, int64_t *seconds)
{
    struct reader r = { text, text + len, false };
    struct moment m = { 0 };
    bool long_name = false;

    if (!skip_weekday(&r, &long_name))
        return -EINVAL;
    if (long_name)
        read_rfc850(&r, &m);
    else if (r.at < r.end && *r.at == ',')
        read_fixdate(&r, &m);
    else
        read_asctime(&r, &m);
    /* A leap second is a valid second 60; it counts as the first of the next minute. */
    if (r.bad || r.at != r.end || m.year < 1970 || m.hour > 23 || m.minute > 59 || m.second > 60)
        return -EINVAL;

    struct moment start = m;

    start.hour = start.minute = start.second = 0;

    struct moment check = moment_at(seconds_of(&start));

    if (check.day != m.day || check.month != m.month || check.year != m.year)
        return -EINVAL;
    *seconds = seconds_of(&m);
    return 0;
}
