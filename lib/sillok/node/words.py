"""What `sillok up` says, in Korean and English."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS: dict[str, dict[str, str]] = {
    "ko": {
        "sandbox": "KIS 키가 없어 합성 시장을 가진 샌드박스를 띄우고 씁니다 (실제 시장이 아닙니다)",
        "starting": "Prefect 서버와 작업자를 띄웁니다",
        "night": "야간 플로를 실행합니다: 적재 → 검사 → 동결 → 노트북 → 발행",
        "night_done": "야간 플로가 끝났습니다: {message}",
        "night_failed": "야간 플로가 실패했습니다: {message}",
        "abandoned": "끝을 적지 못한 실행 {n}개를 실패로 적었습니다",
        "serving": "열람실, Voila, JupyterLab을 띄웁니다",
        "died": "{name}이(가) {code}(으)로 끝나 다시 띄웁니다: {last}",
        "ready": "준비되었습니다. 끝내려면 Ctrl-C를 누르십시오.",
        "stopping": "모두 끝내는 중입니다",
        "stopped": "남은 프로세스가 없습니다",
        "pages": "발행된 페이지   {where}",
        "room": "열람실          {url}",
        "voila": "Voila           {url}",
        "lab": "JupyterLab      {url}",
        "prefect": "Prefect         {url}",
    },
    "en": {
        "sandbox": "no KIS key is set: a sandbox with a synthetic market is started and used (not a real market)",
        "starting": "starting Prefect's server and worker",
        "night": "running the nightly flow: load, check, freeze, notebooks, publish",
        "night_done": "the nightly flow is done: {message}",
        "night_failed": "the nightly flow failed: {message}",
        "abandoned": "{n} runs that could not write their end are recorded as failed",
        "serving": "starting the reading room, Voila and JupyterLab",
        "died": "{name} ended with {code} and is started again: {last}",
        "ready": "Ready. Press Ctrl-C to stop.",
        "stopping": "stopping everything",
        "stopped": "no process is left",
        "pages": "Published pages  {where}",
        "room": "Reading room     {url}",
        "voila": "Voila            {url}",
        "lab": "JupyterLab       {url}",
        "prefect": "Prefect          {url}",
    },
}
