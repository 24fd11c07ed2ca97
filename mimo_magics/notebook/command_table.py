"""The table of the magics: their subcommands, arguments and options.

The parsers, the help pages and Tab completion are made from it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from mimo_magics.core.settings import Pace
from mimo_magics.notebook.options import COMPARISON_OPTIONS, MAP_OPTIONS, OPTIONS, OPTIONS_BY_FLAG, Option

ARGUMENT_PATTERN = re.compile(r"(?P<optional>\[)?(?P<name>[A-Z][A-Z=]*)(?P<several> \.\.\.)?")
NARGS = {(False, False): None, (True, False): "?", (True, True): "*", (False, True): "+"}
REMAINDER_NAME = "COMMAND"
"""The argument that takes the rest of the line, options included."""


def parse_count(text: str) -> int:
    """Parse a whole number without a sign.

    Raises:
        ValueError: The text has another form.
    """
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument of a subcommand."""

    name: str
    """The name on help pages, such as `PATH`. It determines what Tab offers."""
    nargs: str | None
    """How many words the argument takes, as in argparse."""

    @property
    def dest(self) -> str:
        """The name of the value in argparse's namespace."""
        return self.name.lower().replace("=", "_")

    @property
    def type(self) -> Callable[[str], Any]:
        """The function that parses a word."""
        return parse_count if self.name in ("N", "NUMBER", "OTHER") else str


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand of a magic."""

    usage: str
    """The name and the arguments, such as `rename [SESSION] NAME`. A line without a subcommand has no name."""
    help: str
    options: tuple[Option, ...] = ()

    @property
    def name(self) -> str:
        """The name; empty for a line without a subcommand."""
        return "" if self.usage.startswith("[") else self.usage.partition(" ")[0]

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The positional arguments."""
        matches = ARGUMENT_PATTERN.finditer(self.usage)
        return tuple(
            Argument(
                match["name"],
                argparse.REMAINDER
                if match["name"] == REMAINDER_NAME
                else NARGS[bool(match["optional"]), bool(match["several"])],
            )
            for match in matches
        )

    @property
    def signature(self) -> str:
        """The usage with the options."""
        return " ".join(filter(None, (self.usage, *(f"[{each.signature}]" for each in self.options))))


@dataclass(frozen=True, slots=True)
class Magic:
    """A magic."""

    name: str
    """The name with its percent signs."""
    summary: str
    details: str = ""
    """The rest of the description. Code is indented by four spaces."""
    commands: tuple[Command, ...] = ()
    default: str = ""
    """The subcommand of an empty line."""
    options: tuple[Option, ...] = ()
    """The options that may precede a prompt."""

    @property
    def command_names(self) -> tuple[str, ...]:
        """The names of the subcommands."""
        return tuple(each.name for each in self.commands if each.name)


_SYSTEM = Option(("--system",), "The system prompt of the session.", {"metavar": "TEXT"})
_AT = Option(("--at",), "Copy only the first N turns.", {"metavar": "N", "type": parse_count})
_TO = Option(("--to",), "The format, unless the file name ends in it.", {"metavar": "md|html|json|py|curl"})
_URL = Option(
    ("--url",), "Connect to the MCP server at this URL instead of starting COMMAND.", {"metavar": "URL"}
)
_PACE = Option(
    ("--pace",),
    "Replay speed: in real time (real), ten times faster (fast), or all at once (once, the default).",
    {"choices": get_args(Pace)},
)

_SPEECH_SERVICE = (
    Option(
        ("-m", "--model"),
        "Speech model; by default the one of the service.",
        {"metavar": "ID", "dest": "speech_model"},
    ),
    OPTIONS_BY_FLAG["--preset"],
    OPTIONS_BY_FLAG["--dry-run"],
)
_OUT_VALUE = Option(("-o", "--out"), "Also store the value in this variable.", {"metavar": "NAME"})
_SPEAK_OPTIONS = (
    Option(("--voice",), "Name of the voice; a wrong name lists them.", {"metavar": "NAME"}),
    Option(("--style",), "How to speak, such as 'calm, like a story for children'.", {"metavar": "TEXT"}),
    Option(("--design",), "Description of a new voice, instead of a name.", {"metavar": "TEXT"}),
    Option(
        ("--clone",),
        "Recording of a voice to imitate: a WAV or MP3 file, or a variable. It is sent after you approve it.",
        {"metavar": "PATH"},
    ),
    Option(("--format",), "Format of the audio: wav (the default) or mp3.", {"choices": ("wav", "mp3")}),
    Option(
        ("--stream",), "Receive the audio in pieces, and show how much there is.", {"action": "store_true"}
    ),
    OPTIONS_BY_FLAG["--raw"],
    *_SPEECH_SERVICE,
    _OUT_VALUE,
)
_LANGUAGE = Option(
    ("--language",), "Spoken language; by default the model finds it.", {"choices": ("auto", "zh", "en")}
)

_PROMPT_CELL = Magic(
    "%%mimo",
    "Send the cell to a MiMo model, show the reply, and return it.",
    """
    %%mimo -t 0.2 -o reply
    Name three things to see in {city}.

Each cell adds a turn to the session. {city} is replaced by the value of the variable. Attributes and items work too:
{df.columns}, {rows[0]["x"]}. Other braces stay as they are. The value of the cell is a Reply with .text, .reasoning,
.usage and .stop. %mimo_config shows and changes the settings of all cells.""",
    options=OPTIONS,
)
_PROMPT_LINE = Magic(
    "%mimo",
    "Send the rest of the line to a MiMo model, show the reply, and return it.",
    """
    %mimo -t 0.2 Name three things to see in {city}.
    reply = %mimo Which of them is free?

%mimo works in loops and functions. It takes the options of %%mimo; -- ends them. These words are commands, not a prompt:""",
    (
        Command("show [N]", "Show turn N of the session, or the last one."),
        Command("insert [N]", "Replace this cell by code block N of the last reply."),
        Command(
            "copy [N]", "Show code block N, or the source of the whole reply. A terminal also copies it."
        ),
        Command(
            "continue",
            "Continue the last reply if it was interrupted, truncated or incomplete. Put options before the word.",
        ),
        Command("help", "Show this page."),
    ),
    options=OPTIONS,
)
_COMPARISON_CELL = Magic(
    "%%mimo_compare",
    "Send the prompt with several settings, show the replies side by side, and return them.",
    """
    %%mimo_compare --model mimo-v2-pro mimo-v2-flash --temperature 0 0.7 1.0 --repeat 2
    Name a bird, and say why.

An option with several values is compared. All combinations are sent, a few at a time. Each request contains the
history of the session; none of the replies is added to it. The value of the cell has .diff(1, 2), .to_frame() and
.adopt(1); %mimo_compare does the same for the last comparison. The model gets no tools.""",
    options=COMPARISON_OPTIONS,
)
_COMPARISON_LINE = Magic(
    "%mimo_compare",
    "Work with the replies of the last %%mimo_compare.",
    "For the options of %%mimo_compare, run %%mimo_compare?.",
    (
        Command("show", "Show the replies side by side."),
        Command("diff NUMBER OTHER", "Show which words of two replies differ."),
        Command("adopt NUMBER", "Add a reply to the session as its next turn."),
    ),
    default="show",
)
_CONFIG = Magic(
    "%mimo_config",
    "Show and change the settings of this kernel.",
    """
    %mimo_config temperature=0.2 thinking=on  change two settings
    %mimo_config system="Answer in verse."    put a value with spaces in quotes
    %mimo_config temperature=default          use the default of the service
    %mimo_config --reset temperature          undo the change""",
    (
        Command("[NAME=VALUE ...]", "Change settings, or show all of them with their sources."),
        Command("--reset [SETTING ...]", "Undo the changes of this kernel to these settings, or to all."),
        Command("--save PROFILE [NAME=VALUE ...]", "Save the changed settings as a profile."),
        Command("--use [PROFILE] [NAME=VALUE ...]", "Apply a profile, or list the profiles."),
        Command("--delete PROFILE", "Delete a profile."),
        Command("api_key", "Enter the API key of the current service without showing it."),
    ),
)
_PANEL = Magic(
    "%mimo_panel",
    "Show the parameters as sliders and buttons, with a prompt box to try them.",
    """
The panel and %mimo_config change the same settings; each shows the changes of the other. Below the controls, a table
lists the values, and a line of code that restores them. A saved notebook keeps both.""",
    (
        Command("", "Show the panel."),
        Command("insert", "Insert the line that restores the parameters as a new cell below."),
    ),
)
_MODELS = Magic(
    "%mimo_models",
    "List the models of a service with context window, inputs and prices.",
    """
The list comes from the server; windows, inputs and prices come from a dated table. If the server does not reply, or
without an API key, only the table is shown. → marks the current model.""",
    (Command("[SERVICE]", "List the models of this service, or of the current one."),),
)
_TOOLS = Magic(
    "%mimo_tools",
    "Show and change the tools that each prompt offers to the model.",
    commands=(
        Command("", "List the tools, and when each needs an approval."),
        Command("add FUNCTION ...", "Add functions of the notebook. @mimo_magics.tool does the same."),
        Command("remove TOOL ...", "Remove tools."),
        Command(
            "confirm TOOL=WHEN ...", "Set when a tool needs approval: every_call, once_per_session or none."
        ),
        Command("add-mcp NAME COMMAND ...", "Start an MCP server, and add its tools.", (_URL,)),
    ),
)
_SESSION = Magic(
    "%mimo_session",
    "Show and change the sessions of this kernel.",
    commands=(
        Command("list", "List the sessions."),
        Command(
            "new NAME",
            "Create a session, or an empty branch in an existing one, and switch to it.",
            (_SYSTEM,),
        ),
        Command("switch SESSION", "Switch to another session."),
        Command("show", "Show all turns with model, token usage and cost, and the stale ones."),
        Command("undo [N]", "Remove the last turn, or the last N. They stay as a branch."),
        Command("branches", "List the branches of the session."),
        Command("branch NUMBER", "Switch to another branch of the session."),
        Command("fork NAME", "Create a session with the turns of this one, and switch to it.", (_AT,)),
        Command("rename [SESSION] NAME", "Rename a session, or the current one."),
        Command("delete SESSION", "Delete a session. Its file stays."),
        Command("clear", "Remove all turns of the session."),
        Command("save [PATH]", "Save the session to a file, by default beside the notebook."),
        Command("load PATH", "Load a session from a file, and switch to it."),
        Command("export PATH", "Write the session as a document or as code.", (_TO,)),
        Command("from-notebook PATH [NAME]", "Load a session from the outputs of a saved notebook."),
        Command("resume [PATH]", "Load the sessions of this notebook after a restart of the kernel."),
    ),
    default="list",
)
_SPEAK_DETAILS = """
    %mimo_speak --voice Mia Good morning.
    %mimo_speak --design "an old sailor" --preset xiaomi {reply}

A text-to-speech model speaks the text, not the current chat model. {reply} is replaced by the text of the reply. The
value has .bytes, .seconds, .format and .save(PATH). A clone sends a recording of a voice to the service, so it asks first; an
unattended run refuses it. The embedded model does not speak."""
_SPEAK_CELL = Magic(
    "%%mimo_speak",
    "Speak the text of the cell, show a player, and return the audio.",
    _SPEAK_DETAILS,
    options=_SPEAK_OPTIONS,
)
_SPEAK_LINE = Magic(
    "%mimo_speak",
    "Speak the rest of the line, show a player, and return the audio.",
    _SPEAK_DETAILS,
    options=_SPEAK_OPTIONS,
)
_TRANSCRIBE = Magic(
    "%mimo_transcribe",
    "Transcribe audio, show the text, and return it.",
    """
    %mimo_transcribe meeting.mp3
    %mimo_transcribe speech --language en --preset xiaomi

The audio is a WAV or MP3 file of at most 7.5 MB, or a variable: bytes, the value of %mimo_speak, or an
IPython.display.Audio. The value has .text, .seconds, .language and .usage. The embedded model does not transcribe.""",
    (
        Command(
            "[PATH]",
            "Transcribe this file or variable.",
            (_LANGUAGE, *_SPEECH_SERVICE, _OUT_VALUE),
        ),
    ),
)
_PROMPTS = Magic(
    "%mimo_prompts",
    "List, show, save and load prompt functions.",
    """
    %%mimo --define classify --schema 'label: praise or complaint, sure bool'
    Label this review: {text}

classify(text="It broke.") then returns the value, and %mimo_prompts save classify writes prompts/classify.md. A loaded
prompt is shown with its system prompt; its file sets model, sampling and schema, and nothing else.""",
    (
        Command("list", "List the prompt functions of the notebook."),
        Command("show PROMPT", "Show the texts of a function."),
        Command("save PROMPT [PATH]", "Save a function to a file, by default prompts/PROMPT.md."),
        Command("load PATH [NAME]", "Load a function from a file, and show it."),
    ),
    default="list",
)
_TAPE = Magic(
    "%mimo_tape",
    "Record API calls on a tape, or replay them without network, API key or model.",
    """
Replay starts at the first call of the tape. The environment variable MIMO_TAPE=replay:PATH has the same effect.""",
    (
        Command("", "Show which tape is in use."),
        Command("record PATH", "Make every call, and record it on a new tape.", (_PACE,)),
        Command("replay PATH", "Replay every call from the tape.", (_PACE,)),
        Command("auto PATH", "Replay recorded calls from the tape; make and record the others.", (_PACE,)),
        Command("off", "Make calls without a tape."),
    ),
)
_FIX_COMMAND = Command(
    "[N]",
    "Correct cell [N], or the cell that failed last.",
    (
        Option(("--replace",), "Replace this cell by the corrected one.", {"action": "store_true"}),
        OPTIONS_BY_FLAG["--model"],
        OPTIONS_BY_FLAG["--share"],
        OPTIONS_BY_FLAG["--dry-run"],
        _OUT_VALUE,
    ),
)
_FIX_DETAILS = """
    %mimo_fix                  the last error
    %mimo_fix 3 --replace      the error of cell [3]; the code replaces this line

The model gets the error, the failed cell, the cells whose functions it called, and the variables of the failing frame
as far as share allows. It shows the cause and the change, and inserts the corrected cell below. The failed cell stays as
it is, and nothing is run. The prompt adds no turn to the session."""
_FIX_LINE = Magic(
    "%mimo_fix", "Explain the error of a cell, and insert a corrected cell.", _FIX_DETAILS, (_FIX_COMMAND,)
)
_FIX_CELL = Magic(
    "%%mimo_fix",
    "Explain the error of a cell, and insert a cell that is corrected as the text below says.",
    """
    %%mimo_fix
    Leave out rows without a price.

The options and the rest are those of %mimo_fix.""",
    (_FIX_COMMAND,),
)
_TEST_COMMAND = Command(
    "[NAME]",
    "Test this function or class.",
    (
        Option(("--into-cell",), "Insert the tests as a new cell below.", {"action": "store_true"}),
        OPTIONS_BY_FLAG["--model"],
        OPTIONS_BY_FLAG["--share"],
        OPTIONS_BY_FLAG["--dry-run"],
        _OUT_VALUE,
    ),
)
_TEST_LINE = Magic(
    "%mimo_test",
    "Let the model write pytest tests for a function, and run them after you approve them.",
    """
    %mimo_test total

The model gets the function with the definitions and imports that it needs. The tests run in a process of their own, with
limits of time and memory and without your API keys. What fails goes back to the model once. An unattended run is refused.
The value has .passed, .failed, .code and .output.""",
    (_TEST_COMMAND,),
)
_TEST_CELL = Magic(
    "%%mimo_test",
    "Let the model write the tests that the text below asks for.",
    """
    %%mimo_test total
    Test empty lists and negative numbers.

The options and the rest are those of %mimo_test.""",
    (_TEST_COMMAND,),
)
_COMPARISON_OPTIONS_BY_FLAG = {flag: option for option in COMPARISON_OPTIONS for flag in option.all_flags}
_CHECK = Magic(
    "%%mimo_check",
    "Check a prompt function: call it for each case, and run assert statements for each reply.",
    """
    %%mimo_check classify --cases cases --repeat 3
    assert value["label"] == case["label"]
    assert len(reply.text) < 200
    assert judge("Is it polite?", reply, label=case["polite"])

The cases are a list of dicts or a data frame, with a column for each slot of the prompt. Each line is a plain assert
statement over case, value and reply. It runs in your kernel, like the code of any cell. judge() asks a model; it
counts only if rows have a label of yours. The value has .rows, .rates and .to_dataframe().""",
    (
        Command(
            "[NAME]",
            "Check this prompt function.",
            (
                Option(("--cases",), "Variable with the cases.", {"metavar": "NAME"}),
                Option(
                    ("--repeat",),
                    "Number of calls for each case; it passes if all of them pass.",
                    {"metavar": "N", "type": int},
                ),
                _COMPARISON_OPTIONS_BY_FLAG["--model"],
                Option(("--judge-model",), "Model of judge().", {"metavar": "ID"}),
                _COMPARISON_OPTIONS_BY_FLAG["--at-once"],
                _COMPARISON_OPTIONS_BY_FLAG["--ask-above"],
                _OUT_VALUE,
            ),
        ),
    ),
)
_MAP = Magic(
    "%%mimo_map",
    "Send a prompt for each row of a frame, a list or a file.",
    """
    %%mimo_map df --schema 'label, reason' --out labels
    Is this review praise or a complaint?

    {text}

Words in braces are columns; {row["first name"]} works for any name. The rows are a data frame or series of pandas or
polars, a list, dicts, an iterator, or the path of a CSV, TSV or Parquet file. Rows see the settings, but no history. A row
that fails is a value with an error. Results are saved while the run goes on: run the cell again to send what is missing or
failed. --dry-run shows the plan and --sample 5 tries it. The value has .output, .failed, .to_frame() and .retry_failed().""",
    (Command("[ROWS]", "Run over these rows.", MAP_OPTIONS),),
)
_USAGE = Magic(
    "%mimo_usage",
    "Show the token usage and the cost of a session.",
    """
Cached input tokens are shown as a share. Costs are estimates from a dated table; %mimo_config prices=… changes it.
_.to_frame() returns all turns as a pandas frame.""",
    (Command("[SESSION]", "Show the usage of this session, or of the current one."),),
)

MAGICS = {
    magic.name: magic
    for magic in (
        *(_PROMPT_CELL, _PROMPT_LINE, _COMPARISON_CELL, _COMPARISON_LINE, _CONFIG, _MODELS, _PANEL, _TOOLS),
        *(_SESSION, _PROMPTS, _TAPE, _USAGE, _SPEAK_CELL, _SPEAK_LINE, _TRANSCRIBE, _FIX_LINE, _FIX_CELL),
        *(_TEST_LINE, _TEST_CELL, _CHECK, _MAP),
    )
}
