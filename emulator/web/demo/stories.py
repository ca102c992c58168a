"""The stories, as data: each step has a caption to be read aloud, in English and Chinese, what is done when it is entered, and what the
buyer sees then."""
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from . import acts
from .goods import GOODS, Good
from .stage import Position, Stage


class Sight(StrEnum):
    """What is in the middle of the stage."""

    GOODS = "goods"  # what the buyer has chosen
    CODE = "code"  # the QR code of the order, as the counter shows it
    PHONE = "phone"  # the payment code on the buyer's phone
    EMPTY = "empty"  # the payment code of a buyer without money
    ORDER = "order"  # the page of the order: wallet, cashier, issuer or terminal


@dataclass(frozen=True)
class Step:
    """A row of a story."""

    sight: Sight
    english: str
    chinese: str
    act: Callable[[Stage], None] = acts.nothing

    def caption(self, language: str) -> str:
        """What the person who tells the story says."""
        return self.chinese if language == "zh" else self.english


@dataclass(frozen=True)
class Story:
    """A story with what is bought in it."""

    name: str
    english: str
    chinese: str
    basket: tuple[str, ...]
    steps: tuple[Step, ...]

    def title(self, language: str) -> str:
        """Its name on the page."""
        return self.chinese if language == "zh" else self.english

    @property
    def goods(self) -> list[Good]:
        """What is bought."""
        return [GOODS[name] for name in self.basket]


COUNTER = Story("counter", "QR code at the counter", "柜台二维码", ("tea", "cakes"), (
    Step(Sight.GOODS, "A customer brings jasmine tea and moon cakes to the counter. Together they cost eight pounds.",
         "顾客拿着茉莉花茶和月饼来到柜台，一共八英镑。"),
    Step(Sight.CODE, "The till asks the gateway for a QR code. The request is signed, and so is the answer. The customer scans the "
                     "code with a phone.",
         "收银机向网关申请二维码。请求带签名，应答也带签名。顾客用手机扫码。", acts.ask_for_a_code),
    Step(Sight.ORDER, "The wallet opens on the customer's phone, with the name of the shop and the price in yuan. One touch pays.",
         "顾客的手机上打开钱包，显示店名和折算后的人民币金额。点一下即可付款。"),
    Step(Sight.ORDER, "The customer has paid. The gateway writes it down, and tells the shop with a signed notification.",
         "顾客已付款。网关记下这笔交易，并用带签名的通知告诉商家。", acts.pay_in_the_wallet),
    Step(Sight.ORDER, "The shop checks the signature and the amount of the notification. Only now does it believe that it is paid, and hands "
                      "over the tea.",
         "商家核对通知的签名和金额，无误才相信已经收款，把茶交给顾客。")))

BARCODE = Story("barcode", "The shop scans the phone", "商家扫付款码", ("teapot",), (
    Step(Sight.GOODS, "A customer would like a teapot for eighteen pounds fifty.", "一位顾客想买一把茶壶，十八英镑五十便士。"),
    Step(Sight.PHONE, "The customer opens the wallet and shows a payment code: as a barcode, and as a QR code for newer scanners.",
         "顾客打开钱包，出示付款码：既有条形码，也有供新式扫码枪使用的二维码。"),
    Step(Sight.ORDER, "The till scans the code and sends it to the gateway. The answer comes at once: paid. A notification follows all the same.",
         "收银机扫码后发给网关，应答立刻返回：已付款。随后仍会有通知。", acts.charge_the_phone),
    Step(Sight.EMPTY, "The next customer wants the same teapot. The code looks like any other, but the account is empty.",
         "下一位顾客也要同样的茶壶。付款码看上去没有不同，但账户里没有钱。"),
    Step(Sight.ORDER, "The gateway answers that it has processed the request, and that the payment failed. A careless shop reads only the "
                      "first and gives the teapot away. Ours keeps it.",
         "网关回答：请求已处理，但付款失败。粗心的商家只看前半句，就把茶壶送了出去；我们的商家没有。", acts.charge_an_empty_account)))

CARD = Story("card", "Card with 3-D check", "银行卡与 3D 验证", ("teapot", "fan"), (
    Step(Sight.GOODS, "In the web shop a customer orders a teapot and a silk fan, for thirty pounds fifty.",
         "一位顾客在网店订购一把茶壶和一把绢扇，共三十英镑五十便士。"),
    Step(Sight.ORDER, "The shop sends the customer to the cashier's page of the gateway. The shop itself never sees the card.",
         "商家把顾客带到网关的收银台页面。商家自始至终看不到卡号。", acts.ask_for_the_cashier),
    Step(Sight.ORDER, "The bank wants to be sure who is paying, and asks for a one-time code. Until it is typed, the payment is pending.",
         "发卡行要确认付款人是谁，要求输入一次性验证码。输入之前，付款处于处理中。", acts.present_the_card),
    Step(Sight.ORDER, "The code is right, and the bank approves. The customer sees that the payment was successful.",
         "验证码正确，发卡行批准。顾客看到支付成功。", acts.type_the_code),
    Step(Sight.ORDER, "The shop has heard it too, in a notification whose signature is right. It packs the parcel.",
         "商家也收到了签名正确的通知，开始打包发货。")))

TERMINAL = Story("terminal", "Card terminal: declined, then paid", "刷卡终端：先拒绝后成功", ("fan", "tea"), (
    Step(Sight.GOODS, "A customer would like to pay for a silk fan and tea by card, sixteen pounds eighty.",
         "一位顾客想刷卡购买绢扇和茶叶，共十六英镑八十便士。"),
    Step(Sight.ORDER, "The till hands the amount to the card terminal. The gateway answers 202: accepted, which is not yet paid. The "
                      "customer taps a card.",
         "收银机把金额发给刷卡终端。网关回答 202：已受理，但还没有付款。顾客挥卡。", acts.hand_to_the_terminal),
    Step(Sight.ORDER, "The bank declines. The till asks for the result, hears it, and keeps the goods.",
         "发卡行拒绝了。收银机查询结果，得知未付款，货物留在店里。", acts.decline_at_the_terminal),
    Step(Sight.ORDER, "The customer takes another card. After a decline the same order number may be used again.",
         "顾客换了一张卡。被拒绝之后，同一个订单号可以再次使用。", acts.hand_to_the_terminal),
    Step(Sight.ORDER, "This time the bank approves, and the terminal prints the receipt. The till knows it by its query and by the notification.",
         "这一次发卡行批准了，终端打印签购单。收银机通过查询和通知都得知了结果。", acts.approve_at_the_terminal)))

LOST = Story("lost", "A lost answer, saved by the query", "应答丢失，查询补救", ("teapot", "tea"), (
    Step(Sight.GOODS, "A teapot and tea, twenty-three pounds thirty. It is a busy day, and the line to the gateway is bad.",
         "一把茶壶和一罐茶叶，二十三英镑三十便士。今天生意繁忙，通往网关的线路不稳定。"),
    Step(Sight.PHONE, "The customer shows a payment code. We let the line break at the worst moment: after the payment, before the answer.",
         "顾客出示付款码。我们让线路在最糟的一刻中断：付款之后、应答之前。", acts.break_the_line),
    Step(Sight.ORDER, "The till hears nothing. Is it paid? To charge again might take the money twice; to give the goods away might be for "
                      "nothing.",
         "收银机什么也没收到。付款了吗？再收一次可能重复扣款，直接交货可能白送。", acts.charge_the_phone),
    Step(Sight.ORDER, "So the till asks, with the same order number. The gateway answers: paid, once. Nobody has lost anything.",
         "于是收银机用同一个订单号查询。网关回答：已付款，只有一笔。谁都没有损失。", acts.mend_the_line)))

STORIES = (COUNTER, BARCODE, CARD, TERMINAL, LOST)


def named(name: str) -> Story | None:
    """A story by its name."""
    return next((story for story in STORIES if story.name == name), None)


def told(where: Position) -> tuple[Story, Step]:
    """The story of a position, and its step."""
    story = named(where.story) or COUNTER
    return story, story.steps[min(where.step, len(story.steps) - 1)]
