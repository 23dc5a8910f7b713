"""Market data calls: daily charts of issues and indices, and the calendar."""

from sillok.kis.schema.shape import Block, Endpoint, Field

__all__ = ["DAILY_CHART", "HOLIDAYS", "INDEX_CHART", "INDEX_CODES"]

# Our index codes and the vendor's.
INDEX_CODES = {"KOSPI": "0001", "KOSDAQ": "1001", "KOSPI200": "2001"}

_CHART_PARAMS = {"symbol": "FID_INPUT_ISCD", "start": "FID_INPUT_DATE_1", "end": "FID_INPUT_DATE_2"}

DAILY_CHART = Endpoint(
    path="/uapi/domestic-stock/v1/quotations/inquire-daily-itemchartprice",
    tr_id="FHKST03010100",
    tr_id_paper="FHKST03010100",
    # raw: "0" adjusted, "1" raw. The sister call inquire-daily-price has it the other way round.
    params={**_CHART_PARAMS, "raw": "FID_ORG_ADJ_PRC"},
    fixed={"FID_COND_MRKT_DIV_CODE": "J", "FID_PERIOD_DIV_CODE": "D"},
    page_rows=100,
    head=Block(
        "output1",
        (
            Field("prdy_vrss", "change", "int", "KRW", "전일 대비"),
            Field("prdy_vrss_sign", "sign", "text", "", "전일 대비 부호"),
            Field("prdy_ctrt", "change_pct", "decimal", "%", "전일 대비율"),
            Field("stck_prdy_clpr", "previous_close", "int", "KRW", "주식 전일 종가"),
            Field("acml_vol", "volume", "int", "shares", "누적 거래량"),
            Field("acml_tr_pbmn", "", "int", "KRW", "누적 거래 대금"),
            Field("hts_kor_isnm", "name", "text", "", "HTS 한글 종목명"),
            Field("stck_prpr", "price", "int", "KRW", "주식 현재가"),
            Field("stck_shrn_iscd", "symbol", "text", "", "주식 단축 종목코드"),
            Field("prdy_vol", "", "int", "shares", "전일 거래량"),
            Field("stck_mxpr", "upper_limit", "int", "KRW", "주식 상한가"),
            Field("stck_llam", "lower_limit", "int", "KRW", "주식 하한가"),
            Field("stck_oprc", "open", "int", "KRW", "주식 시가2"),
            Field("stck_hgpr", "high", "int", "KRW", "주식 최고가"),
            Field("stck_lwpr", "low", "int", "KRW", "주식 최저가"),
            Field("stck_prdy_oprc", "", "int", "KRW", "주식 전일 시가"),
            Field("stck_prdy_hgpr", "", "int", "KRW", "주식 전일 최고가"),
            Field("stck_prdy_lwpr", "", "int", "KRW", "주식 전일 최저가"),
            Field("askp", "", "int", "KRW", "매도호가"),
            Field("bidp", "", "int", "KRW", "매수호가"),
            Field("prdy_vrss_vol", "", "int", "shares", "전일 대비 거래량"),
            Field("vol_tnrt", "", "decimal", "%", "거래량 회전율"),
            Field("stck_fcam", "", "int", "KRW", "주식 액면가"),
            Field("lstn_stcn", "shares", "int", "shares", "상장 주수"),
            Field("cpfn", "", "int", "100 million KRW", "자본금"),
            Field("hts_avls", "", "int", "100 million KRW", "HTS 시가총액"),
            Field("per", "", "decimal", "multiple", "PER"),
            Field("eps", "", "decimal", "KRW/share", "EPS"),
            Field("pbr", "", "decimal", "multiple", "PBR"),
            Field("itewhol_loan_rmnd_ratem", "", "decimal", "%", "전체 융자 잔고 비율"),
        ),
    ),
    rows=Block(
        "output2",
        (
            Field("stck_bsop_date", "date", "date", "", "주식 영업 일자"),
            Field("stck_clpr", "close", "int", "KRW", "주식 종가"),
            Field("stck_oprc", "open", "int", "KRW", "주식 시가2"),
            Field("stck_hgpr", "high", "int", "KRW", "주식 최고가"),
            Field("stck_lwpr", "low", "int", "KRW", "주식 최저가"),
            Field("acml_vol", "volume", "int", "shares", "누적 거래량"),
            Field("acml_tr_pbmn", "amount_krw", "int", "KRW", "누적 거래 대금"),
            Field("flng_cls_code", "", "text", "", "락 구분 코드"),
            Field("prtt_rate", "split_pct", "decimal", "%", "분할 비율"),
            Field("mod_yn", "no_open", "text", "", "변경 여부"),
            Field("prdy_vrss_sign", "sign", "text", "", "전일 대비 부호"),
            Field("prdy_vrss", "change", "int", "KRW", "전일 대비"),
            Field("revl_issu_reas", "", "text", "", "재평가사유코드"),
        ),
    ),
)

# Volume is in thousand shares and the amount in million KRW here, unlike for an issue.
INDEX_CHART = Endpoint(
    path="/uapi/domestic-stock/v1/quotations/inquire-daily-indexchartprice",
    tr_id="FHKUP03500100",
    tr_id_paper="FHKUP03500100",
    params=_CHART_PARAMS,
    fixed={"FID_COND_MRKT_DIV_CODE": "U", "FID_PERIOD_DIV_CODE": "D"},
    page_rows=50,
    head=Block(
        "output1",
        (
            Field("bstp_nmix_prdy_vrss", "", "decimal", "index points", "업종 지수 전일 대비"),
            Field("prdy_vrss_sign", "", "text", "", "전일 대비 부호"),
            Field("bstp_nmix_prdy_ctrt", "", "decimal", "%", "업종 지수 전일 대비율"),
            Field("prdy_nmix", "previous_close", "decimal", "index points", "전일 지수"),
            Field("acml_vol", "", "int", "thousand shares", "누적 거래량"),
            Field("acml_tr_pbmn", "", "int", "million KRW", "누적 거래 대금"),
            Field("hts_kor_isnm", "name", "text", "", "HTS 한글 종목명"),
            Field("bstp_nmix_prpr", "price", "decimal", "index points", "업종 지수 현재가"),
            Field("bstp_cls_code", "code", "text", "", "업종 구분 코드"),
            Field("prdy_vol", "", "int", "thousand shares", "전일 거래량"),
            Field("bstp_nmix_oprc", "", "decimal", "index points", "업종 지수 시가2"),
            Field("bstp_nmix_hgpr", "", "decimal", "index points", "업종 지수 최고가"),
            Field("bstp_nmix_lwpr", "", "decimal", "index points", "업종 지수 최저가"),
            Field("futs_prdy_oprc", "", "decimal", "index points", "선물 전일 시가"),
            Field("futs_prdy_hgpr", "", "decimal", "index points", "선물 전일 최고가"),
            Field("futs_prdy_lwpr", "", "decimal", "index points", "선물 전일 최저가"),
        ),
    ),
    rows=Block(
        "output2",
        (
            Field("stck_bsop_date", "date", "date", "", "주식 영업 일자"),
            Field("bstp_nmix_prpr", "close", "decimal", "index points", "업종 지수 현재가"),
            Field("bstp_nmix_oprc", "open", "decimal", "index points", "업종 지수 시가2"),
            Field("bstp_nmix_hgpr", "high", "decimal", "index points", "업종 지수 최고가"),
            Field("bstp_nmix_lwpr", "low", "decimal", "index points", "업종 지수 최저가"),
            Field("acml_vol", "volume", "int", "thousand shares", "누적 거래량"),
            Field("acml_tr_pbmn", "amount", "int", "million KRW", "누적 거래 대금"),
            Field("mod_yn", "", "text", "", "변경 여부"),
        ),
    ),
)

HOLIDAYS = Endpoint(
    path="/uapi/domestic-stock/v1/quotations/chk-holiday",
    tr_id="CTCA0903R",
    tr_id_paper="",
    params={"start": "BASS_DT"},
    fixed={},
    page_rows=24,
    context=("CTX_AREA_FK", "CTX_AREA_NK"),
    head=Block("", ()),
    rows=Block(
        "output",
        (
            Field("bass_dt", "date", "date", "", "기준일자"),
            Field("wday_dvsn_cd", "weekday", "text", "", "요일구분코드"),
            Field("bzdy_yn", "is_business_day", "text", "", "영업일여부"),
            Field("tr_day_yn", "is_trading_day", "text", "", "거래일여부"),
            Field("opnd_yn", "is_open", "text", "", "개장일여부"),
            Field("sttl_day_yn", "is_settlement_day", "text", "", "결제일여부"),
        ),
    ),
)
