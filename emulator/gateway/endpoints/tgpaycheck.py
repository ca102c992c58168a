"""An older name of the query (section 3).

The document does not have it, but public clients of the gateway use it.
"""
from msgspec.structs import replace

from ...protocol.endpoint_tables import Field, endpoint
from ...protocol.parameters import Source
from ...protocol.replies import Answer
from . import _common as common
from ._common import Inquiry
from .tgpayquery import tgpayquery

OBSERVED = Source.OBSERVED
ALIPAY_TRANS_ID = Field("alipay_trans_id", "the same as trans_id", OBSERVED)
_ROWS = tuple(replace(row, source=OBSERVED) for row in tgpayquery.answer)
_PLACE = [row.name for row in _ROWS].index("trans_id") + 1


@endpoint(
    section="3", title="Query by its older name", product=None, reads=True, source=OBSERVED,
    params=tuple(replace(row, source=OBSERVED)
                 for row in (common.MERCHANTS_ID, common.OUT_TRADE_NO, common.SIGN)),
    answer=(*_ROWS[:_PLACE], ALIPAY_TRANS_ID, *_ROWS[_PLACE:]),
    note="Not in the document: public clients of the gateway poll it. It responds as tgpayquery does, with "
         "alipay_trans_id after trans_id.")
def tgpaycheck(call: Inquiry) -> Answer:
    """Answer as tgpayquery does, with `alipay_trans_id` added.

    A terminal transaction has none, so it stays empty.
    """
    answer: Answer = tgpayquery.act(call)
    return replace(answer, fields={**answer.fields, ALIPAY_TRANS_ID.name: answer.fields.get("trans_id", "")})
