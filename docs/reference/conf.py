"""What `make reference` reads: the pages are made of the package's own docstrings."""

from ses_secure_user import __version__

project = "ses-secure-user"
release = __version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
html_theme = "furo"
html_title = f"{project} {release}"
html_show_copyright = False
default_role = "py:obj"  # a name in single backticks is a link where it is documented here
autodoc_class_signature = "separated"  # of the constructor: jsii gives each class another that takes anything
autodoc_member_order = "bysource"
maximum_signature_line_length = 80
autodoc_preserve_defaults = True
