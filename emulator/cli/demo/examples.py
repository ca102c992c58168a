"""The example requests of the document. Only `sign` and the receiver's address are ours."""

DAY = "2021-06-07T10:00:00Z"
QR = {"account_id": "20373", "it_b_pay": "1c", "merchants_id": "201807208001",
      "out_trade_no": "0607007_204901202", "pay_type": "alipay",
      "reference": "0607007", "trans_amount": "0.01", "sign_type": "MD5"}
BARCODE = {"account_id": "20373", "buyer_identity_code": "280136483235977421", "merchants_id": "201807208001",
           "out_trade_no": "0607001_201807208001060718225942", "pay_type": "alipay", "reference": "0607001",
           "trans_amount": "0.01", "sign_type": "MD5"}
WEBSITE = {"merchants_id": "202012177001", "out_trade_no": "202012177001081117326713", "pay_type": "alipay",
           "return_url": "http://ro.tgpaypro.com/images/paysuccess.jpg", "scene_type": "WEBSITE_PAY",
           "trans_amount": "1", "sign_type": "MD5"}
WAP = {**WEBSITE, "out_trade_no": "20201217700108111765934", "scene_type": "WAP_PAY"}
LINK = {"merchants_id": "202107207001", "out_trade_no": "202107207001091818492410", "service": "linktopost",
        "sign_type": "MD5"}
CANCEL = {"merchants_id": "201701010001", "account_id": "33", "out_trade_no": "TG201710150001",
          "terminal_id": "80000000001"}
OPENID = {"merchants_id": "201701010001",
          "client_url": "http://sys.tgpaypro.com/tgpaycode/?m=2017010100011&s=201701010001&out_trade_no="
          "201701010001001843211105205612&reference=&total_fee=0.01&sign=ee88a2e3ad8346abb24c1709efdcba7b"}
PREPAY = {"openid": "011Mzno80qCyiD1SgGp80Adko80MznoZ", "merchants_id": "201807208001",
          "out_trade_no": "192408652", "pay_type": "wechat",
          "trade_type": "MINI", "trans_amount": "0.01"}
TERMINAL = {"merchants_id": "201807208001", "operation": "sale", "out_trade_no": "201807208001050793242918",
            "pay_type": "webtoterminal",
            "trans_amount": "0.01", "sign_type": "MD5"}
USER = {"user": "wos.101", "password": "1234", "tgpay_product": "ACCOUNT_LOGIN"}
