/* event_store.c - see event_store.h.
 *
 * The file is SQLite's, written ahead (WAL) and synced with each change, and locked for us alone: two local Lambdas that
 * ran the same events would run them twice.  SQLite is loaded when the first event comes, and not linked: it would cost
 * every process of the component half a megabyte, for what only this command does. */
#include "local/event_store.h"

#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

/* ---- SQLite --------------------------------------------------------------------------------------------------- */

#define SQLITE_FUNCTIONS(X) \
    X(open_v2) X(close) X(errmsg) X(exec) X(last_insert_rowid) \
    X(prepare_v2) X(step) X(reset) X(finalize) X(clear_bindings) \
    X(bind_int64) X(bind_text64) X(bind_blob64) \
    X(column_int64) X(column_blob) X(column_bytes)

struct sqlite {
#define X(name) __typeof__(&sqlite3_##name)(name);
    SQLITE_FUNCTIONS(X)
#undef X
    void *library;
};

static bool load_sqlite(struct sqlite *out, struct jn_error *err)
{
    out->library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!out->library) {
        jn_fail(err, JN_IO, "events are kept in SQLite, which is not installed (Debian: libsqlite3-0)");
        return false;
    }
#define X(name)                                                                                       \
    *(void **)&out->name = dlsym(out->library, "sqlite3_" #name);                                     \
    if (!out->name) {                                                                                 \
        jn_fail(err, JN_IO, "the installed SQLite is too old: it has no sqlite3_" #name);             \
        return false;                                                                                 \
    }
    SQLITE_FUNCTIONS(X)
#undef X
    return true;
}

/* ---- the store ------------------------------------------------------------------------------------------------ */

#define STATEMENTS(X)                                                                                                  \
    X(add,    "INSERT INTO events (requestId, function, qualifier, arn, traceId, payload, acceptedMs, dueMs, failures, " \
              "delays, invocations) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                                          \
    X(load,   "SELECT requestId, function, qualifier, arn, traceId, payload, acceptedMs, dueMs, failures, delays, "     \
              "invocations FROM events WHERE id = ?")                                                                   \
    X(update, "UPDATE events SET dueMs = ?, failures = ?, delays = ?, invocations = ? WHERE id = ?")                    \
    X(remove, "DELETE FROM events WHERE id = ?")                                                                        \
    X(list,   "SELECT id, requestId, function, dueMs, failures, delays, invocations FROM events ORDER BY id")

struct local_event_store {
    char *path;
    struct sqlite sqlite;
    sqlite3 *db;
#define X(name, sql) sqlite3_stmt *name;
    STATEMENTS(X)
#undef X
};

/* AUTOINCREMENT: no id is given twice, so that the order of ids is the order of events. */
static const char schema[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA auto_vacuum = NONE;"
    "BEGIN EXCLUSIVE;"
    "CREATE TABLE IF NOT EXISTS events ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, requestId TEXT NOT NULL, function TEXT NOT NULL, qualifier TEXT NOT NULL,"
    " arn TEXT NOT NULL, traceId TEXT NOT NULL, payload BLOB NOT NULL, acceptedMs INTEGER NOT NULL,"
    " dueMs INTEGER NOT NULL, failures INTEGER NOT NULL, delays INTEGER NOT NULL, invocations INTEGER NOT NULL);"
    "COMMIT;";

static enum jn_status fail(const struct local_event_store *s, int code, struct jn_error *err)
{
    if (code == SQLITE_NOMEM)
        return jn_fail(err, JN_NO_MEMORY, "no memory for %s", s->path);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return jn_fail(err, JN_IO, "%s is in use: another local Lambda has this state folder (see --state)", s->path);
    return jn_fail(err, JN_IO, "%s: %s", s->path, s->db ? s->sqlite.errmsg(s->db) : "cannot be opened");
}

static enum jn_status execute(const struct local_event_store *s, const char *sql, struct jn_error *err)
{
    const int code = s->sqlite.exec(s->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? JN_OK : fail(s, code, err);
}

static enum jn_status prepare(struct local_event_store *s, struct jn_error *err)
{
    int code = SQLITE_OK;
#define X(name, sql) \
    if (code == SQLITE_OK) \
        code = s->sqlite.prepare_v2(s->db, sql, -1, &s->name, NULL);
    STATEMENTS(X)
#undef X
    return code == SQLITE_OK ? JN_OK : fail(s, code, err);
}

static enum jn_status make_folder(const char *path, struct jn_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    const enum jn_status s = folder ? base_directory_make(folder, err)
                                    : jn_fail(err, JN_NO_MEMORY, "no memory for %s", path);
    free(folder);
    return s;
}

static enum jn_status open_file(struct local_event_store *s, bool creates, struct jn_error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (creates ? SQLITE_OPEN_CREATE : 0);
    enum jn_status status = creates ? make_folder(s->path, err) : JN_OK;
    if (status)
        return status;
    const int code = s->sqlite.open_v2(s->path, &s->db, flags, NULL);
    status = code == SQLITE_OK ? execute(s, schema, err) : fail(s, code, err);
    return status ? status : prepare(s, err);
}

enum jn_status local_event_store_open(const char *path, bool creates, struct local_event_store **out,
                                      struct jn_error *err)
{
    if (!creates && access(path, F_OK))
        return JN_NOT_FOUND;
    struct local_event_store *s = calloc(1, sizeof *s);
    if (!s)
        return jn_fail(err, JN_NO_MEMORY, "no memory for %s", path);
    s->path = strdup(path);
    enum jn_status status = JN_NO_MEMORY;
    if (!s->path)
        jn_fail(err, status, "no memory for %s", path);
    else
        status = load_sqlite(&s->sqlite, err) ? open_file(s, creates, err) : JN_IO;
    if (status)
        local_event_store_close(s);
    else
        *out = s;
    return status;
}

void local_event_store_close(struct local_event_store *s)
{
    if (!s)
        return;
    if (s->db) {
#define X(name, sql) s->sqlite.finalize(s->name);
        STATEMENTS(X)
#undef X
        s->sqlite.close(s->db);
    }
    if (s->sqlite.library)
        dlclose(s->sqlite.library);
    free(s->path);
    free(s);
}

/* ---- statements ----------------------------------------------------------------------------------------------- */

/* Binds the next parameter; a failure is told by the step. */
struct binding {
    const struct local_event_store *store;
    sqlite3_stmt *statement;
    int at;
};

static void bind_text(struct binding *b, jn_str s)
{
    b->store->sqlite.bind_text64(b->statement, ++b->at, s.data ? s.data : "", s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_blob(struct binding *b, jn_str s)
{
    b->store->sqlite.bind_blob64(b->statement, ++b->at, s.data ? s.data : "", s.len, SQLITE_STATIC);
}

static void bind_number(struct binding *b, int64_t n)
{
    b->store->sqlite.bind_int64(b->statement, ++b->at, n);
}

/* Runs a statement that gives no rows. */
static enum jn_status run(const struct local_event_store *s, sqlite3_stmt *statement, struct jn_error *err)
{
    const int code = s->sqlite.step(statement);
    const enum jn_status status = code == SQLITE_DONE ? JN_OK : fail(s, code, err);
    s->sqlite.reset(statement);
    s->sqlite.clear_bindings(statement);
    return status;
}

enum jn_status local_event_store_add(struct local_event_store *s, struct local_event *e, struct jn_error *err)
{
    struct binding b = { s, s->add, 0 };
    bind_text(&b, e->request_id);
    bind_text(&b, e->function);
    bind_text(&b, e->qualifier);
    bind_text(&b, e->arn);
    bind_text(&b, e->trace_id);
    bind_blob(&b, e->payload);
    bind_number(&b, e->accepted_ms);
    bind_number(&b, e->turn.due_ms);
    bind_number(&b, e->turn.failures);
    bind_number(&b, e->turn.delays);
    bind_number(&b, e->turn.invocations);
    const enum jn_status status = run(s, s->add, err);
    if (!status)
        e->turn.id = s->sqlite.last_insert_rowid(s->db);
    return status;
}

enum jn_status local_event_store_update(struct local_event_store *s, const struct local_event *e, struct jn_error *err)
{
    struct binding b = { s, s->update, 0 };
    bind_number(&b, e->turn.due_ms);
    bind_number(&b, e->turn.failures);
    bind_number(&b, e->turn.delays);
    bind_number(&b, e->turn.invocations);
    bind_number(&b, e->turn.id);
    return run(s, s->update, err);
}

static enum jn_status remove_event(struct local_event_store *s, int64_t id, struct jn_error *err)
{
    struct binding b = { s, s->remove, 0 };
    bind_number(&b, id);
    return run(s, s->remove, err);
}

enum jn_status local_event_store_finish(struct local_event_store *s, int64_t id, struct local_event *next,
                                        struct jn_error *err)
{
    if (!next)
        return remove_event(s, id, err);
    enum jn_status status = execute(s, "BEGIN IMMEDIATE", err);
    if (status)
        return status;
    status = local_event_store_add(s, next, err);
    if (!status)
        status = remove_event(s, id, err);
    if (!status)
        status = execute(s, "COMMIT", err);
    if (status)
        execute(s, "ROLLBACK", NULL);
    return status;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

/* Until the statement goes on. */
static jn_str column(const struct local_event_store *s, sqlite3_stmt *statement, int at)
{
    const char *data = s->sqlite.column_blob(statement, at);
    return (jn_str){ data ? data : "", (size_t)s->sqlite.column_bytes(statement, at) };
}

static void read_event(const struct local_event_store *s, sqlite3_stmt *row, struct jn_arena *a, struct local_event *out)
{
    jn_str *const texts[] = { &out->request_id, &out->function, &out->qualifier, &out->arn, &out->trace_id,
                              &out->payload };
    enum { TEXTS = sizeof texts / sizeof *texts };
    for (int i = 0; i < TEXTS; i++)
        *texts[i] = jn_arena_copy(a, column(s, row, i));
    out->accepted_ms = s->sqlite.column_int64(row, TEXTS);
    out->turn.due_ms = s->sqlite.column_int64(row, TEXTS + 1);
    out->turn.failures = (int)s->sqlite.column_int64(row, TEXTS + 2);
    out->turn.delays = (int)s->sqlite.column_int64(row, TEXTS + 3);
    out->turn.invocations = (int)s->sqlite.column_int64(row, TEXTS + 4);
}

enum jn_status local_event_store_load(struct local_event_store *s, int64_t id, struct jn_arena *a,
                                      struct local_event *out, struct jn_error *err)
{
    enum jn_status status = JN_OK;
    struct binding b = { s, s->load, 0 };
    *out = (struct local_event){ .turn = { .id = id } };
    bind_number(&b, id);
    const int code = s->sqlite.step(s->load);
    if (code == SQLITE_ROW)
        read_event(s, s->load, a, out);
    else
        status = code == SQLITE_DONE ? jn_fail(err, JN_NOT_FOUND, "%s has no event %lld", s->path, (long long)id)
                                     : fail(s, code, err);
    s->sqlite.reset(s->load);
    /* Neither is ever empty; SQLite says so when it has no memory. */
    if (!status && (jn_arena_failed(a) || out->request_id.len == 0 || out->payload.len == 0))
        return jn_fail(err, JN_NO_MEMORY, "no memory for an event");
    return status;
}

enum jn_status local_event_store_list(struct local_event_store *s, local_event_fn *fn, void *arg, struct jn_error *err)
{
    enum jn_status status = JN_OK;
    int code = s->sqlite.step(s->list);
    for (; !status && code == SQLITE_ROW; code = s->sqlite.step(s->list)) {
        const struct local_event e = {
            .request_id = column(s, s->list, 1), .function = column(s, s->list, 2),
            .turn = {
                .id = s->sqlite.column_int64(s->list, 0),
                .due_ms = s->sqlite.column_int64(s->list, 3),
                .failures = (int)s->sqlite.column_int64(s->list, 4),
                .delays = (int)s->sqlite.column_int64(s->list, 5),
                .invocations = (int)s->sqlite.column_int64(s->list, 6),
            },
        };
        if (!fn(&e, arg))
            status = jn_fail(err, JN_NO_MEMORY, "no memory for the events of %s", s->path);
    }
    if (!status && code != SQLITE_DONE)
        status = fail(s, code, err);
    s->sqlite.reset(s->list);
    return status;
}
