"""Configuration of the documentation site: `make docs`.

The source is the whole repository, so a link leads to the same page on the site and on GitHub.
"""

import sys
from pathlib import Path

import mimo_magics

sys.path.insert(0, str(Path(__file__).parent))

project = "mimo-magics"
author = "the mimo-magics developers"
version = release = mimo_magics.__version__
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "notebooks/*.ipynb",
    "notebooks/zh-TW/*.ipynb",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
]
exclude_patterns = [".*", "build", "dist", "notebooks/executed"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "from_code"]

nitpicky = True
# Types of other packages have no page. Links between pages are all checked.
nitpick_ignore_regex = [("py:.*", r".*")]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# The site shows the saved outputs. Tests compare them with their tapes.
nb_execution_mode = "off"
nb_merge_streams = True
nb_render_error_lexer = "none"
highlight_language = "none"
suppress_warnings = ["mystnb.unknown_mime_type"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autoclass_content = "class"

html_theme = "furo"
html_title = f"mimo-magics {release}"
# A page that redirects from the root of the site to the first page.
html_extra_path = ["site"]
html_copy_source = False
html_show_sourcelink = False
