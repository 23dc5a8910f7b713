"""Corporate actions of the Korea Securities Depository: about 100 rows a call, dates in two spellings."""

from sillok.kis.schema.shape import Block, Endpoint, Field

__all__ = [
    "BONUS_ISSUES",
    "CAPITAL_REDUCTIONS",
    "DIVIDENDS",
    "LISTINGS",
    "MEETINGS",
    "MERGERS",
    "RIGHTS_ISSUES",
    "SPLITS",
]

DIVIDENDS = Endpoint(
    path="/uapi/domestic-stock/v1/ksdinfo/dividend",
    tr_id="HHKDB669102C0",
    tr_id_paper="",
    params={"start": "F_DT", "end": "T_DT", "symbol": "SHT_CD"},
    fixed={"CTS": "", "GB1": "0", "HIGH_GB": ""},
    defaults={"symbol": ""},
    page_rows=100,
    ko="예탁원정보(배당일정)",
    blocks=(
        Block(
            "output1",
            (
                Field("record_date", "record_date", "date", "", "기준일"),
                Field("sht_cd", "symbol", "text", "", "종목코드"),
                Field("isin_name", "name", "text", "", "종목명"),
                Field("divi_kind", "dividend_kind", "text", "", "배당종류"),
                Field("face_val", "par_krw", "decimal", "KRW", "액면가"),
                Field("per_sto_divi_amt", "cash_krw", "int", "KRW", "현금배당금"),
                Field("divi_rate", "cash_pct", "decimal", "%", "현금배당률(%)"),
                Field("stk_divi_rate", "stock_pct", "decimal", "%", "주식배당률(%)"),
                Field("divi_pay_dt", "pay_date", "date", "", "배당금지급일"),
                Field("stk_div_pay_dt", "stock_pay_date", "date", "", "주식배당지급일"),
                Field("odd_pay_dt", "odd_pay_date", "date", "", "단주대금지급일"),
                Field("stk_kind", "share_kind", "text", "", "주식종류"),
                Field("high_divi_gb", "high_dividend", "text", "", "고배당종목여부"),
            ),
            "list",
        ),
    ),
)

BONUS_ISSUES = Endpoint(
    path="/uapi/domestic-stock/v1/ksdinfo/bonus-issue",
    tr_id="HHKDB669101C0",
    tr_id_paper="",
    params={"start": "F_DT", "end": "T_DT", "symbol": "SHT_CD"},
    fixed={"CTS": ""},
    defaults={"symbol": ""},
    page_rows=100,
    ko="예탁원정보(무상증자일정)",
    blocks=(
        Block(
            "output1",
            (
                Field("record_date", "record_date", "date", "", "기준일"),
                Field("sht_cd", "symbol", "text", "", "종목코드"),
                Field("isin_name", "name", "text", "", "종목명"),
                Field("fix_rate", "ratio_pct", "decimal", "%", "확정배정율"),
                Field("odd_rec_price", "odd_price", "int", "KRW", "단주기준가"),
                Field("right_dt", "ex_date", "date", "", "권리락일"),
                Field("odd_pay_dt", "odd_pay_date", "date", "", "단주대금지급일"),
                Field("list_date", "list_date", "date", "", "상장/등록일"),
                Field("tot_issue_stk_qty", "shares_outstanding", "int", "shares", "발행주식"),
                Field("issue_stk_qty", "shares", "int", "shares", "발행할주식"),
                Field("stk_kind", "share_kind", "text", "", "주식종류"),
            ),
            "list",
        ),
    ),
)

RIGHTS_ISSUES = Endpoint(
    path="/uapi/domestic-stock/v1/ksdinfo/paidin-capin",
    tr_id="HHKDB669100C0",
    tr_id_paper="",
    params={"start": "F_DT", "end": "T_DT", "symbol": "SHT_CD"},
    fixed={"CTS": "", "GB1": "2"},
    defaults={"symbol": ""},
    page_rows=100,
    ko="예탁원정보(유상증자일정)",
    blocks=(
        Block(
            "output1",
            (
                Field("record_date", "record_date", "date", "", "기준일"),
                Field("sht_cd", "symbol", "text", "", "종목코드"),
                Field("isin_name", "name", "text", "", "종목명"),
                Field("tot_issue_stk_qty", "shares_outstanding", "int", "shares", "발행주식"),
                Field("issue_stk_qty", "shares", "int", "shares", "발행할주식"),
                Field("fix_rate", "ratio_pct", "decimal", "%", "확정배정율"),
                Field("disc_rate", "discount_pct", "decimal", "%", "할인율"),
                Field("fix_price", "price_krw", "int", "KRW", "발행예정가"),
                Field("right_dt", "ex_date", "date", "", "권리락일"),
                Field("sub_term_ft", "subscription_start", "text", "", "청약기간"),
                Field("sub_term", "subscription", "span", "", "청약기간"),
                Field("list_date", "list_date", "date", "", "상장/등록일"),
                Field("stk_kind", "share_kind", "text", "", "주식종류"),
            ),
            "list",
        ),
    ),
)

SPLITS = Endpoint(
    path="/uapi/domestic-stock/v1/ksdinfo/rev-split",
    tr_id="HHKDB669105C0",
    tr_id_paper="",
    params={"symbol": "SHT_CD", "start": "F_DT", "end": "T_DT"},
    fixed={"CTS": "", "MARKET_GB": "0"},
    defaults={"symbol": ""},
    page_rows=100,
    ko="예탁원정보(액면교체일정)",
    blocks=(
        Block(
            "output1",
            (
                Field("record_date", "record_date", "date", "", "기준일"),
                Field("sht_cd", "symbol", "text", "", "종목코드"),
                Field("isin_name", "name", "text", "", "종목명"),
                Field("inter_bf_face_amt", "par_before", "int", "KRW", "변경전액면가"),
                Field("inter_af_face_amt", "par_after", "int", "KRW", "변경후액면가"),
                Field("td_stop_dt", "halt", "span", "", "매매거래정지기간"),
                Field("list_dt", "list_date", "date", "", "상장/등록일"),
            ),
            "list",
        ),
    ),
)

MERGERS = Endpoint(
    path="/uapi/domestic-stock/v1/ksdinfo/merger-split",
    tr_id="HHKDB669104C0",
    tr_id_paper="",
    params={"start": "F_DT", "end": "T_DT", "symbol": "SHT_CD"},
    fixed={"CTS": ""},
    defaults={"symbol": ""},
    page_rows=100,
    ko="예탁원정보(합병/분할일정)",
    blocks=(
        Block(
            "output1",
            (
                Field("record_date", "record_date", "date", "", "기준일"),
                Field("sht_cd", "symbol", "text", "", "종목코드"),
                Field("opp_cust_cd", "merged_code", "text", "", "피합병(피분할)회사코드"),
                Field("opp_cust_nm", "merged_name", "text", "", "피합병(피분할)회사명"),
                Field("cust_cd", "company_code", "text", "", "합병(분할)회사코드"),
                Field("cust_nm", "name", "text", "", "합병(분할)회사명"),
                Field("merge_type", "reason", "text", "", "합병사유"),
                Field("merge_rate", "ratio_pct", "decimal", "%", "비율"),
                Field("td_stop_dt", "halt", "span", "", "매매거래정지기간"),
                Field("list_dt", "list_date", "date", "", "상장/등록일"),
                Field("odd_amt_pay_dt", "odd_pay_date", "date", "", "단주대금지급일"),
                Field("tot_issue_stk_qty", "shares_outstanding", "int", "shares", "발행주식"),
                Field("issue_stk_qty", "shares", "int", "shares", "발행할주식"),
                Field("seq", "number", "text", "", "연번"),
            ),
            "list",
        ),
    ),
)

CAPITAL_REDUCTIONS = Endpoint(
    path="/uapi/domestic-stock/v1/ksdinfo/cap-dcrs",
    tr_id="HHKDB669106C0",
    tr_id_paper="",
    params={"start": "F_DT", "end": "T_DT", "symbol": "SHT_CD"},
    fixed={"CTS": ""},
    defaults={"symbol": ""},
    page_rows=100,
    ko="예탁원정보(자본감소일정)",
    blocks=(
        Block(
            "output1",
            (
                Field("record_date", "record_date", "date", "", "기준일"),
                Field("sht_cd", "symbol", "text", "", "종목코드"),
                Field("isin_name", "name", "text", "", "종목명"),
                Field("stk_kind", "share_kind", "text", "", "주식종류"),
                Field("reduce_cap_type", "reduction_type", "text", "", "감자구분"),
                Field("reduce_cap_rate", "ratio_pct", "decimal", "%", "감자배정율"),
                Field("comp_way", "method", "text", "", "계산방법"),
                Field("td_stop_dt", "halt", "span", "", "매매거래정지기간"),
                Field("list_dt", "list_date", "date", "", "상장/등록일"),
            ),
            "list",
        ),
    ),
)

LISTINGS = Endpoint(
    path="/uapi/domestic-stock/v1/ksdinfo/list-info",
    tr_id="HHKDB669107C0",
    tr_id_paper="",
    params={"symbol": "SHT_CD", "end": "T_DT", "start": "F_DT"},
    fixed={"CTS": ""},
    defaults={"symbol": ""},
    page_rows=100,
    ko="예탁원정보(상장정보일정)",
    blocks=(
        Block(
            "output1",
            (
                Field("list_dt", "list_date", "date", "", "상장/등록일"),
                Field("sht_cd", "symbol", "text", "", "종목코드"),
                Field("isin_name", "name", "text", "", "종목명"),
                Field("stk_kind", "share_kind", "text", "", "주식종류"),
                Field("issue_type", "reason", "text", "", "사유"),
                Field("issue_stk_qty", "shares", "int", "shares", "상장주식수"),
                Field("tot_issue_stk_qty", "shares_outstanding", "int", "shares", "총발행주식수"),
                Field("issue_price", "price_krw", "int", "KRW", "발행가"),
            ),
            "list",
        ),
    ),
)

MEETINGS = Endpoint(
    path="/uapi/domestic-stock/v1/ksdinfo/sharehld-meet",
    tr_id="HHKDB669111C0",
    tr_id_paper="",
    params={"start": "F_DT", "end": "T_DT", "symbol": "SHT_CD"},
    fixed={"CTS": ""},
    defaults={"symbol": ""},
    page_rows=100,
    ko="예탁원정보(주주총회일정)",
    blocks=(
        Block(
            "output1",
            (
                Field("record_date", "record_date", "date", "", "기준일"),
                Field("sht_cd", "symbol", "text", "", "종목코드"),
                Field("isin_name", "name", "text", "", "종목명"),
                Field("gen_meet_dt", "meeting_date", "date", "", "주총일자"),
                Field("gen_meet_type", "meeting_type", "text", "", "주총사유"),
                Field("agenda", "agenda", "text", "", "주총의안"),
                Field("vote_tot_qty", "voting_shares", "int", "shares", "의결권주식총수"),
            ),
            "list",
        ),
    ),
)
