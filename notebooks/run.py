"""Execute a notebook in a real kernel and print its answers while they come: python run.py IN.ipynb OUT.ipynb."""

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

QUIET = ["--IPKernelApp.log_level=ERROR"]


class WatchedRun(NotebookClient):
    """A run that a person watches, so that the answers grow as they do in a front end."""

    shown = ""
    """What has been printed of the growing output."""

    async def async_start_new_kernel_client(self) -> Any:
        """Tell the kernel that somebody is there."""
        client = await super().async_start_new_kernel_client()
        client.allow_stdin = True
        return client

    async def async_execute_cell(self, cell: Any, cell_index: int, *args: Any, **kwargs: Any) -> Any:
        """Tell the kernel which cell it runs, as a front end does."""
        self.kc.session.metadata = {"cellId": cell.get("id") or f"cell-{cell_index}"}
        return await super().async_execute_cell(cell, cell_index, *args, **kwargs)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Print what is new in a message."""
        match msg["msg_type"]:
            case "execute_input":
                self.print_code(msg["content"]["code"])
            case "stream":
                print(msg["content"]["text"], end="", flush=True)
            case "display_data" | "update_display_data":
                self.print_new(msg["content"]["data"].get("text/plain", ""))
        return super().process_message(msg, cell, cell_index)

    def print_code(self, code: str) -> None:
        """Print a cell that begins."""
        print("\n\n" + "\n".join(f">>> {line}" for line in code.splitlines()), flush=True)
        self.shown = ""

    def print_new(self, text: str) -> None:
        """Print what has been added to the growing output."""
        print(text.removeprefix(self.shown), end="", flush=True)
        self.shown = text


def run(source: Path, target: Path) -> None:
    """Execute a notebook into another file."""
    notebook = nbformat.read(source, as_version=4)
    folder = {"metadata": {"path": str(source.parent)}}
    try:
        WatchedRun(notebook, timeout=600, resources=folder, extra_arguments=QUIET).execute()
    finally:
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
    print(f"\n\nThe executed notebook is {target}. To open it: make lab")


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
