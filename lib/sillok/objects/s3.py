"""The object store on any S3 server, through the ``minio`` client, with a checked local copy for mapping."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError

from sillok.errors import ConfigError, DataError, MissingDataError, ResourceError
from sillok.objects.folder import Folder, check_key, file_key

__all__ = ["Bucket"]

_CONNECT_S, _READ_S = 5, 60
_TRIES = 3
_REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed"}
_ABSENT = {"NoSuchKey", "NoSuchObject", "NoSuchBucket"}


class Bucket:
    """Objects of one bucket, which is made if it is missing; ``cache`` holds what was read."""

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        cache: Folder,
        *,
        access_key: str,
        secret_key: str,
        secure: bool,
        region: str | None = None,
    ) -> None:
        self.endpoint, self.bucket, self.cache = endpoint, bucket, cache
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_CONNECT_S, read=_READ_S),
            retries=urllib3.Retry(total=_TRIES, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        )
        self._client = Minio(
            endpoint,
            access_key=access_key,
            secret_key=secret_key,
            secure=secure,
            region=region,
            http_client=pool,
        )
        self._is_made = False

    @contextmanager
    def _answers(self, key: str = "") -> Iterator[None]:
        """Turn the server's refusals into ours."""
        where = f"{self.bucket} at {self.endpoint}"
        try:
            yield
        except S3Error as err:
            if err.code in _ABSENT:
                raise MissingDataError(
                    f"object {key} is not in {where}; freeze again, or restore it from a backup", key=key
                ) from err
            if err.code in _REFUSED:
                raise ConfigError(
                    f"{where} refuses the keys ({err.code}); check SILLOK_OBJECTS_ACCESS_KEY and _SECRET_KEY"
                ) from err
            raise ResourceError(f"{where} failed ({err.code}); look at the server and try again") from err
        except (urllib3.exceptions.HTTPError, InvalidResponseError, ServerError) as err:
            raise ResourceError(
                f"{where} does not answer ({type(err).__name__}); see that it runs and SILLOK_OBJECTS_URL is right"
            ) from err

    def _make_bucket(self) -> None:
        if self._is_made:
            return
        with self._answers():
            if not self._client.bucket_exists(self.bucket):
                try:
                    self._client.make_bucket(self.bucket)
                except S3Error as err:
                    if err.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                        raise
        self._is_made = True

    @staticmethod
    def _name(key: str) -> str:
        return f"{check_key(key)[:2]}/{key}"

    def put(self, data: bytes | Path) -> str:
        """Keep the bytes, or the content of a file; see :class:`sillok.objects.Objects`."""
        self._make_bucket()
        key = hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else file_key(data)
        if self.has(key):
            return key
        with self._answers(key):
            if isinstance(data, bytes):
                self._client.put_object(self.bucket, self._name(key), io.BytesIO(data), len(data))
            else:
                self._client.fput_object(self.bucket, self._name(key), str(data))
        return key

    def get(self, key: str) -> bytes:
        """Return the bytes, checked; see :class:`sillok.objects.Objects`."""
        return self.path(key).read_bytes()

    def path(self, key: str, *, check: bool = True) -> Path:
        """Return a checked local copy; a damaged copy is fetched again, a damaged original raises DataError."""
        if self.cache.has(key):
            try:
                return self.cache.path(key, check=check)
            except DataError:
                self.cache.forget(key)
        data = self._download(key)
        if hashlib.sha256(data).hexdigest() != key:
            raise DataError(
                f"object {key} is damaged: {self.bucket} at {self.endpoint} holds other bytes; remove it there and "
                "freeze again, or restore it from a backup",
                key=key,
            )
        self.cache.put(data)
        return self.cache.path(key)

    def _download(self, key: str) -> bytes:
        with self._answers(key):
            response = self._client.get_object(self.bucket, self._name(key))
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()

    def has(self, key: str) -> bool:
        """Return whether the bucket holds ``key``; its content is not looked at."""
        try:
            with self._answers(key):
                self._client.stat_object(self.bucket, self._name(key))
        except MissingDataError:
            return False
        return True
