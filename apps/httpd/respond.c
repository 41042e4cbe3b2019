/* SPDX-License-Identifier: MIT */
/*
 * Answers. The common one, a whole file from the cache, is four copies: status line and date,
 * the file's ready-made fields, the Connection field, the bytes.
 */
#include <errno.h>
#include <sys/stat.h>

#include "clock.h"
#include "condition.h"
#include "document.h"
#include "listing.h"
#include "log.h"
#include "path.h"
#include "range.h"
#include "respond.h"

static const struct status {
    int code;
    const char *name;     /* "404 Not Found" */
    const char *fields;   /* header fields that go with it */
    const char *sentence; /* for the error page */
} statuses[] = {
    { 500, "500 Internal Server Error", "", "The file could not be read." },
    { 206, "206 Partial Content", "", "" },
    { 301, "301 Moved Permanently", "", "This is a directory; its address ends in a slash." },
    { 304, "304 Not Modified", "", "" },
    { 400, "400 Bad Request", "", "The request could not be understood." },
    { 403, "403 Forbidden", "", "Reading this is not allowed." },
    { 404, "404 Not Found", "", "There is nothing at this address." },
    { 405, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", "Only GET and HEAD are served." },
    { 408, "408 Request Timeout", "", "The request took too long to arrive." },
    { 412, "412 Precondition Failed", "", "The file is not the one expected." },
    { 413, "413 Content Too Large", "", "The request's body is too large." },
    { 414, "414 URI Too Long", "", "The address is too long." },
    { 416, "416 Range Not Satisfiable", "", "The file has no such bytes." },
    { 417, "417 Expectation Failed", "", "The expectation cannot be met." },
    { 431, "431 Request Header Fields Too Large", "", "The request's head is too large." },
    { 501, "501 Not Implemented", "", "The transfer encoding is not known." },
    { 503, "503 Service Unavailable", "Retry-After: 1\r\n", "The server is busy." },
    { 505, "505 HTTP Version Not Supported", "", "Only HTTP/1.0 and HTTP/1.1 are spoken." },
};

/* The root's path, and behind it the path of the present request. */
static char site[RESPOND_ROOT_MAX + PATH_LENGTH_MAX + sizeof("index.html")];
static size_t root_len;

int respond_root(const char *root)
{
    struct stat status;
    size_t len = strlen(root);

    if (len > RESPOND_ROOT_MAX)
        return -ENAMETOOLONG;
    if (stat(root, &status) < 0)
        return errno > 0 ? -errno : -EIO;
    if (!S_ISDIR(status.st_mode))
        return -ENOTDIR;
    while (len > 0 && root[len - 1] == '/')
        len--;
    memcpy(site, root, len);
    root_len = len;
    return 0;
}

static const struct status *find_status(int code)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].code == code)
            return &statuses[i];
    }
    return &statuses[0];
}

static int status_of_error(int error)
{
    switch (-error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
        return 404;
    case EACCES:
    case EPERM:
        return 403;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return 503;
    default:
        return 500;
    }
}

static void put_date(struct text *out)
{
    text_put(out, server_clock.date, sizeof(server_clock.date));
}

static void start_head(struct text *out, const char *name)
{
    text_literal(out, "HTTP/1.1 ");
    text_string(out, name);
    text_literal(out, "\r\nDate: ");
    put_date(out);
    text_literal(out, "\r\n");
}

static void start_ok(struct text *out)
{
    text_literal(out, "HTTP/1.1 200 OK\r\nDate: ");
    put_date(out);
    text_literal(out, "\r\n");
}

static void put_length(struct text *out, int64_t length)
{
    text_literal(out, "Content-Length: ");
    text_number(out, (uint64_t)length);
    text_literal(out, "\r\n");
}

static void end_head(const struct conn *conn, struct text *out)
{
    if (conn->closing)
        text_literal(out, "Connection: close\r\n\r\n");
    else if (conn->request.minor == 0)
        text_literal(out, "Connection: keep-alive\r\n\r\n");
    else
        text_literal(out, "\r\n");
}

static void log_answer(const struct conn *conn, const char *head, int status, int64_t bytes)
{
    const struct request *r = &conn->request;

    log_request(conn->peer, head + r->line_start, r->line_length, status,
                r->method == METHOD_HEAD ? 0 : bytes);
}

/* The page of an error or redirect, after the fields special to it. */
static void put_page(struct conn *conn, const char *head, const struct status *status,
                     struct text *out)
{
    char buffer[512];
    struct text page = { .data = buffer, .cap = sizeof(buffer) };

    text_literal(&page, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>");
    text_string(&page, status->name);
    text_literal(&page, "</title>\n<h1>");
    text_string(&page, status->name);
    text_literal(&page, "</h1>\n<p>");
    text_string(&page, status->sentence);
    text_literal(&page, "</p></html>\n");

    text_literal(out, "Content-Type: text/html; charset=utf-8\r\n");
    text_string(out, status->fields);
    put_length(out, (int64_t)page.len);
    end_head(conn, out);
    if (conn->request.method != METHOD_HEAD)
        text_put(out, page.data, page.len);
    log_answer(conn, head, status->code, (int64_t)page.len);
}

void respond_error(struct conn *conn, const char *head, int code, struct text *out)
{
    const struct status *status = find_status(code);

    start_head(out, status->name);
    put_page(conn, head, status, out);
}

/* Adds the slash that a directory's address lacks; relative links in the page depend on it. */
static void respond_redirect(struct conn *conn, const char *head, const struct path *path,
                             struct text *out)
{
    const struct status *status = find_status(301);
    struct slice target = conn->request.target;

    start_head(out, status->name);
    text_literal(out, "Location: ");
    text_uri(out, site + root_len, path->len);
    text_literal(out, "/");
    text_put(out, head + target.at + path->query, target.len - path->query);
    text_literal(out, "\r\n");
    put_page(conn, head, status, out);
}

static void respond_not_modified(struct conn *conn, const char *head, const struct document *file,
                                 struct text *out)
{
    start_head(out, find_status(304)->name);
    text_put(out, file->fields, file->fields_len);
    end_head(conn, out);
    log_answer(conn, head, 304, 0);
}

static void respond_unsatisfiable(struct conn *conn, const char *head, const struct document *file,
                                  struct text *out)
{
    const struct status *status = find_status(416);

    start_head(out, status->name);
    text_literal(out, "Content-Range: bytes */");
    text_number(out, (uint64_t)file->size);
    text_literal(out, "\r\n");
    put_page(conn, head, status, out);
}

static void put_content_range(struct text *out, const struct range *range, int64_t size)
{
    text_literal(out, "Content-Range: bytes ");
    text_number(out, (uint64_t)range->first);
    text_literal(out, "-");
    text_number(out, (uint64_t)range->last);
    text_literal(out, "/");
    text_number(out, (uint64_t)size);
    text_literal(out, "\r\n");
}

/*
 * Ends the head and starts conn->body, which must be set. If its first bytes cannot be had, the
 * head, which starts at `start`, becomes that of an error.
 */
static void send_body(struct conn *conn, const char *head, int code, size_t start, struct text *out)
{
    int64_t length = conn->body.left;

    end_head(conn, out);
    if (conn->request.method == METHOD_HEAD) {
        body_release(&conn->body);
    } else {
        int error = body_fill(&conn->body, out);

        if (error < 0) {
            out->len = start;
            body_release(&conn->body);
            respond_error(conn, head, status_of_error(error), out);
            return;
        }
    }
    log_answer(conn, head, code, length);
}

/* Takes over the reference to the file. */
static void serve_file(struct conn *conn, const char *head, struct document *file,
                       const struct range *range, struct text *out)
{
    size_t start = out->len;

    conn->body = (struct body){ .file = file, .left = file->size };
    if (!range) {
        start_ok(out);
        text_put(out, file->fields, file->all_fields_len);
        send_body(conn, head, 200, start, out);
        return;
    }
    conn->body.offset = range->first;
    conn->body.left = range->last - range->first + 1;
    start_head(out, find_status(206)->name);
    text_put(out, file->fields, file->fields_len);
    put_content_range(out, range, file->size);
    put_length(out, conn->body.left);
    send_body(conn, head, 206, start, out);
}

static enum range_verdict range_asked(const struct request *r, const char *head,
                                      const struct document *file, struct range *range)
{
    struct slice field = r->kept[FIELD_RANGE];

    if (field.at == 0 || r->method != METHOD_GET ||
        !condition_range_allowed(r, head, &file->validators))
        return RANGE_IGNORED;
    return range_parse(head + field.at, field.len, file->size, range);
}

/* Takes over the reference to the file. */
static void respond_file(struct conn *conn, const char *head, struct document *file,
                         struct text *out)
{
    struct range range;
    enum condition_verdict condition = condition_check(&conn->request, head, &file->validators);

    if (condition == CONDITION_HOLDS) {
        enum range_verdict verdict = range_asked(&conn->request, head, file, &range);

        if (verdict != RANGE_UNSATISFIABLE) {
            serve_file(conn, head, file, verdict == RANGE_SATISFIABLE ? &range : NULL, out);
            return;
        }
        respond_unsatisfiable(conn, head, file, out);
    } else if (condition == CONDITION_NOT_MODIFIED) {
        respond_not_modified(conn, head, file, out);
    } else {
        respond_error(conn, head, 412, out);
    }
    document_release(file);
}

static void respond_listing(struct conn *conn, const char *head, size_t path_len, struct text *out)
{
    size_t start = out->len;
    int error = listing_make(site, site + root_len, path_len, &conn->body);

    if (error < 0) {
        respond_error(conn, head, status_of_error(error), out);
        return;
    }
    start_ok(out);
    text_literal(out, "Content-Type: text/html; charset=utf-8\r\n");
    put_length(out, conn->body.left);
    send_body(conn, head, 200, start, out);
}

/* `site` holds the directory's path, ending in '/'. */
static void respond_directory(struct conn *conn, const char *head, size_t path_len,
                              struct text *out)
{
    static const char index_name[] = "index.html";
    size_t len = root_len + path_len;
    struct document *file;

    memcpy(site + len, index_name, sizeof(index_name));

    int error = document_open(site, len + sizeof(index_name) - 1, &file);

    site[len] = '\0';
    if (error == 0)
        respond_file(conn, head, file, out);
    else if (error == -ENOENT || error == -EISDIR)
        respond_listing(conn, head, path_len, out);
    else
        respond_error(conn, head, status_of_error(error), out);
}

static bool is_health_check(const struct path *path)
{
    static const char name[] = "/healthz";

    return path->len == sizeof(name) - 1 && memcmp(site + root_len, name, path->len) == 0;
}

static void respond_health(struct conn *conn, const char *head, struct text *out)
{
    start_ok(out);
    text_literal(out, "Content-Type: text/plain\r\nCache-Control: no-store\r\n");
    put_length(out, 3);
    end_head(conn, out);
    if (conn->request.method == METHOD_GET)
        text_literal(out, "ok\n");
    log_answer(conn, head, 200, 3);
}

static void respond_path(struct conn *conn, const char *head, const struct path *path,
                         struct text *out)
{
    struct document *file;
    int error = document_open(site, root_len + path->len, &file);

    if (error == 0)
        respond_file(conn, head, file, out);
    else if (error == -EISDIR)
        respond_redirect(conn, head, path, out);
    else
        respond_error(conn, head, status_of_error(error), out);
}

void respond(struct conn *conn, const char *head, struct text *out)
{
    const struct request *r = &conn->request;
    struct path path;
    int status = 0;

    conn->closing = !r->keep_alive || conn->refused;
    if (conn->refused)
        status = 503;
    else if (r->method == METHOD_OTHER)
        status = 405;
    else
        status = path_decode(head + r->target.at, r->target.len, site + root_len, PATH_LENGTH_MAX,
                             &path);
    if (status != 0) {
        respond_error(conn, head, status, out);
        return;
    }
    site[root_len + path.len] = '\0';
    if (is_health_check(&path))
        respond_health(conn, head, out);
    else if (path.directory)
        respond_directory(conn, head, path.len, out);
    else
        respond_path(conn, head, &path, out);
}
