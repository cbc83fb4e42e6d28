/* watches.h - which descriptors of a library the loop watches, told in as few words to the kernel as can be.  For use
 * inside src/base; the library is libcurl, which opens, closes and names its sockets through callbacks.
 *
 * libcurl lets go of a connection's socket after each answer and asks for the same one again with the next request; for
 * libuv 1.44 that is a handle closed and another one made, six system calls.  So the watch of a kept descriptor stays
 * armed while nobody asks for it, keeps the loop alive no longer, and is disarmed only when something comes: mostly that
 * the peer has closed an idle connection.  Whoever closes a kept descriptor says so before, since its number may be used
 * again at once. */
#ifndef BASE_WATCHES_H
#define BASE_WATCHES_H

#include "base/loop.h"

enum { BASE_READABLE = 1, BASE_WRITABLE = 2 };      /* as UV_READABLE and UV_WRITABLE */

/* `events` of those asked for; 0: the descriptor is in an error state, look for yourself. */
typedef void base_watch_fn(int fd, int events, void *arg);

struct base_watch;

struct base_watches {
    struct base_loop *loop;
    base_watch_fn *fn;
    void *arg;
    struct base_watch **by_fd;
    size_t room;                    /* of by_fd */
};

void base_watches_init(struct base_watches *ws, struct base_loop *l, base_watch_fn *fn, void *arg);

/* Ends all watches; descriptors stay open. */
void base_watches_clear(struct base_watches *ws);

/* `fd` is new, and base_watches_drop() will be called before it is closed.  Without memory it is watched all the same,
 * only not as cheaply. */
void base_watches_keep(struct base_watches *ws, int fd);

/* Watches `fd` for `events` from now on; 0: for nothing.  False without memory, or when the kernel cannot watch it. */
bool base_watches_want(struct base_watches *ws, int fd, int events);

/* Ends the watch of `fd`, if there is one. */
void base_watches_drop(struct base_watches *ws, int fd);

#endif
