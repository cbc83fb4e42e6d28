/* regex_class.h - sets of code units: what \d \w \s and [...] mean, and how PCRE2 reads them. */
#ifndef JSONATA_REGEX_CLASS_H
#define JSONATA_REGEX_CLASS_H

#include "jsonata/regex_translate.h"

void jsonata_set_add(struct jsonata_unit_set *set, uint32_t first, uint32_t last);

/* Adds the set behind the letter of an escape: d D w W s S.  False, without effect, for other letters. */
bool jsonata_set_add_escape(struct jsonata_unit_set *set, uint16_t letter);

void jsonata_set_invert(struct jsonata_unit_set *set);

/* True when no member is beyond ASCII. */
bool jsonata_set_is_ascii(const struct jsonata_unit_set *set);

/* Appends the set as a class, for the units from 0 to `last` (0x7F or 0xFFFF); others never occur in the subject. */
void jsonata_set_write(struct jn_buf *out, const struct jsonata_unit_set *set, uint32_t last);

#endif
