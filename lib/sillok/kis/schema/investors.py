"""Who bought and sold: investors by kind, and short sales."""

from sillok.kis.schema.shape import Block, Endpoint, Field

__all__ = ["INVESTORS", "INVESTORS_DAILY", "SHORT_SALES"]

INVESTORS = Endpoint(
    path="/uapi/domestic-stock/v1/quotations/inquire-investor",
    tr_id="FHKST01010900",
    tr_id_paper="FHKST01010900",
    params={"symbol": "FID_INPUT_ISCD"},
    fixed={"FID_COND_MRKT_DIV_CODE": "J"},
    page_rows=30,
    ko="주식현재가 투자자",
    blocks=(
        Block(
            "output",
            (
                Field("stck_bsop_date", "date", "date", "", "주식 영업 일자"),
                Field("stck_clpr", "close", "int", "KRW", "주식 종가"),
                Field("prdy_vrss", "change", "int", "KRW", "전일 대비"),
                Field("prdy_vrss_sign", "sign", "text", "", "전일 대비 부호"),
                Field("prsn_ntby_qty", "individual_qty", "int", "shares", "개인 순매수 수량"),
                Field("frgn_ntby_qty", "foreign_qty", "int", "shares", "외국인 순매수 수량"),
                Field("orgn_ntby_qty", "institution_qty", "int", "shares", "기관계 순매수 수량"),
                Field("prsn_ntby_tr_pbmn", "individual_krw", "int", "million KRW", "개인 순매수 거래 대금"),
                Field("frgn_ntby_tr_pbmn", "foreign_krw", "int", "million KRW", "외국인 순매수 거래 대금"),
                Field(
                    "orgn_ntby_tr_pbmn", "institution_krw", "int", "million KRW", "기관계 순매수 거래 대금"
                ),
                Field("prsn_shnu_vol", "individual_bought_qty", "int", "shares", "개인 매수2 거래량"),
                Field("frgn_shnu_vol", "foreign_bought_qty", "int", "shares", "외국인 매수2 거래량"),
                Field("orgn_shnu_vol", "institution_bought_qty", "int", "shares", "기관계 매수2 거래량"),
                Field(
                    "prsn_shnu_tr_pbmn", "individual_bought_krw", "int", "million KRW", "개인 매수2 거래 대금"
                ),
                Field(
                    "frgn_shnu_tr_pbmn", "foreign_bought_krw", "int", "million KRW", "외국인 매수2 거래 대금"
                ),
                Field(
                    "orgn_shnu_tr_pbmn",
                    "institution_bought_krw",
                    "int",
                    "million KRW",
                    "기관계 매수2 거래 대금",
                ),
                Field("prsn_seln_vol", "individual_sold_qty", "int", "shares", "개인 매도 거래량"),
                Field("frgn_seln_vol", "foreign_sold_qty", "int", "shares", "외국인 매도 거래량"),
                Field("orgn_seln_vol", "institution_sold_qty", "int", "shares", "기관계 매도 거래량"),
                Field(
                    "prsn_seln_tr_pbmn", "individual_sold_krw", "int", "million KRW", "개인 매도 거래 대금"
                ),
                Field("frgn_seln_tr_pbmn", "foreign_sold_krw", "int", "million KRW", "외국인 매도 거래 대금"),
                Field(
                    "orgn_seln_tr_pbmn", "institution_sold_krw", "int", "million KRW", "기관계 매도 거래 대금"
                ),
            ),
            "list",
        ),
    ),
)

INVESTORS_DAILY = Endpoint(
    path="/uapi/domestic-stock/v1/quotations/investor-trade-by-stock-daily",
    tr_id="FHPTJ04160001",
    tr_id_paper="",
    params={"symbol": "FID_INPUT_ISCD", "end": "FID_INPUT_DATE_1"},
    fixed={"FID_COND_MRKT_DIV_CODE": "J", "FID_ORG_ADJ_PRC": "", "FID_ETC_CLS_CODE": "1"},
    page_rows=100,
    ko="종목별 투자자매매동향(일별)",
    blocks=(
        Block(
            "output1",
            (
                Field("stck_prpr", "price", "int", "KRW", "주식 현재가"),
                Field("prdy_vrss", "change", "int", "KRW", "전일 대비"),
                Field("prdy_vrss_sign", "sign", "text", "", "전일 대비 부호"),
                Field("prdy_ctrt", "change_pct", "decimal", "%", "전일 대비율"),
                Field("acml_vol", "volume", "int", "shares", "누적 거래량"),
                Field("prdy_vol", "previous_volume", "int", "shares", "전일 거래량"),
                Field("rprs_mrkt_kor_name", "market_name", "text", "", "대표 시장 한글 명"),
            ),
            "object",
        ),
        Block(
            "output2",
            (
                Field("stck_bsop_date", "date", "date", "", "주식 영업 일자"),
                Field("stck_clpr", "close", "int", "KRW", "주식 종가"),
                Field("prdy_vrss", "change", "int", "KRW", "전일 대비"),
                Field("prdy_vrss_sign", "sign", "text", "", "전일 대비 부호"),
                Field("prdy_ctrt", "change_pct", "decimal", "%", "전일 대비율"),
                Field("acml_vol", "volume", "int", "shares", "누적 거래량"),
                Field("acml_tr_pbmn", "amount_krw", "int", "KRW", "누적 거래 대금"),
                Field("stck_oprc", "open", "int", "KRW", "주식 시가2"),
                Field("stck_hgpr", "high", "int", "KRW", "주식 최고가"),
                Field("stck_lwpr", "low", "int", "KRW", "주식 최저가"),
                Field("frgn_ntby_qty", "foreign_qty", "int", "shares", "외국인 순매수 수량"),
                Field(
                    "frgn_reg_ntby_qty", "foreign_registered_qty", "int", "shares", "외국인 등록 순매수 수량"
                ),
                Field(
                    "frgn_nreg_ntby_qty",
                    "foreign_unregistered_qty",
                    "int",
                    "shares",
                    "외국인 비등록 순매수 수량",
                ),
                Field("prsn_ntby_qty", "individual_qty", "int", "shares", "개인 순매수 수량"),
                Field("orgn_ntby_qty", "institution_qty", "int", "shares", "기관계 순매수 수량"),
                Field("scrt_ntby_qty", "securities_qty", "int", "shares", "증권 순매수 수량"),
                Field("ivtr_ntby_qty", "trust_qty", "int", "shares", "투자신탁 순매수 수량"),
                Field("pe_fund_ntby_vol", "private_fund_qty", "int", "shares", "사모 펀드 순매수 거래량"),
                Field("bank_ntby_qty", "bank_qty", "int", "shares", "은행 순매수 수량"),
                Field("insu_ntby_qty", "insurer_qty", "int", "shares", "보험 순매수 수량"),
                Field("mrbn_ntby_qty", "merchant_bank_qty", "int", "shares", "종금 순매수 수량"),
                Field("fund_ntby_qty", "pension_qty", "int", "shares", "기금 순매수 수량"),
                Field("etc_ntby_qty", "other_qty", "int", "shares", "기타 순매수 수량"),
                Field(
                    "etc_corp_ntby_vol", "other_corporation_qty", "int", "shares", "기타 법인 순매수 거래량"
                ),
                Field("etc_orgt_ntby_vol", "other_group_qty", "int", "shares", "기타 단체 순매수 거래량"),
                Field(
                    "frgn_reg_ntby_pbmn", "foreign_registered_krw", "int", "KRW", "외국인 등록 순매수 대금"
                ),
                Field("frgn_ntby_tr_pbmn", "foreign_krw", "int", "million KRW", "외국인 순매수 거래 대금"),
                Field(
                    "frgn_nreg_ntby_pbmn",
                    "foreign_unregistered_krw",
                    "int",
                    "KRW",
                    "외국인 비등록 순매수 대금",
                ),
                Field("prsn_ntby_tr_pbmn", "individual_krw", "int", "million KRW", "개인 순매수 거래 대금"),
                Field(
                    "orgn_ntby_tr_pbmn", "institution_krw", "int", "million KRW", "기관계 순매수 거래 대금"
                ),
                Field("scrt_ntby_tr_pbmn", "securities_krw", "int", "million KRW", "증권 순매수 거래 대금"),
                Field(
                    "pe_fund_ntby_tr_pbmn",
                    "private_fund_krw",
                    "int",
                    "million KRW",
                    "사모 펀드 순매수 거래 대금",
                ),
                Field("ivtr_ntby_tr_pbmn", "trust_krw", "int", "million KRW", "투자신탁 순매수 거래 대금"),
                Field("bank_ntby_tr_pbmn", "bank_krw", "int", "million KRW", "은행 순매수 거래 대금"),
                Field("insu_ntby_tr_pbmn", "insurer_krw", "int", "million KRW", "보험 순매수 거래 대금"),
                Field(
                    "mrbn_ntby_tr_pbmn", "merchant_bank_krw", "int", "million KRW", "종금 순매수 거래 대금"
                ),
                Field("fund_ntby_tr_pbmn", "pension_krw", "int", "million KRW", "기금 순매수 거래 대금"),
                Field("etc_ntby_tr_pbmn", "other_krw", "int", "million KRW", "기타 순매수 거래 대금"),
                Field(
                    "etc_corp_ntby_tr_pbmn",
                    "other_corporation_krw",
                    "int",
                    "million KRW",
                    "기타 법인 순매수 거래 대금",
                ),
                Field(
                    "etc_orgt_ntby_tr_pbmn",
                    "other_group_krw",
                    "int",
                    "million KRW",
                    "기타 단체 순매수 거래 대금",
                ),
                Field("frgn_seln_vol", "foreign_sold_qty", "int", "shares", "외국인 매도 거래량"),
                Field("frgn_shnu_vol", "foreign_bought_qty", "int", "shares", "외국인 매수2 거래량"),
                Field("frgn_seln_tr_pbmn", "foreign_sold_krw", "int", "million KRW", "외국인 매도 거래 대금"),
                Field(
                    "frgn_shnu_tr_pbmn", "foreign_bought_krw", "int", "million KRW", "외국인 매수2 거래 대금"
                ),
                Field(
                    "frgn_reg_askp_qty",
                    "foreign_registered_sold_qty",
                    "int",
                    "shares",
                    "외국인 등록 매도 수량",
                ),
                Field(
                    "frgn_reg_bidp_qty",
                    "foreign_registered_bought_qty",
                    "int",
                    "shares",
                    "외국인 등록 매수 수량",
                ),
                Field(
                    "frgn_reg_askp_pbmn", "foreign_registered_sold_krw", "int", "KRW", "외국인 등록 매도 대금"
                ),
                Field(
                    "frgn_reg_bidp_pbmn",
                    "foreign_registered_bought_krw",
                    "int",
                    "KRW",
                    "외국인 등록 매수 대금",
                ),
                Field(
                    "frgn_nreg_askp_qty",
                    "foreign_unregistered_sold_qty",
                    "int",
                    "shares",
                    "외국인 비등록 매도 수량",
                ),
                Field(
                    "frgn_nreg_bidp_qty",
                    "foreign_unregistered_bought_qty",
                    "int",
                    "shares",
                    "외국인 비등록 매수 수량",
                ),
                Field(
                    "frgn_nreg_askp_pbmn",
                    "foreign_unregistered_sold_krw",
                    "int",
                    "KRW",
                    "외국인 비등록 매도 대금",
                ),
                Field(
                    "frgn_nreg_bidp_pbmn",
                    "foreign_unregistered_bought_krw",
                    "int",
                    "KRW",
                    "외국인 비등록 매수 대금",
                ),
                Field("prsn_seln_vol", "individual_sold_qty", "int", "shares", "개인 매도 거래량"),
                Field("prsn_shnu_vol", "individual_bought_qty", "int", "shares", "개인 매수2 거래량"),
                Field(
                    "prsn_seln_tr_pbmn", "individual_sold_krw", "int", "million KRW", "개인 매도 거래 대금"
                ),
                Field(
                    "prsn_shnu_tr_pbmn", "individual_bought_krw", "int", "million KRW", "개인 매수2 거래 대금"
                ),
                Field("orgn_seln_vol", "institution_sold_qty", "int", "shares", "기관계 매도 거래량"),
                Field("orgn_shnu_vol", "institution_bought_qty", "int", "shares", "기관계 매수2 거래량"),
                Field(
                    "orgn_seln_tr_pbmn", "institution_sold_krw", "int", "million KRW", "기관계 매도 거래 대금"
                ),
                Field(
                    "orgn_shnu_tr_pbmn",
                    "institution_bought_krw",
                    "int",
                    "million KRW",
                    "기관계 매수2 거래 대금",
                ),
                Field("scrt_seln_vol", "securities_sold_qty", "int", "shares", "증권 매도 거래량"),
                Field("scrt_shnu_vol", "securities_bought_qty", "int", "shares", "증권 매수2 거래량"),
                Field(
                    "scrt_seln_tr_pbmn", "securities_sold_krw", "int", "million KRW", "증권 매도 거래 대금"
                ),
                Field(
                    "scrt_shnu_tr_pbmn", "securities_bought_krw", "int", "million KRW", "증권 매수2 거래 대금"
                ),
                Field("ivtr_seln_vol", "trust_sold_qty", "int", "shares", "투자신탁 매도 거래량"),
                Field("ivtr_shnu_vol", "trust_bought_qty", "int", "shares", "투자신탁 매수2 거래량"),
                Field("ivtr_seln_tr_pbmn", "trust_sold_krw", "int", "million KRW", "투자신탁 매도 거래 대금"),
                Field(
                    "ivtr_shnu_tr_pbmn", "trust_bought_krw", "int", "million KRW", "투자신탁 매수2 거래 대금"
                ),
                Field(
                    "pe_fund_seln_tr_pbmn",
                    "private_fund_sold_krw",
                    "int",
                    "million KRW",
                    "사모 펀드 매도 거래 대금",
                ),
                Field("pe_fund_seln_vol", "private_fund_sold_qty", "int", "shares", "사모 펀드 매도 거래량"),
                Field(
                    "pe_fund_shnu_tr_pbmn",
                    "private_fund_bought_krw",
                    "int",
                    "million KRW",
                    "사모 펀드 매수2 거래 대금",
                ),
                Field(
                    "pe_fund_shnu_vol", "private_fund_bought_qty", "int", "shares", "사모 펀드 매수2 거래량"
                ),
                Field("bank_seln_vol", "bank_sold_qty", "int", "shares", "은행 매도 거래량"),
                Field("bank_shnu_vol", "bank_bought_qty", "int", "shares", "은행 매수2 거래량"),
                Field("bank_seln_tr_pbmn", "bank_sold_krw", "int", "million KRW", "은행 매도 거래 대금"),
                Field("bank_shnu_tr_pbmn", "bank_bought_krw", "int", "million KRW", "은행 매수2 거래 대금"),
                Field("insu_seln_vol", "insurer_sold_qty", "int", "shares", "보험 매도 거래량"),
                Field("insu_shnu_vol", "insurer_bought_qty", "int", "shares", "보험 매수2 거래량"),
                Field("insu_seln_tr_pbmn", "insurer_sold_krw", "int", "million KRW", "보험 매도 거래 대금"),
                Field(
                    "insu_shnu_tr_pbmn", "insurer_bought_krw", "int", "million KRW", "보험 매수2 거래 대금"
                ),
                Field("mrbn_seln_vol", "merchant_bank_sold_qty", "int", "shares", "종금 매도 거래량"),
                Field("mrbn_shnu_vol", "merchant_bank_bought_qty", "int", "shares", "종금 매수2 거래량"),
                Field(
                    "mrbn_seln_tr_pbmn", "merchant_bank_sold_krw", "int", "million KRW", "종금 매도 거래 대금"
                ),
                Field(
                    "mrbn_shnu_tr_pbmn",
                    "merchant_bank_bought_krw",
                    "int",
                    "million KRW",
                    "종금 매수2 거래 대금",
                ),
                Field("fund_seln_vol", "pension_sold_qty", "int", "shares", "기금 매도 거래량"),
                Field("fund_shnu_vol", "pension_bought_qty", "int", "shares", "기금 매수2 거래량"),
                Field("fund_seln_tr_pbmn", "pension_sold_krw", "int", "million KRW", "기금 매도 거래 대금"),
                Field(
                    "fund_shnu_tr_pbmn", "pension_bought_krw", "int", "million KRW", "기금 매수2 거래 대금"
                ),
                Field("etc_seln_vol", "other_sold_qty", "int", "shares", "기타 매도 거래량"),
                Field("etc_shnu_vol", "other_bought_qty", "int", "shares", "기타 매수2 거래량"),
                Field("etc_seln_tr_pbmn", "other_sold_krw", "int", "million KRW", "기타 매도 거래 대금"),
                Field("etc_shnu_tr_pbmn", "other_bought_krw", "int", "million KRW", "기타 매수2 거래 대금"),
                Field("etc_orgt_seln_vol", "other_group_sold_qty", "int", "shares", "기타 단체 매도 거래량"),
                Field(
                    "etc_orgt_shnu_vol", "other_group_bought_qty", "int", "shares", "기타 단체 매수2 거래량"
                ),
                Field(
                    "etc_orgt_seln_tr_pbmn",
                    "other_group_sold_krw",
                    "int",
                    "million KRW",
                    "기타 단체 매도 거래 대금",
                ),
                Field(
                    "etc_orgt_shnu_tr_pbmn",
                    "other_group_bought_krw",
                    "int",
                    "million KRW",
                    "기타 단체 매수2 거래 대금",
                ),
                Field(
                    "etc_corp_seln_vol",
                    "other_corporation_sold_qty",
                    "int",
                    "shares",
                    "기타 법인 매도 거래량",
                ),
                Field(
                    "etc_corp_shnu_vol",
                    "other_corporation_bought_qty",
                    "int",
                    "shares",
                    "기타 법인 매수2 거래량",
                ),
                Field(
                    "etc_corp_seln_tr_pbmn",
                    "other_corporation_sold_krw",
                    "int",
                    "million KRW",
                    "기타 법인 매도 거래 대금",
                ),
                Field(
                    "etc_corp_shnu_tr_pbmn",
                    "other_corporation_bought_krw",
                    "int",
                    "million KRW",
                    "기타 법인 매수2 거래 대금",
                ),
                Field("bold_yn", "bold", "flag", "", "BOLD 여부"),
            ),
            "list",
        ),
    ),
)

SHORT_SALES = Endpoint(
    path="/uapi/domestic-stock/v1/quotations/daily-short-sale",
    tr_id="FHPST04830000",
    tr_id_paper="",
    params={"end": "FID_INPUT_DATE_2", "symbol": "FID_INPUT_ISCD", "start": "FID_INPUT_DATE_1"},
    fixed={"FID_COND_MRKT_DIV_CODE": "J"},
    page_rows=100,
    ko="국내주식 공매도 일별추이",
    blocks=(
        Block(
            "output1",
            (
                Field("stck_prpr", "price", "int", "KRW", "주식 현재가"),
                Field("prdy_vrss", "change", "int", "KRW", "전일 대비"),
                Field("prdy_vrss_sign", "sign", "text", "", "전일 대비 부호"),
                Field("prdy_ctrt", "change_pct", "decimal", "%", "전일 대비율"),
                Field("acml_vol", "volume", "int", "shares", "누적 거래량"),
                Field("prdy_vol", "previous_volume", "int", "shares", "전일 거래량"),
            ),
            "object",
        ),
        Block(
            "output2",
            (
                Field("stck_bsop_date", "date", "date", "", "주식 영업 일자"),
                Field("stck_clpr", "close", "int", "KRW", "주식 종가"),
                Field("prdy_vrss", "change", "int", "KRW", "전일 대비"),
                Field("prdy_vrss_sign", "sign", "text", "", "전일 대비 부호"),
                Field("prdy_ctrt", "change_pct", "decimal", "%", "전일 대비율"),
                Field("acml_vol", "volume", "int", "shares", "누적 거래량"),
                Field("stnd_vol_smtn", "reference_volume", "int", "shares", "기준 거래량 합계"),
                Field("ssts_cntg_qty", "short_qty", "int", "shares", "공매도 체결 수량"),
                Field("ssts_vol_rlim", "short_volume_pct", "decimal", "%", "공매도 거래량 비중"),
                Field(
                    "acml_ssts_cntg_qty",
                    "cumulative_short_qty",
                    "int",
                    "shares",
                    "누적 공매도 체결 수량",
                ),
                Field(
                    "acml_ssts_cntg_qty_rlim",
                    "cumulative_short_volume_pct",
                    "decimal",
                    "%",
                    "누적 공매도 체결 수량 비중",
                ),
                Field("acml_tr_pbmn", "amount_krw", "int", "KRW", "누적 거래 대금"),
                Field("stnd_tr_pbmn_smtn", "reference_amount_krw", "int", "KRW", "기준 거래대금 합계"),
                Field("ssts_tr_pbmn", "short_amount_krw", "int", "KRW", "공매도 거래 대금"),
                Field("ssts_tr_pbmn_rlim", "short_amount_pct", "decimal", "%", "공매도 거래대금 비중"),
                Field(
                    "acml_ssts_tr_pbmn", "cumulative_short_amount_krw", "int", "KRW", "누적 공매도 거래 대금"
                ),
                Field(
                    "acml_ssts_tr_pbmn_rlim",
                    "cumulative_short_amount_pct",
                    "decimal",
                    "%",
                    "누적 공매도 거래 대금 비중",
                ),
                Field("stck_oprc", "open", "int", "KRW", "주식 시가2"),
                Field("stck_hgpr", "high", "int", "KRW", "주식 최고가"),
                Field("stck_lwpr", "low", "int", "KRW", "주식 최저가"),
                Field("avrg_prc", "average_price", "decimal", "KRW", "평균가격"),
            ),
            "list",
        ),
    ),
)
