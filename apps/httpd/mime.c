/* SPDX-License-Identifier: MIT */
/*
 * The types that web sites are made of (registered with IANA). Text is served as UTF-8. The table
 * is searched once per file that is opened, not once per request.
 */
#include <stdbool.h>

#include "mime.h"

static const struct {
    const char *extension;
    const char *type;
} types[] = {
    { "html", "text/html; charset=utf-8" },
    { "htm", "text/html; charset=utf-8" },
    { "css", "text/css; charset=utf-8" },
    { "js", "text/javascript; charset=utf-8" },
    { "mjs", "text/javascript; charset=utf-8" },
    { "json", "application/json" },
    { "map", "application/json" },
    { "txt", "text/plain; charset=utf-8" },
    { "log", "text/plain; charset=utf-8" },
    { "md", "text/markdown; charset=utf-8" },
    { "csv", "text/csv; charset=utf-8" },
    { "xml", "application/xml" },
    { "atom", "application/atom+xml" },
    { "rss", "application/rss+xml" },
    { "xhtml", "application/xhtml+xml" },
    { "webmanifest", "application/manifest+json" },
    { "svg", "image/svg+xml" },
    { "png", "image/png" },
    { "jpg", "image/jpeg" },
    { "jpeg", "image/jpeg" },
    { "gif", "image/gif" },
    { "webp", "image/webp" },
    { "avif", "image/avif" },
    { "ico", "image/vnd.microsoft.icon" },
    { "woff", "font/woff" },
    { "woff2", "font/woff2" },
    { "ttf", "font/ttf" },
    { "otf", "font/otf" },
    { "mp3", "audio/mpeg" },
    { "ogg", "audio/ogg" },
    { "wav", "audio/wav" },
    { "mp4", "video/mp4" },
    { "webm", "video/webm" },
    { "pdf", "application/pdf" },
    { "wasm", "application/wasm" },
    { "zip", "application/zip" },
    { "gz", "application/gzip" },
    { "tar", "application/x-tar" },
};

static bool same_word(const char *name, size_t len, const char *lower)
{
    for (size_t i = 0; i < len; i++) {
        char byte = name[i];

        if (byte >= 'A' && byte <= 'Z')
            byte |= 0x20;
        if (byte != lower[i])
            return false;
    }
    return lower[len] == '\0';
}

const char *mime_type(const char *path, size_t len)
{
    size_t start = len;

    while (start > 0 && path[start - 1] != '.' && path[start - 1] != '/')
        start--;
    if (start > 0 && path[start - 1] == '.') {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
            if (same_word(path + start, len - start, types[i].extension))
                return types[i].type;
        }
    }
    return "application/octet-stream";
}
