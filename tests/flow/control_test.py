"""Lists of functions, versions and aliases: boto3 reads the same pages of the same server, and has asked the same."""
import json
import os
import pathlib
import subprocess
import unittest
import urllib.parse

import boto3
from botocore.config import Config

from support import HttpRequest, KEYS, REGION, RawServer, clean_env, http_answer

DRIVER = str(pathlib.Path(os.environ["ALC_TESTS"]) / "control_driver")
CONFIG = Config(retries={"total_max_attempts": 1}, region_name=REGION)


class Pages:
    """Gives the n-th page of `items` for the n-th marker, which is as awkward as markers are; notes what was asked."""
    MARKERS = ["", "a+/b==", "ü &=?", "%2B"]

    def __init__(self, member, pages):
        self.member, self.pages, self.asked = member, pages, []
        self.server = RawServer(self.handle)
        self.endpoint = f"http://127.0.0.1:{self.server.port}"

    def answer(self, query):
        n = self.MARKERS.index(query.get("Marker", ""))
        page = {self.member: self.pages[n]}
        if n + 1 < len(self.pages):
            page["NextMarker"] = self.MARKERS[n + 1]
        return json.dumps(page).encode()

    def handle(self, connection):
        stream = connection.makefile("rb")
        while (request := HttpRequest.read(stream)):
            path, _, query = request.target.partition("?")
            query = dict(urllib.parse.parse_qsl(query, strict_parsing=True)) if query else {}
            # Debian's boto3 is of a time when the list of functions was asked for with a slash at its end.
            self.asked.append((request.method, urllib.parse.unquote(path).rstrip("/"), query))
            connection.sendall(http_answer(self.answer(query)))


class Endless(Pages):
    def answer(self, query):
        return json.dumps({self.member: [], "NextMarker": str(len(self.asked))}).encode()


def ours(endpoint, *args):
    return subprocess.run([DRIVER, endpoint, *args], capture_output=True, env=clean_env(KEYS), timeout=60)


def theirs(endpoint):
    return boto3.client("lambda", endpoint_url=endpoint, aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"], config=CONFIG)


def configurations(*names):
    return [{"FunctionName": name, "Runtime": "nodejs20.x", "Timeout": 3, "Description": "ü"} for name in names]


class Lists(unittest.TestCase):
    def check(self, operation, member, pages, *args):
        server = Pages(member, pages)
        run = ours(server.endpoint, *args)
        self.assertEqual(run.returncode, 0, run.stderr)
        asked, server.asked = server.asked, []
        given = {"FunctionName": args[1]} if len(args) > 1 else {}
        wanted = [item for page in theirs(server.endpoint).get_paginator(operation).paginate(**given)
                  for item in page[member]]
        self.assertEqual(json.loads(run.stdout), wanted)
        self.assertEqual(asked, server.asked)

    def test_functions(self):
        pages = [configurations("a", "b"), [], configurations("c"), configurations("d")]
        for count in range(1, 5):
            self.check("list_functions", "Functions", pages[:count], "functions")

    def test_versions(self):
        self.check("list_versions_by_function", "Versions", [configurations("a")] * 2, "versions", "orders")

    def test_aliases(self):
        aliases = [{"Name": "live", "FunctionVersion": "1"}]
        arn = f"arn:aws:lambda:{REGION}:123456789012:function:orders"
        for name in ("orders", arn):
            self.check("list_aliases", "Aliases", [aliases, aliases], "aliases", name)

    def test_a_list_without_an_end_ends(self):
        server = Endless("Functions", [])
        run = ours(server.endpoint, "functions")
        self.assertEqual(run.returncode, 1)
        self.assertIn("goes on without an end", run.stderr.decode())
        self.assertLessEqual(len(server.asked), 2000)


class OneFunction(unittest.TestCase):
    def test_everything_but_the_secret(self):
        answer = {"Configuration": configurations("orders")[0], "Tags": {"a": "b"},
                  "Code": {"RepositoryType": "S3", "Location": "https://secret.example/?X-Amz-Signature=1"}}
        server = RawServer(lambda c: HttpRequest.read(c.makefile("rb")) and c.sendall(
            http_answer(json.dumps(answer).encode(), headers=["Connection: close"])))
        endpoint = f"http://127.0.0.1:{server.port}"
        run = ours(endpoint, "function", "orders")
        wanted = theirs(endpoint).get_function(FunctionName="orders")
        del wanted["ResponseMetadata"], wanted["Code"]["Location"]
        self.assertEqual(json.loads(run.stdout), wanted)
        self.assertNotIn(b"secret", run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=0)
