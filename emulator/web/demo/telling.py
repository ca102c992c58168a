"""Begins stories, and performs the actions of their steps."""
from ...domain import merchants
from ...operations import seeding
from ..emulator import Emulator
from .clerk import MERCHANT
from .stage import BY_DEMO, NAME, TROUBLE, Stage, Stuck, enter
from .stories import Step, Story


def begin(here: Emulator, address: str, story: Story) -> None:
    """Reset the shop, and go to the first step of a story; `address` is the server's URL."""
    with here.units.begin(BY_DEMO) as unit:
        tables = unit.tables
        made = {**merchants.new_settings(MERCHANT, here.settings.seed), "name": NAME}
        seeding.make(tables, MERCHANT, made, ())
        seeding.reset(tables, here.settings, MERCHANT)
        tables.merchants.change(MERCHANT, {**made, "notify_url": f"{address}/demo/notify"})
        enter(tables, story.name, 0, 0, len(story.steps))
        tables.wake()


def act(stage: Stage, step: Step) -> None:
    """Perform the action of a step. If it fails, record why in the notebook and go back one step."""
    try:
        step.act(stage)
    except Stuck as stuck:
        stage.give_up()
        stage.write(TROUBLE, {"text": stuck.args[0]})
    except OSError:
        stage.give_up()
        stage.write(TROUBLE, {"text": "demo_no_answer"})
    except BaseException:
        stage.give_up()
        raise
