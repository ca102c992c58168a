"""The console `/console`, for testers: orders, notifications, the journal, and all that can be changed.

`frame` makes the frame of every page: navigation, merchant filter, language, the emulator's time. `access`
asks for the control token once. `live` informs open windows about changes.

To add a page:

1. Write a module with its views on `frame.blueprint` and a row for the navigation: `PAGE = Page("clock",
   "M12 7v5l3 2")`. The name is the name of its first view, here the view `clock` at `/console/clock`, and
   also the key of its text in the navigation. Its texts are in `languages/en.json` and `zh.json`, in a
   section of `console`; the section `common` is for all pages. A view returns `show("clock", "clock", …)`
   with the name of a template in `templates/console/` and the page that is current in the navigation.
2. Add the module to `NAVIGATION` below, at its place.
3. The template extends `console/base.html`. A part that updates itself is an element with an `id` and
   `data-part`, and the view names the events that update it: `follows="order notification request"`. At such
   an event the page is loaded again, and the part takes over the differences; its children are matched by
   `data-key`. Make links with `to("order", order_id=7)`, which keeps the merchant filter.
   `console/parts.html` has macros for copy buttons, states and times.
4. A change is a POST form: `{{ parts.act(to("do", …), text) }}`. Its view makes the change and returns
   `go_on(address, sentence)`, or `go_on(address, sentence, good=False)` if the change was refused. The
   response is a redirect (303), and the next page shows the sentence. POSTs from other sites, and from
   browsers without the token, never reach a view.
"""
from . import (
    access, cards, clock, findings, inbox, inputs, journal, live, merchants, notifications, order, orders,
    reference, scenarios, settlement, settlement_check, terminals, transfer, try_it)
from .frame import NAVIGATION, blueprint

NAVIGATION.extend(module.PAGE for module in (
    orders, notifications, inbox, journal, findings, try_it, terminals, scenarios, clock, settlement,
    merchants, cards, reference))

__all__ = ["NAVIGATION", "access", "blueprint", "inputs", "live", "order", "settlement_check", "transfer"]
