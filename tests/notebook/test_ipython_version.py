"""The minimum version of IPython; Colab has an older one."""

import subprocess
import sys

import pytest

OLD_IPYTHON = """
import IPython, sys
from IPython.core import completer
from IPython.core.interactiveshell import InteractiveShell
IPython.version_info, IPython.__version__ = {info!r}, {version!r}
for name in ("CompletionContext", "SimpleMatcherResult", "context_matcher"):  # newer than IPython 7
    delattr(completer, name)
shell = InteractiveShell.instance()
assert shell.run_cell("%load_ext mimo_magics").success is False
assert not {{"mimo", "mimo_config"}} & shell.magics_manager.magics["line"].keys()
assert "mimo_magics.notebook.extension" not in sys.modules
"""


@pytest.mark.parametrize("version", ["7.34.0", "8.0.0", "8.19.0"])
def test_an_old_ipython_is_an_error_of_two_lines(version: str) -> None:
    info = (*map(int, version.split(".")), "")
    program = OLD_IPYTHON.format(version=version, info=info)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (run.stdout + run.stderr).replace("\x1b[31m", "").replace("\x1b[0m", "").splitlines() == [
        f"MimoError: mimo-magics needs IPython 8.20 or newer; this is IPython {version}.",
        "Colab pins an older IPython and is not supported. Elsewhere: %pip install -U ipython, and restart the kernel.",
    ]
