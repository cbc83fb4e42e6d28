"""The harness itself: a platform that answers as told, and notices what the real one would not take."""
import base64
import http.client
import json
import unittest

import platform_api
from platform_api import KEY, TOKEN, USERNAME, answer, cut, drop, invalid_json

BASIC = {"Authorization": "Basic " + base64.b64encode(f"{USERNAME}:{KEY}".encode()).decode(),
         "Connection": "Keep-Alive", "Content-Type": "application/json"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class PlatformApi(unittest.TestCase):
    def setUp(self):
        self.platform = platform_api.Platform({"config": {"a": 1}})
        self.addCleanup(self.platform.close)

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.platform.port, timeout=10)
        try:
            connection.request(method, path, body, BASIC if headers is None else headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def test_step_data_are_given_to_who_has_the_credentials(self):
        self.assertEqual(self.ask("GET", self.platform.step_path), (200, b'{"config": {"a": 1}}'))
        self.assertEqual(self.ask("GET", self.platform.step_path, headers={})[0], 401)
        with self.assertRaisesRegex(AssertionError, "Keep-Alive"):
            self.platform.check()

    def test_startup_data_are_made_once_read_and_deleted(self):
        path = self.platform.startup_path
        self.assertEqual([self.ask(m, path, b)[0] for m, b in
                          (("GET", None), ("POST", b"{}"), ("POST", b"{}"), ("DELETE", None), ("GET", None))],
                         [404, 201, 409, 204, 404])

    def test_credentials_are_kept(self):
        self.ask("PUT", "/v1/accounts/account", b'{"keys":{"a":2}}')
        self.assertEqual(self.platform.accounts, {"account": {"a": 2}})
        self.platform.check()

    def test_objects_are_kept_also_when_they_come_in_chunks(self):
        _, body = self.ask("POST", "/objects", iter([b"abc", b"def"]), BEARER)
        name = json.loads(body)["objectId"]
        self.assertEqual(self.ask("GET", "/objects/" + name, headers=BEARER), (200, b"abcdef"))
        self.assertEqual(self.ask("GET", "/objects/none", headers=BEARER)[0], 404)
        self.platform.check()

    def test_a_script_is_played_and_its_last_answer_stays(self):
        path = self.platform.step_path
        self.platform.script("GET", path, answer(503, "busy"), invalid_json(), answer(418))
        self.assertEqual([self.ask("GET", path)[0] for _ in range(4)], [503, 200, 418, 418])
        self.platform.script("GET", path, drop(), None)
        with self.assertRaises(http.client.RemoteDisconnected):
            self.ask("GET", path)
        self.assertEqual(self.ask("GET", path)[0], 200)
        self.platform.script("GET", path, cut())
        with self.assertRaises(http.client.IncompleteRead):
            self.ask("GET", path)


if __name__ == "__main__":
    unittest.main()
