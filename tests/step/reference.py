"""The reference runtime, elasticio-sailor-nodejs: where it is, and how a step runs on it.

It needs Node, and a folder with its public packages: ALC_REFERENCE names that, `make reference` fills it.  Without them
the programs that compare with it say so and compare nothing."""
import os
import pathlib
import shutil

import step as steps

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ("elasticio-sailor-nodejs", "jsonata")


def missing():
    """Why there is no reference, as a sentence; None when there is one."""
    folder = os.environ.get("ALC_REFERENCE", "")
    if not shutil.which("node"):
        return "Node is not installed"
    if not folder:
        return "ALC_REFERENCE is not set: `make reference` installs the reference runtime and says where"
    for package in PACKAGES:
        if not (pathlib.Path(folder) / "node_modules" / package).is_dir():
            return f"{folder} has no node_modules/{package}: `make reference` installs it"
    return None


def use(step, component=HERE / "reference"):
    """Makes a step run on the reference, with the component in a folder."""
    modules = pathlib.Path(os.environ["ALC_REFERENCE"]).resolve() / "node_modules"
    step.program = ["node", str(modules / "elasticio-sailor-nodejs" / "run.js")]
    # It appends the path to its working directory.
    step.environment["ELASTICIO_COMPONENT_PATH"] = os.path.relpath(component, steps.HERE / "component")
    step.environment["NODE_PATH"] = str(modules)
    step.environment["NODE_EXTRA_CA_CERTS"] = step.node.certificates["ca"]
    return step
