"""The encryption of messages (platform-protocol.md, 4), by libcrypto: AES-256-CBC with PKCS#7 padding, the key being the
SHA-256 of the password, the IV the same for every message.

    payload = message_cipher.seal({"body": {}}, 1);  message_cipher.open_sealed(payload, 1)
"""
import base64
import ctypes
import ctypes.util
import hashlib
import json

PASSWORD, IV = "testCryptoPassword", "iv=any16_symbols"
_crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
_crypto.EVP_CIPHER_CTX_new.restype = _crypto.EVP_aes_256_cbc.restype = ctypes.c_void_p
_crypto.EVP_CIPHER_CTX_free.argtypes = [ctypes.c_void_p]


class CannotOpen(Exception):
    pass


def _run(direction, data, password, iv):
    context = ctypes.c_void_p(_crypto.EVP_CIPHER_CTX_new())
    try:
        out, size, rest = ctypes.create_string_buffer(len(data) + 32), ctypes.c_int(), ctypes.c_int()
        key = hashlib.sha256(password.encode()).digest()
        ok = getattr(_crypto, f"EVP_{direction}Init_ex")(context, ctypes.c_void_p(_crypto.EVP_aes_256_cbc()), None, key,
                                                         iv.encode())
        ok = ok and getattr(_crypto, f"EVP_{direction}Update")(context, out, ctypes.byref(size), data, len(data))
        last = ctypes.byref(out, size.value)
        ok = ok and getattr(_crypto, f"EVP_{direction}Final_ex")(context, last, ctypes.byref(rest))
        if not ok:
            raise CannotOpen(f"{len(data)} bytes")
        return out.raw[:size.value + rest.value]
    finally:
        _crypto.EVP_CIPHER_CTX_free(context)


def encrypt(data, password=PASSWORD, iv=IV):
    return _run("Encrypt", data, password, iv)


def decrypt(data, password=PASSWORD, iv=IV):
    return _run("Decrypt", data, password, iv)


def seal(value, protocol=1, password=PASSWORD, iv=IV):
    """The payload for a JSON value, or for bytes as they are."""
    text = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = encrypt(text, password, iv)
    return base64.b64encode(sealed) if protocol < 2 else sealed


def open_sealed(payload, protocol=1, password=PASSWORD, iv=IV):
    """The JSON value of a payload."""
    return json.loads(decrypt(base64.b64decode(payload, validate=True) if protocol < 2 else payload, password, iv))
