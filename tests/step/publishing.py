"""What tests of the action `publish` share: steps of our component, and a local Lambda whose functions they invoke."""
import os
import pathlib
import sys

import scratch
import step as steps

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["ALC_BIN"]).resolve()
sys.path.insert(0, str(ROOT / "tests/flow"))
import support  # noqa: E402


class PublishTest(scratch.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = support.Local()

    @classmethod
    def tearDownClass(cls):
        cls.local.close()

    def config(self, more):
        """A working one, and more."""
        return {"aws_access_key_id": "local", "aws_secret_access_key": "local-secret", "region": "us-east-1",
                "functionName": "probe", "expression": "", **more}

    def step(self, config=None, step=None, environment=None, **more):
        """A step of the component; `config` on top of a working one."""
        s = steps.Step(function="publish", config=self.config(config or {}), step=step,
                       program=[str(BIN / "aws-lambda-component")],
                       environment={"COMPONENT_PATH": "../../..", **(environment or {})}, **more)
        s.environment["AWS_ENDPOINT_URL_LAMBDA"] = self.local.endpoint
        self.addCleanup(s.close)
        return s

    def failed_start(self, config):
        s = self.step(config).spawn()
        error = s.errors.get()
        self.assertEqual(s.wait(), 1)
        self.assertNotIn("local-secret", s.tail())
        return error.error["message"]
