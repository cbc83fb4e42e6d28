/* core_dump.c - see core_dump.h. */
#include "base/core_dump.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* A limit of 0 does not hold back a core that the system pipes into a program (core(5)); of 1 byte, it writes neither a
 * file, which would be longer, nor into a pipe, where that value stands for a crash of the program itself. */
enum { NO_CORE = 1 };

void base_core_dump_forbid(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max >= NO_CORE) {
        limit.rlim_cur = NO_CORE;
        if (setrlimit(RLIMIT_CORE, &limit) == 0)
            return;
    }
    prctl(PR_SET_DUMPABLE, 0);      // of this process alone, and not to be attached to either
}
