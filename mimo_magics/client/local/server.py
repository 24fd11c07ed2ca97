"""The program of the server process: `python -m mimo_magics.client.local.server MODEL`.

It reads the API key from the first line of its standard input, and prints its URL when the model is loaded. It exits
when its standard input is closed, so also when the process that started it ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import xllamacpp

MODEL_ALIAS = "mimo-local"
CONTEXT_TOKENS = 8_192
MAX_REPLY_TOKENS = 1_024
"""Limit of the reply. A small model may never end it."""
MAX_REASONING_TOKENS = 24
"""Limit of the reasoning. A small model never ends it."""


def build_parameters(model: str, key: str) -> xllamacpp.CommonParams:
    """Return the parameters of a server for one user on this machine."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {MODEL_ALIAS}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.cors_origins = "http://127.0.0.1"
    params.chat_template = Path(__file__).with_name("template.jinja").read_text(encoding="utf-8")
    params.use_jinja = True
    params.n_ctx = CONTEXT_TOKENS
    params.n_predict = MAX_REPLY_TOKENS
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cache_ram_mib = 0
    # Threads on every core would leave no time for the kernel.
    threads = max(1, (os.cpu_count() or 2) - 1)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.sampling.reasoning_budget_tokens = MAX_REASONING_TOKENS
    params.offline = True
    params.ui = False
    params.verbosity = 0
    return params


def main(model: str) -> None:
    """Serve until standard input is closed."""
    key = sys.stdin.readline().strip()
    server = xllamacpp.Server(build_parameters(model, key))
    print(server.listening_address, flush=True)  # noqa: T201  the parent process reads it
    sys.stdin.read()
    del server


if __name__ == "__main__":
    main(sys.argv[1])
