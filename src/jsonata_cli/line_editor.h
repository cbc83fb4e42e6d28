/* line_editor.h - what line.c asks of libedit.  line_libedit.c answers, or line_noedit.c where its header is
 * missing. */
#ifndef JSONATA_CLI_LINE_EDITOR_H
#define JSONATA_CLI_LINE_EDITOR_H

#include "line.h"

struct line_editor;

/* NULL when libedit is not installed. */
struct line_editor *line_editor_open(const char *history_path, line_complete_fn *complete, void *arg);
void line_editor_close(struct line_editor *e);
enum line_result line_editor_read(struct line_editor *e, const char *prompt, char **line);
void line_editor_remember(struct line_editor *e, const char *entry);

#endif
