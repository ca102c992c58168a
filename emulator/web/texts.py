"""What the payer's pages say: one row a text, English and Chinese."""
from collections.abc import Iterable, Mapping

ROWS = (
    ("simulator", "Simulator: no real money", "模拟环境，不涉及真实资金"),
    ("pay", "Pay", "确认付款"),
    ("not_enough", "Not enough money", "余额不足"),
    ("cancel", "Cancel", "取消"),
    ("rate", "Rate", "汇率"),
    ("payer", "Payer", "付款人"),
    ("order", "Order", "订单号"),
    ("left", "Time left", "剩余时间"),
    ("paid", "Paid", "支付成功"),
    ("closed", "This order is closed", "订单已关闭"),
    ("declined", "The payment did not go through. You can try again.", "付款未成功，可以重试。"),
    ("BUYER_BALANCE_NOT_ENOUGH", "Your balance is not enough. You can try again.", "余额不足，可以重试。"),
    ("waiting", "Scan with your phone to pay", "请用手机扫码付款"),
    ("here", "Pay on this computer instead", "在本机付款"),
    ("back", "Back to the shop", "返回商家"),
    ("not_found", "There is no such page", "页面不存在"),
    ("not_found_more", "The order may belong to an emulator that was reset.", "订单可能属于已重置的模拟器。"),
    ("refunded", "Refunded", "已退款"),
    ("go_on", "Continue to payment", "继续付款"),
    ("alipay", "Alipay", "支付宝"),
    ("wechat", "WeChat Pay", "微信支付"),
    ("other_language", "中文", "English"),
    ("paid_at", "Paid at", "支付时间"),
    ("trade", "Trade number", "交易号"),
    ("cashier", "Card payment", "银行卡支付"),
    ("amount_due", "Amount", "金额"),
    ("goods", "For", "商品"),
    ("to", "To", "商家"),
    ("card_number", "Card number", "卡号"),
    ("month", "Month", "月"),
    ("year", "Year", "年"),
    ("valid_through", "Valid through", "有效期"),
    ("cvv", "Security code", "安全码"),
    ("first_name", "First name", "名"),
    ("last_name", "Last name", "姓"),
    ("wrong_number", "This is no card number", "卡号不正确"),
    ("wrong_validity", "The card has expired, or this is no month and year", "卡已过期，或月份年份不正确"),
    ("wrong_cvv", "The security code of this card has # digits", "此卡的安全码为 # 位数字"),
    ("not_taken", "The card was not taken.", "未能受理此卡。"),
    ("missing", "Please fill in all fields of the card", "请填写全部卡信息"),
    ("give_up", "Cancel and return", "取消并返回"),
    ("tap_paid", "Success", "成功"),
    ("tap_money", "Not enough money", "余额不足"),
    ("tap_declined", "Declined", "发卡行拒绝"),
    ("tap_lost", "Lost card", "挂失卡"),
    ("tap_3d", "3-D check", "3D 验证"),
    ("tap_review", "Review", "待商户审核"),
    ("tap_later", "Paid after 5 s", "5 秒后成功"),
    ("test_cards", "Test cards", "测试卡"),
    ("test_cards_more", "Tap one to fill in the form. Real cards are refused.", "点一下即可填入。真实卡会被拒绝。"),
    ("choose", "Choose one", "请选择"),
    ("every_card", "All test cards", "全部测试卡"),
    ("card_paid", "Payment successful", "支付成功"),
    ("card_failed", "Payment failed", "支付失败"),
    ("card_expired", "Time is over", "已超时"),
    ("card_canceled", "Payment canceled", "支付已取消"),
    ("card_pending", "Payment is being processed", "支付处理中"),
    ("pending_more", "This page follows by itself.", "本页会自动更新。"),
    ("again", "Try another card", "换一张卡支付"),
    ("to_issuer", "Continue to your card issuer", "前往发卡行验证"),
    ("card", "Card", "银行卡"),
    ("result", "Result", "结果"),
    ("time", "Time", "时间"),
    ("acquirer_number", "Transaction", "交易号"),
    ("forward", "You are taken back to the shop in a moment.", "即将返回商家。"),
    ("issuer", "Your card issuer", "发卡行"),
    ("issuer_lead", "Confirm this payment with the one-time code that was sent to your phone.", "请输入发送到您手机的一次性验证码，以确认付款。"),
    ("one_time_code", "One-time code", "一次性验证码"),
    ("confirm", "Confirm", "确认"),
    ("tries_left", "Tries left", "剩余次数"),
    ("code_is", "Simulator: the code is", "模拟环境：验证码为"),
    ("card_terminal", "Pay at the card terminal", "请在刷卡终端上付款"),
    ("to_terminal", "Show the terminal", "查看终端"),
    ("IDLE", "Ready", "就绪"),
    ("WAITING_FOR_CARD", "Present your card", "请出示银行卡"),
    ("READING_CARD", "Reading the card", "正在读卡"),
    ("PIN_ENTRY", "Enter your PIN", "请输入密码"),
    ("AUTHORISING", "Authorising", "正在授权"),
    ("APPROVED", "Approved", "交易成功"),
    ("DECLINED", "Declined", "交易被拒绝"),
    ("CANCELLED", "Cancelled", "交易已取消"),
    ("FAILED", "Failed", "交易失败"),
    ("home_cards", "Test cards", "测试卡"),
    ("home_codes", "Response codes", "返回码"),
    ("home_lead", "A sandbox of TGPay Pro V2. Point your client here instead of the gateway:", "TGPay Pro V2 的模拟环境。请把客户端的网关地址改为："),
    ("home_console", "Open the console", "打开控制台"),
    ("home_console_more", "Orders with their whole story, notifications with every attempt, and every request explained: live.",
     "实时查看：订单全过程、通知的每次发送、每个请求的结论与原因。"),
    ("home_interface", "The same for programs", "供程序使用的接口"),
    ("home_orders", "Orders", "订单"),
    ("home_notices", "Notices", "通知"),
    ("home_journal", "Journal", "请求日志"),
    ("home_clock", "Clock", "时钟"),
    ("home_endpoints", "Endpoints", "接口"),
    ("home_merchants", "Merchants", "商户"),
    ("home_tokens", "Their tokens are printed by", "查看商户密钥："),
)
Rows = Iterable[tuple[str, str, str]]
Languages = Mapping[str, Mapping[str, str]]


def by_language(rows: Rows) -> Languages:
    """The texts of rows (name, English, Chinese) by language and name."""
    told = tuple(rows)
    return {"en": {name: english for name, english, _ in told}, "zh": {name: chinese for name, _, chinese in told}}


LANGUAGES = by_language(ROWS)


class Texts:
    """The texts of one language: `texts.pay`; `texts.language` and `texts.other` name it and the other one."""

    def __init__(self, language: str, languages: Languages = LANGUAGES) -> None:
        self.language = language if language in languages else "en"
        self.other = "en" if self.language == "zh" else "zh"
        self._texts = languages[self.language]

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __getattr__(self, name: str) -> str:
        try:
            found: str = self.__dict__["_texts"][name]
        except KeyError:
            raise AttributeError(name) from None
        return found
