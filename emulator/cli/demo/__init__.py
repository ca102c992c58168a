"""`tgpay-emulator demo`: the document's own examples against a real server, a real receiver and a buyer's
browser.
"""
import signal
from collections.abc import Sequence
from subprocess import Popen
from typing import Any

from ...signing.merchant_client import Receiver
from .cards import CASHIER
from .examples import QR, WEBSITE
from .program import STEPS
from .screen import Screen
from .stage import NoServer, Stage, Step, server


def run(once: bool, steps: Sequence[Step] = STEPS) -> int:
    """Run the steps and return the exit status: 0 when all checks held, else 1.

    Unless `once`, the server then keeps running until Ctrl-C.
    """
    screen, receiver, before = Screen(), Receiver(), signal.signal(signal.SIGTERM, _end)
    try:
        with server(receiver) as (url, process):
            stage = Stage(url, screen, receiver)
            screen.line(f"TGPay Emulator answers at {url}/v2/", "bold")
            status = perform(stage, steps)
            if not once:
                _stay(stage, process)
            return status
    except NoServer as problem:
        screen.check(False, str(problem))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        receiver.close()
        signal.signal(signal.SIGTERM, before)


def perform(stage: Stage, steps: Sequence[Step]) -> int:
    """Run the steps one after another and return the status.

    A step that fails does not stop the next ones.
    """
    for number, step in enumerate(steps, 1):
        stage.screen.title(number, len(steps), step.section, step.title)
        try:
            step.act(stage)
        except Exception as problem:  # the other steps are still worth seeing
            stage.holds(False, f"{type(problem).__name__}: {problem}")
        stage.screen.note(step.notification)
    stage.screen.line()
    stage.screen.check(not stage.failures,
                       f"{stage.checks - stage.failures} of {stage.checks} checks in {len(steps)} steps "
                       f"passed")
    return 1 if stage.failures else 0


def _stay(stage: Stage, process: "Popen[str]") -> None:
    """Create new orders that the user can pay, and wait for Ctrl-C."""
    prefix = {"merchants_id": "202012177001"}
    scan = stage.ask("tgpayqrcode",
                     {**QR, **prefix, "out_trade_no": "202012177001_to_pay", "trans_amount": "12.50"})
    desk = stage.ask("tgpayh5",
                     {**WEBSITE, "out_trade_no": "202012177001_to_scan", "return_url": f"{stage.url}/"})
    card = stage.ask("tgpaybankcard", {**CASHIER, "out_trade_no": "202109200001_to_pay",
                                       "trans_amount": "48.50", "trans_timeout": "600",
                                       "redirect_url": f"{stage.url}/"})
    stage.screen.line()
    for url, what in ((f"{stage.url}/", "the home page"), (scan["qr_code"], "an order to pay in the wallet"),
                      (desk["pay_url"], "an order to pay on a desktop"),
                      (card["pay_url"], "an order to pay by card"),
                      (f"{stage.url}/demo", "the sales demo: shop, buyer and gateway side by side"),
                      (f"{stage.url}/console", "the console: all orders, requests and findings")):
        stage.screen.line(f"{url}  {what}")
    try:
        stage.screen.line("Press Ctrl-C to stop.", "bold")
        process.wait()
    except KeyboardInterrupt:
        stage.screen.line()


def _end(number: int, frame: Any) -> None:
    raise SystemExit(128 + number)
