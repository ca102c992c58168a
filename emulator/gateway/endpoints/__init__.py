"""The endpoints, one module each.

`ENDPOINTS` has them in the order of the document; undocumented ones come last.
"""
from .export_settlement import export_settlement
from .tgpayapi import tgpayapi
from .tgpaybankcard import tgpaybankcard
from .tgpaybarcode import tgpaybarcode
from .tgpaycancel import tgpaycancel
from .tgpaycheck import tgpaycheck
from .tgpaygetopenid import tgpaygetopenid
from .tgpayh5 import tgpayh5
from .tgpayprepay import tgpayprepay
from .tgpayqrcode import tgpayqrcode
from .tgpayquery import tgpayquery
from .tgpayrefund import tgpayrefund
from .tgpayuserinfo import tgpayuserinfo
from .tgpaywebtoterminal import tgpaywebtoterminal

ENDPOINTS = {table.name: table for table in (
    tgpaybarcode, tgpayqrcode, tgpayquery, tgpayrefund, tgpaycancel, tgpaybankcard, tgpaywebtoterminal,
    tgpayh5, tgpayapi, tgpaygetopenid, tgpayprepay, export_settlement, tgpayuserinfo, tgpaycheck)}
NAMES = frozenset(name for table in ENDPOINTS.values() for name in table.all_names)
