"""The cipher of execution notices: AES-256-CBC with PKCS7, key and iv as the UTF-8 text of the acknowledgement."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from sillok.errors import FatalVendorError

__all__ = ["Secret", "decrypt", "encrypt"]

_KEY_BYTES, _IV_BYTES = 32, 16


class Secret(NamedTuple):
    """What opens the notices of one subscription; its ``repr`` shows neither part."""

    key: str
    iv: str

    def __repr__(self) -> str:
        return "Secret(...)"

    @property
    def is_whole(self) -> bool:
        """Whether both parts have the cipher's lengths."""
        return len(self.key.encode()) == _KEY_BYTES and len(self.iv.encode()) == _IV_BYTES


def _cipher(secret: Secret) -> Cipher[CBC]:
    return Cipher(AES(secret.key.encode()), CBC(secret.iv.encode()))


def encrypt(text: str, secret: Secret) -> str:
    """Return ``text`` enciphered, as base64."""
    padder, cipher = PKCS7(AES.block_size).padder(), _cipher(secret).encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def decrypt(payload: str, secret: Secret) -> str:
    """Return the text of a base64 payload.

    Raises
    ------
    FatalVendorError
        If it is damaged, or the key is another one's; nothing of the payload is repeated.
    """
    try:
        data = base64.b64decode(payload, validate=True)
        cipher, unpadder = _cipher(secret).decryptor(), PKCS7(AES.block_size).unpadder()
        padded = cipher.update(data) + cipher.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except (binascii.Error, ValueError):  # UnicodeDecodeError is a ValueError
        raise FatalVendorError(
            "a notice cannot be deciphered: it is damaged, or its key belongs to another subscription"
        ) from None
