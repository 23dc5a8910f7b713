"""Financial statements and ratios: amounts in 100 million KRW, 99.99 where nothing is given."""

from sillok.kis.schema.shape import Block, Endpoint, Field

__all__ = [
    "BALANCE_SHEET",
    "FINANCIAL_RATIO",
    "GROWTH_RATIO",
    "INCOME_STATEMENT",
    "OTHER_RATIOS",
    "PROFIT_RATIO",
    "STABILITY_RATIO",
]

BALANCE_SHEET = Endpoint(
    path="/uapi/domestic-stock/v1/finance/balance-sheet",
    tr_id="FHKST66430100",
    tr_id_paper="",
    params={"basis": "FID_DIV_CLS_CODE", "symbol": "fid_input_iscd"},
    fixed={"fid_cond_mrkt_div_code": "J"},
    page_rows=30,
    ko="국내주식 대차대조표",
    blocks=(
        Block(
            "output",
            (
                Field("stac_yymm", "period", "month", "", "결산 년월"),
                Field("cras", "current_assets_krw", "decimal", "100 million KRW", "유동자산"),
                Field("fxas", "noncurrent_assets_krw", "decimal", "100 million KRW", "고정자산"),
                Field("total_aset", "assets_krw", "decimal", "100 million KRW", "자산총계"),
                Field("flow_lblt", "current_liabilities_krw", "decimal", "100 million KRW", "유동부채"),
                Field("fix_lblt", "noncurrent_liabilities_krw", "decimal", "100 million KRW", "고정부채"),
                Field("total_lblt", "liabilities_krw", "decimal", "100 million KRW", "부채총계"),
                Field("cpfn", "capital_krw", "int", "100 million KRW", "자본금"),
                Field(
                    "cfp_surp",
                    "capital_surplus_krw",
                    "decimal",
                    "100 million KRW",
                    "자본 잉여금",
                    absent="99.99",
                ),
                Field(
                    "prfi_surp",
                    "retained_earnings_krw",
                    "decimal",
                    "100 million KRW",
                    "이익 잉여금",
                    absent="99.99",
                ),
                Field("total_cptl", "equity_krw", "decimal", "100 million KRW", "자본총계"),
            ),
            "list",
        ),
    ),
)

INCOME_STATEMENT = Endpoint(
    path="/uapi/domestic-stock/v1/finance/income-statement",
    tr_id="FHKST66430200",
    tr_id_paper="",
    params={"basis": "FID_DIV_CLS_CODE", "symbol": "fid_input_iscd"},
    fixed={"fid_cond_mrkt_div_code": "J"},
    page_rows=30,
    ko="국내주식 손익계산서",
    blocks=(
        Block(
            "output",
            (
                Field("stac_yymm", "period", "month", "", "결산 년월"),
                Field("sale_account", "sales_krw", "decimal", "100 million KRW", "매출액"),
                Field("sale_cost", "cost_of_sales_krw", "decimal", "100 million KRW", "매출 원가"),
                Field("sale_totl_prfi", "gross_profit_krw", "int", "100 million KRW", "매출 총 이익"),
                Field(
                    "depr_cost",
                    "depreciation_krw",
                    "decimal",
                    "100 million KRW",
                    "감가상각비",
                    absent="99.99",
                ),
                Field(
                    "sell_mang",
                    "overhead_krw",
                    "decimal",
                    "100 million KRW",
                    "판매 및 관리비",
                    absent="99.99",
                ),
                Field("bsop_prti", "operating_profit_krw", "decimal", "100 million KRW", "영업 이익"),
                Field(
                    "bsop_non_ernn",
                    "nonoperating_income_krw",
                    "decimal",
                    "100 million KRW",
                    "영업 외 수익",
                    absent="99.99",
                ),
                Field(
                    "bsop_non_expn",
                    "nonoperating_expense_krw",
                    "decimal",
                    "100 million KRW",
                    "영업 외 비용",
                    absent="99.99",
                ),
                Field("op_prfi", "pretax_profit_krw", "decimal", "100 million KRW", "경상 이익"),
                Field(
                    "spec_prfi",
                    "extraordinary_gain_krw",
                    "decimal",
                    "100 million KRW",
                    "특별 이익",
                    absent="99.99",
                ),
                Field(
                    "spec_loss",
                    "extraordinary_loss_krw",
                    "decimal",
                    "100 million KRW",
                    "특별 손실",
                    absent="99.99",
                ),
                Field("thtr_ntin", "net_income_krw", "decimal", "100 million KRW", "당기순이익"),
            ),
            "list",
        ),
    ),
)

FINANCIAL_RATIO = Endpoint(
    path="/uapi/domestic-stock/v1/finance/financial-ratio",
    tr_id="FHKST66430300",
    tr_id_paper="",
    params={"basis": "FID_DIV_CLS_CODE", "symbol": "fid_input_iscd"},
    fixed={"fid_cond_mrkt_div_code": "J"},
    page_rows=30,
    ko="국내주식 재무비율",
    blocks=(
        Block(
            "output",
            (
                Field("stac_yymm", "period", "month", "", "결산 년월"),
                Field("grs", "sales_growth_pct", "decimal", "%", "매출액 증가율"),
                Field("bsop_prfi_inrt", "operating_growth_pct", "decimal", "%", "영업 이익 증가율"),
                Field("ntin_inrt", "net_growth_pct", "decimal", "%", "순이익 증가율"),
                Field("roe_val", "roe_pct", "decimal", "%", "ROE 값"),
                Field("eps", "eps_krw", "decimal", "KRW/share", "EPS"),
                Field("sps", "sales_per_share_krw", "decimal", "KRW/share", "주당매출액"),
                Field("bps", "bps_krw", "decimal", "KRW/share", "BPS"),
                Field("rsrv_rate", "reserve_pct", "decimal", "%", "유보 비율"),
                Field("lblt_rate", "debt_pct", "decimal", "%", "부채 비율"),
            ),
            "list",
        ),
    ),
)

PROFIT_RATIO = Endpoint(
    path="/uapi/domestic-stock/v1/finance/profit-ratio",
    tr_id="FHKST66430400",
    tr_id_paper="",
    params={"symbol": "fid_input_iscd", "basis": "FID_DIV_CLS_CODE"},
    fixed={"fid_cond_mrkt_div_code": "J"},
    page_rows=30,
    ko="국내주식 수익성비율",
    blocks=(
        Block(
            "output",
            (
                Field("stac_yymm", "period", "month", "", "결산 년월"),
                Field("cptl_ntin_rate", "return_on_assets_pct", "decimal", "%", "총자본 순이익율"),
                Field("self_cptl_ntin_inrt", "return_on_equity_pct", "decimal", "%", "자기자본 순이익율"),
                Field("sale_ntin_rate", "net_margin_pct", "decimal", "%", "매출액 순이익율"),
                Field("sale_totl_rate", "gross_margin_pct", "decimal", "%", "매출액 총이익율"),
            ),
            "list",
        ),
    ),
)

OTHER_RATIOS = Endpoint(
    path="/uapi/domestic-stock/v1/finance/other-major-ratios",
    tr_id="FHKST66430500",
    tr_id_paper="",
    params={"symbol": "fid_input_iscd", "basis": "fid_div_cls_code"},
    fixed={"fid_cond_mrkt_div_code": "J"},
    page_rows=30,
    ko="국내주식 기타주요비율",
    blocks=(
        Block(
            "output",
            (
                Field("stac_yymm", "period", "month", "", "결산 년월"),
                Field("payout_rate", "payout_pct", "decimal", "%", "배당 성향"),
                Field("eva", "eva_krw", "decimal", "100 million KRW", "EVA"),
                Field("ebitda", "ebitda_krw", "decimal", "100 million KRW", "EBITDA"),
                Field("ev_ebitda", "ev_ebitda", "decimal", "multiple", "EV_EBITDA"),
            ),
            "list",
        ),
    ),
)

STABILITY_RATIO = Endpoint(
    path="/uapi/domestic-stock/v1/finance/stability-ratio",
    tr_id="FHKST66430600",
    tr_id_paper="",
    params={"symbol": "fid_input_iscd", "basis": "fid_div_cls_code"},
    fixed={"fid_cond_mrkt_div_code": "J"},
    page_rows=30,
    ko="국내주식 안정성비율",
    blocks=(
        Block(
            "output",
            (
                Field("stac_yymm", "period", "month", "", "결산 년월"),
                Field("lblt_rate", "debt_pct", "decimal", "%", "부채 비율"),
                Field("bram_depn", "borrowings_pct", "decimal", "%", "차입금 의존도"),
                Field("crnt_rate", "current_ratio_pct", "decimal", "%", "유동 비율"),
                Field("quck_rate", "quick_ratio_pct", "decimal", "%", "당좌 비율"),
            ),
            "list",
        ),
    ),
)

GROWTH_RATIO = Endpoint(
    path="/uapi/domestic-stock/v1/finance/growth-ratio",
    tr_id="FHKST66430800",
    tr_id_paper="",
    params={"symbol": "fid_input_iscd", "basis": "fid_div_cls_code"},
    fixed={"fid_cond_mrkt_div_code": "J"},
    page_rows=30,
    ko="국내주식 성장성비율",
    blocks=(
        Block(
            "output",
            (
                Field("stac_yymm", "period", "month", "", "결산 년월"),
                Field("grs", "sales_growth_pct", "decimal", "%", "매출액 증가율"),
                Field("bsop_prfi_inrt", "operating_growth_pct", "decimal", "%", "영업 이익 증가율"),
                Field("equt_inrt", "equity_growth_pct", "decimal", "%", "자기자본 증가율"),
                Field("totl_aset_inrt", "asset_growth_pct", "decimal", "%", "총자산 증가율"),
            ),
            "list",
        ),
    ),
)
