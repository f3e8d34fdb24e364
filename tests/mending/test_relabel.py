"""Corrections of labels: all of them or none, in the data's own writing, with a record of who and why."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from registry.cards.changelog import mended_line
from registry.checks.doubts import Doubts
from registry.errors import UsageError
from registry.formats.documents import schema_of
from registry.judge.judge import JudgeOptions, lay_out
from registry.mending.chunks import Place, form_of
from registry.mending.corrections import Signed, parse, read_corrections
from registry.mending.options import Writing
from registry.mending.record import Change, State
from registry.mending.relabel import relabel
from registry.model.changes import Mended
from registry.reports.labels import labels_csv, labels_html
from registry.workspace.workspace import Workspace
from tests.checks.test_images import picture, save
from tests.journeys.harness import Shell, write_csv

LINES = ['{"id": 1, "라벨": "긍정" }', '{"라벨":null,"id":2}', '{"id": 3}', '{"id": 4, "라벨": "부\\uc815"}']
RECORDS = 'id,라벨,text\r\n1,"긍정","가, 나"\r\n2,,x\r\n3,"",y\r\n4,부정,"5"" z"\r\n'


def written_as(form, file, chunks):
    writer = form.writer(file, chunks, Place("x", file.with_name("source"), "csv"))
    for chunk in chunks:
        writer.write(chunk)
    writer.close()
    return file.read_bytes()


def test_an_amended_record_leaves_the_others_as_they_are_written(tmp_path):
    (tmp_path / "source").write_bytes(RECORDS.encode())
    form = form_of("csv")
    head, chunk = form.read(Place("x", tmp_path / "source", "csv"))
    found = written_as(form, tmp_path / "out", [head, chunk.amend("라벨", {3: "긍정", 0: "부, 정"})]).decode()
    assert found == RECORDS.replace("4,부정", "4,긍정").replace('1,"긍정"', '1,"부, 정"')


def test_an_amended_line_leaves_the_others_as_they_are_written(tmp_path):
    (tmp_path / "source").write_text("\n".join(LINES) + "\n", "utf-8")
    _, chunk = form_of("jsonl").read(Place("x", tmp_path / "source", "jsonl"))
    assert chunk.amend("라벨", {0: "부정", 2: "긍정"}).lines == [
        '{"id": 1, "라벨": "부정" }', LINES[1], '{"id": 3, "라벨": "긍정"}', LINES[3],
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [pa.int8(), pa.string(), pa.dictionary(pa.int8(), pa.string())])
def test_an_amended_table_keeps_its_types(tmp_path, kind):
    values = [1, None, 3] if kind == pa.int8() else ["1", None, "3"]
    pq.write_table(pa.table({"l": pa.array(values, kind), "d": [1, 2, 3]}), tmp_path / "source")
    _, chunk = form_of("parquet").read(Place("x", tmp_path / "source", "parquet"))
    found = chunk.amend("l", {2: values[0]})
    assert found.get("l") == [values[0], None, values[0]] and found.get("d") == [1, 2, 3]
    assert found.table.schema.field("l").type == (kind.value_type if pa.types.is_dictionary(kind) else kind)


def test_the_list_reads_back_and_no_cell_of_it_is_a_formula():
    row = {"row": "=cmd|'/c'!A1", "split": "train", "values": {"l": "+긍정", "t": "@외… (9)"}}
    listed = labels_csv(Doubts("l", 9, {}, ({**row, "suggested": "-부정", "confidence": 0.9},)))
    assert listed.startswith(b"\xef\xbb\xbf")
    (cells,) = csv.DictReader(io.StringIO(listed.decode("utf-8-sig")))
    assert all(cells[name].startswith("'") for name in ("row", "label", "suggested"))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(cells))
    writer.writeheader()
    writer.writerow({**cells, "correction": cells["suggested"], "who": "김"})
    (one,) = parse(out.getvalue(), "x", Signed()).changed
    assert (one.row, one.old, one.new, one.who) == (row["row"], "+긍정", "-부정", "김")


def test_the_page_escapes_what_comes_from_data_in_both_languages():
    row = {"row": "<script>1</script>", "split": "train", "values": {"l": "<b>", "t": "x"}, "suggested": "</td>"}
    observed = {"assessed": 9, "labelled": 9, "classes": 2, "rare": 0, "score": 0.9, "majority": 0.5, "share": 1 / 9}
    for lang, word in (("en", "Model says"), ("ko", "모델 예측")):
        page = labels_html("x", "0" * 64, Doubts("l", 9, observed, ({**row, "confidence": 0.9},)), lang)
        assert word in page and "<script>" not in page and "<b>" not in page.split("<main")[1]
        nothing = "all inputs are equal, so that nothing can be told from them"
        told = labels_html("x", "0" * 64, Doubts("l", 0, {}, (), nothing), lang)
        assert ("구별할 수 없음" if lang == "ko" else nothing) in told


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("row,label\nr1,a\n", "`correction`"),
        ("row,label,correction\nr1,a,b\n", "without a person"),
        ("row,label,correction,who\nr1,a,b,K\nr1,a,c,K\n", "more than once"),
        ('row,label,correction,who\n"r1,a,b,K\n', "no CSV"),
        ("row,label,correction,who\nr1, sub,a,b,K\n", "more cells than columns in line 2"),
        ("row,label,correction,correction,who\nr1,a,b,c,K\n", "`correction` twice"),
    ],
)
def test_a_file_that_is_no_list_of_corrections_is_refused(text, problem):
    with pytest.raises(UsageError, match=problem):
        parse(text, "c.csv", Signed())


def test_a_file_in_another_encoding_or_nowhere_is_refused(tmp_path):
    (tmp_path / "c.csv").write_bytes("row,label,correction\nr1,긍정,부정\n".encode("cp949"))
    for name, problem in (("c.csv", "no UTF-8"), ("d.csv", "cannot be read")):
        with pytest.raises(UsageError, match=problem):
            read_corrections(tmp_path / name, Signed("K"))


def test_what_is_refused_is_told_without_what_is_personal():
    text = "row,label,correction,who\nhong@example.com,a,b,\n"
    with pytest.raises(UsageError) as caught:
        parse(text, "c.csv", Signed())
    assert caught.value.why == "line 2: `h***@***.com`"


def test_a_record_is_written_without_what_is_personal():
    state = State("0" * 64, "0" * 32, {"train": 1})
    details = {"relabel": {"moves": [{"from": "010-9999-1234", "to": "긍정", "rows": 1}]}}
    document = Change("x", "relabel", "잘못 쓴 번호 010-9999-1234", state, state, details).to_json()
    assert document["why"] == "잘못 쓴 번호 010-****-****"
    assert document["relabel"]["moves"] == [{"from": "010-****-****", "to": "긍정", "rows": 1}]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Two datasets: records with a key, and pictures in directories of classes."""
    shell = Shell(tmp_path_factory.mktemp("relabel") / "team")
    shell.cwd.mkdir()
    shell("init")
    rows = [
        {"id": f"r{at}", "text": f'{at}번 "글"', "label": ("긍정", "부정")[at % 2], "n": at % 3} for at in range(40)
    ]
    write_csv(shell.cwd / "data/reviews/train.csv", rows[:30])
    write_csv(shell.cwd / "data/reviews/test.csv", [*rows[30:], {**rows[0], "id": "r31"}])
    plain = (shell.cwd / "data/reviews/test.csv").read_bytes()
    (shell.cwd / "data/reviews/test.csv.gz").write_bytes(gzip.compress(plain, mtime=0))
    (shell.cwd / "data/reviews/test.csv").unlink()
    for at in range(8):
        save(picture(at), shell.cwd / f"data/pets/{'고양이' if at % 2 else '개'}/{at}.png")
    shell("add", "data/reviews", "--label", "label", "--text", "text", "--key", "id")
    shell("add", "data/pets")
    shell.commit()
    return shell


def bench_of(workspace, name):
    found = Workspace.find(workspace.cwd)
    return lay_out(found, found.dataset(name), JudgeOptions())


def corrections(tmp_path, *rows):
    file = tmp_path / "c.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("row", "label", "correction", "who", "why"), *rows])
    return file


def test_labels_change_in_place_and_the_record_says_who_and_why(workspace, tmp_path):
    file = corrections(
        tmp_path,
        ("r3", "부정", "긍정", "김", "반어"),
        ("r35", "부정", "긍정", "Lee", ""),
        ("r4", "긍정", "긍정", "", ""),
    )
    folder = workspace.cwd / "data/reviews"
    before = (folder / "train.csv").read_text("utf-8"), gzip.decompress((folder / "test.csv.gz").read_bytes()).decode()
    planned = relabel(bench_of(workspace, "reviews"), file, Signed(), Writing(dry_run=True))
    assert (planned.state, len(planned.applied.places), planned.applied.decisions.confirmed) == ("planned", 2, 1)
    assert (folder / "train.csv").read_text("utf-8") == before[0]
    done = workspace("relabel", "reviews", "--corrections", file, "--reason", "검수", "--json").json
    assert done["moves"] == [{"from": "부정", "to": "긍정", "rows": 2}] and done["splits"] == {"test": 1, "train": 1}
    after = (folder / "train.csv").read_text("utf-8"), gzip.decompress((folder / "test.csv.gz").read_bytes()).decode()
    assert [len(set(old.splitlines()) ^ set(new.splitlines())) for old, new in zip(before, after, strict=True)] == [
        2,
        2,
    ]
    record = json.loads(Path(done["record"]).read_text("utf-8"))
    Draft202012Validator(schema_of("registry.change/1")).validate(record)
    assert record["relabel"]["by"] == {"Lee": 1, "김": 1}
    assert record["relabel"]["corrections"][0] == {
        "row": "r3", "split": "train", "from": "부정", "to": "긍정", "who": "김", "why": "반어",
    }  # fmt: skip
    assert record["relabel"]["corrections"][1]["why"] == "검수"
    line = mended_line(Mended.of("r.json", record), "ko")
    assert line.startswith("라벨 2건 수정 (<code>test</code> 1, <code>train</code> 1), 수정: <code>Lee</code> 1, ")
    with pytest.raises(UsageError, match="no longer holds") as again:
        relabel(bench_of(workspace, "reviews"), file, Signed(), Writing(tmp_path / "new"))
    assert "`r3` is `긍정`, not `부정`" in (again.value.why or "")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("r99", "긍정", "부정", "K", ""), "rows that do not exist"),
        (("r31", "부정", "긍정", "K", ""), "key is not unique"),
        (("r6", "부정", "긍정", "K", ""), "no longer holds"),
        (("r6", "긍정", "부장", "K", ""), "did you mean `부정`"),
    ],
)
def test_corrections_that_do_not_fit_change_nothing(workspace, tmp_path, row, problem):
    file = corrections(tmp_path, ("r8", "긍정", "부정", "K", ""), row)
    with pytest.raises(UsageError) as caught:
        relabel(bench_of(workspace, "reviews"), file, Signed(), Writing(tmp_path / "new"))
    assert problem in f"{caught.value} {caught.value.why}" and not (tmp_path / "new").exists()


def test_numbers_are_set_as_numbers_of_a_column_that_is_named(workspace, tmp_path):
    file = corrections(tmp_path, ("r1", "1", "2", "K", ""))
    done = relabel(bench_of(workspace, "reviews"), file, Signed(), Writing(tmp_path / "new"), "n")
    assert done.state == "relabelled" and '"1번 ""글""",부정,2' in (tmp_path / "new/train.csv").read_text("utf-8")


def test_a_picture_goes_to_the_directory_of_its_label(workspace, tmp_path):
    file = corrections(tmp_path, ("개/2.png", "개", "고양이", "K", "꼬리"))
    relabel(bench_of(workspace, "pets"), file, Signed(), Writing(tmp_path / "new"))
    assert not (tmp_path / "new/개/2.png").exists()
    assert (tmp_path / "new/고양이/2.png").read_bytes() == (workspace.cwd / "data/pets/개/2.png").read_bytes()


def test_the_lists_are_written_as_page_and_table(workspace):
    pytest.importorskip("cleanlab")
    done = workspace("report", "labels", "reviews", "--json").json
    assert [Path(name).name for name in done["written"]] == ["reviews-labels.html", "reviews-labels.csv"]
    assert "a model needs two classes" in Path(done["written"][0]).read_text("utf-8")
