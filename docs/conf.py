"""How the documentation is built: ``make docs``."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

import chainrule  # noqa: E402

project = "chainrule"
author = "The chainrule developers"
copyright = "The chainrule developers, BSD-3-Clause"
version = release = chainrule.__version__

extensions = [
    "examples",  # runs the pages' examples
    "inserted",
    "mathematics",
    "reference",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
]
exclude_patterns = ["_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "autolink"
smartquotes = False  # quotes of strings are to be copied as they are

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_block"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # the-post.md counts its slips with headings of the fourth level

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say more: shape, unit, range
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "chainrule"
html_static_path = ["_static"]
html_css_files = ["chainrule.css"]
html_favicon = "_static/favicon.svg"
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # it fetches pages, which a browser forbids for a site opened as files
html_theme_options = {
    "logo": {"text": "chainrule"},
    "navbar_center": [],
    "article_header_start": [],
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "back_to_top_button": False,
}
templates_path = ["_templates"]
html_sidebars = {"**": ["navigation"]}
