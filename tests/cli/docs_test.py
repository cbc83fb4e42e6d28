"""What docs/jsonata.md shows is what the command prints."""

import os
import re
import subprocess
import unittest

from support import JSONATA, ROOT, CommandTest

PAGE = (ROOT / "docs/jsonata.md").read_text()


class Examples(CommandTest):
    def setUp(self):
        super().setUp()
        self.file("order.json", re.search("```json\n(.*?)```", PAGE, re.S).group(1))
        self.env = {**os.environ, "PATH": f"{os.path.dirname(os.path.abspath(JSONATA))}:{os.environ['PATH']}"}

    def test_sessions(self):
        steps = [step for block in re.findall("```console\n(.*?)```", PAGE, re.S)
                 for step in re.split(r"^\$ ", block, flags=re.M)[1:]]
        self.assertGreater(len(steps), 10)
        for step in steps:
            command, expected = step.split("\n", 1)
            done = subprocess.run(["bash", "-c", command + " 2>&1"], capture_output=True, text=True, timeout=60,
                                  cwd=self.folder, env=self.env)
            self.assertEqual(done.stdout, expected, command)

    def test_the_table_for_users_of_jq(self):
        order = self.folder / "order.json"
        for expression in re.findall(r"\| `[^\n]*` \| `([^\n]*?)`", PAGE):
            done = subprocess.run([JSONATA, expression.replace("\\|", "|"), order], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""), expression)


if __name__ == "__main__":
    unittest.main()
