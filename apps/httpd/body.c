/* SPDX-License-Identifier: MIT */
/* Bodies: see body.h. Memory and cached files differ from files on disk only in body_read(). */
#include <errno.h>

#include "body.h"
#include "budget.h"

static int64_t body_read(const struct body *body, char *out, size_t len)
{
    if (body->file)
        return document_read(body->file, out, len, body->offset);
    memcpy(out, body->memory + body->offset, len);
    return (int64_t)len;
}

int body_fill(struct body *body, struct text *out)
{
    while (body->left > 0 && out->len < out->cap) {
        size_t room = out->cap - out->len;
        size_t wanted = (int64_t)room < body->left ? room : (size_t)body->left;
        int64_t got = body_read(body, out->data + out->len, wanted);

        if (got <= 0)
            return got < 0 ? (int)got : -EIO;
        out->len += (size_t)got;
        body->offset += got;
        body->left -= got;
        body->unsettled += (size_t)got;
    }
    return 0;
}

void body_settle(struct body *body, size_t unsent)
{
    body->offset -= (int64_t)unsent;
    body->left += (int64_t)unsent;
    body->unsettled = 0;
    if (body->left == 0)
        body_release(body);
}

bool body_in_memory(const struct body *body)
{
    return !body->file || body->file->content;
}

void body_release(struct body *body)
{
    if (body->file)
        document_release(body->file);
    budget_give(body->memory, body->memory_size);
    *body = (struct body){ 0 };
}
