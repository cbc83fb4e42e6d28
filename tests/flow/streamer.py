#!/usr/bin/env python3
"""A function that streams its response: {"steps": [STEP, ...], "gate": FIFO}, each step a list of a word and what it
takes.  Not written for anybody's runtime library, so that every byte of the Runtime API is ours to choose.

  say TEXT         a piece, in a chunk of its own       bytes N    N bytes that count modulo 251
  wait             a byte from the gate                 mark PATH  makes the file: this step was reached
  log TEXT         a line of output                     fail TYPE BODY  ends with an error in the trailers
  exit N, kill N   ends the process                     hang       for ever
  post TEXT        responds whole, not in pieces        error TEXT posts an error document, not a response
  cut              hangs up in the middle               again      what a second response is answered, into the log
"""
import base64
import http.client
import json
import os
import signal
import sys

BASE = "/2018-06-01/runtime/invocation/"
COUNTING = bytes(i % 251 for i in range(251 * 256))


def connect():
    return http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def post(path, body):
    api = connect()
    api.request("POST", BASE + path, body)
    return api.getresponse().status


class Response:
    """A response that is posted in pieces; it begins with the first."""

    def __init__(self, request):
        self.request, self.api, self.trailers = request, None, b""

    def begin(self):
        self.api = connect()
        self.api.putrequest("POST", BASE + self.request + "/response", skip_accept_encoding=True)
        self.api.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
        self.api.putheader("Content-Type", "application/octet-stream")
        self.api.putheader("Transfer-Encoding", "chunked")
        self.api.putheader("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
        self.api.endheaders()

    def write(self, piece):
        if not self.api:
            self.begin()
        self.api.send(b"%x\r\n%s\r\n" % (len(piece), piece))

    def write_counting(self, size):
        for at in range(0, size, len(COUNTING)):
            self.write(COUNTING[:size - at])

    def fail(self, kind, body):
        encoded = base64.b64encode(body.encode()).decode()
        self.trailers = (f"Lambda-Runtime-Function-Error-Type: {kind}\r\n"
                         f"Lambda-Runtime-Function-Error-Body: {encoded}\r\n").encode()

    def end(self):
        if not self.api:
            self.begin()
        self.api.send(b"0\r\n" + self.trailers + b"\r\n")
        answer = self.api.getresponse()
        print("status", answer.status, answer.read().decode().strip(), flush=True)


def act(event, request, gate):
    """False: the response is complete without an end of its own."""
    response = Response(request)
    for word, *given in event["steps"]:
        if word == "say":
            response.write(given[0].encode())
        elif word == "bytes":
            response.write_counting(given[0])
        elif word == "wait":
            os.read(gate, 1)
        elif word == "mark":
            with open(given[0], "x", encoding="ascii"):
                pass
        elif word == "log":
            print(given[0], flush=True)
        elif word == "fail":
            response.fail(*given)
        elif word == "exit":
            sys.stdout.flush()
            os._exit(given[0])
        elif word == "kill":
            os.kill(os.getpid(), given[0])
        elif word == "hang":
            signal.pause()
        elif word in ("post", "error"):
            post(request + ("/response" if word == "post" else "/error"), given[0].encode())
            return
        elif word == "cut":
            response.api.close()
        elif word == "again":
            print("second response", post(request + "/response", b"second"), flush=True)
    response.end()


def main():
    api = connect()
    while True:
        api.request("GET", BASE + "next")
        answer = api.getresponse()
        event = json.loads(answer.read())
        gate = os.open(event["gate"], os.O_RDONLY) if "gate" in event else -1
        act(event, answer.headers["Lambda-Runtime-Aws-Request-Id"], gate)
        if gate >= 0:
            os.close(gate)


main()
