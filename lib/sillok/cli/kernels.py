"""The command of the kernels: what they are forked from, and what they hold."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sillok.cli.report import Report
from sillok.cli.root import Json, app
from sillok.cli.words import text

__all__ = ["kernels"]


@app.command(
    help=text(
        "Show the parents that notebook kernels are forked from, their spares and children with the memory they "
        "share and do not share, and how often a kernel had to be started as ever, and why.",
        "노트북 커널이 갈라져 나오는 부모 프로세스와 예비 커널, 자식 커널을 함께 쓰는 메모리와 따로 쓰는 메모리까지 보여 줍니다. "
        "보통 방식으로 띄운 횟수와 까닭도 나옵니다.",
    )
)
def kernels(
    *,
    as_metrics: Annotated[
        bool,
        typer.Option(
            "--metrics", help=text("Print Prometheus' text format.", "Prometheus 텍스트로 출력합니다.")
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    from sillok.kernels.status import metrics, read_status

    found = read_status()
    if as_metrics:
        typer.echo(metrics(found), nl=False)
        return
    with Report(as_json=as_json) as report:
        report.finish(
            found, *(line for parent in found["parents"] for line in _lines(parent)), *_reasons(found)
        )


def _lines(parent: dict[str, Any]) -> list[str]:
    if "error" in parent:
        return [
            text(
                f"{parent['key']}: does not answer ({parent['error']})",
                f"{parent['key']}: 응답 없음 ({parent['error']})",
            )
        ]
    counts, memory = parent["counts"], parent["memory"]
    head = text(
        f"parent {parent['pid']}, {_age(parent['age_s'])}: {parent['modules']:,} modules, {memory['pss_mb']:.0f} MB; "
        f"{counts['spares_used']:,} kernels from spares, {counts['forks']:,} by fork, {counts['refused']:,} refused",
        f"부모 {parent['pid']}, {_age(parent['age_s'])}: 모듈 {parent['modules']:,}개, {memory['pss_mb']:.0f} MB; "
        f"예비로 {counts['spares_used']:,}개, 포크로 {counts['forks']:,}개 시작, 거절 {counts['refused']:,}건",
    )
    states = {
        "kernel": text("kernel", "커널"),
        "spare": text("spare", "예비"),
        "starting": text("starting", "시작 중"),
        "ending": text("ending", "끝나는 중"),
    }
    rows = [
        text(
            f"  {states[k['state']]} {k['pid']} {k['name']} {_age(k['age_s'])}, idle {_age(k['idle_s'])}: "
            f"{k['memory']['private_mb']:.0f} MB own, {k['memory']['shared_mb']:.0f} MB shared",
            f"  {states[k['state']]} {k['pid']} {k['name']} {_age(k['age_s'])}, 쉰 지 {_age(k['idle_s'])}: "
            f"따로 {k['memory']['private_mb']:.0f} MB, 함께 {k['memory']['shared_mb']:.0f} MB",
        )
        for k in sorted(parent["kernels"], key=lambda k: (k["state"], k["pid"]))
    ]
    return [head, *rows]


def _reasons(found: dict[str, Any]) -> list[str]:
    if not found["parents"] and not found["fallbacks"]:
        return [
            text(
                "no parent is running; the next kernel starts one",
                "부모 프로세스가 없습니다. 다음 커널이 띄웁니다.",
            )
        ]
    return [
        text(f"started as ever {times:,} times: {why}", f"보통 방식으로 {times:,}번 시작: {why}")
        for why, times in sorted(found["fallbacks"].items(), key=lambda pair: -pair[1])
    ]


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
