/* line_noedit.c - built without libedit: there is no editor, and line.c reads plain lines. */
#include "line_editor.h"

struct line_editor *line_editor_open(const char *history_path, line_complete_fn *complete, void *arg)
{
    (void)history_path, (void)complete, (void)arg;
    return NULL;
}

void line_editor_close(struct line_editor *e)
{
    (void)e;
}

enum line_result line_editor_read(struct line_editor *e, const char *prompt, char **line)
{
    (void)e, (void)prompt, (void)line;
    return LINE_END;
}

void line_editor_remember(struct line_editor *e, const char *entry)
{
    (void)e, (void)entry;
}
