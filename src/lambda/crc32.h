/* crc32.h - the CRC-32 of zlib and Ethernet (polynomial 0xEDB88320 reflected; start and final xor all ones). */
#ifndef LAMBDA_CRC32_H
#define LAMBDA_CRC32_H

#include "core/str.h"

uint32_t lambda_crc32(jn_str bytes);

#endif
