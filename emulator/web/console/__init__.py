"""The console `/console`, for QA: orders, notifications, the journal, and everything that can be changed.

`frame` is around every page: navigation, merchant filter, language, the emulator's time. `access` asks for
the control token once, `live` tells open windows that something has happened.

To add a page:

1. Write a module with its views on `frame.blueprint` and a row for the navigation: `PAGE = Page("clock",
   "M12 7v5l3 2")`. The name is that of its first view, so that `/console/clock` is the view `clock`, and
   that of its text in the navigation. Its texts are in `languages/en.json` and `zh.json`, in a section of
   `console`; `common` is for all pages. A view answers `show("clock", "clock", …)`: a template in
   `templates/console/`, and the page that is current in the navigation.
2. Add the module to `NAVIGATION` below, at its place.
3. The template extends `console/base.html`. A part that follows events by itself is in an element with an
   `id` and `data-part`, and the view names these events: `follows="order notification request"`. The page
   is then loaded again, and the part takes over what differs, its children by their `data-key`. Links are
   made by `to("order", order_id=7)`, which keeps the merchant filter. `console/parts.html` has macros for
   copy buttons, states and times.
4. A change is a POST form: `{{ parts.act(to("do", …), text) }}`. Its view makes the change and answers
   `go_on(address, sentence)`, or `go_on(address, sentence, good=False)` when it was refused: 303, and the
   next page shows the sentence. Posts of other sites, and of browsers without the token, never reach a
   view.
"""
from . import (
    access, cards, clock, inputs, journal, live, merchants, notifications, order, orders, scenarios,
    settlement, terminals, try_it)
from .frame import NAVIGATION, blueprint

NAVIGATION.extend(module.PAGE for module in (
    orders, notifications, journal, try_it, terminals, scenarios, clock, cards, settlement, merchants))

__all__ = ["NAVIGATION", "access", "blueprint", "inputs", "live", "order"]
