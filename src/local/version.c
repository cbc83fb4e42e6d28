/* version.c - one version of a function. */
#include "local/version.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/tree.h"
#include "local/pool.h"

bool local_folder_skips(const char *name)
{
    static const char *const names[] = { "__pycache__", ".git", ".lambda", ".DS_Store" };
    const jn_str s = jn_str_of(name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (jn_str_equal(s, names[i]))
            return true;
    }
    return jn_str_ends(s, JN_STR(".pyc")) || jn_str_ends(s, JN_STR(".swp"));
}

/* ---- fingerprint ---------------------------------------------------------------------------------------------- */

/* FNV-1a: nobody plays against it, and it needs no state but the number. */
static uint64_t mix(uint64_t h, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len; i++)
        h = (h ^ bytes[i]) * 0x100000001b3U;
    return h;
}

static uint64_t mix_number(uint64_t h, uint64_t number)
{
    return mix(h, &number, sizeof number);
}

/* A folder's own time and size change with files that are skipped, so only its name and permissions count. */
static enum jn_status mix_entry(const struct base_tree_entry *e, void *arg, struct jn_error *err)
{
    (void)err;
    uint64_t *h = arg;
    *h = mix(*h, e->path, strlen(e->path) + 1);
    *h = mix_number(*h, e->st->st_mode);
    if (S_ISDIR(e->st->st_mode))
        return JN_OK;
    *h = mix_number(*h, (uint64_t)e->st->st_size);
    *h = mix_number(*h, e->st->st_ino);
    *h = mix_number(*h, (uint64_t)e->st->st_mtim.tv_sec);
    *h = mix_number(*h, (uint64_t)e->st->st_mtim.tv_nsec);
    return JN_OK;
}

uint64_t local_folder_fingerprint(const char *folder)
{
    uint64_t h = 0xcbf29ce484222325U;
    if (base_tree_walk(folder, local_folder_skips, mix_entry, &h, NULL))
        return 0;
    return h ? h : 1;
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

struct local_version *local_version_new(struct local_function *f)
{
    struct local_version *v = calloc(1, sizeof *v);
    struct jn_arena *memory = v ? jn_arena_new(0) : NULL;
    if (!memory) {
        free(v);
        return NULL;
    }
    *v = (struct local_version){ .function = f, .references = 1, .memory = memory,
                                 .config = local_configuration_usual() };
    return v;
}

struct local_version *local_version_ref(struct local_version *v)
{
    v->references++;
    return v;
}

void local_version_unref(struct local_version *v)
{
    if (!v || --v->references > 0)
        return;
    local_pool_free(v->pool);
    jn_arena_free(v->memory);
    free(v);
}

/* ---- what the code is ------------------------------------------------------------------------------------------ */

struct measuring {
    struct jn_buf digests;      /* of path and content, one after the other */
    int64_t size;
};

static enum jn_status measure_entry(const struct base_tree_entry *e, void *arg, struct jn_error *err)
{
    struct measuring *m = arg;
    unsigned char digest[BASE_SHA256];
    struct jn_buf content;
    if (!S_ISREG(e->st->st_mode))
        return JN_OK;
    jn_buf_init(&content, 0);
    const enum jn_status s = base_file_read(e->full, &content, err);
    if (!s) {
        base_sha256(digest, jn_buf_str(&content));
        m->size += (int64_t)content.len;
        jn_buf_append(&m->digests, (jn_str){ e->path, strlen(e->path) + 1 });
        jn_buf_append(&m->digests, (jn_str){ (const char *)digest, sizeof digest });
    }
    jn_buf_clear(&content);
    return s == JN_NO_MEMORY ? s : JN_OK;       // one that cannot be read is no reason to know nothing
}

/* AWS's is the digest of the archive that was uploaded; there is none here. */
void local_version_measure(struct local_version *v)
{
    if (v->code_sha256[0])
        return;
    struct measuring m = { .size = 0 };
    unsigned char digest[BASE_SHA256];
    struct jn_buf text;
    jn_buf_init(&m.digests, 0);
    jn_buf_init(&text, sizeof v->code_sha256 - 1);
    base_tree_walk(v->folder, local_folder_skips, measure_entry, &m, NULL);
    base_sha256(digest, jn_buf_str(&m.digests));
    base_base64_encode(&text, (jn_str){ (const char *)digest, sizeof digest });
    if (text.len > 0)
        memcpy(v->code_sha256, text.data, text.len + 1);
    v->code_size = m.size;
    jn_buf_clear(&m.digests);
    jn_buf_clear(&text);
}
