/* bare.c - what the libraries alone take of memory: initialises libcurl, makes one GET of URL, says so, and waits until its
 * standard input ends, to be looked at meanwhile.
 *
 *     worker_bare_curl URL        linked with libcurl
 *     worker_bare_all URL         linked with all that aws-lambda-component is linked with */
#include <curl/curl.h>
#include <stdio.h>

static size_t take(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count;
}

int main(int argc, char **argv)
{
    if (argc != 2 || curl_global_init(CURL_GLOBAL_DEFAULT))
        return 1;
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    if (curl_easy_perform(easy))
        return 1;
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    return 0;
}
