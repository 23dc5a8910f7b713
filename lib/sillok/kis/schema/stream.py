"""The channels of the WebSocket service: the fields of their records, in the vendor's order."""

from sillok.kis.schema.channel import Channel
from sillok.kis.schema.shape import Field

__all__ = ["CHANNELS", "find_channel"]


def _ladder(vendor: str, name: str, unit: str, ko: str) -> tuple[Field, ...]:
    """Return the ten levels of an order book, best first."""
    return tuple(Field(f"{vendor}{k}", f"{name}{k}", "int", unit, f"{ko}{k}") for k in range(1, 11))


_TRADE = (
    Field("MKSC_SHRN_ISCD", "symbol", "text", "", "유가증권 단축 종목코드"),
    Field("STCK_CNTG_HOUR", "time", "time", "", "주식 체결 시간"),
    Field("STCK_PRPR", "price", "int", "KRW", "주식 현재가"),
    Field("PRDY_VRSS_SIGN", "sign", "code", "", "전일 대비 부호"),
    Field("PRDY_VRSS", "change", "int", "KRW", "전일 대비"),
    Field("PRDY_CTRT", "change_pct", "decimal", "%", "전일 대비율"),
    Field("WGHN_AVRG_STCK_PRC", "average_price", "decimal", "KRW", "가중 평균 주식 가격"),
    Field("STCK_OPRC", "open", "int", "KRW", "주식 시가"),
    Field("STCK_HGPR", "high", "int", "KRW", "주식 최고가"),
    Field("STCK_LWPR", "low", "int", "KRW", "주식 최저가"),
    Field("ASKP1", "ask", "int", "KRW", "매도호가1"),
    Field("BIDP1", "bid", "int", "KRW", "매수호가1"),
    Field("CNTG_VOL", "quantity", "int", "shares", "체결 거래량"),
    Field("ACML_VOL", "volume", "int", "shares", "누적 거래량"),
    Field("ACML_TR_PBMN", "amount_krw", "int", "KRW", "누적 거래 대금"),
    Field("SELN_CNTG_CSNU", "sell_count", "int", "trades", "매도 체결 건수"),
    Field("SHNU_CNTG_CSNU", "buy_count", "int", "trades", "매수 체결 건수"),
    Field("NTBY_CNTG_CSNU", "net_buy_count", "int", "trades", "순매수 체결 건수"),
    Field("CTTR", "strength_pct", "decimal", "%", "체결강도"),
    Field("SELN_CNTG_SMTN", "sell_volume", "int", "shares", "총 매도 수량"),
    Field("SHNU_CNTG_SMTN", "buy_volume", "int", "shares", "총 매수 수량"),
    Field("CCLD_DVSN", "side", "code", "", "체결구분"),
    Field("SHNU_RATE", "buy_pct", "decimal", "%", "매수비율"),
    Field("PRDY_VOL_VRSS_ACML_VOL_RATE", "volume_pct", "decimal", "%", "전일 거래량 대비 등락율"),
    Field("OPRC_HOUR", "open_time", "time", "", "시가 시간"),
    Field("OPRC_VRSS_PRPR_SIGN", "open_sign", "code", "", "시가대비구분"),
    Field("OPRC_VRSS_PRPR", "open_change", "int", "KRW", "시가대비"),
    Field("HGPR_HOUR", "high_time", "time", "", "최고가 시간"),
    Field("HGPR_VRSS_PRPR_SIGN", "high_sign", "code", "", "고가대비구분"),
    Field("HGPR_VRSS_PRPR", "high_change", "int", "KRW", "고가대비"),
    Field("LWPR_HOUR", "low_time", "time", "", "최저가 시간"),
    Field("LWPR_VRSS_PRPR_SIGN", "low_sign", "code", "", "저가대비구분"),
    Field("LWPR_VRSS_PRPR", "low_change", "int", "KRW", "저가대비"),
    Field("BSOP_DATE", "date", "date", "", "영업 일자"),
    Field("NEW_MKOP_CLS_CODE", "phase", "code", "", "신 장운영 구분 코드"),
    Field("TRHT_YN", "halted", "flag", "", "거래정지 여부"),
    Field("ASKP_RSQN1", "ask_quantity", "int", "shares", "매도호가 잔량1"),
    Field("BIDP_RSQN1", "bid_quantity", "int", "shares", "매수호가 잔량1"),
    Field("TOTAL_ASKP_RSQN", "total_ask_quantity", "int", "shares", "총 매도호가 잔량"),
    Field("TOTAL_BIDP_RSQN", "total_bid_quantity", "int", "shares", "총 매수호가 잔량"),
    Field("VOL_TNRT", "", "decimal", "%", "거래량 회전율"),
    Field("PRDY_SMNS_HOUR_ACML_VOL", "", "int", "shares", "전일 동시간 누적 거래량"),
    Field("PRDY_SMNS_HOUR_ACML_VOL_RATE", "", "decimal", "%", "전일 동시간 누적 거래량 비율"),
    Field("HOUR_CLS_CODE", "hour_class", "code", "", "시간 구분 코드"),
    Field("MRKT_TRTM_CLS_CODE", "", "code", "", "임의종료구분코드"),
    Field("VI_STND_PRC", "vi_base_price", "int", "KRW", "정적VI발동기준가"),
)
# The unified feed differs in the name of one field.
_TRADE_UNIFIED = tuple(
    Field("CNTG_CLS_CODE", *(field.name, field.kind, field.unit, field.ko)) if field.name == "side" else field
    for field in _TRADE
)

_BOOK = (
    Field("MKSC_SHRN_ISCD", "symbol", "text", "", "유가증권 단축 종목코드"),
    Field("BSOP_HOUR", "time", "time", "", "영업 시간"),
    Field("HOUR_CLS_CODE", "hour_class", "code", "", "시간 구분 코드"),
    *_ladder("ASKP", "ask", "KRW", "매도호가"),
    *_ladder("BIDP", "bid", "KRW", "매수호가"),
    *_ladder("ASKP_RSQN", "ask_quantity", "shares", "매도호가 잔량"),
    *_ladder("BIDP_RSQN", "bid_quantity", "shares", "매수호가 잔량"),
    Field("TOTAL_ASKP_RSQN", "total_ask_quantity", "int", "shares", "총 매도호가 잔량"),
    Field("TOTAL_BIDP_RSQN", "total_bid_quantity", "int", "shares", "총 매수호가 잔량"),
    Field("OVTM_TOTAL_ASKP_RSQN", "", "int", "shares", "시간외 총 매도호가 잔량"),
    Field("OVTM_TOTAL_BIDP_RSQN", "", "int", "shares", "시간외 총 매수호가 잔량"),
    Field("ANTC_CNPR", "expected_price", "int", "KRW", "예상 체결가"),
    Field("ANTC_CNQN", "expected_quantity", "int", "shares", "예상 체결량"),
    Field("ANTC_VOL", "", "int", "shares", "예상 거래량"),
    Field("ANTC_CNTG_VRSS", "", "int", "KRW", "예상 체결 대비"),
    Field("ANTC_CNTG_VRSS_SIGN", "", "code", "", "예상 체결 대비 부호"),
    Field("ANTC_CNTG_PRDY_CTRT", "", "decimal", "%", "예상 체결 전일 대비율"),
    Field("ACML_VOL", "volume", "int", "shares", "누적 거래량"),
    Field("TOTAL_ASKP_RSQN_ICDC", "", "int", "shares", "총 매도호가 잔량 증감"),
    Field("TOTAL_BIDP_RSQN_ICDC", "", "int", "shares", "총 매수호가 잔량 증감"),
    Field("OVTM_TOTAL_ASKP_ICDC", "", "int", "shares", "시간외 총 매도호가 증감"),
    Field("OVTM_TOTAL_BIDP_ICDC", "", "int", "shares", "시간외 총 매수호가 증감"),
    Field("STCK_DEAL_CLS_CODE", "", "code", "", "주식 매매 구분 코드"),
)

_NOTICE = (
    Field("CUST_ID", "customer", "text", "", "고객 ID"),
    Field("ACNT_NO", "account", "text", "", "계좌번호"),
    Field("ODER_NO", "order_no", "text", "", "주문번호"),
    Field("OODER_NO", "original_order_no", "text", "", "원주문번호"),
    Field("SELN_BYOV_CLS", "side", "code", "", "매도매수구분"),
    Field("RCTF_CLS", "amendment", "code", "", "정정구분"),
    Field("ODER_KIND", "order_kind", "text", "", "주문종류"),
    Field("ODER_COND", "", "text", "", "주문조건"),
    Field("STCK_SHRN_ISCD", "symbol", "text", "", "주식 단축 종목코드"),
    Field("CNTG_QTY", "quantity", "int", "shares", "체결 수량"),
    Field("CNTG_UNPR", "price", "int", "KRW", "체결단가"),
    Field("STCK_CNTG_HOUR", "time", "time", "", "주식 체결 시간"),
    Field("RFUS_YN", "rejected", "code", "", "거부여부"),
    Field("CNTG_YN", "filled", "code", "", "체결여부"),
    Field("ACPT_YN", "accepted", "code", "", "접수여부"),
    Field("BRNC_NO", "branch", "text", "", "지점번호"),
    Field("ODER_QTY", "order_quantity", "int", "shares", "주문수량"),
    Field("ACNT_NAME", "owner", "text", "", "계좌명"),
    Field("ORD_COND_PRC", "", "int", "KRW", "호가조건가격"),
    Field("ORD_EXG_GB", "venue", "code", "", "주문거래소 구분"),
    Field("POPUP_YN", "", "code", "", "실시간체결창 표시여부"),
    Field("FILLER", "", "text", "", "필러"),
    Field("CRDT_CLS", "", "code", "", "신용구분"),
    Field("CRDT_LOAN_DATE", "", "date", "", "신용대출일자"),
    Field("CNTG_ISNM40", "name", "text", "", "체결종목명"),
    Field("ODER_PRC", "order_price", "int", "KRW", "주문가격"),
)

# Volume and amount have the units of the index calls: thousand shares, million KRW.
_INDEX = (
    Field("bstp_cls_code", "code", "code", "", "업종 구분 코드"),
    Field("bsop_hour", "time", "time", "", "영업 시간"),
    Field("prpr_nmix", "price", "decimal", "index points", "현재가 지수"),
    Field("prdy_vrss_sign", "sign", "code", "", "전일 대비 부호"),
    Field("bstp_nmix_prdy_vrss", "change", "decimal", "index points", "업종 지수 전일 대비"),
    Field("acml_vol", "volume", "int", "thousand shares", "누적 거래량"),
    Field("acml_tr_pbmn", "amount_krw", "int", "million KRW", "누적 거래 대금"),
    Field("pcas_vol", "quantity", "int", "thousand shares", "건별 거래량"),
    Field("pcas_tr_pbmn", "step_amount", "int", "million KRW", "건별 거래 대금"),
    Field("prdy_ctrt", "change_pct", "decimal", "%", "전일 대비율"),
    Field("oprc_nmix", "open", "decimal", "index points", "시가 지수"),
    Field("nmix_hgpr", "high", "decimal", "index points", "지수 최고가"),
    Field("nmix_lwpr", "low", "decimal", "index points", "지수 최저가"),
    Field("oprc_vrss_nmix_prpr", "", "decimal", "index points", "시가 대비 지수 현재가"),
    Field("oprc_vrss_nmix_sign", "", "code", "", "시가 대비 지수 부호"),
    Field("hgpr_vrss_nmix_prpr", "", "decimal", "index points", "최고가 대비 지수 현재가"),
    Field("hgpr_vrss_nmix_sign", "", "code", "", "최고가 대비 지수 부호"),
    Field("lwpr_vrss_nmix_prpr", "", "decimal", "index points", "최저가 대비 지수 현재가"),
    Field("lwpr_vrss_nmix_sign", "", "code", "", "최저가 대비 지수 부호"),
    Field("prdy_clpr_vrss_oprc_rate", "", "decimal", "%", "전일 종가 대비 시가2 비율"),
    Field("prdy_clpr_vrss_hgpr_rate", "", "decimal", "%", "전일 종가 대비 최고가 비율"),
    Field("prdy_clpr_vrss_lwpr_rate", "", "decimal", "%", "전일 종가 대비 최저가 비율"),
    Field("uplm_issu_cnt", "upper_limit_count", "int", "issues", "상한 종목 수"),
    Field("ascn_issu_cnt", "up_count", "int", "issues", "상승 종목 수"),
    Field("stnr_issu_cnt", "flat_count", "int", "issues", "보합 종목 수"),
    Field("down_issu_cnt", "down_count", "int", "issues", "하락 종목 수"),
    Field("lslm_issu_cnt", "lower_limit_count", "int", "issues", "하한 종목 수"),
    Field("qtqt_ascn_issu_cnt", "", "int", "issues", "기세 상승 종목수"),
    Field("qtqt_down_issu_cnt", "", "int", "issues", "기세 하락 종목수"),
    Field("tick_vrss", "", "decimal", "index points", "TICK대비"),
)

_STATE = (
    Field("MKSC_SHRN_ISCD", "symbol", "text", "", "유가증권단축종목코드"),
    Field("TRHT_YN", "halted", "flag", "", "거래정지여부"),
    Field("TR_SUSP_REAS_CNTT", "reason", "text", "", "거래정지사유내용"),
    Field("MKOP_CLS_CODE", "phase", "code", "", "장운영구분코드"),
    Field("ANTC_MKOP_CLS_CODE", "expected_phase", "code", "", "예상장운영구분코드"),
    Field("MRKT_TRTM_CLS_CODE", "", "code", "", "임의연장구분코드"),
    Field("DIVI_APP_CLS_CODE", "", "code", "", "동시호가배분처리구분코드"),
    Field("ISCD_STAT_CLS_CODE", "status", "code", "", "종목상태구분코드"),
    Field("VI_CLS_CODE", "vi", "code", "", "VI적용구분코드"),
    Field("OVTM_VI_CLS_CODE", "", "code", "", "시간외단일가VI적용구분코드"),
    Field("EXCH_CLS_CODE", "", "code", "", "거래소구분코드"),
)

# Prices are text with ZDIV decimals; the change is unsigned and SIGN says which way.
_OVERSEAS_TRADE = (
    Field("RSYM", "key", "text", "", "실시간종목코드"),
    Field("SYMB", "symbol", "text", "", "종목코드"),
    Field("ZDIV", "decimals", "int", "decimals", "수수점자리수"),
    Field("TYMD", "date", "date", "", "현지영업일자"),
    Field("XYMD", "local_date", "date", "", "현지일자"),
    Field("XHMS", "local_time", "time", "", "현지시간"),
    Field("KYMD", "korea_date", "date", "", "한국일자"),
    Field("KHMS", "korea_time", "time", "", "한국시간"),
    Field("OPEN", "open", "decimal", "currency", "시가"),
    Field("HIGH", "high", "decimal", "currency", "고가"),
    Field("LOW", "low", "decimal", "currency", "저가"),
    Field("LAST", "price", "decimal", "currency", "현재가"),
    Field("SIGN", "sign", "code", "", "대비구분"),
    Field("DIFF", "change", "decimal", "currency", "전일대비"),
    Field("RATE", "change_pct", "decimal", "%", "등락율"),
    Field("PBID", "bid", "decimal", "currency", "매수호가"),
    Field("PASK", "ask", "decimal", "currency", "매도호가"),
    Field("VBID", "bid_quantity", "int", "shares", "매수잔량"),
    Field("VASK", "ask_quantity", "int", "shares", "매도잔량"),
    Field("EVOL", "quantity", "int", "shares", "체결량"),
    Field("TVOL", "volume", "int", "shares", "거래량"),
    Field("TAMT", "amount", "decimal", "currency", "거래대금"),
    Field("BIVL", "sell_volume", "int", "shares", "매도체결량"),
    Field("ASVL", "buy_volume", "int", "shares", "매수체결량"),
    Field("STRN", "strength_pct", "decimal", "%", "체결강도"),
    Field("MTYP", "", "text", "", "시장구분 1:장중,2:장전,3:장후"),
)

_OVERSEAS_NOTICE = (
    Field("CUST_ID", "customer", "text", "", "고객 ID"),
    Field("ACNT_NO", "account", "text", "", "계좌번호"),
    Field("ODER_NO", "order_no", "text", "", "주문번호"),
    Field("OODER_NO", "original_order_no", "text", "", "원주문번호"),
    Field("SELN_BYOV_CLS", "side", "code", "", "매도매수구분"),
    Field("RCTF_CLS", "amendment", "code", "", "정정구분"),
    Field("ODER_KIND2", "order_kind", "text", "", "주문종류2"),
    Field("STCK_SHRN_ISCD", "symbol", "text", "", "주식 단축 종목코드"),
    Field("CNTG_QTY", "quantity", "int", "shares", "체결수량"),
    Field("CNTG_UNPR", "price", "decimal", "currency", "체결단가"),
    Field("STCK_CNTG_HOUR", "time", "time", "", "주식 체결 시간"),
    Field("RFUS_YN", "rejected", "code", "", "거부여부"),
    Field("CNTG_YN", "filled", "code", "", "체결여부"),
    Field("ACPT_YN", "accepted", "code", "", "접수여부"),
    Field("BRNC_NO", "branch", "text", "", "지점번호"),
    Field("ODER_QTY", "order_quantity", "int", "shares", "주문 수량"),
    Field("ACNT_NAME", "owner", "text", "", "계좌명"),
    Field("CNTG_ISNM", "name", "text", "", "체결종목명"),
    Field("ODER_COND", "market", "code", "", "해외종목구분"),
    Field("DEBT_GB", "", "code", "", "담보유형코드"),
    Field("DEBT_DATE", "", "date", "", "담보대출일자"),
    Field("START_TM", "", "time", "", "분할매수/매도 시작시간"),
    Field("END_TM", "", "time", "", "분할매수/매도 종료시간"),
    Field("TM_DIV_TP", "", "text", "", "시간분할타입유형"),
    Field("CNTG_UNPR12", "exact_price", "decimal", "currency", "체결단가12"),
)

CHANNELS = {
    channel.name: channel
    for channel in (
        Channel("trades", "국내주식 실시간체결가 (KRX)", "H0STCNT0", "H0STCNT0", "symbol", _TRADE),
        Channel("trades_unified", "국내주식 실시간체결가 (통합)", "H0UNCNT0", "", "symbol", _TRADE_UNIFIED),
        Channel("order_book", "국내주식 실시간호가 (KRX)", "H0STASP0", "H0STASP0", "symbol", _BOOK),
        Channel("notices", "국내주식 실시간체결통보", "H0STCNI0", "H0STCNI9", "user", _NOTICE, is_encrypted=True),
        Channel("index", "국내지수 실시간체결", "H0UPCNT0", "", "index", _INDEX),
        Channel("market_state", "국내주식 장운영정보 (KRX)", "H0STMKO0", "", "symbol", _STATE),
        Channel("overseas_trades", "해외주식 실시간지연체결가", "HDFSCNT0", "", "overseas", _OVERSEAS_TRADE),
        Channel(
            "overseas_notices", "해외주식 실시간체결통보", "H0GSCNI0", "H0GSCNI9", "user", _OVERSEAS_NOTICE,
            is_encrypted=True,
        ),
    )
}  # fmt: skip

_BY_TR_ID = {tr_id: channel for channel in CHANNELS.values() for tr_id in channel.tr_ids}


def find_channel(tr_id: str) -> Channel | None:
    """Return the channel of a transaction id, of the real or the paper host; None for an unknown one."""
    return _BY_TR_ID.get(tr_id)
