"""Execute a notebook in a real kernel, and print its replies while they stream: python run.py IN.ipynb OUT.ipynb."""

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

QUIET = ["--IPKernelApp.log_level=ERROR"]


class WatchedRun(NotebookClient):
    """An attended run. The replies are streamed as in a front end."""

    shown = ""
    """The part of the streamed output that is already printed."""

    async def async_start_new_kernel_client(self) -> Any:
        """Start the kernel with `allow_stdin`, as in an attended run."""
        client = await super().async_start_new_kernel_client()
        client.allow_stdin = True
        return client

    async def async_execute_cell(self, cell: Any, cell_index: int, *args: Any, **kwargs: Any) -> Any:
        """Send the id of the cell to the kernel, as a front end does."""
        self.kc.session.metadata = {"cellId": cell.get("id") or f"cell-{cell_index}"}
        return await super().async_execute_cell(cell, cell_index, *args, **kwargs)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Print the new part of a message."""
        match msg["msg_type"]:
            case "execute_input":
                self.print_code(msg["content"]["code"])
            case "stream":
                print(msg["content"]["text"], end="", flush=True)
            case "display_data" | "update_display_data":
                self.print_new(msg["content"]["data"].get("text/plain", ""))
        return super().process_message(msg, cell, cell_index)

    def print_code(self, code: str) -> None:
        """Print the code of a cell that starts."""
        print("\n\n" + "\n".join(f">>> {line}" for line in code.splitlines()), flush=True)
        self.shown = ""

    def print_new(self, text: str) -> None:
        """Print the new part of the streamed output."""
        print(text.removeprefix(self.shown), end="", flush=True)
        self.shown = text


def run(source: Path, target: Path) -> None:
    """Execute a notebook, and write the result to another file."""
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
