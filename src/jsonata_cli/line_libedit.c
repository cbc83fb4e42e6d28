/* line_libedit.c - see line_editor.h.  libedit is loaded when a person sits at the terminal, and not linked: it and
 * what it needs would cost each short run of the command more than the run itself.  ^C drops the line that is being
 * typed; Tab completes, and lists what there is when it can go no further. */
#include "line_editor.h"

#include <dlfcn.h>
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 1000, COLUMNS = 80 };

/* libedit's functions that are used. */
struct library {
    EditLine *(*el_init)(const char *, FILE *, FILE *, FILE *);
    void (*el_end)(EditLine *);
    const char *(*el_gets)(EditLine *, int *);
    int (*el_set)(EditLine *, int, ...);
    int (*el_source)(EditLine *, const char *);
    const LineInfo *(*el_line)(EditLine *);
    int (*el_insertstr)(EditLine *, const char *);
    void (*el_deletestr)(EditLine *, int);
    History *(*history_init)(void);
    void (*history_end)(History *);
    int (*history)(History *, HistEvent *, int, ...);
};

struct line_editor {
    struct library lib;
    void *handle;
    EditLine *el;
    History *history;
    char *history_path, *prompt;
    line_complete_fn *complete;
    void *arg;
    bool is_cancelled;
};

/* ---- loading ----------------------------------------------------------------------------------------------------- */

static bool load(struct line_editor *e)
{
    struct library *l = &e->lib;
    const struct {
        const char *name;
        void *place;
    } wanted[] = {
        { "el_init", &l->el_init }, { "el_end", &l->el_end }, { "el_gets", &l->el_gets }, { "el_set", &l->el_set },
        { "el_source", &l->el_source }, { "el_line", &l->el_line },
        { "el_insertstr", &l->el_insertstr }, { "el_deletestr", &l->el_deletestr },
        { "history_init", &l->history_init }, { "history_end", &l->history_end }, { "history", &l->history },
    };
    static const char *const names[] = { "libedit.so.2", "libedit.so.0", "libedit.so" };
    for (size_t i = 0; !e->handle && i < sizeof names / sizeof *names; i++)
        e->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; e->handle && i < sizeof wanted / sizeof *wanted; i++) {
        void *found = dlsym(e->handle, wanted[i].name);
        if (!found)
            return false;
        memcpy(wanted[i].place, &found, sizeof found);      // ISO C has no cast from data to functions
    }
    return e->handle != NULL;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

/* libedit hands its own object to our functions, and ours is its client data; but to ask for that takes el_get(), which
 * was loaded and is known to our object only.  There is one terminal and so one editor: it is noted here. */
static struct line_editor *the_editor;

static char *show_prompt(EditLine *el)
{
    (void)el;
    return the_editor->prompt;
}

static unsigned char cancel(EditLine *el, int key)
{
    (void)el, (void)key;
    the_editor->is_cancelled = true;
    fputs("^C\n", stdout);
    return CC_NEWLINE;
}

/* How many bytes all words have in common at their start. */
static size_t common_length(const struct line_words *w)
{
    size_t n = strlen(w->word[0]);
    for (size_t i = 1; i < w->count; i++) {
        size_t k = 0;
        while (k < n && w->word[i][k] == w->word[0][k])
            k++;
        n = k;
    }
    while (n > 0 && ((unsigned char)w->word[0][n] & 0xc0) == 0x80)
        n--;                        // not inside a character
    return n;
}

static void list(const struct line_words *w)
{
    size_t column = 0;
    fputc('\n', stdout);
    for (size_t i = 0; i < w->count; i++) {
        const size_t len = strlen(w->word[i]);
        if (column && column + len + 2 > COLUMNS) {
            fputc('\n', stdout);
            column = 0;
        }
        printf("%s%s", column ? "  " : "", w->word[i]);
        column += len + (column ? 2 : 0);
    }
    fputc('\n', stdout);
}

static unsigned char complete(EditLine *el, int key)
{
    (void)key;
    struct line_editor *e = the_editor;
    const LineInfo *line = e->lib.el_line(el);
    struct line_words w = { .word = NULL };
    e->complete(e->arg, line->buffer, (size_t)(line->cursor - line->buffer), &w);
    unsigned char result = CC_REFRESH_BEEP;
    const size_t common = w.count ? common_length(&w) : 0;
    if (common > w.typed || w.count == 1) {
        w.word[0][common] = '\0';
        e->lib.el_deletestr(el, (int)w.typed);
        e->lib.el_insertstr(el, w.word[0]);
        result = CC_REFRESH;
    } else if (w.count) {
        list(&w);
        result = CC_REDISPLAY;
    }
    line_words_clear(&w);
    return result;
}

/* ---- the editor -------------------------------------------------------------------------------------------------- */

static void open_history(struct line_editor *e, const char *path)
{
    HistEvent event;
    e->history = e->lib.history_init();
    if (!e->history)
        return;
    e->lib.history(e->history, &event, H_SETSIZE, REMEMBERED);
    e->lib.history(e->history, &event, H_SETUNIQUE, 1);
    e->lib.el_set(e->el, EL_HIST, e->lib.history, e->history);
    e->history_path = path ? strdup(path) : NULL;
    if (e->history_path)
        e->lib.history(e->history, &event, H_LOAD, e->history_path);
}

static void set_keys(struct line_editor *e)
{
    e->lib.el_set(e->el, EL_EDITOR, "emacs");
    e->lib.el_set(e->el, EL_PROMPT, show_prompt);
    e->lib.el_set(e->el, EL_ADDFN, "complete", "complete the name", complete);
    e->lib.el_set(e->el, EL_ADDFN, "cancel", "drop the line", cancel);
    e->lib.el_set(e->el, EL_BIND, "^I", "complete", NULL);
    e->lib.el_set(e->el, EL_BIND, "^C", "cancel", NULL);
    e->lib.el_set(e->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    e->lib.el_source(e->el, NULL);                              // the person's own .editrc
    e->lib.el_set(e->el, EL_SETTY, "-d", "-isig", NULL);        // ^C is a key while a line is edited
    // What is typed while an expression runs waits as it is: the terminal's own editing would swallow a ^D.
    e->lib.el_set(e->el, EL_SETTY, "-x", "-icanon", "-echo", NULL);
}

struct line_editor *line_editor_open(const char *history_path, line_complete_fn *complete_words, void *arg)
{
    struct line_editor *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    setlocale(LC_CTYPE, "");        // libedit counts characters by it; the engine does not look at it
    e->complete = complete_words;
    e->arg = arg;
    e->el = load(e) ? e->lib.el_init("jsonata", stdin, stdout, stderr) : NULL;
    if (!e->el) {
        line_editor_close(e);
        return NULL;
    }
    the_editor = e;
    open_history(e, history_path);
    set_keys(e);
    return e;
}

void line_editor_close(struct line_editor *e)
{
    HistEvent event;
    if (e->history && e->history_path)
        e->lib.history(e->history, &event, H_SAVE, e->history_path);
    if (e->history)
        e->lib.history_end(e->history);
    if (e->el)
        e->lib.el_end(e->el);
    free(e->history_path);          // the library stays loaded, as the terminal's description that it holds has no end
    free(e->prompt);
    free(e);
}

enum line_result line_editor_read(struct line_editor *e, const char *prompt, char **line)
{
    int len = 0;
    free(e->prompt);
    e->prompt = strdup(prompt);
    e->is_cancelled = false;
    const char *got = e->prompt ? e->lib.el_gets(e->el, &len) : NULL;
    if (e->is_cancelled)
        return LINE_CANCELLED;
    if (!got || len <= 0)
        return LINE_END;
    *line = strndup(got, (size_t)len - (got[len - 1] == '\n'));
    return *line ? LINE_ONE : LINE_END;
}

void line_editor_remember(struct line_editor *e, const char *entry)
{
    HistEvent event;
    if (e->history)
        e->lib.history(e->history, &event, H_ENTER, entry);
}
