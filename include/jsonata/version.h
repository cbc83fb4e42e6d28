/* version.h - which libjsonata this is. */
#ifndef JSONATA_VERSION_H
#define JSONATA_VERSION_H

#define JSONATA_VERSION "0.1.0"

/* The version of the language, and of the reference implementation that settles questions. */
#define JSONATA_LANGUAGE_VERSION "2.2.2"

#include "jsonata/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that runs, which may be a later one than this header's. */
JN_API const char *jsonata_version(void);

#ifdef __cplusplus
}
#endif

#endif
