"""Translation: every text of the interface in Traditional Chinese, and saved data in English."""

import ast
import copy
import json
import pickle
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from string import Formatter

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from support.kernel import Kernel
from support.meters import Meter
from support.paths import PACKAGE
from support.peer import KEY, Answer, Peer, error, obey, reply, stream

from mimo_magics.core.errors import BadOption, InvalidApiKey
from mimo_magics.core.events import PendingApproval, ReasoningDelta, Retrying, ToolCallStart, ToolProgress
from mimo_magics.core.i18n import Translatable, join_translatables, translatables, translate
from mimo_magics.core.i18n_zh_tw import TRANSLATIONS
from mimo_magics.core.messages import Message, Params, Reply, TextPart, ToolCall, Usage, user_message
from mimo_magics.core.settings import Settings
from mimo_magics.display.live.tool_cards import StepGroup
from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.display.progress import ReplyProgress
from mimo_magics.document import reply as reply_document, table
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.panel.panel import Panel, close_all
from mimo_magics.session.storage.notebook_reader import read_histories
from mimo_magics.session.storage.turn_record import add_notices, build_record
from mimo_magics.session.turn import Turn

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "i18n.py")


@pytest.fixture(autouse=True)
def _in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Translatable, "language", "en")


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Translatable, "language", "zh-TW")


# The catalog


def literals(node: ast.expr) -> Iterator[str]:
    """Yield a literal, or both literals of a conditional expression."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from literals(one)
            yield from literals(other)


def forms(module: Path) -> Iterator[str]:
    """Yield the templates that a module passes to `Translatable`, `translate` and `translatables`."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="Translatable" | "translate"), args=[form, *_]):
                yield from literals(form)
            case ast.Call(func=ast.Name(id="translatables"), args=several):
                for form in several:
                    yield from literals(form)


def placeholders(form: str) -> set[tuple[str, str, str]]:
    """Return the names, formats and conversions of the placeholders."""
    parts = Formatter().parse(form)
    return {(name, spec or "", how or "") for _, name, spec, how in parts if name is not None}


USED = {form for module in MODULES for form in forms(module)} - {""}
HELPS = {setting.metadata["help"] for setting in fields(Settings)}


def test_the_catalog_has_exactly_the_translatable_texts() -> None:
    assert (USED | HELPS) ^ TRANSLATIONS.keys() == set()


def test_the_placeholders_are_the_same_in_both_languages() -> None:
    assert [
        form for form, translation in TRANSLATIONS.items() if placeholders(form) != placeholders(translation)
    ] == []


def test_no_text_is_twice_in_the_catalog() -> None:
    tree = ast.parse((PACKAGE / "core" / "i18n_zh_tw.py").read_text(encoding="utf-8"))
    (keys,) = (node.keys for node in ast.walk(tree) if isinstance(node, ast.Dict))
    assert len(keys) == len(TRANSLATIONS)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_translatable_templates_are_literals(module: Path) -> None:
    """The catalog cannot contain an f-string or a concatenation."""
    calls = [
        node
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("Translatable", "translate", "translatables")
    ]
    made = [ast.unparse(call) for call in calls if isinstance(call.args[0], ast.JoinedStr | ast.BinOp)]
    assert made == []


# Translation


def test_a_translatable_is_the_english_string_until_it_is_translated(chinese: None) -> None:
    text = Translatable("There is no turn {number}.", number=3)
    assert (str(text), f"{text}", json.dumps(text)) == (
        "There is no turn 3.",
        "There is no turn 3.",
        '"There is no turn 3."',
    )
    assert translate(text) == "沒有第 3 回合。"


def test_translatable_values_are_translated_too(chinese: None) -> None:
    expected = Translatable("a number")
    text = Translatable(
        "{name} must be {expected}, not {value}.", name="top_p", expected=expected, value="'x'"
    )
    assert (str(text), translate(text)) == (
        "top_p must be a number, not 'x'.",
        "top_p 必須是數字，不能是 'x'。",
    )
    assert translate(join_translatables(" · ", [expected, "GPT"])) == "數字 · GPT"


def test_untrusted_values_are_not_translated(chinese: None) -> None:
    assert translate("Calling {name}", name="Run") == "正在呼叫 Run"
    assert translate("Calling {name}", name="{0.__class__} {name}") == "正在呼叫 {0.__class__} {name}"
    assert translate("{0.__class__} {name}") == "{0.__class__} {name}"


def test_a_text_without_a_translation_stays_english(chinese: None) -> None:
    assert translate(Translatable("A text for {name}.", name="this test")) == "A text for this test."


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_of_translatables_can_be_translated(chinese: None, copied: object) -> None:
    assert callable(copied)
    assert translate(copied(Translatable("There is no turn {number}.", number=3))) == "沒有第 3 回合。"


def test_the_reason_of_a_retry_is_translated(chinese: None) -> None:
    event = Retrying(
        2, 4, 1.5, Translatable("{host} closed the connection without sending a response.", host="h")
    )
    assert (
        str(event)
        == "h closed the connection without sending a response. · retrying in 1.5 s, attempt 2 of 4"
    )
    assert translate(str(event)) == "h 未傳送回應就關閉了連線。 · 1.5 秒後重試，第 2 次，共 4 次"


def test_the_progress_line_is_translated(chinese: None) -> None:
    progress, meter = ReplyProgress(), Meter(lambda: 0.0)
    progress.start({0: meter})
    assert progress.line == "等待模型… 0 秒"
    meter.feed(ReasoningDelta("Hm."))
    progress.feed(ReasoningDelta("Hm."))
    assert progress.line == "推理中… 0 秒 · 0.0 秒後出現第一個 token"


def test_the_approval_buttons_are_translated(chinese: None) -> None:
    steps = StepGroup(WidgetFactory(), lambda: 0.0)
    steps.feed(ToolCallStart(0, "a", "weather"))
    steps.feed(ToolProgress(0, "waiting", approval=PendingApproval(ToolCall("a", "weather"))))
    steps.paint()
    (card,) = steps._cards.values()
    *buttons, reason = card.box.children[2].children
    assert steps._heading.description == "等待你的核准… 0 秒"
    assert [button.description for button in buttons] == ["核准", "此工作階段一律核准", "拒絕"]
    assert reason.placeholder == "理由（會傳給模型）"


# Errors


def test_an_error_is_english_in_logs_and_translated_in_notebooks(chinese: None) -> None:
    with pytest.raises(BadOption) as caught:
        Settings(thinking="maybe")
    refused = caught.value
    assert (str(refused), refused.hint) == (
        "thinking must be on or off, not 'maybe'.",
        "Turn thinking on or off.",
    )
    assert refused._render_traceback_() == [
        "\x1b[31mBadOption\x1b[0m: thinking 必須是 on 或 off，不能是 'maybe'。",
        "開啟或關閉推理。",
    ]


def test_the_hint_is_translated_after_a_key_was_redacted(chinese: None) -> None:
    refusal = InvalidApiKey("HTTP 401: sk-secret is wrong", status=401)
    refusal.redact("sk-secret")
    assert refusal.lines == (
        "HTTP 401: (the key) is wrong",
        "請檢查 MIMO_API_KEY 中的 API 金鑰。每個主機與方案都有各自的金鑰。",
    )


def test_a_key_in_a_value_is_redacted_in_every_language(chinese: None) -> None:
    refusal = InvalidApiKey(Translatable("The file {file} cannot be read.", file="sk-secret"), status=401)
    refusal.redact("sk-secret")
    assert refusal.lines[0] == "The file (the key) cannot be read."


# Tables


def test_column_headings_are_translated_and_untrusted_cells_are_not(chinese: None) -> None:
    shown = table.table_bundle(
        translatables("tool", "source"), [("Run", Translatable("function"))], numeric_columns=("source",)
    )
    assert shown["text/plain"] == "工具  來源\nRun   函式"
    assert '<th align="right">來源</th>' in shown["text/html"]


# The settings store


def test_the_settings_store_sets_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    config = MimoConfig()
    config.write("language", "zh-TW")
    assert (Translatable.language, translate("Stop")) == ("zh-TW", "停止")
    config.reset("language")
    assert (Translatable.language, translate("Stop")) == ("en", "Stop")
    monkeypatch.setenv("MIMO_LANGUAGE", "zh-TW")
    MimoConfig()
    assert Translatable.language == "zh-TW"


def test_an_unknown_language_is_an_error_and_changes_nothing() -> None:
    with pytest.raises(BadOption) as caught:
        MimoConfig().write("language", "fr")
    assert str(caught.value) == "language must be one of en, zh-TW, not 'fr'."
    assert Translatable.language == "en"


# Saved data


NOTICES = [
    Translatable("The server does not support {name}; the request was repeated without it.", name="seed")
]


def output(turn: Turn) -> dict[str, object]:
    data = reply_document.reply_bundle(turn.reply, notices=NOTICES)
    return {
        "output_type": "display_data",
        "data": data,
        "metadata": {"mimo": add_notices(build_record(turn, session="main"), NOTICES)},
    }


def test_a_notebook_saved_in_chinese_has_the_same_session_as_in_english(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = Message("assistant", (TextPart("Four."),))
    answer = Reply(message, Usage(3, 1), "length", "m", notes=tuple(NOTICES))
    turn = Turn(user_message("2 + 2?"), answer, Params("m"), "mimo-v2", "openai", 1.0, id="t1", cell="a")
    saved, read = {}, {}
    for language in ("en", "zh-TW"):
        monkeypatch.setattr(Translatable, "language", language)
        cell = {"cell_type": "code", "id": "a", "outputs": [output(turn)]}
        saved[language] = json.dumps({"cells": [cell]})
    for language in ("en", "zh-TW"):
        monkeypatch.setattr(Translatable, "language", language)
        read[language] = [read_histories(json.loads(text)) for text in saved.values()]
    assert "達到輸出上限而截斷" in json.loads(saved["zh-TW"])["cells"][0]["outputs"][0]["data"]["text/html"]
    (first, *others) = read["en"] + read["zh-TW"]
    assert first.sessions["main"].turns == (turn,)
    assert all(found == first for found in others)


# The panel


def test_the_labels_of_the_panel_are_translated_and_setting_names_are_not() -> None:
    config = MimoConfig()
    config.write("language", "zh-TW")
    shell = InteractiveShell.instance()
    shell.display_pub, before = CapturingDisplayPublisher(), shell.display_pub
    try:
        board = Panel(config, shell).open()
        rows = board.rows
        assert rows["thinking"].control.box.options == ("伺服器預設", "on", "off")
        assert rows["temperature"].control.box.description == "temperature"
        assert rows["temperature"].control.box.tooltip == "取樣溫度：愈高愈隨機。MiMo 模型推理時沒有作用。"
        assert rows["temperature"].default_button.button.description == "預設"
        rows["system"].control.box.children[0].value = "MiMo 英文"
        assert config.system == "mimo"
        rows["thinking"].control.box.value = "off"
        assert config.thinking is False
    finally:
        close_all()
        shell.display_pub = before


# Cells


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def kernel(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    around = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{server.url}/v1", "MIMO_SYSTEM": "none"}
    with Kernel(folder, **around) as kernel:
        assert kernel.run("%load_ext mimo_magics").status == "ok"
        yield kernel


def cut_short(seen: object) -> Answer:
    return stream(seen, reply("Half", stop="length"))


def test_a_kernel_shows_chinese_until_the_language_is_reset(kernel: Kernel, server: Peer) -> None:
    def shown() -> tuple[str, str, list[str]]:
        server.script = cut_short
        page = kernel.run("%%mimo --new\nhello").outputs[-1]["data"]["text/html"]
        server.script = obey
        tables = kernel.run("%mimo_session").documents[-1].partition("\n")[0]
        server.script = lambda _: error(401)
        return page, tables, kernel.run("%%mimo --new\nhello").error

    english = shown()
    assert kernel.run("%mimo_config language=zh-TW").documents[-1].startswith("設定")
    page, tables, failure = shown()
    assert "達到輸出上限而截斷；請提高 --max-tokens" in page
    assert "推理" in page
    assert "truncated" not in page
    assert tables.split() == ["工作階段", "回合數", "分支數", "輸入", "token", "輸出", "token", "檔案"]
    assert failure[0] == english[2][0]
    assert failure[1] == "請檢查 MIMO_API_KEY 中的 API 金鑰。每個主機與方案都有各自的金鑰。"
    assert kernel.run("%%mimo --format markdwn\nhello").error == [
        "BadOption: --format 的值 'markdwn' 無效。",
        "你是指 markdown 嗎？",
    ]
    assert kernel.run("%%mimo --temprature 1\nhello").error[-1] == "你是指 --temperature 嗎？"
    assert kernel.run("%mimo_config --reset language").documents[-1].startswith("setting")
    after_reset = shown()
    assert after_reset[1:] == english[1:]
    assert "truncated at the output limit" in after_reset[0]
    assert [text for text in ("推理", "達到") if text in after_reset[0]] == []
