/* version.h - which libjsonata this is. */
#ifndef JSONATA_VERSION_H
#define JSONATA_VERSION_H

#define JSONATA_VERSION "0.1.0"

/* The version of the language, and of the reference implementation that settles questions. */
#define JSONATA_LANGUAGE_VERSION "2.2.2"

#endif
