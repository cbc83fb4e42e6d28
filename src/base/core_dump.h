/* core_dump.h - a process that holds secrets leaves no core file: the system would write its whole memory to a disk. */
#ifndef BASE_CORE_DUMP_H
#define BASE_CORE_DUMP_H

/* From now on neither this process nor those it starts are dumped when they crash.  For a debugger's sake it can be
 * undone from outside, where the hard limit allows it: prlimit --core=unlimited --pid PID. */
void base_core_dump_forbid(void);

#endif
