"""Where keys come from: our chain and Debian's botocore, given the same files, variables and servers, find the same
keys and have asked the same questions.  One server plays AWS STS, a container's credential service and an instance's
metadata."""
import calendar
import json
import os
import pathlib
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import clean_env

DRIVER = str(pathlib.Path(os.environ["ALC_TESTS"]).resolve() / "cred_driver")
END = "2099-03-14T16:09:26Z"
ROLES = "/latest/meta-data/iam/security-credentials/"

# A process that has botocore at hand and answers each question in a child with the environment of the case.
PEER = r'''
import hashlib, json, os, sys
import botocore.credentials, botocore.session, botocore.utils

class Session(botocore.session.Session):
    def create_client(self, service_name, *args, **kwargs):     # this botocore knows no AWS_ENDPOINT_URL_STS
        kwargs["endpoint_url"] = os.environ["AWS_ENDPOINT_URL_STS"]
        return super().create_client(service_name, *args, **kwargs)

def ask(profile):
    try:
        credentials = Session(profile=profile).get_credentials()
        if credentials is None:
            return {"failed": "none"}
        frozen = credentials.get_frozen_credentials()
        return {"access": frozen.access_key, "token": frozen.token or "", "method": credentials.method,
                "secret_sha256": hashlib.sha256(frozen.secret_key.encode()).hexdigest()}
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"}

for line in sys.stdin:
    question = json.loads(line)
    child = os.fork()
    if child == 0:
        os.environ.clear()
        os.environ.update(question["env"])
        print(json.dumps(ask(question["profile"])), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
'''


def keys(name, token="Token"):
    return {"AccessKeyId": name, "SecretAccessKey": f"secret-{name}", token: f"token-{name}", "Expiration": END}


class Services(BaseHTTPRequestHandler):
    """Keys are named after what was asked for: a role's after the role, and so on."""

    def log_message(self, *args):
        pass

    def answer(self, status, body=""):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def note(self, *what):
        self.server.seen.append((self.command, self.path) + what)

    def do_PUT(self):
        self.note(self.headers["x-aws-ec2-metadata-token-ttl-seconds"])
        self.answer(*self.server.session)

    def do_GET(self):
        if self.path.startswith(ROLES):
            self.note(self.headers["x-aws-ec2-metadata-token"])
            if not self.server.role:
                self.answer(404)
            elif self.path == ROLES:
                self.answer(200, self.server.role + "\n")
            else:
                self.answer(200, {"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": END, **keys("AKEC2")})
        else:
            self.note(self.headers["Authorization"], self.headers["Accept"])
            self.answer(self.server.container, keys("AKBOX") if self.server.container == 200 else {"message": "no"})

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        form.setdefault("DurationSeconds", "3600")              # we say what is the default anyway
        if re.match("botocore-session-|aws-lambda-component-", form["RoleSessionName"]):
            form["RoleSessionName"] = "generated"
        credential = re.search("Credential=([^,]*)", self.headers["Authorization"] or "")
        signer = credential.group(1).split("/") if credential else None
        self.note(sorted(form.items()), signer and (signer[0], signer[2:]), self.headers["X-Amz-Security-Token"])
        name = form["RoleArn"].rsplit("/", 1)[1]
        if name == "denied":
            self.answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error>"
                             "<RequestId>1</RequestId></ErrorResponse>")
            return
        action = form["Action"]
        inside = "".join(f"<{k}>{v}</{k}>" for k, v in keys("AK" + name.upper(), "SessionToken").items())
        self.answer(200, f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
                         f"<Credentials>{inside}</Credentials></{action}Result><ResponseMetadata><RequestId>1"
                         f"</RequestId></ResponseMetadata></{action}Response>")


def role(name):
    return f"arn:aws:iam::123456789012:role/{name}"


CONFIG = f"""
[default]
region = eu-central-1
[profile plain]
aws_access_key_id = AKPLAIN
aws_secret_access_key = secret-plain
[profile split]
aws_access_key_id = AKCONFIG
aws_secret_access_key = secret-config
[profile commented]
aws_access_key_id = AKCOMMENT
aws_secret_access_key = secret#comment
; a comment
[profile one]
role_arn = {role("one")}
source_profile = plain
[profile full]
role_arn = {role("full")}
source_profile = plain
role_session_name = me@home
external_id = ext:1/2
duration_seconds = 900
[profile two]
role_arn = {role("two")}
source_profile = one
[profile self]
role_arn = {role("self")}
source_profile = self
aws_access_key_id = AKSELF
aws_secret_access_key = secret-self
[profile over-self]
role_arn = {role("over")}
source_profile = self
[profile from-env]
role_arn = {role("env")}
credential_source = Environment
[profile from-box]
role_arn = {role("box")}
credential_source = EcsContainer
[profile from-ec2]
role_arn = {role("ec2")}
credential_source = Ec2InstanceMetadata
[profile web]
role_arn = {role("web")}
web_identity_token_file = @DIR/token
role_session_name = pod
[profile over-web]
role_arn = {role("overweb")}
source_profile = web
[profile program]
credential_process = @PROGRAM 0
[profile over-program]
role_arn = {role("overprogram")}
source_profile = program
[profile broken-program]
credential_process = @PROGRAM 3
[profile missing-program]
credential_process = /nonexistent/program
[profile denied]
role_arn = {role("denied")}
source_profile = plain
[profile loop-a]
role_arn = {role("a")}
source_profile = loop-b
[profile loop-b]
role_arn = {role("b")}
source_profile = loop-a
[profile loop-self]
role_arn = {role("a")}
source_profile = loop-self
[profile both]
role_arn = {role("a")}
source_profile = plain
credential_source = Environment
[profile gone]
role_arn = {role("a")}
source_profile = nobody
[profile odd]
role_arn = {role("a")}
credential_source = Cloud
"""

CREDENTIALS = """
[split]
aws_access_key_id = AKSPLIT
aws_secret_access_key = secret-split
aws_session_token = token-split
[profile strange]
aws_access_key_id = AKSTRANGE
aws_secret_access_key = secret-strange
"""

PROGRAM = f"""#!/bin/sh
echo "a word on standard error" >&2
echo '{{"Version": 1, "AccessKeyId": "AKPROGRAM", "SecretAccessKey": "secret-program", "SessionToken": "token-program",
       "Expiration": "{END}"}}'
exit $1
"""

ENV_KEYS = {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "secret-env"}


class Credentials(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.peer = subprocess.Popen([sys.executable, "-c", PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    text=True, env=clean_env())

    @classmethod
    def tearDownClass(cls):
        cls.peer.stdin.close()
        cls.peer.stdout.close()
        cls.peer.wait(20)

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Services)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.server.session, self.server.role, self.server.container = (200, "session=="), "web-role", 200
        program = self.write("program", PROGRAM)
        os.chmod(program, 0o755)
        config = CONFIG.replace("@DIR", self.dir).replace("@PROGRAM", shlex.quote(program))
        self.write("token", "token-of-the-pod")
        self.env = {"AWS_CONFIG_FILE": self.write("config", config), "AWS_ENDPOINT_URL_STS": self.url,
                    "AWS_SHARED_CREDENTIALS_FILE": self.write("credentials", CREDENTIALS),
                    "AWS_DEFAULT_REGION": "eu-west-1", "AWS_STS_REGIONAL_ENDPOINTS": "regional"}

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def ask_us(self, profile=None, **env):
        self.server.seen = []
        run = subprocess.run([DRIVER, *([profile] if profile else [])], capture_output=True, timeout=60,
                             env=clean_env({**self.env, **env}))
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout), self.server.seen

    def ask_botocore(self, profile=None, **env):
        self.server.seen = []
        self.peer.stdin.write(json.dumps({"profile": profile, "env": clean_env({**self.env, **env})}) + "\n")
        self.peer.stdin.flush()
        return json.loads(self.peer.stdout.readline()), self.server.seen

    def both(self, profile=None, **env):
        """What we find, after a comparison with what botocore finds, and by which questions."""
        ours, our_questions = self.ask_us(profile, **env)
        theirs, their_questions = self.ask_botocore(profile, **env)
        with self.subTest(profile=profile, env=env):
            self.assertEqual("failed" in ours, "failed" in theirs, (ours, theirs))
            for field in ("access", "secret_sha256", "token"):
                self.assertEqual(ours.get(field), theirs.get(field), (ours, theirs))
            self.assertEqual(our_questions, their_questions)
            self.assertNotIn("secret-", ours.get("failed", ""))
            self.assertNotIn("token-", ours.get("failed", ""))
        return ours

    def found(self, access, *args, **env):
        self.assertEqual(self.both(*args, **env).get("access"), access, (args, env))

    def test_environment_and_files(self):
        self.found("AKENV", **ENV_KEYS)
        self.found("AKENV", **ENV_KEYS, AWS_SESSION_TOKEN="token-env", AWS_PROFILE="plain")
        self.found("AKPLAIN", "plain", **ENV_KEYS)
        self.found("AKPLAIN", AWS_PROFILE="plain")
        self.found("AKSPLIT", "split")
        self.found("AKCOMMENT", "commented")

    def test_roles(self):
        self.found("AKONE", "one")
        self.found("AKFULL", "full")
        self.found("AKTWO", "two")
        self.found("AKSELF", "self")
        self.found("AKOVER", "over-self")
        self.found("AKENV", "from-env", **ENV_KEYS, AWS_SESSION_TOKEN="token-env")

    def test_roles_of_services(self):
        self.found("AKBOX", "from-box", AWS_CONTAINER_CREDENTIALS_FULL_URI=self.url + "/keys")
        self.found("AKEC2", "from-ec2", AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url)

    def test_web_identity(self):
        self.found("AKWEB", "web")
        self.found("AKOVERWEB", "over-web")
        token = {"AWS_WEB_IDENTITY_TOKEN_FILE": os.path.join(self.dir, "token"), "AWS_ROLE_ARN": role("irsa")}
        self.found("AKIRSA", **token)
        self.found("AKIRSA", **token, AWS_ROLE_SESSION_NAME="pod-1")
        self.found("AKENV", **token, **ENV_KEYS)

    def test_program(self):
        self.found("AKPROGRAM", "program")
        self.found("AKOVERPROGRAM", "over-program")

    def test_container(self):
        uri = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + "/v1/keys"}
        self.found("AKBOX", **uri)
        self.found("AKBOX", **uri, AWS_CONTAINER_AUTHORIZATION_TOKEN="Basic abc=")

    def test_instance(self):
        here = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url + "/"}
        self.found("AKEC2", **here)
        self.server.session = (404, "")
        self.found("AKEC2", **here)
        self.server.role = ""
        self.found(None, **here)

    def test_expirations_are_read(self):
        for profile in ("one", "program"):
            ours, _ = self.ask_us(profile)
            self.assertEqual(ours["expires"], END.replace("Z", ".000Z"))

    def test_what_cannot_work_works_for_neither(self):
        for profile in ("denied", "loop-a", "loop-self", "both", "gone", "odd", "broken-program", "missing-program",
                        "nobody"):
            self.found(None, profile)
        self.found(None, "from-env")
        self.found(None, "from-box")

    def test_a_failing_program_is_quoted_by_its_standard_error_only(self):
        ours, _ = self.ask_us("broken-program")
        self.assertIn("failed with status 3, and said: a word on standard error", ours["failed"])

    def test_nothing_anywhere(self):
        self.assertIn("no AWS keys found", self.both()["failed"])


class Clock(BaseHTTPRequestHandler):
    """STS, an hour ahead, which minds."""

    def log_message(self, *args):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + 3600)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        signed = calendar.timegm(time.strptime(self.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        is_late = abs(signed - time.time() - 3600) > 300
        self.server.seen.append(is_late)
        inside = "".join(f"<{k}>{v}</{k}>" for k, v in keys("AKLATE", "SessionToken").items())
        late = ("<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: x is now earlier "
                "than y</Message></Error></ErrorResponse>")
        body = (late if is_late else f"<Credentials>{inside}</Credentials>").encode()
        self.send_response(403 if is_late else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class WrongClock(unittest.TestCase):
    """Corrected once, and only where TLS vouches for the other clock."""

    def ask(self, scheme):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Clock)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        server.seen = []
        certificate = os.path.join(folder, "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", certificate + ".key", "-out", certificate], check=True, capture_output=True)
        if scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate + ".key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="utf-8") as f:
            f.write(CONFIG)
        run = subprocess.run([DRIVER, "one"], capture_output=True, timeout=60, env=clean_env({
            "AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/c", "AWS_CA_BUNDLE": certificate,
            "AWS_ENDPOINT_URL_STS": f"{scheme}://localhost:{server.server_port}"}))
        return json.loads(run.stdout), server.seen

    def test_over_tls_it_is_corrected(self):
        ours, seen = self.ask("https")
        self.assertEqual(ours.get("access"), "AKLATE", ours)
        self.assertEqual(seen, [True, False])

    def test_without_tls_it_is_explained(self):
        ours, seen = self.ask("http")
        self.assertRegex(ours["failed"], "the clock of this machine is (59|60) minutes [0-9]+ seconds behind that of")
        self.assertEqual(seen, [True])


if __name__ == "__main__":
    unittest.main(verbosity=0)
