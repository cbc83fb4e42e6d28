/* line.c - see line.h: the words, the plain reader, and the choice between it and libedit's. */
#include "line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line_editor.h"

struct line_reader {
    struct line_editor *editor;     /* NULL: plain lines */
    bool is_terminal;
};

void line_words_add(struct line_words *w, const char *word, size_t len)
{
    char **grown = realloc(w->word, (w->count + 1) * sizeof *grown);
    if (!grown)
        return;
    w->word = grown;
    w->word[w->count] = strndup(word, len);
    w->count += w->word[w->count] != NULL;
}

void line_words_clear(struct line_words *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->word[i]);
    free(w->word);
    *w = (struct line_words){ .word = NULL };
}

struct line_reader *line_open(const char *history_path, line_complete_fn *complete, void *arg)
{
    struct line_reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (r->is_terminal)
        r->editor = line_editor_open(history_path, complete, arg);
    return r;
}

void line_close(struct line_reader *r)
{
    if (!r)
        return;
    if (r->editor)
        line_editor_close(r->editor);
    free(r);
}

static enum line_result read_plain(const struct line_reader *r, const char *prompt, char **line)
{
    size_t cap = 0;
    *line = NULL;
    if (r->is_terminal)
        fputs(prompt, stdout);
    fflush(stdout);
    errno = 0;
    ssize_t n = getline(line, &cap, stdin);
    if (n < 0) {
        free(*line);
        const bool was_interrupted = errno == EINTR;
        clearerr(stdin);
        return was_interrupted ? LINE_CANCELLED : LINE_END;
    }
    if (n > 0 && (*line)[n - 1] == '\n')
        (*line)[n - 1] = '\0';
    return LINE_ONE;
}

enum line_result line_read(struct line_reader *r, const char *prompt, char **line)
{
    return r->editor ? line_editor_read(r->editor, prompt, line) : read_plain(r, prompt, line);
}

void line_remember(struct line_reader *r, const char *entry)
{
    if (r->editor)
        line_editor_remember(r->editor, entry);
}
