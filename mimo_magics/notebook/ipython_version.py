"""The minimum version of IPython. It is checked before an import that an older version lacks."""

from __future__ import annotations

import IPython

from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import Translatable

MIN_VERSION = (8, 20)


def check_ipython_version() -> None:
    """Check the version of IPython.

    Raises:
        MimoError: IPython is too old, as in Colab.
    """
    if IPython.version_info[:2] >= MIN_VERSION:
        return
    raise MimoError(
        Translatable(
            "mimo-magics needs IPython {needed} or newer; this is IPython {version}.",
            needed=".".join(map(str, MIN_VERSION)),
            version=IPython.__version__,
        ),
        Translatable(
            "Colab pins an older IPython and is not supported. Elsewhere: %pip install -U ipython, and restart the kernel."
        ),
    )
