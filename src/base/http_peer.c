/* http_peer.c - see http_peer.h.  Beside http.c the only file that includes curl.h. */
#include "base/http_peer.h"

#include <curl/curl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/socket_tls.h"

/* libcurl lends the TLS connection as long as it is in use. */
void base_http_peer_protocol(struct base_http_peer *p, void *easy)
{
    struct curl_tlssessioninfo *tls = NULL;
    if (!curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) && tls && tls->internals)
        snprintf(p->protocol, sizeof p->protocol, "%s", base_tls_protocol(tls->internals));
}

/* "CN = example.com" of "Subject:CN = example.com"; false when it is another line. */
static bool take_line(const char *line, const char *name, char *out, size_t size)
{
    const size_t len = strlen(name);
    if (strncmp(line, name, len) != 0)
        return false;
    snprintf(out, size, "%s", line + len);
    return true;
}

/* OpenSSL prints "Nov  6 13:00:00 2026 GMT", which is asctime()'s form but for the day of the week. */
static int64_t time_of(const char *end)
{
    char text[80];
    int64_t ms = 0;
    const jn_str s = jn_str_of(end);
    if (!jn_str_ends(s, JN_STR(" GMT")))
        return 0;
    const int len = snprintf(text, sizeof text, "Sun %.*s", (int)s.len - 4, s.data);
    return base_time_parse((jn_str){ text, (size_t)len }, &ms) ? ms : 0;
}

/* The first certificate is the server's own. */
static void read_certificate(struct base_http_peer *p, CURL *easy)
{
    struct curl_certinfo *chain = NULL;
    char end[64] = "";
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) || !chain || chain->num_of_certs < 1)
        return;
    for (const struct curl_slist *l = chain->certinfo[0]; l; l = l->next) {
        if (!take_line(l->data, "Subject:", p->subject, sizeof p->subject) &&
            !take_line(l->data, "Issuer:", p->issuer, sizeof p->issuer))
            take_line(l->data, "Expire date:", end, sizeof end);
    }
    p->expires_ms = time_of(end);
}

void base_http_peer_rest(struct base_http_peer *p, void *easy)
{
    curl_off_t connect_us = 0, tls_us = 0;
    char *address = NULL;
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect_us);
    curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &tls_us);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address);
    snprintf(p->address, sizeof p->address, "%s", address ? address : "");
    p->connect_us = connect_us;
    p->tls_us = tls_us;
    read_certificate(p, easy);
}
