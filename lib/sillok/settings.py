"""Settings: the one place that reads the environment.

Every setting begins with ``SILLOK_``; ``.env`` in the project's root is read too, the environment wins.
``.env.example`` lists them all, and a test holds it to this module.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sillok.clock import KST
from sillok.errors import ConfigError

__all__ = ["Settings", "find_project", "load_settings"]


class Settings(BaseSettings):
    """All settings, typed. Build one with :func:`load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix="SILLOK_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    project: Path = Field(description="The project's root, where notebooks/ and flows/ are.")
    home: Path = Field(Path("data/var"), description="All local state; relative to the project's root.")
    lang: Literal["", "ko", "en"] = Field("", description="ko or en; empty follows the locale.")
    now: datetime | None = Field(
        None, description="A fixed instant (ISO 8601) instead of the clock, to replay a day."
    )

    database_url: SecretStr = Field(
        SecretStr(""),
        description="SQLAlchemy URL, e.g. mysql+pymysql://user:word@host/sillok; empty: SQLite in home.",
    )
    objects_url: str = Field(
        "",
        description="s3://host:port/bucket (?secure=0 for plain HTTP, &region=us-east-1 to say it instead of asking); "
        "empty: a directory in home.",
    )
    objects_access_key: str = Field("", description="S3 access key.")
    objects_secret_key: SecretStr = Field(SecretStr(""), description="S3 secret key.")

    kis_url: str = Field("", description="KIS host; empty: the real one with keys, the sandbox without.")
    kis_master_url: str = Field("", description="Where the master files are; empty: as kis_url decides.")
    kis_app_key: SecretStr = Field(
        SecretStr(""), description="KIS appkey, 36 characters; empty: the sandbox is used."
    )
    kis_app_secret: SecretStr = Field(SecretStr(""), description="KIS appsecret, 180 characters.")
    kis_account: SecretStr = Field(SecretStr(""), description="Account number, 8-2 digits, e.g. 12345678-01.")
    kis_rate: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Calls a second of all processes of this node; empty: 20, or 1 at the paper host. "
        "0 means no limit (sandbox without limits only).",
    )
    kis_ledger_rate: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Account calls a second among them; empty: 2, or 1 on paper.",
    )
    delistings: str = Field(
        "", description="CSV (path or URL) of delisted issues; empty: the sandbox's own, or none."
    )
    datasets: str = Field(
        "",
        description="Datasets of a load, e.g. daily_bars,statements; empty: all. `sillok plan` names them.",
    )
    overseas: str = Field(
        "", description="Symbols abroad to load, market:symbol, e.g. NAS:AAPL,NYS:KO; empty: none."
    )
    history_start: date = Field(date(2023, 9, 1), description="First session that a full load asks for.")

    prefect_api_url: str = Field(
        "", description="Prefect API of a running server; empty: `sillok up` starts one."
    )
    nightly_cron: str = Field("30 18 * * 1-5", description="When the nightly flow runs, Asia/Seoul.")
    public_url: str = Field(
        "", description="Address of the reading room as a browser sees it; empty: from the port."
    )
    voila_url: str = Field("", description="Address of Voila as a browser sees it; empty: from the port.")

    host: str = Field("127.0.0.1", description="Address that every service of `sillok up` binds.")
    port_room: int = Field(8800, ge=1, le=65535, description="Reading room.")
    port_voila: int = Field(8866, ge=1, le=65535, description="Voila.")
    port_lab: int = Field(8888, ge=1, le=65535, description="JupyterLab.")
    port_prefect: int = Field(4200, ge=1, le=65535, description="Prefect server.")
    port_sandbox: int = Field(8810, ge=1, le=65535, description="KIS sandbox.")

    snapshot: str = Field("", description="Set by a run: the one snapshot it may read; empty: the latest.")
    as_of: datetime | None = Field(None, description="Set by a run: the instant it may not look beyond.")

    @field_validator("now", "as_of")
    @classmethod
    def _zoned(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=KST) if value is not None and value.tzinfo is None else value

    @cached_property
    def home_path(self) -> Path:
        return self.home if self.home.is_absolute() else self.project / self.home

    @property
    def database(self) -> str:
        """SQLAlchemy URL, secret included: never log it."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.home_path / 'sillok.db'}"

    @property
    def uses_sandbox(self) -> bool:
        return not self.kis_app_key.get_secret_value()

    @property
    def needs_sandbox(self) -> bool:
        """Whether the market comes from a sandbox of our own: neither a key nor a host is set."""
        return self.uses_sandbox and not self.kis_url

    @property
    def sandbox_url(self) -> str:
        """Address of our own sandbox."""
        return f"http://{self.host}:{self.port_sandbox}"

    def current_time(self) -> datetime:
        """Return the fixed instant if one is set, else the clock's, in Asia/Seoul."""
        return self.now or datetime.now(KST)


def find_project(start: Path) -> Path:
    """Return the nearest folder at or above ``start`` that holds ``notebooks/`` and ``flows/``.

    Falls back to the checkout this package is installed from, so that commands work from anywhere on a
    researcher's machine.
    """
    checkout = Path(__file__).resolve().parents[2]
    for folder in (start, *start.parents, checkout):
        if (folder / "notebooks").is_dir() and (folder / "flows").is_dir():
            return folder
    raise ConfigError(
        f"no Sillok project at or above {start}; change into it, or set SILLOK_PROJECT", start=str(start)
    )


def load_settings(**overrides: object) -> Settings:
    """Read the environment and the project's ``.env`` once; ``overrides`` win.

    Raises
    ------
    ConfigError
        Naming each setting that is wrong and what it accepts; a value never appears, since it may be a secret.
    """
    project = Path(os.environ.get("SILLOK_PROJECT") or find_project(Path.cwd()))
    try:
        return Settings(_env_file=project / ".env", **{"project": project, **overrides})  # type: ignore[arg-type]
    except ValidationError as err:
        faults = "; ".join(f"SILLOK_{str(e['loc'][0]).upper()}: {e['msg']}" for e in err.errors())
        raise ConfigError(f"wrong settings: {faults}; see .env.example") from err
