"""Small files that expand, nest or promise without bounds; each is written below a directory on demand."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

LONG = "긴" + "x" * 1_000_000  # a value that is written once and meant often
ROWS = 5_000_000
LARGE = 64 if os.environ.get("REGISTRY_SOAK") else 20  # times 16 MiB: a gigabyte, or what is past every limit too


def repeated(rows: int = ROWS) -> pa.Array:
    """`rows` times one text of a megabyte, as a dictionary."""
    codes = pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(bytes(4 * rows))])
    return pa.DictionaryArray.from_arrays(codes, pa.array([LONG]))


def zeros(rows: int) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(bytes(8 * rows))])


def parquet_text(root: Path) -> None:
    """Five terabytes of text in a hundred kilobytes."""
    pq.write_table(pa.table({"text": repeated()}), root / "train.parquet", compression="zstd")


def parquet_numbers(root: Path) -> None:
    """Run lengths: a hundred and fifty million zeros."""
    table = pa.table({"n": zeros(1 << 24)})
    with pq.ParquetWriter(root / "train.parquet", table.schema, compression="zstd") as writer:
        for _ in range(9):
            writer.write_table(table, row_group_size=1 << 24)


def parquet_nulls(root: Path) -> None:
    """Nothing, sixteen million times in ten columns."""
    table = pa.table({f"n{i}": pa.nulls(1 << 24, pa.int64()) for i in range(10)})
    pq.write_table(table, root / "train.parquet", row_group_size=1 << 24)


def parquet_lists(root: Path) -> None:
    """One row whose list holds a terabyte."""
    lists = pa.ListArray.from_arrays(pa.array([0, 1_000_000], pa.int32()), repeated(1_000_000))
    pq.write_table(pa.table({"texts": lists}), root / "train.parquet")


def parquet_nested_text(root: Path) -> None:
    """The repeated text within an object."""
    inner = pa.StructArray.from_arrays([repeated()], names=["inner"])
    pq.write_table(pa.table({"outer": inner}), root / "train.parquet", compression="zstd")


def parquet_columns(root: Path) -> None:
    """Fifty thousand columns."""
    pq.write_table(pa.table({f"열{i}": [1] for i in range(50_000)}), root / "train.parquet")


def parquet_groups(root: Path) -> None:
    """A hundred thousand row groups and one more."""
    table = pa.table({"n": pa.array([1], pa.int8())})
    with pq.ParquetWriter(root / "train.parquet", table.schema, write_statistics=False) as writer:
        for _ in range(100_001):
            writer.write_table(table)


def parquet_depth(root: Path) -> None:
    """A list in a list, eighty times."""
    kind = pa.int8()
    value: object = 1
    for _ in range(80):
        kind, value = pa.list_(kind), [value]
    pq.write_table(pa.table({"deep": pa.array([value], kind)}), root / "train.parquet")


def parquet_thrift(root: Path) -> None:
    """A footer whose list of columns claims two thousand million elements."""
    footer = b"\x15\x02" + b"\x19\xfc" + b"\xff\xff\xff\xff\x07" + b"\x00" * 64
    (root / "train.parquet").write_bytes(b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1")


def parquet_thrift_depth(root: Path) -> None:
    """A footer of structures within structures."""
    footer = b"\x1c" * 2_000_000
    (root / "train.parquet").write_bytes(b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1")


def parquet_footer(root: Path) -> None:
    """A footer of four gigabytes in a file of none."""
    (root / "train.parquet").write_bytes(b"PAR1" + b"\x00" * 100 + struct.pack("<I", 0xFFFFFFF0) + b"PAR1")


def parquet_promise(root: Path) -> None:
    """A sound file whose footer promises 2^60 rows more than it holds."""
    sound = root / "train.parquet"
    pq.write_table(pa.table({"n": [7] * 1000}), sound, compression="none")
    data = sound.read_bytes()
    varint = b"\xd0\x0f"  # 1000, as thrift writes it
    where = data.rindex(b"\x16" + varint, 0, len(data))
    sound.write_bytes(data[: where + 1] + b"\xd1\x0f" + data[where + 3 :])


def arrow_text(root: Path) -> None:
    """Five terabytes of text as Arrow."""
    table = pa.table({"text": repeated()})
    with pa.ipc.new_file(root / "train.arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write_table(table)


def arrow_zeros(root: Path) -> None:
    """Six gigabytes of zeros, compressed."""
    table = pa.table({"n": zeros(1 << 25)})
    with pa.ipc.new_file(root / "train.arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        for _ in range(24):
            out.write_table(table)


def arrow_lengths(root: Path) -> None:
    """A stream whose first message claims two gigabytes."""
    (root / "train.arrow").write_bytes(b"\xff\xff\xff\xff" + struct.pack("<i", 0x7FFFFFF0) + b"\x10" * 4096)


def arrow_runs(root: Path) -> None:
    """A thousand million rows as one run."""
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([10**9], pa.int32()), pa.array([LONG]))
    table = pa.table({"text": runs})
    with pa.ipc.new_file(root / "train.arrow", table.schema) as out:
        out.write_table(table)


def members(text: bytes, times: int) -> bytes:
    """A gzip file of `times` equal members."""
    return gzip.compress(text, mtime=0) * times


def csv_gzip(root: Path) -> None:
    """Ten gigabytes of rows, compressed a thousand times."""
    (root / "train.csv.gz").write_bytes(gzip.compress(b"id,text\n", mtime=0) + members(b"1,aaaa\n" * 1_500_000, 1000))


def csv_gzip_within(root: Path) -> None:
    """Compressed, compressed again, and again."""
    data = members(b"id,text\n" + b"\x00" * 10_000_000, 100)
    for _ in range(3):
        data = gzip.compress(data, mtime=0)
    (root / "train.csv.gz").write_bytes(data)


def csv_quote(root: Path) -> None:
    """A quote that is opened and not closed for most of a gigabyte."""
    with (root / "train.csv").open("wb") as out:
        out.write(b'id,text\n1,"')
        for _ in range(LARGE):
            out.write(b"line of text\n" * (1 << 20))


def csv_columns(root: Path) -> None:
    """A million columns."""
    names = ",".join(f"c{i}" for i in range(1_000_000))
    (root / "train.csv").write_text(f"{names}\n" + "," * 999_999 + "\n")


def jsonl_line(root: Path) -> None:
    """One line of a gigabyte."""
    with (root / "train.jsonl").open("wb") as out:
        out.write(b'{"text": "')
        for _ in range(LARGE):
            out.write(b"x" * (16 << 20))
        out.write(b'"}\n')


def jsonl_lists(root: Path) -> None:
    """A list in a list, a million times."""
    (root / "train.jsonl").write_text('{"a": ' + "[" * 1_000_000 + "]" * 1_000_000 + "}\n")


def jsonl_objects(root: Path) -> None:
    """An object in an object, a hundred thousand times."""
    (root / "train.jsonl").write_text('{"a":' * 100_000 + "1" + "}" * 100_000 + "\n")


def jsonl_keys(root: Path) -> None:
    """Every line has a key of its own."""
    (root / "train.jsonl").write_text("".join(f'{{"k{i}": {i}}}\n' for i in range(200_000)))


def jsonl_gzip(root: Path) -> None:
    """Ten gigabytes of lines."""
    (root / "train.jsonl.gz").write_bytes(members(b'{"text": "aaaaaaaa"}\n' * 100_000, 1000))


def jsonl_number(root: Path) -> None:
    """A number of ten million digits."""
    (root / "train.jsonl").write_text(f'{{"n": {"9" * 10_000_000}}}\n{{"n": "x"}}\n')


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *more: bytes) -> bytes:
    """A PNG that claims a size, of a few rows at most."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * min((width + 1) * height, 10_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def images(root: Path, name: str, data: bytes) -> None:
    for split in ("train", "test"):
        (root / split).mkdir()
    (root / "train" / name).write_bytes(data)
    (root / "test" / "sound.png").write_bytes(png(4, 4))


def png_pixels(root: Path) -> None:
    """Ten thousand million pixels in ten kilobytes."""
    images(root, "큰.png", png(100_000, 100_000))


def png_text(root: Path) -> None:
    """A comment of a hundred megabytes, compressed."""
    packed = zlib.compress(b"x" * 100_000_000)
    images(root, "text.png", png(4, 4, chunk(b"zTXt", b"Comment\x00\x00" + packed)))


def gif_pixels(root: Path) -> None:
    """A screen of four thousand million pixels."""
    body = b"\x2c" + struct.pack("<HHHH", 0, 0, 65535, 65535) + b"\x00\x02\x02\x4c\x01\x00"
    images(root, "big.gif", b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x80\x00\x00" + b"\x00" * 6 + body + b";")


def metadata_quote(root: Path) -> None:
    """A metadata file whose quote is never closed."""
    images(root, "a.png", png(4, 4))
    (root / "train" / "metadata.csv").write_bytes(b'file_name,text\na.png,"' + b"x" * (64 << 20))


def zipped(root: Path) -> None:
    """An archive of zeros under the name of a table."""
    import zipfile

    with zipfile.ZipFile(root / "train.csv", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("train.csv", b"\x00" * 50_000_000)


def jsonl_array(root: Path) -> None:
    """One list of ten million numbers a line, ten lines, compressed."""
    line = b'{"a": [' + b"0," * 10_000_000 + b"0]}\n"
    (root / "train.jsonl.gz").write_bytes(members(line, 20))


BOMBS: dict[str, Callable[[Path], None]] = {
    function.__name__: function
    for function in (
        parquet_text, parquet_numbers, parquet_nulls, parquet_lists, parquet_nested_text, parquet_columns,
        parquet_groups, parquet_depth, parquet_thrift, parquet_thrift_depth, parquet_footer, parquet_promise,
        arrow_text, arrow_zeros, arrow_lengths, arrow_runs, csv_gzip, csv_gzip_within, csv_quote, csv_columns,
        jsonl_line, jsonl_lists, jsonl_objects, jsonl_keys, jsonl_gzip, jsonl_number, jsonl_array,
        png_pixels, png_text, gif_pixels, metadata_quote, zipped,
    )
}  # fmt: skip


def size_of(root: Path) -> int:
    return sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
