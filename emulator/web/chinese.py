"""What the tables say, in Chinese: the English sentence as it stands in its table, and ours beside it, for the Chinese pages.

A sentence that is made for a request, as a refusal is, stays as the gateway answers it.
"""
from collections.abc import Mapping

_TITLES = {
    "Merchant scans the buyer's code": "商家扫买家付款码",
    "QR code for the buyer to scan": "生成二维码供买家扫描",
    "Query": "查询",
    "Query of a terminal transaction": "查询终端交易",
    "Refund": "退款",
    "Cancel": "撤销",
    "Card payment on the cashier's page": "银行卡收银台支付",
    "Card payment from the merchant's server": "银行卡后台直连支付",
    "Merchant's review of a card payment": "商户审核银行卡付款",
    "Card terminal": "刷卡终端",
    "H5 payment page": "H5 支付页面",
    "Link to post": "链接转表单提交",
    "Get openid (WeChat)": "获取 openid（微信）",
    "Prepay order for pages and apps inside a wallet": "预下单：小程序、公众号与 App 支付",
    "Settlement file": "结算文件",
    "Merchant's user": "商户用户信息",
    "documented": "文档载明",
    "observed": "见于公开客户端",
    "inferred": "推断",
}
_NOTES = {
    "A buyer who must confirm on the phone answers UNKNOWN with empty payment fields; the order waits 15 minutes (inferred). "
    "The numbers of the test codes are in the reference.":
        "需要买家在手机上确认时返回 UNKNOWN，付款字段为空，订单等待 15 分钟（推断）。测试付款码见参考文档。",
    "Without pay_type the order is Alipay's (inferred): the document's table lacks it, its example has it.":
        "不传 pay_type 时按支付宝处理（推断）：文档的参数表没有此项，示例中有。",
    "Its table has no sign_type, so none is expected. It never changes an order.":
        "参数表没有 sign_type，因此不要求。查询从不改变订单。",
    "The fields are Handpoint's (inferred), amounts in major units. A query by out_trade_no of an order on a terminal answers the same. "
    "The notice of a result is this document.":
        "字段沿用 Handpoint（推断），金额以元为单位。按 out_trade_no 查询终端订单，应答相同；结果通知也是同样的内容。",
    "Without an out_refund_id each call is a new refund. The answer is unsigned, as documented.":
        "不传 out_refund_id 时，每次调用都是一笔新的退款。按文档，应答不签名。",
    "A waiting order closes, its terminal is stopped; one paid within 24 hours closes and what is left of it is given back. "
    "The answer is unsigned.":
        "待付款的订单会关闭，其终端交易会停止；24 小时内付款的订单会关闭并退还余额。应答不签名。",
    "pay_url opens with GET and POST, has no & and ends with trans_timeout. The payer may try another card after a decline. "
    "With channel_type=terminal the payment begins on the terminal, and pay_url shows its progress.":
        "pay_url 可用 GET 或 POST 打开，不含 &，以 trans_timeout 结尾。被拒绝后付款人可换卡再试。channel_type=terminal 时付款在终端上进行，"
        "pay_url 显示其进度。",
    "A declined card is a processed request: is_success is T, status is failed. A 3-D payment is pending (3200), and payMethodResp has "
    "the issuer's page: the one-time code is 123456.":
        "卡被拒绝也算已处理的请求：is_success 为 T，status 为 failed。3D 验证的付款处于 pending（3200），payMethodResp 给出发卡行页面，"
        "一次性验证码为 123456。",
    "The document names the two services, not their address (inferred). A payment that is not reviewed within 24 hours is canceled.":
        "文档提到这两个服务，但没有写明地址（推断）。24 小时内未审核的付款会取消。",
    "The result comes by notice, or by a query with transactionResultId or out_trade_no: 204 while there is none. A linked refund and the "
    "reversals name their original by one of two parameters (inferred). After DECLINED, FAILED and CANCELLED the order number may be used "
    "again.":
        "结果通过通知得知，也可用 transactionResultId 或 out_trade_no 查询，尚无结果时为 204。关联退款和冲正用两个参数之一指明原交易"
        "（推断）。结果为 DECLINED、FAILED、CANCELLED 之后，同一订单号可以再次使用。",
    "An unpaid order closes after 1440 minutes, the limit in the document's sample (inferred).":
        "未付款的订单在 1440 分钟后关闭，即文档示例中的时限（推断）。",
    "Called by the browser; answers an HTML page. Refusals are XML, and unsigned like the page.":
        "由浏览器调用，应答为 HTML 页面。拒绝时应答 XML，与页面一样不签名。",
    "Called by the browser. The openid is added to client_url as openid= (inferred), and kept in a cookie, so that it stays the same for "
    "the same browser and merchant.":
        "由浏览器调用。openid 以 openid= 附加到 client_url（推断），并保存在 cookie 中，同一浏览器和商户得到的值不变。",
    "Unpaid orders close after 2 hours, as WeChat's prepay_id does (inferred).":
        "未付款的订单在 2 小时后关闭，与微信 prepay_id 的有效期一致（推断）。",
    "CSV with a header line; the columns are listed below. One line for each payment, refund and cancellation "
    "settled in the range, at 15:00 on the day after it. The column type, whose number the document leaves out, and "
    "the lines of refunds and cancellations are as in Alipay's file (inferred). Refusals are XML and unsigned.":
        "带表头的 CSV，各列见下。区间内结算的每笔付款、退款和撤销各一行，于次日 15:00 结算。文档跳过了 type 列的编号；"
        "该列以及退款和撤销行与支付宝的文件相同（推断）。拒绝时应答 XML，不签名。",
    "Signed with the token of the merchant that the user belongs to (inferred): the request does not name one.":
        "用该用户所属商户的密钥签名（推断）：请求中没有商户号。",
}
_MEANINGS = {
    "a page on a desktop, or on the phone itself": "电脑网页，或手机网页",
    "amount in the merchant's currency": "金额，以商户币种计",
    "amount to give back": "退款金额",
    "bankcard": "固定为 bankcard",
    "comes back in query and notice": "在查询和通知中原样返回",
    "descriptions of the goods, separated by vertical bars": "商品描述，用竖线分隔",
    "device": "设备号",
    "first day of settlement; without it end_date": "结算起始日，不传则同 end_date",
    "fixed; the document's example and its table differ": "固定值；文档的示例与参数表不一致",
    "in place of out_trade_no, for a terminal's transaction": "用于终端交易，代替 out_trade_no",
    "its transactionResultId or transactionID": "其 transactionResultId 或 transactionID",
    "kind of device": "设备类型",
    "kind of payment": "支付方式",
    "kind of signature": "签名方式",
    "language of the pages": "页面语言",
    "last day of settlement, Asia/Shanghai": "结算截止日，北京时间",
    "login, in any case": "登录名，不区分大小写",
    "mini program, page or app": "小程序、公众号网页或 App",
    "model of the terminal": "终端型号",
    "must be the merchant's currency": "必须是商户的币种",
    "names of the goods, separated by vertical bars": "商品名称，用竖线分隔",
    "number of the transaction": "交易号",
    "on a page, or on a card terminal": "在页面上，或在刷卡终端上",
    "on the cashier's page, or server to server": "收银台页面，或后台直连",
    "operator": "操作员",
    "order of the sale or refund that is given back": "被冲正或退款的原交易的订单号",
    "password": "密码",
    "reason (sic)": "退款原因（原文拼写如此）",
    "serial number; without it the merchant's first terminal": "终端序列号，不传则用商户的第一台终端",
    "the buyer's wallet": "买家的钱包",
    "the card": "卡信息",
    "the code on the buyer's phone": "买家手机上的付款码",
    "the decision": "审核决定",
    "the merchant's number, given by TGPay Pro": "商户号，由 TGPay Pro 分配",
    "the merchant's order number, unique": "商户订单号，不可重复",
    "the merchant's refund number, unique": "商户退款号，不可重复",
    "the merchant's remark, such as an invoice number": "商户备注，例如发票号",
    "the parts of sub-merchants": "各子商户分账金额",
    "the service": "服务名称",
    "time limit; 15 unless told": "时限，默认 15",
    "time limit; 1c closes at the coming 00:00, Asia/Shanghai; without it 15 minutes": "时限；1c 表示北京时间当天 24:00 关闭；不传为 15 分钟",
    "webtoterminal": "固定为 webtoterminal",
    "what is sold": "所售商品",
    "what the risk rules should know": "供风控使用的信息",
    "what the terminal is to do": "终端要执行的操作",
    "where a payer who gives up goes": "付款人放弃时前往的地址",
    "where notices of this order go; without it the merchant's own address": "此订单的通知地址，不传则用商户设置的地址",
    "where the browser goes after payment": "付款后浏览器前往的地址",
    "where the browser goes with the openid": "浏览器携带 openid 前往的地址",
    "where the browser goes with the result": "浏览器携带结果前往的地址",
    "where the payer is": "付款人所用的环境",
    "who pays, in Alipay": "付款人的支付宝账号",
    "who pays, in WeChat": "付款人的微信 openid",
}
_FORMATS = {
    "text": "文本",
    "MD5": "MD5",
    "1 to 128 characters": "1 至 128 个字符",
    "16 digits beginning 2088": "2088 开头的 16 位数字",
    "1m to 15d in whole m, h or d, or 1c": "1m 至 15d，整数加 m、h 或 d，或 1c",
    "Alipay: 16 to 24 digits beginning 25 to 30; WeChat: 18 digits beginning 10 to 15":
        "支付宝：25 至 30 开头的 16 至 24 位数字；微信：10 至 15 开头的 18 位数字",
    "JSON with the amount of each part, as decimal text": "JSON，各部分金额为小数文本",
    "JSON, its rows below": "JSON，各字段见下",
    "absolute http or https URL": "完整的 http 或 https 地址",
    "absolute http or https URL, or one of an app": "完整的 http 或 https 地址，或 App 自己的协议",
    "date, YYYY-MM-DD": "日期，YYYY-MM-DD",
    "decimal text with at most two places, 0.01 to 1000000.00": "小数文本，最多两位小数，0.01 至 1000000.00",
    "three capital letters": "三个大写字母",
    "whole minutes, 1 to 999999": "整数分钟，1 至 999999",
}
_FINDINGS = {
    "out_trade_no of a QR order begins with the merchants_id": "二维码订单的 out_trade_no 以 merchants_id 开头",
    "put the merchants_id before your order number": "在订单号前加上 merchants_id",
    "sign_type=MD5 is sent with each request": "每个请求都带 sign_type=MD5",
    "add sign_type=MD5 after signing; it is not signed itself": "签名之后加上 sign_type=MD5，它本身不参与签名",
    "sign is written in lower case": "sign 用小写",
    "write the MD5 in lower-case hexadecimal": "MD5 写成小写十六进制",
    "a parameter that the table calls mandatory is sent": "参数表标为必填的参数要发送",
    "send the parameter, also where a request without it is answered": "请发送此参数，即使不传也能得到应答",
    "a value is no longer than the table allows": "值的长度不超过参数表的规定",
    "shorten the value before signing and sending": "在签名和发送之前缩短此值",
    "a parameter is sent under the name that the table of its endpoint has": "参数名与该接口的参数表一致",
    "use the name of the endpoint's own table: trans_amount and total_fee are not the same everywhere":
        "使用该接口参数表中的名称：trans_amount 与 total_fee 并非处处通用",
    "after UNDEFINED a transaction is queried again 10 seconds later, not sooner": "得到 UNDEFINED 之后，至少等 10 秒再查询",
    "stop asking when you read UNDEFINED, and ask once more 10 seconds later": "读到 UNDEFINED 就停止查询，10 秒后再查一次",
    "notify_url carries no query string": "notify_url 不带查询参数",
    "put what you need to know into the path of notify_url, or find the order by its out_trade_no":
        "把需要的信息放在 notify_url 的路径里，或按 out_trade_no 查找订单",
    "a URL of the merchant has %20 where a space is meant": "商户 URL 中的空格写成 %20",
    "write each space in a URL as %20 before you sign; browsers and receivers are given it so":
        "签名前把 URL 中的空格写成 %20；浏览器和接收方得到的就是这种写法",
    "card data is sent in the body of a POST, never in a URL": "卡信息放在 POST 的正文中，不放在 URL 里",
    "send the request as a form with POST; what is in a URL stays in logs": "用 POST 表单发送请求；URL 里的内容会留在日志中",
    "the receiver of a notice answers success": "通知的接收方应答 success",
    "answer a 2xx with the word success alone, without HTML around it, at the address of notify_url; "
    "the example says what came instead; until then the notice is repeated":
        "请在 notify_url 的地址上直接以 2xx 应答 success 一词，不要包含 HTML；示例说明了实际的应答；否则通知会重复发送",
    "a QR order is paid, queried or cancelled within 15 minutes": "二维码订单在 15 分钟内付款、查询或撤销",
    "query an order whose notice does not come, and cancel it when the buyer is gone": "收不到通知就查询订单，买家离开就撤销订单",
    "parameter tables": "参数表",
    "2, note 1": "2，注 1",
    "2, note 2": "2，注 2",
    "6, note 2": "6，注 2",
    "13, note 2": "13，注 2",
}
_MESSAGES = {
    "Approved or completed successfully": "批准，或交易成功",
    "Request accepted": "请求已受理",
    "Revoke succeed": "撤销成功",
    "Partial approval": "部分批准",
    "Transaction is pending": "交易待定",
    "Revoke completed": "撤销完成",
    "Transaction is declined": "交易被拒绝",
    "Insufficient account balance": "账户余额不足",
    "Security violation": "违反安全规定",
    "Exceeds frequency limit": "超出次数限制",
    "Exceeds amount limit": "超出金额限制",
    "Invalid transaction card / issuer /acquirer": "交易的卡、发卡行或收单机构无效",
    "Invalid amount": "无效金额",
    "Do not honor,Please contact the issuing bank to confirm the bank card payment limit":
        "不予承兑，请向发卡行确认该卡的支付限额",
    "Invalid account": "无效账户",
    "Exceeds PIN retry": "密码错误次数超限",
    "AVS verification fails": "账单地址验证失败",
    "Refer to card issuer": "请联系发卡行",
    "Invalid or inactivated card": "卡无效或未激活",
    "Unable to reverse": "无法冲正",
    "No checking account": "无支票账户",
    "No saving account": "无储蓄账户",
    "No credit account": "无信用账户",
    "Invalid transaction for terminal": "此终端不能进行该交易",
    "Invalid capture date": "请款日期无效",
    "Transaction not permitted on card": "此卡不允许此交易",
    "Restricted card": "受限制的卡",
    "Transaction not allowed for cardholder": "持卡人不允许此交易",
    "Transaction not allowed for merchant": "商户不允许此交易",
    "Can not proceed 3D transaction": "无法进行 3D 交易",
    "3D Authorize Fail": "3D 验证失败",
    "Cannot be partially captured": "不能部分请款",
    "Incorrect PIN": "密码错误",
    "Invalid validity": "有效期无效",
    "Invalid card number": "卡号无效",
    "Invalid card verification value": "安全码无效",
    "Risk reject": "风控拒绝",
    "Suspected fraud": "疑似欺诈",
    "Expired card": "卡已过期",
    "Stolen or lost card": "被盗或挂失的卡",
    "Invalid parameters": "参数无效",
    "Abnormal verification signature": "验签异常",
    "Redo payment": "请重新支付",
    "Issuer response received too late": "发卡行应答过迟",
    "Issuer does not participate in the service": "发卡行未参加此服务",
    "Unable to verify PIN": "无法验证密码",
    "Issuer not available": "发卡行不可用",
    "Time out at issuer system": "发卡行系统超时",
    "System error; Re-enter transaction": "系统错误，请重新发起交易",
    "The original is not completed，not allowed": "原交易未完成，不允许",
    "The order has proposed chargeback. Refund is not allowed": "该订单已被拒付，不允许退款",
    "Invalid merchant": "无效商户",
    "Function/service not enabled": "功能或服务未开通",
    "Invalid token": "无效令牌",
    "Insufficient merchant account balance": "商户账户余额不足",
    "Abnormal merchant account status": "商户账户状态异常",
    "No original": "原交易不存在",
    "Account not allowed out": "账户不允许转出",
    "Account not allowed in": "账户不允许转入",
    "Invalid card type": "卡类型无效",
    "Duplicate transaction": "重复交易",
    "Received chargeback，unable to refund": "已收到拒付，无法退款",
    "Exceeds acquirer limit": "超出收单机构限额",
    "Duplicate reversal": "重复冲正",
    "Exchange rate query failed": "汇率查询失败",
    "Transaction is abnormal": "交易异常",
    "Time-Out": "超时",
    "Other errors": "其他错误",
    "Transaction is processing": "交易处理中",
    "System error": "系统错误",
    "Transaction is expired": "交易已过期",
}
OF_TERMINALS = {
    "Approved for a part of the amount": "部分金额获批准",
    "Declined": "被拒绝",
    "Declined, refer to the card issuer": "被拒绝，请联系发卡行",
    "Declined, do not honour": "被拒绝，不予承兑",
    "Declined, retain the card": "被拒绝，请没收此卡",
    "Transaction failed": "交易失败",
    "Transaction cancelled": "交易已取消",
    "The host did not answer in time, the result is not known yet": "主机未及时应答，结果暂不明确",
    "No card was presented in time": "未及时出示银行卡",
    "The card could not be read": "无法读取银行卡",
    "No PIN was typed in time": "未及时输入密码",
    "The host was not reached": "无法连接主机",
    "Original not found": "找不到原交易",
}
_TEST_CARDS = {
    "3-D: the issuer's page asks for the one-time code 123456": "3D 验证：发卡行页面要求输入一次性验证码 123456",
    "3-D: the issuer's page ends in 3085, whatever is typed": "3D 验证：无论输入什么，结果都是 3085",
    "3-D: the issuer's page ends in 3106, whatever is typed": "3D 验证：无论输入什么，结果都是 3106",
    "3-D: the issuer's page ends in 3152, whatever is typed": "3D 验证：无论输入什么，结果都是 3152",
    "authorised, pending the merchant's review; canceled after 24 h": "已授权，待商户审核；24 小时后取消",
    "canceled": "已取消",
    "declined": "被拒绝",
    "expired": "已过期",
    "paid": "付款成功",
    "paid at once, charged back 1 day later": "立即付款成功，1 天后拒付",
    "pending until the control interface decides": "待定，直到控制接口作出决定",
    "pending, failed (3020) after 5 s": "待定，5 秒后失败（3020）",
    "pending, paid after 5 s": "待定，5 秒后付款成功",
    "refused, nothing happens": "请求被拒，不产生任何变化",
    "the buyer must confirm on the phone: UNKNOWN, the order waits": "买家须在手机上确认：返回 UNKNOWN，订单等待",
    "the buyer's balance is not enough": "买家余额不足",
    "the buyer's account is restricted": "买家账户受限",
    "the payment exceeds the buyer's limit": "超出买家限额",
    "the payment code is invalid or used already": "付款码无效或已使用",
}
_SCENARIOS = {
    "Buyers pay by themselves after 3 seconds, so that no page has to be clicked.": "买家 3 秒后自动付款，无需点击页面。",
    "A little of everything that can go wrong, at random, and the same again with the same seed.":
        "随机出现各种故障；种子相同，结果相同。",
    "Card payments above 50 are charged back a day after they were paid.": "50 以上的银行卡付款在一天后拒付。",
    "Every notice comes three times at the same moment, and once more later.": "每个通知同时到达三次，稍后再到一次。",
    "Nobody ever pays: codes and pages run out.": "无人付款：二维码和页面全部过期。",
    "Notices whose signature does not fit, and notices with another amount: none of them may be believed.":
        "签名不符的通知，以及金额被改动的通知：都不可相信。",
    "Everything is paid: wallets at once, every card approved, every terminal transaction authorised.":
        "全部成功：钱包立即付款，银行卡全部批准，终端交易全部授权。",
    "The first attempt fails for want of money, the next one is paid.": "第一次因余额不足失败，下一次成功。",
    "The issuer is down for the first eight card payments, then it is back.": "前八笔银行卡付款发卡行不可用，之后恢复。",
    "The buyer pays a minute before the time is over, and the notice comes only after the shop has given up.":
        "买家在超时前一分钟付款，商家放弃之后通知才到。",
    "The payment is made and the answer is lost: only a query tells.": "付款已完成，应答丢失：只有查询才能得知。",
    "The amount says how the payment ends: 30.84 by card is response code 3084.": "金额决定结果：银行卡支付 30.84 返回 3084。",
    "Every notice comes a hundred times, late, and in the wrong order.": "每个通知到达一百次，延迟且乱序。",
    "Card issuers approve only a part of amounts above 20.": "金额超过 20 时，发卡行只批准一部分。",
    "Card payments of 100 and more wait for the merchant's review.": "100 及以上的银行卡付款等待商户审核。",
    "The settlement file does not agree with the payments: pennies off, rows missing, twice, or a day late.":
        "结算文件与付款不一致：差一分钱、缺行、重复或晚一天。",
    "Payments are answered after 8 seconds, large ones only later by a notice.": "付款 8 秒后才有应答，大额付款之后才由通知告知结果。",
    "Card terminals are busy more often than not, and now and then one gets stuck.": "刷卡终端多半忙碌，偶尔卡住不动。",
    "No card terminal can be reached.": "所有刷卡终端都无法连接。",
    "Every card payment goes through the issuer's page; the one-time code is 123456.": "每笔银行卡付款都经过发卡行页面；一次性验证码为 123456。",
}
_OUTCOMES = {
    "the issuer answers as to the test card of this code; from:trans_amount takes the amount's digits (30.84 is 3084), and the rule fits "
    "only where they are a code (ours)":
        "发卡行按此返回码的测试卡应答；from:trans_amount 取金额的数字（30.84 即 3084），数字是返回码时规则才符合（本模拟器扩展）",
    "the buyer fails with this": "买家付款失败的原因",
    "how the transaction on the terminal ends": "终端交易的结果",
    "of PARTIAL_APPROVAL: how much of the amount is approved (ours)": "PARTIAL_APPROVAL 时批准金额的比例（本模拟器扩展）",
    "it is not decided yet, until the control interface decides": "暂无结果，直到控制接口作出决定",
    "it is pending for so long": "待定的时长",
    "what it becomes after settles_after; paid unless told": "settles_after 之后的结果，默认付款成功",
    "the issuer's page opens; the one-time code decides, or code where it is given and not 3200 (ours)":
        "打开发卡行页面；由一次性验证码决定，若给出 code 且不是 3200 则由它决定（本模拟器扩展）",
    "authorised, and pending the merchant's review (ours)": "已授权，待商户审核（本模拟器扩展）",
    "paid at once, and charged back after so long (ours)": "立即付款成功，在此时长后拒付（本模拟器扩展）",
    "the answer to a card payment from the merchant's server says F, whatever came of it, as the document's sample "
    "does; without it T":
        "后台直连支付的应答中 is_success 为 F，与付款结果无关，如文档示例所示；不设则为 T",
    "the answer takes so much longer, on the real clock": "应答延迟的时长，按真实时钟",
    "where the line breaks; nothing happens with drop_before, http_500, http_503, with all others the payment is committed":
        "线路中断之处；drop_before、http_500、http_503 时什么也没有发生，其余情况付款已入账",
    "discrepancies of the order's rows in the settlement file": "该订单在结算文件中的差异",
    "they are sent so much later": "通知延迟的时长",
    "each is sent so often, one after the other, whether it is taken or not": "每个通知依次发送的次数，无论是否已接收",
    "the first so many attempts of each are lost on the way; 100 never arrives": "每个通知的前若干次发送丢失；100 表示永不到达",
    "they are signed wrongly": "通知的签名错误",
    "those before the last wait for it, as long as the order waits: they arrive in another order than their causes":
        "先前的通知等到最后一个，只要订单仍在等待：到达顺序与起因不同",
    "each is sent so many times at the same moment": "每个通知同时发送的次数",
    "the amount in them is altered after they are signed (ours)": "签名之后改动通知中的金额（本模拟器扩展）",
    "they are sent before the answer to the request (ours)": "通知先于请求的应答发送（本模拟器扩展）",
    "it cannot be reached (1002)": "终端无法连接（1002）",
    "it has another transaction (1001)": "终端正在处理其他交易（1001）",
    "it stays in this state": "终端停在此状态",
    "pays after so long": "在此时长后付款",
    "declines after so long, with error as the reason when it is given": "在此时长后拒绝付款；给出 error 时以它为原因",
    "does nothing, also not at the counter: the order waits until its time is over": "什么也不做，在柜台也不付款：订单等到超时",
}
# By their codes: the sentence of a mistake may name a parameter of the request.
_MISTAKES = {
    "SIGN_TYPE_KEPT": "sign_type 也参与了签名；它不参与签名",
    "EMPTY_KEPT": "空值的参数也参与了签名；空值不参与签名",
    "UNSORTED": "参数按发送顺序签名；应按名称排序",
    "SORTED_BY_CASE": "名称排序时忽略了大小写；应按字节排序，大写在前",
    "NOT_JOINED": "参数之间没有用 & 连接",
    "UPPER_CASE": "哈希之前文本转成了大写",
    "LOWER_CASE": "哈希之前文本转成了小写",
    "URL_ENCODED": "对 URL 编码后的值签名；应对解码后的值签名",
    "PLUS_NOT_ENCODED": "签名时是加号，发送时没有编码，到达时成了空格；发送时应对值进行 URL 编码",
    "TRIMMED": "签名前去掉了值两端的空格，发送时却没有去掉",
    "HTML_ESCAPED": "对 HTML 转义后的值签名",
    "HTML_UNESCAPED": "发送了 HTML 转义后的值，签名时却没有转义",
    "TOKEN_ABSENT": "没有附加密钥",
    "TOKEN_BEFORE": "密钥放在文本之前；应附加在末尾",
    "TOKEN_NAMED": "密钥带着名称附加；应直接附加密钥本身",
    "TOKEN_AFTER_AMPERSAND": "密钥之前多了一个 &",
    "TOKEN_SPACED": "换行或空格与密钥一起参与了哈希（echo 会加换行，printf 不会）",
    "GBK": "文本用 GBK 编码；应按 UTF-8 签名",
    "LATIN_1": "文本用 Latin-1 编码；应按 UTF-8 签名",
    "OTHER_TOKEN": "用了其他商户的密钥签名",
    "PARAMETER_MISSING": "有参数已发送，但没有参与签名",
    "PARAMETER_ADDED": "有参数参与了签名，但没有发送",
    "AMOUNT_REFORMATTED": "签名时的金额写法与发送时不同",
    "SPACED": "sign 的值两端有空格；只发送 32 个字符",
}
CHINESE: Mapping[str, str] = {
    **_TITLES, **_NOTES, **_MEANINGS, **_FORMATS, **_FINDINGS, **_MESSAGES, **OF_TERMINALS, **_TEST_CARDS, **_SCENARIOS, **_OUTCOMES,
    **_MISTAKES}
