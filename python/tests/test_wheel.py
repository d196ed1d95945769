"""The wheel that ``npm run package`` builds is installed by pip and runs."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import backflow_recorder

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    program = "import { buildWheel } from './scripts/lib/wheel.mjs'; console.log(await buildWheel(process.argv[1]));"
    command = ["node", "--input-type=module", "-e", program, str(tmp_path_factory.mktemp("wheel"))]
    return subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, encoding="utf-8", timeout=300).stdout.strip()


def test_pip_installs_it(wheel, tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--target", str(tmp_path), wheel]
    subprocess.run(pip, check=True, timeout=300)
    program = "import backflow_recorder as b, importlib.metadata as m; print(b.__file__, m.version('backflow-recorder'), *m.requires('backflow-recorder'))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True, timeout=300
    ).stdout.split()
    assert Path(said[0]).parent == tmp_path / "backflow_recorder"
    assert said[1:] == [backflow_recorder.__version__, "numpy", "safetensors"]


def test_it_holds_every_module_and_has_the_products_version(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    source = Path(backflow_recorder.__file__).parent
    assert {name for name in names if name.startswith("backflow_recorder/")} == {
        path.relative_to(source.parent).as_posix() for path in source.rglob("*") if path.suffix in (".py", ".typed")
    }
    assert backflow_recorder.__version__ == json.loads((PROJECT / "package.json").read_text(encoding="utf-8"))["version"]
