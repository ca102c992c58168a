"""The console `/console` (contract 5.5): what QA looks at all day, in the browser.

`frame` is around every page: navigation, merchant filter, language, the emulator's time. `access` asks for the control token once,
`live` tells open windows that something has happened.

To add a page:

1. Write a module with its views on `frame.blueprint` and a row for the navigation:
   `PAGE = Page("clock", "M12 7v5l3 2")`. The name is that of its first view, so that `/console/clock` is the
   view `clock`, and of the text in the navigation. What its pages say is in `languages/en.json` and
   `zh.json`, in a section of `console`; `common` is for all pages. A view answers
   `show("clock", "clock", …)`: a template in `templates/console/`, and the page that is current in the navigation.
2. Add the module to `NAVIGATION` below, where it belongs in the navigation.
3. The template extends `console/base.html`. What is to follow events by itself is in an element with an `id` and `data-part`, and the view
   says which events it follows: `follows="order notification request"`; the page is then asked for again, and the part takes over what is
   different, its children by their `data-key`. Links are made by `to("order", order_id=7)`, which keeps the merchant filter; what has a
   button to copy it, a state or a time is a macro in `console/parts.html`.
4. A change is a POST form: `{{ parts.act(to("do", …), text) }}`. Its view does it and answers `go_on(address, sentence)`, or
   `go_on(address, sentence, good=False)` when it was refused: 303, and the next page says the sentence. Posts of other sites, and of
   browsers without the token, never reach a view.
"""
from . import (
    access, cards, clock, inputs, journal, live, merchants, notifications, order, orders, scenarios,
    settlement, terminals, try_it)
from .frame import NAVIGATION, blueprint

NAVIGATION.extend(module.PAGE for module in (
    orders, notifications, journal, try_it, terminals, scenarios, clock, cards, settlement, merchants))

__all__ = ["NAVIGATION", "access", "blueprint", "inputs", "live", "order"]
