"""The master files: fixed-width lines, cp949, parsed from the right because a name's width varies.

A line is short code (9), ISIN (12), Korean name (the rest), then a tail of fixed columns, all ASCII.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["MASTER_FILES", "SECTOR_FILE", "Column", "format_line", "split_line"]

MASTER_FILES = {
    "KOSPI": "/common/master/kospi_code.mst.zip",
    "KOSDAQ": "/common/master/kosdaq_code.mst.zip",
}
SECTOR_FILE = "/common/master/idxcode.mst.zip"
_CODE, _ISIN = 9, 12


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the tail: the vendor's name, ours (empty: not read), width, Korean label."""

    vendor: str
    name: str
    width: int
    ko: str
    kospi_only: bool = False


_COLUMNS = (
    Column("scrt_grp_cls_code", "security_type", 2, "증권그룹구분코드"),
    Column("avls_scal_cls_code", "", 1, "시가총액 규모"),
    Column("bstp_larg_div_code", "sector_large", 4, "지수업종 대분류"),
    Column("bstp_medm_div_code", "sector", 4, "중분류"),
    Column("bstp_smal_div_code", "sector_small", 4, "소분류"),
    Column("mnin_cls_code_yn", "", 1, "제조업 / 벤처기업"),
    Column("low_current_yn", "", 1, "저유동성"),
    Column("sprn_strr_nmix_issu_yn", "", 1, "지배구조지수", kospi_only=True),
    Column("kospi200_apnt_cls_code", "kospi200_sector", 1, "KOSPI200 섹터업종", kospi_only=True),
    Column("kospi100_issu_yn", "", 1, "KOSPI100", kospi_only=True),
    Column("kospi50_issu_yn", "", 1, "KOSPI50", kospi_only=True),
    Column("krx_issu_yn", "", 1, "KRX 종목"),
    Column("etp_prod_cls_code", "", 1, "ETP 상품구분"),
    Column("elw_pblc_yn", "", 1, "ELW 발행", kospi_only=True),
    Column("krx100_issu_yn", "", 1, "KRX100"),
    Column("krx_car_yn", "", 1, "KRX 자동차"),
    Column("krx_smcn_yn", "", 1, "KRX 반도체"),
    Column("krx_bio_yn", "", 1, "KRX 바이오"),
    Column("krx_bank_yn", "", 1, "KRX 은행"),
    Column("etpr_undt_objt_co_yn", "", 1, "SPAC"),
    Column("krx_enrg_chms_yn", "", 1, "에너지화학"),
    Column("krx_stel_yn", "", 1, "철강"),
    Column("short_over_cls_code", "", 1, "단기과열"),
    Column("krx_medi_cmnc_yn", "", 1, "미디어통신"),
    Column("krx_cnst_yn", "", 1, "건설"),
    Column("invt_alrm_yn", "", 1, "투자주의환기"),
    Column("krx_scrt_yn", "", 1, "KRX 증권"),
    Column("krx_ship_yn", "", 1, "KRX 선박"),
    Column("krx_insu_yn", "", 1, "보험"),
    Column("krx_trnp_yn", "", 1, "운송"),
    Column("sri_nmix_yn", "", 1, "SRI / KOSDAQ150"),
    Column("stck_sdpr", "base_price", 9, "기준가"),
    Column("frml_mrkt_deal_qty_unit", "lot", 5, "매매수량단위"),
    Column("ovtm_mrkt_deal_qty_unit", "", 5, "시간외수량단위"),
    Column("trht_yn", "halted", 1, "거래정지"),
    Column("sltr_yn", "liquidation", 1, "정리매매"),
    Column("mang_issu_yn", "administrative", 1, "관리종목"),
    Column("mrkt_alrm_cls_code", "", 2, "시장경고"),
    Column("mrkt_alrm_risk_adnt_yn", "", 1, "경고예고"),
    Column("insn_pbnt_yn", "", 1, "불성실공시"),
    Column("byps_lstn_yn", "", 1, "우회상장"),
    Column("flng_cls_code", "", 2, "락구분"),
    Column("fcam_mod_cls_code", "", 2, "액면변경"),
    Column("icic_cls_code", "", 2, "증자구분"),
    Column("marg_rate", "", 3, "증거금비율"),
    Column("crdt_able", "", 1, "신용가능"),
    Column("crdt_days", "", 3, "신용기간"),
    Column("prdy_vol", "volume", 12, "전일거래량"),
    Column("stck_fcam", "par_krw", 12, "액면가"),
    Column("stck_lstn_date", "listed_on", 8, "상장일자"),
    Column("lstn_stcn", "shares_thousand", 15, "상장주수"),
    Column("cpfn", "", 21, "자본금"),
    Column("stac_month", "", 2, "결산월"),
    Column("po_prc", "", 7, "공모가"),
    Column("prst_cls_code", "preferred", 1, "우선주"),
    Column("ssts_hot_yn", "", 1, "공매도과열"),
    Column("stange_runup_yn", "", 1, "이상급등"),
    Column("krx300_issu_yn", "", 1, "KRX300"),
    Column("kospi_issu_yn", "", 1, "KOSPI", kospi_only=True),
    Column("sale_account", "", 9, "매출액"),
    Column("bsop_prfi", "", 9, "영업이익"),
    Column("op_prfi", "", 9, "경상이익"),
    Column("thtr_ntin", "", 5, "당기순이익"),
    Column("roe", "", 9, "ROE"),
    Column("base_date", "", 8, "기준년월"),
    Column("prdy_avls_scal", "market_cap", 9, "시가총액"),
    Column("grp_code", "", 3, "그룹사코드"),
    Column("co_crdt_limt_over_yn", "", 1, "회사신용한도초과"),
    Column("secu_lend_able_yn", "", 1, "담보대출가능"),
    Column("stln_able_yn", "", 1, "대주가능"),
)
_TAILS = {
    "KOSPI": _COLUMNS,
    "KOSDAQ": tuple(column for column in _COLUMNS if not column.kospi_only),
}
_WIDTHS = {market: sum(column.width for column in tail) for market, tail in _TAILS.items()}


def split_line(market: str, line: str) -> dict[str, str]:
    """Return the columns that we read of one line (without its line end), stripped, by our names.

    ``code``, ``isin`` and ``name`` come from the head. Raises ValueError on a line that is too short.
    """
    at = len(line) - _WIDTHS[market]
    if at <= _CODE + _ISIN:
        raise ValueError(f"a {market} master line has {len(line)} characters, too few for its columns")
    found = {
        "code": line[:_CODE].strip(),
        "isin": line[_CODE : _CODE + _ISIN].strip(),
        "name": line[_CODE + _ISIN : at].strip(),
    }
    for column in _TAILS[market]:
        if column.name:
            found[column.name] = line[at : at + column.width].strip()
        at += column.width
    return found


def format_line(market: str, values: Mapping[str, str]) -> str:
    """Return one line (without its line end) from our names; digits are padded with zeros on the left."""
    tail = []
    for column in _TAILS[market]:
        value = values.get(column.name, "") if column.name else ""
        if len(value) > column.width:
            raise ValueError(f"{column.name} takes {column.width} characters, got {value!r}")
        tail.append(value.rjust(column.width, "0") if value.isdigit() else value.ljust(column.width))
    name = values["name"]
    padded = name + " " * max(0, 40 - len(name.encode("cp949")))
    return f"{values['code']:<{_CODE}}{values['isin']:<{_ISIN}}{padded}{''.join(tail)}"
