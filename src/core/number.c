/* number.c - doubles and text (first, slow version: by trial) */
#include "core/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int jn_number_digits(char digits[17], int *exponent, double d)
{
    char text[40];
    int n = 1;
    for (; n <= 17; n++) {
        snprintf(text, sizeof text, "%.*e", n - 1, fabs(d));
        if (strtod(text, NULL) == fabs(d))
            break;
    }
    const char *e = strchr(text, 'e');
    *exponent = atoi(e + 1) + 1;
    digits[0] = text[0];
    for (int i = 1; i < n; i++)
        digits[i] = text[i + 1];
    while (n > 1 && digits[n - 1] == '0')
        n--;
    return n;
}

size_t jn_number_format(char out[JN_NUMBER_MAX], double d)
{
    if (d != d)
        return memcpy(out, "NaN", 3), 3;
    if (d == 0)
        return out[0] = '0', 1;
    char *p = out;
    if (d < 0)
        *p++ = '-';
    if (isinf(d))
        return memcpy(p, "Infinity", 8), (size_t)(p + 8 - out);
    char digits[17];
    int e, n = jn_number_digits(digits, &e, d);
    if (e > 21 || e <= -6) {
        *p++ = digits[0];
        if (n > 1) {
            *p++ = '.';
            memcpy(p, digits + 1, (size_t)n - 1);
            p += n - 1;
        }
        return (size_t)(p - out) + (size_t)snprintf(p, 8, "e%+d", e - 1);
    }
    if (e <= 0) {
        *p++ = '0';
        *p++ = '.';
        for (int i = e; i < 0; i++)
            *p++ = '0';
        memcpy(p, digits, (size_t)n);
        return (size_t)(p - out) + (size_t)n;
    }
    for (int i = 0; i < n || i < e; i++) {
        if (i == e)
            *p++ = '.';
        *p++ = i < n ? digits[i] : '0';
    }
    return (size_t)(p - out);
}

double jn_number_round15(double d)
{
    if (!isfinite(d))
        return d;
    char text[40];
    snprintf(text, sizeof text, "%.14e", d);
    return strtod(text, NULL);
}

size_t jn_number_format15(char out[JN_NUMBER_MAX], double d)
{
    return jn_number_format(out, isfinite(d) && d == floor(d) ? d : jn_number_round15(d));
}

double jn_number_parse(jn_str text)
{
    char small[64], *big = text.len < sizeof small ? small : malloc(text.len + 1);
    memcpy(big, text.data, text.len);
    big[text.len] = 0;
    const double d = strtod(big, NULL);
    if (big != small)
        free(big);
    return d;
}

static size_t digits_at(jn_str s, size_t i)
{
    size_t n = 0;
    while (i + n < s.len && s.data[i + n] >= '0' && s.data[i + n] <= '9')
        n++;
    return n;
}

size_t jn_number_scan(jn_str s)
{
    size_t i = s.len && s.data[0] == '-';
    size_t n = digits_at(s, i);
    if (!n)
        return 0;
    i += s.data[i] == '0' ? 1 : n;
    if (i < s.len && s.data[i] == '.' && (n = digits_at(s, i + 1)))
        i += 1 + n;
    if (i < s.len && (s.data[i] | 32) == 'e') {
        const size_t sign = i + 1 < s.len && (s.data[i + 1] == '+' || s.data[i + 1] == '-');
        if ((n = digits_at(s, i + 1 + sign)))
            i += 1 + sign + n;
    }
    return i;
}

bool jn_number_is_canonical(jn_str text)
{
    const size_t sign = text.len && text.data[0] == '-';
    const size_t whole = digits_at(text, sign);
    const size_t at = sign + whole;
    if (at == text.len)
        return whole <= 15 && !(sign && text.data[1] == '0');
    if (text.data[at] != '.' || text.data[text.len - 1] == '0')
        return false;
    const size_t part = digits_at(text, at + 1);
    if (at + 1 + part != text.len || whole + part > 15)
        return false;
    size_t zeros = 0;
    while (text.data[at + 1 + zeros] == '0')
        zeros++;
    return text.data[sign] != '0' || zeros <= 5;
}
