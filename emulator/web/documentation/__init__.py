"""The documentation `/docs`: the pages of the folder `docs`, in the look of the console, with a search.

It shows nothing of the emulator's state, so it needs no control token.

    pages     the subjects, and the files of their pages
    markdown  a page in Markdown as HTML and as sections
    search    finds sections by words
    views     the views

The modules that read pages are loaded when a page is asked for. A test holds `docs` to what they expect.
"""
from .views import blueprint

__all__ = ["blueprint"]
