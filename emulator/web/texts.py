"""What the payer's pages say: one row a text, English and Chinese."""

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
    ("home_lead", "A sandbox of TGPay Pro V2. Point your client here instead of the gateway:", "TGPay Pro V2 的模拟环境。请把客户端的网关地址改为："),
    ("home_orders", "Orders", "订单"),
    ("home_notices", "Notices", "通知"),
    ("home_journal", "Journal", "请求日志"),
    ("home_clock", "Clock", "时钟"),
    ("home_endpoints", "Endpoints", "接口"),
    ("home_merchants", "Merchants", "商户"),
    ("home_tokens", "Their tokens are printed by", "查看商户密钥："),
)
LANGUAGES = {"en": {name: english for name, english, _ in ROWS}, "zh": {name: chinese for name, _, chinese in ROWS}}


class Texts:
    """The texts of one language: `texts.pay`; `texts.language` and `texts.other` name it and the other one."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self.other = "en" if self.language == "zh" else "zh"

    def __getattr__(self, name: str) -> str:
        try:
            return LANGUAGES[self.__dict__["language"]][name]
        except KeyError:
            raise AttributeError(name) from None
