"""What `local` answers beside what was recorded of AWS (golden/aws/responses.json): the same status, the same code, the
same words, the same headers, but for ids, times and numbers of the moment."""
import base64
import datetime
import http.client
import json
import re
import threading
import time
import unittest

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from support import HERE, REGION, FlowTest, Local

RECORDED = {r["name"]: r for r in
            json.loads((HERE.parent / "golden" / "aws" / "responses.json").read_text())["responses"]}
XML_BLANKS = re.compile(r">\s+<")
MOMENT = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\d{8}T\d{6}Z"), "TIME"),
    (re.compile(r"timed out after \d+\.\d\d seconds"), "timed out after N seconds"),
    (re.compile(r"(Duration|Used|Size): [0-9.]+"), r"\1: N"),
)


def timeless(text):
    for pattern, word in MOMENT:
        text = pattern.sub(word, text)
    return text


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}


class Recording(FlowTest):
    def send(self, body=b"{}", path="/2015-03-31/functions/probe/invocations", service="lambda", key="local",
             secret="local-secret", skew_s=0, signed=True, headers=None):
        """Signed by botocore, at another time if need be, and sent by hand."""
        request = botocore.awsrequest.AWSRequest("POST", self.local.endpoint + path, data=body, headers=headers or {})
        if signed:
            real = botocore.auth.datetime

            class Clock:
                datetime = type("datetime", (datetime.datetime,), {"utcnow": classmethod(
                    lambda cls: datetime.datetime.utcnow() + datetime.timedelta(seconds=skew_s))})
            botocore.auth.datetime = Clock
            try:
                botocore.auth.SigV4Auth(botocore.credentials.Credentials(key, secret), service, REGION).add_auth(request)
            finally:
                botocore.auth.datetime = real
        connection = http.client.HTTPConnection("127.0.0.1", self.local.port, timeout=60)
        prepared = request.prepare()
        connection.request("POST", path, body, dict(prepared.headers.items()))
        answer = connection.getresponse()
        result = Answer(answer.status, answer.getheaders(), answer.read().decode())
        connection.close()
        return result

    def compare(self, name, answer, body=None):
        """`body`: what to make of both bodies before they are compared."""
        recorded = RECORDED[name]
        self.assertEqual(answer.status, recorded["status"])
        wanted = {k.lower(): v for k, v in recorded["headers"].items()}
        for header in set(wanted) - {"date", "x-amzn-trace-id", "x-amz-log-result", "x-amz-executed-version"}:
            self.assertEqual(timeless(answer.headers.get(header, "absent")), timeless(wanted[header]), header)
        self.assertEqual("x-amz-executed-version" in answer.headers, "x-amz-executed-version" in wanted)
        for text in (answer.headers.get("x-amzn-trace-id"),):
            if "x-amzn-trace-id" in wanted:
                self.assertRegex(text, "(?i)^root=1-[0-9a-f]{8}-[0-9a-f]{24}(;Parent=[0-9a-f]{16})?;Sampled=[01]$")
        same = body or (lambda text: text)
        self.assertEqual(timeless(same(answer.body)), timeless(same(recorded["body"])))

    @staticmethod
    def shape(text):
        """Which members there are; the recordings of the model have no real sentence."""
        return json.dumps(sorted(json.loads(text)))


class Recorded(Recording):
    # ---- what the function does ------------------------------------------------------------------------------------

    def test_success(self):
        self.compare("success-sync", self.send(b'{"ok":true}'), lambda text: json.loads(text) and text.replace(" ", ""))

    def test_timeout(self):
        self.compare("success-timeout-new", self.send(b'{"do":"sleep","ms":20000}'))

    def test_crash(self):
        self.compare("success-crash", self.send(b'{"do":"exit","status":1}'))

    def test_response_over_the_limit(self):
        self.compare("success-response-too-large", self.send(b'{"do":"size","bytes":6291557}'))

    def test_function_error(self):
        answer = self.send(b'{"do":"fail","message":"boom"}')
        recorded = RECORDED["success-function-error"]
        self.assertEqual((answer.status, answer.headers["x-amz-function-error"]),
                         (recorded["status"], recorded["headers"]["X-Amz-Function-Error"]))
        self.assertEqual(json.loads(answer.body)["errorMessage"], json.loads(recorded["body"])["errorMessage"])

    def test_log(self):
        self.local = Local(HERE / "functions")          # where the first call starts cold
        self.addCleanup(self.local.close)
        answer = self.send(b'{"do":"null"}', headers={"X-Amz-Log-Type": "Tail"})
        self.compare("success-log", answer)
        ours, theirs = (base64.b64decode(text).decode() for text in
                        (answer.headers["x-amz-log-result"], RECORDED["success-log"]["headers"]["X-Amz-Log-Result"]))
        self.assertEqual(timeless(ours).replace("Memory N", "Memory"), timeless(theirs).replace("Memory N", "Memory"))

    def test_event_and_dry_run(self):
        self.compare("success-event", self.send(headers={"X-Amz-Invocation-Type": "Event"}))
        self.compare("success-dryrun", self.send(headers={"X-Amz-Invocation-Type": "DryRun"}))

    # ---- refusals --------------------------------------------------------------------------------------------------

    @staticmethod
    def first_line(text):
        """A mismatch also says what was to be signed, which the recording has not kept."""
        document = json.loads(text)
        document["message"] = document["message"].split("\n")[0]
        return json.dumps(document)

    def test_signatures(self):
        self.compare("unknown-key", self.send(key="AKIDNOBODY"))
        self.compare("bad-signature", self.send(secret="wrong"), self.first_line)
        self.compare("clock-behind", self.send(skew_s=-600))
        self.compare("clock-ahead", self.send(skew_s=660))
        self.compare("missing-token", self.send(signed=False))

    def test_too_large(self):
        self.compare("too-large", self.send(b'"' + b"x" * 6291555 + b'"'))

    def test_errors_of_the_model(self):
        self.compare("model-ResourceNotFoundException",
                     self.send(path="/2015-03-31/functions/nobody/invocations"), self.shape)
        self.compare("model-InvalidRequestContentException", self.send(b"{oops"), self.shape)
        self.compare("model-InvalidParameterValueException",
                     self.send(path="/2015-03-31/functions/probe:A/invocations?Qualifier=B"), self.shape)

    # ---- STS -------------------------------------------------------------------------------------------------------

    def ask_sts(self, **options):
        return self.send(b"Action=GetCallerIdentity&Version=2011-06-15", "/", "sts",
                         headers={"Content-Type": "application/x-www-form-urlencoded"}, **options)

    @staticmethod
    def without_blanks(text):
        return XML_BLANKS.sub("><", text.strip())

    @staticmethod
    def elements(text):
        return " ".join(re.findall(r"<[^>]*>", text))

    def test_sts(self):
        self.compare("caller-identity", self.ask_sts(), self.elements)
        self.compare("error-InvalidClientTokenId", self.ask_sts(key="AKIDNOBODY"), self.without_blanks)
        self.compare("error-SignatureDoesNotMatch", self.ask_sts(secret="wrong"), self.without_blanks)
        self.compare("error-MissingAuthenticationToken", self.ask_sts(signed=False), self.without_blanks)


class Throttled(Recording):
    local_options = ("--concurrency", "1")

    def test_throttled(self):
        thread = threading.Thread(target=self.send, args=(b'{"do":"sleep","ms":1000}',))
        thread.start()
        time.sleep(0.5)
        self.compare("model-TooManyRequestsException", self.send(), self.shape)
        thread.join()


if __name__ == "__main__":
    unittest.main()
