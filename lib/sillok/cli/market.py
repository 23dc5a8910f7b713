"""Commands of the market: load it, freeze it."""

from __future__ import annotations

from typing import Any

from sillok.cli.report import Report
from sillok.cli.root import Json, app, read_settings
from sillok.cli.words import text

__all__ = ["freeze", "ingest"]


@app.command(
    help=text(
        "Load what is missing of the market from KIS (without keys: from a sandbox) into the store, and check it. "
        "A second run adds nothing.",
        "시세에서 빠진 것을 KIS에서(키가 없으면 샌드박스에서) 저장소로 적재하고 점검합니다. 두 번째 실행에는 더해지는 것이 없습니다.",
    )
)
def ingest(*, as_json: Json = False) -> None:
    from sillok.node import jobs

    settings = read_settings()
    with Report(as_json=as_json) as report:
        done = jobs.load(settings, progress=report.progress, say=report.say)
        checks = jobs.check(settings, done["load_id"])
        result = {**done, "checks": checks}
        report.finish(result, *_load_lines(result))


def _load_lines(done: dict[str, Any]) -> list[str]:
    named = [
        text(
            f"{name}: {n['inserted']:,} new, {n['changed']:,} changed, {n['same']:,} the same",
            f"{name}: 새로 {n['inserted']:,}, 바뀜 {n['changed']:,}, 그대로 {n['same']:,}",
        )
        for name, n in done["counts"].items()
    ]
    bad = [f"{c['severity']} {c['name']}: {c['summary']}" for c in done["checks"] if c["severity"] != "ok"]
    head = text(
        f"loaded through {done['through']} ({done['source']}, {done['calls']:,} calls)",
        f"{done['through']}까지 적재했습니다 ({done['source']}, 호출 {done['calls']:,}번)",
    )
    return [head, *named, *bad]


@app.command(
    help=text(
        "Freeze the store into a snapshot: Arrow files named by their content, and a manifest. The same content "
        "gives the same id.",
        "저장소를 스냅샷으로 굳힙니다. 내용으로 이름 붙인 Arrow 파일과 목록이며, 내용이 같으면 번호도 같습니다.",
    )
)
def freeze(*, as_json: Json = False) -> None:
    from sillok.node import jobs

    with Report(as_json=as_json) as report:
        done = jobs.freeze(read_settings())
        line = text(
            f"snapshot {done['id'][:12]} through {done['through']}: {done['partitions']} partitions, "
            f"{done['reused']} of them as before",
            f"스냅샷 {done['id'][:12]}, {done['through']}까지: 조각 {done['partitions']}개, 그중 {done['reused']}개는 그대로",
        )
        report.finish(done, line)
