"""What files are by their bytes: the kinds that a dataset must not hold, and how each gives itself away.

>>> signature_of(b"MZ\\x90\\0"), script_of(b"#!/bin/sh\\nrm -r ~\\n")
('an executable (Windows)', 'a script')
>>> zip_within(b"id,text\\n1,PK\\x05\\x06 as text\\n")
False
"""

from __future__ import annotations

import codecs
import pickletools
import re
import struct
from collections.abc import Mapping

_PICKLE = "a pickle, which runs code when it is read"
_ARCHIVE = "an archive"
# Each has a byte that no text has, or is longer than the name of a column is likely to be.
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x7fELF", "an executable (Linux)"),
    (0, b"MZ\x90", "an executable (Windows)"),
    (0, b"MZ\0", "an executable (Windows)"),
    (0, b"\xcf\xfa\xed\xfe", "an executable (macOS)"),
    (0, b"\xce\xfa\xed\xfe", "an executable (macOS)"),
    (0, b"\xca\xfe\xba\xbe", "an executable (macOS or Java)"),
    (0, b"\0asm", "an executable (WebAssembly)"),
    (0, b"dex\n03", "an executable (Android)"),
    (0, b"\x1bLua", "compiled code (Lua)"),
    (0, b"BC\xc0\xde", "compiled code (LLVM)"),
    *((1, b"\r\r\n" + bytes([flags, 0, 0, 0]), "compiled code (Python)") for flags in (0, 1, 3)),
    *((0, bytes([0x80, protocol]), _PICKLE) for protocol in range(1, 6)),
    (0, b"\x93NUMPY", "a NumPy file, whose objects are pickles"),
    (0, b"PK\3\4", "an archive (zip, as are .pt, .npz, .jar, .whl and .docx files)"),
    (0, b"PK\5\6", _ARCHIVE + " (zip)"),
    (0, b"PK\7\x08", _ARCHIVE + " (zip)"),
    (0, b"7z\xbc\xaf\x27\x1c", _ARCHIVE + " (7z)"),
    (0, b"Rar!\x1a\7", _ARCHIVE + " (rar)"),
    (0, b"\x1f\x8b", "compressed with gzip, which its name does not say"),
    (4, b"1AY&SY", "compressed with bzip2"),
    (0, b"\xfd7zXZ\0", "compressed with xz"),
    (0, b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (0, b"\x04\x22\x4d\x18", "compressed with lz4"),
    (0, b"MSCF\0\0\0\0", _ARCHIVE + " (cab)"),
    (0, b"!<arch>\n", _ARCHIVE + " (ar, deb)"),
    (0, b"xar!\0", _ARCHIVE + " (xar)"),
    (257, b"ustar\0", _ARCHIVE + " (tar)"),
    (257, b"ustar  \0", _ARCHIVE + " (tar)"),
    (0x8000, b"\1CD001\1", _ARCHIVE + " (a disk image)"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5, which may hold code (Keras)"),
    *((0, b"GGUF" + bytes([version, 0, 0, 0]), "model weights (GGUF)") for version in (1, 2, 3)),
    (0, b"SQLite format 3\0", "a database (SQLite)"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document, which may hold macros (also .hwp); write it as PDF"),
    (0, b"{\\rtf", "an office document, which may hold objects (RTF); write it as PDF"),
    (0, b"%PDF-", "a PDF, which its name does not say"),
    (0, b"%!PS", "a program (PostScript)"),
    (0, b"L\0\0\0\1\x14\2\0", "a shortcut (Windows)"),
    (0, b"RDX2\n", "R objects, which run code when they are read"),
    (0, b"RDX3\n", "R objects, which run code when they are read"),
    (0, b"X\n\0\0\0", "R objects, which run code when they are read"),
    (0, b"ITSF\3\0\0\0", "compiled HTML"),
)
CODE: Mapping[str, str] = {
    **dict.fromkeys((".py", ".pyw", ".pth", ".pyi"), "a script (Python)"),
    **dict.fromkeys((".pyc", ".pyo", ".pyd"), "compiled code (Python)"),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd", ".vbs", ".wsf"), "a script"),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".lua", ".r", ".jl", ".sql"), "a script"),
    **dict.fromkeys((".exe", ".dll", ".so", ".dylib", ".com", ".scr", ".msi", ".app", ".jar", ".class"), "a program"),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".mht", ".svg", ".xml", ".hta"), "a page, which may hold scripts"),
    **dict.fromkeys((".ipynb",), "a notebook, which holds code"),
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle"), _PICKLE),
    **dict.fromkeys((".pt", ".bin", ".ckpt", ".h5", ".keras", ".pb", ".onnx"), "model weights"),
    **dict.fromkeys((".safetensors", ".gguf"), "model weights"),
    **dict.fromkeys((".npy", ".npz"), "a NumPy file, whose objects are pickles"),
    **dict.fromkeys((".rds", ".rda", ".rdata"), "R objects, which run code when they are read"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst", ".whl", ".egg"), _ARCHIVE),
    **dict.fromkeys((".doc", ".docm", ".xls", ".xlsm", ".xlsx", ".ppt", ".pptx", ".hwp", ".rtf"), "an office document"),
    **dict.fromkeys((".lnk", ".desktop", ".url"), "a shortcut"),
    **dict.fromkeys((".db", ".sqlite", ".duckdb"), "a database"),
    **dict.fromkeys((".yaml", ".yml", ".toml", ".ini", ".cfg"), "configuration"),
}
PAGES = re.compile(rb"<script[\s>/]|<html[\s>]|<\?php\s|<svg[\s>]|<iframe[\s>]", re.IGNORECASE)
_SCRIPT = re.compile(
    rb"""
      \#!\s*/ | @echo\s+off | \#include\s*[<"] | \#!\S*(python|sh|perl|node)
    | import\s+[\w.]+(\s+as\s+\w+)?\s*(;|\#|\r?\n|\Z) | from\s+[\w.]+\s+import\s
    | (async\s+)?def\s+\w+\s*\( | function\s+\w+\s*\( | "use\s+strict"\s*; | package\s+\w+\s*;
    | <%@ | \#!\S*\r?\n
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PAGE = re.compile(
    rb"<(!doctype\s|html[\s>]|script[\s>]|\?php\s|\?xml[\s]|svg[\s>]|iframe[\s>]|body[\s>]|head[\s>])", re.IGNORECASE
)
_CALLS = ("GLOBAL", "INST", "OBJ", "REDUCE", "STACK_GLOBAL", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID")
LINES = 200_000  # operations of a pickle that are looked at


def signature_of(start: bytes) -> str | None:
    """What a file that begins with `start` is, if it is no data."""
    return next((name for at, magic, name in SIGNATURES if start.startswith(magic, at)), None)


def named_by(suffix: str) -> str | None:
    """What a file with the suffix `suffix` is, if its name tells."""
    return CODE.get(suffix)


def script_of(start: bytes) -> str | None:
    """What the text that begins with `start` is, if it is a script or a page; any Unicode encoding with a mark."""
    head = start[:4096]
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            head = head[2:].decode(encoding, "replace").encode()
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if _PAGE.match(head):
        return "a page, which may hold scripts"
    return "a script" if _SCRIPT.match(head) else None


def zip_within(end: bytes) -> bool:
    """Whether a file that ends with `end` can be opened as a zip archive, whatever stands before it.

    The archive's last record (APPNOTE 4.3.16) must be there with as many entries as the
    directory before it begins to hold.
    """
    at = end.rfind(b"PK\5\6")
    while at >= 0:
        record = end[at : at + 22]
        if len(record) == 22:
            entries, size = struct.unpack_from("<HI", record, 10)
            begins = at - size
            if entries and (begins < 0 or end[begins : begins + 4] == b"PK\1\2"):
                return True
        at = end.rfind(b"PK\5\6", 0, at)
    return False


def zip_names(end: bytes) -> list[str] | None:
    """The names in the directory of the zip archive that ends with `end`; None where it cannot be followed."""
    at = end.rfind(b"PK\5\6")
    if at < 0 or len(end) - at != 22:  # a comment could hide another directory
        return None
    entries, size = struct.unpack_from("<HI", end, at + 10)
    directory = end[max(at - size, 0) : at]
    names: list[str] = []
    while directory.startswith(b"PK\1\2") and len(directory) >= 46:
        name, extra, comment = struct.unpack_from("<HHH", directory, 28)
        names.append(directory[46 : 46 + name].decode("utf-8", "replace"))
        directory = directory[46 + name + extra + comment :]
    return None if directory or len(names) != entries else names


def is_text_pickle(start: bytes, *, whole: bool) -> bool:
    """Whether `start` is a pickle of protocol 0 or 1, which is text, that calls something.

    A pickle must parse to its end; of a file that is longer than `start`, as far as `start` goes.
    """
    calls = False
    try:
        for count, (operation, _, position) in enumerate(pickletools.genops(start)):
            calls = calls or operation.name in _CALLS
            if operation.name == "STOP":
                return calls and (not whole or not start[(position or 0) + 1 :].strip())
            if count > LINES:
                break
    except Exception:  # whatever a text is to a parser that expects a pickle
        return False
    return calls


def is_notebook(start: bytes, end: bytes, *, whole: bool) -> bool:
    """Whether a file is one JSON document with the keys of a Jupyter notebook."""
    if not start.lstrip().startswith(b"{") or (whole and b"\n" in start.strip() and not _opens(start)):
        return False
    keys = start + end
    return all(re.search(rb'"' + key + rb'"\s*:', keys) for key in (b"cells", b"nbformat", b"nbformat_minor"))


def _opens(start: bytes) -> bool:
    """Whether the first line does not close what it opens, as no line of JSON Lines does."""
    return start.lstrip().split(b"\n", 1)[0].rstrip() in (b"{", b"{ ")
