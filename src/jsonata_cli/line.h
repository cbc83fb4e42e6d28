/* line.h - lines from a person, edited by libedit where it is installed and the input is a terminal, else as they
 * come. */
#ifndef JSONATA_CLI_LINE_H
#define JSONATA_CLI_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct line_reader;

/* What may stand at the cursor: `word[i]`, each in place of the last `typed` bytes before it. */
struct line_words {
    char **word;
    size_t count, typed;
};

/* Gives the words for the text before the cursor, to be freed by line_words_clear(). */
typedef void line_complete_fn(void *arg, const char *before, size_t len, struct line_words *out);

void line_words_add(struct line_words *w, const char *word, size_t len);
void line_words_clear(struct line_words *w);

enum line_result { LINE_ONE, LINE_CANCELLED, LINE_END };

/* Reads from standard input.  The history is kept in `history_path` (NULL: nowhere).  NULL when there is no memory. */
struct line_reader *line_open(const char *history_path, line_complete_fn *complete, void *arg);

/* Saves the history. */
void line_close(struct line_reader *r);

/* The next line without its LF, to be freed.  A prompt is shown on a terminal only. */
enum line_result line_read(struct line_reader *r, const char *prompt, char **line);

/* Adds to the history. */
void line_remember(struct line_reader *r, const char *entry);

#endif
