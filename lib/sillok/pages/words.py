"""The words on a page, in Korean and English, and dates as their readers write them."""

from __future__ import annotations

from datetime import date, datetime

from sillok.clock import KST

__all__ = ["WORDS", "say_date", "say_instant"]

WORDS: dict[str, dict[str, str]] = {
    "ko": {
        "site": "실록",
        "tagline": "모든 숫자는 어디에서 왔는지 말할 수 있습니다",
        "report": "보고서",
        "dashboard": "대시보드",
        "reports": "보고서",
        "dashboards": "대시보드",
        "as_of": "기준 시각",
        "as_of_short": "기준",
        "executed": "실행",
        "snapshot": "스냅샷",
        "run": "실행 번호",
        "notebook": "노트북",
        "source_hash": "노트북 해시",
        "commit": "커밋",
        "lock": "환경 해시",
        "parameters": "매개변수",
        "provenance": "이 페이지의 출처",
        "code": "코드",
        "live": "직접 움직여 보기",
        "frozen": "고정된 화면입니다. 값은 아래 설정으로 계산되었습니다.",
        "back": "목록",
        "synthetic": "합성 데이터",
        "synthetic_long": "합성 데이터 · 실제 시장이 아닙니다",
        "replay": "과거 재생",
        "replay_long": "과거 재생 데이터",
        "kis": "",
        "kis_long": "",
        "held": "새 판을 내지 않았습니다",
        "held_body": "아래는 {as_of} 기준의 마지막 정상본입니다. {age}",
        "age": "거래일 {n}일 지난 자료입니다.",
        "age_0": "",
        "reason": "이유",
        "decided": "판정",
        "never": "아직 발행된 적이 없습니다",
        "never_body": "첫 정상 실행 뒤에 이 자리에 나타납니다.",
        "published": "발행",
        "held_short": "보류 중 · 마지막 정상본",
        "never_short": "미발행",
        "empty": "아직 페이지가 없습니다",
        "empty_body": "`sillok nightly`가 첫 페이지를 만듭니다.",
        "latest": "종가 기준",
        "footer": "수치는 투자 권유가 아니며, 같은 입력으로 다시 만들 수 있습니다.",
        "weekdays": "월화수목금토일",
    },
    "en": {
        "site": "Sillok",
        "tagline": "Every number can say where it came from",
        "report": "Report",
        "dashboard": "Dashboard",
        "reports": "Reports",
        "dashboards": "Dashboards",
        "as_of": "As of",
        "as_of_short": "As of",
        "executed": "Executed",
        "snapshot": "Snapshot",
        "run": "Run",
        "notebook": "Notebook",
        "source_hash": "Notebook hash",
        "commit": "Commit",
        "lock": "Environment hash",
        "parameters": "Parameters",
        "provenance": "Where this page came from",
        "code": "Code",
        "live": "Move it yourself",
        "frozen": "A still picture. The values were computed with the settings below.",
        "back": "Index",
        "synthetic": "Synthetic data",
        "synthetic_long": "Synthetic data · not a real market",
        "replay": "Replay",
        "replay_long": "Replayed history",
        "kis": "",
        "kis_long": "",
        "held": "The new edition was not published",
        "held_body": "Below is the last good edition, as of {as_of}. {age}",
        "age": "It is {n} sessions old.",
        "age_0": "",
        "reason": "Reason",
        "decided": "Decided",
        "never": "Never published yet",
        "never_body": "It appears here after its first good run.",
        "published": "Published",
        "held_short": "Held · last good edition",
        "never_short": "Not published",
        "empty": "There is no page yet",
        "empty_body": "`sillok nightly` makes the first one.",
        "latest": "at the close",
        "footer": "No figure here is investment advice; each can be made again from the same input.",
        "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
    },
}


def say_date(day: date, lang: str) -> str:
    """Return a date as a reader of ``lang`` writes it, with its weekday.

    Examples
    --------
    >>> say_date(date(2026, 6, 30), "ko")
    '2026년 6월 30일 (화)'
    >>> say_date(date(2026, 6, 30), "en")
    'Tue 30 June 2026'
    """
    if lang == "ko":
        return f"{day.year}년 {day.month}월 {day.day}일 ({WORDS['ko']['weekdays'][day.weekday()]})"
    weekday = WORDS["en"]["weekdays"].split()[day.weekday()]
    return f"{weekday} {day.day} {day:%B} {day.year}"


def say_instant(instant: datetime, lang: str) -> str:
    """Return an instant in Asia/Seoul as a reader of ``lang`` writes it."""
    local = instant.astimezone(KST)
    return f"{say_date(local.date(), lang)} {local:%H:%M}" + ("" if lang == "ko" else " KST")
