"""A labelled corpus of personal data made up for it, Korean and English, with hard negatives; seeded, nobody's data.

Each line says what it holds: the kind and the exact text. Numbers are drawn, checksums computed by
rules written here anew, so that a wrong rule of the product is not repeated.
"""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

FULL = {ord(char): ord(char) + 0xFEE0 for char in string.digits + string.ascii_letters + "-@."}
ARABIC = {ord(str(n)): 0x660 + n for n in range(10)}


@dataclass(frozen=True)
class Line:
    """A text, and the kind with the exact text of each thing it holds; `family` is how the line was made."""

    text: str
    holds: tuple[tuple[str, str], ...] = ()
    family: str = ""


def digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choices("0123456789", k=count))


def luhn_end(body: str) -> str:
    total = 0
    for at, char in enumerate(reversed(body)):
        value = int(char) * (2 if at % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def person(draw: random.Random, *, foreign: bool = False, new: bool = False) -> str:
    """A registration number: before October 2020 with its check digit, after it without."""
    start, end = (date(2020, 10, 1), date(2025, 12, 31)) if new else (date(1945, 1, 1), date(2012, 12, 31))
    day = start + timedelta(days=draw.randrange((end - start).days))
    century = (3 if day.year >= 2000 else 1) + (4 if foreign else 0)
    body = f"{day:%y%m%d}{century + draw.randrange(2)}" + digits(draw, 5)
    total = sum(int(c) * w for c, w in zip(body, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5], strict=True))
    right = ((13 if foreign else 11) - total % 11) % 10
    return body + str(draw.choice([n for n in range(10) if n != right]) if new else right)


def firm(draw: random.Random) -> str:
    body = str(draw.randrange(101, 900)) + digits(draw, 6)
    total = sum(int(c) * w for c, w in zip(body, [1, 3, 7, 1, 3, 7, 1, 3, 5], strict=True)) + int(body[8]) * 5 // 10
    return body + str(-total % 10)


def card(draw: random.Random) -> str:
    prefix, length = draw.choice(
        [("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("37", 15), ("3530", 16), ("62", 16)]
    )
    return luhn_end(prefix + digits(draw, length - len(prefix) - 1))


def grouped(number: str, sizes: list[int], between: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return between.join(part for part in parts if part)


def iban(draw: random.Random) -> str:
    country, body = draw.choice(
        [
            ("DE", digits(draw, 18)),
            ("FR", digits(draw, 23)),
            ("GB", "".join(draw.choices(string.ascii_uppercase, k=4)) + digits(draw, 14)),
        ]
    )
    value = "".join(str(int(char, 36)) for char in body + country) + "00"
    return f"{country}{98 - int(value) % 97:02}{body}"


def licence(draw: random.Random) -> str:
    return f"{draw.randrange(11, 27)}-{digits(draw, 2)}-{digits(draw, 6)}-{digits(draw, 2)}"


def token(draw: random.Random) -> str:
    letters = string.ascii_letters + string.digits
    prefix, size = draw.choice(
        [
            ("gh" + "p_", 36),
            ("AK" + "IA", 16),
            ("hf" + "_", 34),
            ("sk" + "-proj-", 40),
            ("xo" + "xb-", 24),
            ("AI" + "za", 35),
        ]
    )
    return prefix + "".join(draw.choices(string.ascii_uppercase + string.digits if size == 16 else letters, k=size))


def mobile(draw: random.Random) -> str:
    between = draw.choice(["-", "-", "-", "", " ", ".", " - "])
    return f"010{between}{draw.randrange(2000, 10000)}{between}{digits(draw, 4)}"


def landline(draw: random.Random) -> str:
    area = draw.choice(["02", "031", "051", "042", "064", "070"])
    middle = f"{draw.randrange(200, 10000)}"
    return draw.choice(
        [
            f"{area}-{middle}-{digits(draw, 4)}",
            f"{area}){middle}-{digits(draw, 4)}",
            f"({area}) {middle}-{digits(draw, 4)}",
        ]
    )


def abroad(draw: random.Random) -> str:
    n = draw.randrange
    return draw.choice(
        [
            f"+82-10-{n(2000, 9999)}-{digits(draw, 4)}",
            f"+82 2 {n(200, 9999)} {digits(draw, 4)}",
            f"+1 ({n(201, 209)}) {n(212, 299)}-{digits(draw, 4)}",
            f"{n(212, 219)}-{n(212, 299)}-{digits(draw, 4)}",
            f"+44 20 {n(7000, 8999)} {digits(draw, 4)}",
            f"+81-3-{n(3000, 6999)}-{digits(draw, 4)}",
            f"+49 30 {n(1000000, 9999999)}",
        ]
    )


def mail(draw: random.Random) -> str:
    name = draw.choice(["gildong.hong", "minji_kim", "j.smith+news", "lee2024", "anna", "a.b-c", "park%sales"])
    host = draw.choice(
        ["example.com", "mail.example.co.kr", "naver.example", "uni-bonn.example.org", "회사.example"][:4]
    )
    return f"{name}{n(draw)}@{host}"


def n(draw: random.Random) -> int:
    return draw.randrange(1, 1000)


def octets(draw: random.Random) -> str:
    first = draw.choice([number for number in range(1, 223) if number != 127])
    return f"{first}.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(1, 255)}"


NAMES = ("홍길동", "김민지", "이서준", "Park", "Anna Schmidt", "J. Smith")
Maker = Callable[[random.Random], str]
# Kind, how it is drawn, and what stands around it; `{}` is where.
POSITIVES: tuple[tuple[str, Maker, tuple[str, ...]], ...] = (
    (
        "resident-number",
        lambda d: grouped(person(d), [6, 7], "-"),
        ("{name} {}", "주민등록번호: {}", "제 번호는 {}입니다.", "ID {} on file", "회원({}) 탈퇴"),
    ),
    ("resident-number", person, ("주민번호 {}", "resident no. {}", "{name},{},서울")),
    (
        "resident-number",
        lambda d: grouped(person(d, new=True), [6, 7], "-"),
        ("{name} {} 출생", "주민번호 {}", "baby: {}"),
    ),
    (
        "foreigner-number",
        lambda d: grouped(person(d, foreign=True), [6, 7], "-"),
        ("외국인등록번호 {}", "{name} / {}", "ARC no: {}"),
    ),
    (
        "business-number",
        lambda d: grouped(firm(d), [3, 2, 5], "-"),
        ("사업자등록번호 {}", "상호 가나상사 {} 대표 {name}", "Business no. {}"),
    ),
    ("business-number", firm, ("사업자번호 {}", "BRN: {}")),
    (
        "phone",
        mobile,
        ("연락처 {}", "{name} {}", "{}로 전화 주세요", "call me at {}", "예약: {} (오후)", "번호가{}이에요"),
    ),
    ("phone", landline, ("문의 {}", "전화번호는 {}입니다", "office {}", "Fax. {}")),
    ("phone", abroad, ("Tel {}", "reach {name} on {}", "해외 지사 {}", "{} (home)")),
    ("passport", lambda d: f"{d.choice('MSRD')}{digits(d, 8)}", ("여권번호 {}", "passport no. {}", "{name} 여권: {}")),
    ("passport", lambda d: f"M{digits(d, 3)}{d.choice('ABCDEF')}{digits(d, 4)}", ("여권번호 {}", "Passport {}")),
    ("driver-licence", licence, ("운전면허 {}", "driver's license {}", "면허번호: {}", "{name} {}")),
    (
        "bank-account",
        lambda d: f"{digits(d, 3)}-{digits(d, 4)}-{digits(d, 4)}-{digits(d, 2)}",
        ("농협 계좌 {}", "{} 우리은행 {name}", "입금: {}", "account {}"),
    ),
    (
        "bank-account",
        lambda d: f"{digits(d, 6)}-{digits(d, 2)}-{digits(d, 6)}",
        ("국민은행 {} 예금주 {name}", "계좌번호는 {}", "bank account: {}"),
    ),
    ("bank-account", lambda d: str(d.randrange(1, 9)) + digits(d, 11), ("계좌번호 {}", "account no. {}", "{} 신한")),
    ("email", mail, ("{name} <{}>", "메일은 {}입니다", "mailto:{}", "write to {}.", "({})", "{},{name}", "E-mail：{}")),
    (
        "card",
        lambda d: grouped(luhn_end("4" + digits(d, 14)), [4, 4, 4, 4], d.choice("- ")),
        ("카드번호 {}", "{name} {}", "paid with {} today"),
    ),
    ("card", card, ("card {}", "카드 {} 만료 12/27", "결제: {}")),
    ("ip-address", octets, ("접속 IP {}", "client {} GET /", "IP 주소: {}", "remote addr {}")),
    (
        "ip-address",
        lambda d: ":".join(["2001", *(f"{d.randrange(1, 65535):x}" for _ in range(7))]),
        ("from {}", "IP {}"),
    ),
    ("iban", iban, ("IBAN {}", "pay to {} please", "계좌 {}")),
    ("iban", lambda d: grouped(iban(d), [4] * 7, " "), ("IBAN {}", "Konto: {}.")),
    (
        "us-ssn",
        lambda d: f"{d.randrange(100, 665)}-{d.randrange(10, 99)}-{d.randrange(1000, 9999)}",
        ("SSN {}", "{name} {}", "social security: {}"),
    ),
    ("secret", token, ("key={}", "export TOKEN={}", "Authorization: Bearer {}", "여기 토큰이요 {}", '"token": "{}"')),
    (
        "secret",
        lambda d: "".join(d.choices(string.ascii_letters + string.digits, k=20)) + "7aZ",
        ("password: {}", "api_key = '{}'", "비밀번호: {}"),
    ),
)
DISGUISES: tuple[Callable[[random.Random, str], str], ...] = (
    lambda draw, text: text.translate(FULL),
    lambda draw, text: text.replace("-", "–"),
    lambda draw, text: "\u200b".join(text),
    lambda draw, text: text.translate(ARABIC),
    lambda draw, text: text[:3] + "\u3164\u00ad" + text[3:],
)
DISGUISED = ("resident-number", "phone", "card", "business-number", "foreigner-number", "us-ssn")


def _moment(draw: random.Random) -> date:
    return date(2010, 1, 1) + timedelta(days=draw.randrange(6000))


NEGATIVES: tuple[tuple[str, Callable[[random.Random], str]], ...] = (
    ("order number", lambda d: f"주문번호 {_moment(d):%Y%m%d}-{digits(d, 7)}"),
    ("order number", lambda d: f"order {digits(d, 12)} shipped"),
    ("order number", lambda d: f"주문번호: {_moment(d):%y%m%d}-{d.randrange(1, 5)}{digits(d, 6)}"),
    ("order number", lambda d: f"Order #{digits(d, 3)}-{digits(d, 7)}-{digits(d, 7)}"),
    ("tracking number", lambda d: f"운송장번호 {digits(d, 4)}-{digits(d, 4)}-{digits(d, 4)}"),
    ("tracking number", lambda d: f"송장 {digits(d, 12)}"),
    ("date", lambda d: f"{_moment(d):%Y-%m-%d} {d.randrange(24):02}:{d.randrange(60):02}:{d.randrange(60):02}"),
    ("date", lambda d: f"{_moment(d):%Y.%m.%d}. ~ {_moment(d):%Y.%m.%d}."),
    ("date", lambda d: f"기간 {_moment(d):%Y%m%d}-{_moment(d):%Y%m%d}"),
    ("date", lambda d: f"{_moment(d):%Y%m%d%H%M%S}{digits(d, 3)}"),
    ("moment in ms", lambda d: f"ts={d.randrange(1_262_304_000_000, 1_900_000_000_000)}"),
    ("moment in ms", lambda d: f"{d.randrange(1_262_304_000_000, 1_900_000_000_000)}"),
    ("moment in s", lambda d: f"at {d.randrange(1_262_304_000, 1_900_000_000)}"),
    ("version", lambda d: f"version {d.randrange(20)}.{d.randrange(30)}.{d.randrange(99)}.{d.randrange(99)}"),
    ("version", lambda d: f"버전 {d.randrange(20)}.{d.randrange(30)}.{d.randrange(99)}"),
    ("version", lambda d: f"lodash@{d.randrange(9)}.{d.randrange(30)}.{d.randrange(99)} icon@{d.randrange(2, 4)}x.png"),
    ("isbn", lambda d: f"ISBN 979-11-{digits(d, 5)}-{digits(d, 2)}-{digits(d, 1)}"),
    ("isbn", lambda d: f"ISBN 978{digits(d, 10)}"),
    ("bar code", lambda d: f"880{digits(d, 10)}"),
    ("hash", lambda d: f"sha256:{d.getrandbits(256):064x}"),
    ("hash", lambda d: f"commit {d.getrandbits(160):040x}"),
    ("uuid", lambda d: str(uuid.UUID(int=d.getrandbits(128), version=4))),
    ("price", lambda d: f"가격은 {d.randrange(10**9):,}원"),
    ("price", lambda d: f"US${d.randrange(10**7):,}.{digits(d, 2)}"),
    ("price", lambda d: f"총 {d.randrange(10**9, 10**12)}원 이체"),
    ("decimal", lambda d: f"score {d.random():.16f} ± {d.random():.10f}"),
    ("decimal", lambda d: f"x={d.gauss(0, 1):.12e}"),
    ("coordinates", lambda d: f"37.{digits(d, 7)}, 126.{digits(d, 7)}"),
    ("count", lambda d: f"조회 {d.randrange(10**8)}회 / {digits(d, 8)}"),
    ("phone of a firm", lambda d: f"고객센터 {d.choice(['1588', '1544', '1661'])}-{digits(d, 4)}"),
    ("phone of a firm", lambda d: f"hotline 1-800-{digits(d, 3)}-{digits(d, 4)}"),
    ("card without check", lambda d: luhn_off(d)),
    ("number without check", lambda d: "관리번호 " + off(grouped(person(d), [6, 7], "-"))),
    ("firm without check", lambda d: "코드 " + off(grouped(firm(d), [3, 2, 5], "-"))),
    ("iban without check", lambda d: "ref " + off(iban(d))),
    ("handle", lambda d: f"@user{n(d)} 님이 @team.lead{n(d)} 를 언급"),
    ("scores", lambda d: " ".join(str(d.randrange(100)) for _ in range(12))),
    (
        "sports",
        lambda d: f"{d.randrange(9)}-{d.randrange(9)}, {d.randrange(100)}-{d.randrange(100)}-{d.randrange(100)}",
    ),
    ("code", lambda d: f"a::b::{d.choice('abcdef')}::c; x[{digits(d, 3)}:{digits(d, 3)}:{digits(d, 2)}]"),
    ("time", lambda d: f"{d.randrange(24):02}:{d.randrange(60):02}:{d.randrange(60):02}.{digits(d, 6)}"),
    ("mac", lambda d: ":".join(f"{d.randrange(256):02x}" for _ in range(6))),
    (
        "placeholder",
        lambda d: d.choice(
            [
                "sk-" + "x" * 40,
                "010-0000-0000",
                "000-00-0000",
                "password: ********",
                "api_key=YOUR_API_KEY_HERE",
                "0000-0000-0000-0000",
            ]
        ),
    ),
    ("repository", lambda d: f"git clone git@github.com:team/repo{n(d)}.git"),
    (
        "law",
        lambda d: (
            f"제{d.randrange(1, 99)}조 제{d.randrange(1, 9)}항, 법률 제{digits(d, 5)}호 ({_moment(d):%Y. %m. %d.})"
        ),
    ),
    ("model number", lambda d: f"모델 SM-{d.choice('GFAS')}{digits(d, 3)}N, S/N R{digits(d, 2)}M{digits(d, 6)}"),
    ("part number", lambda d: f"part no. {digits(d, 3)}-{digits(d, 2)}-{digits(d, 4)}"),
    (
        "prose",
        lambda d: d.choice(
            [
                "배송이 빨라서 좋아요. 2024년 1월에 3개를 샀습니다.",
                "The 2nd of 3 items (12.5 kg) arrived on day 10.",
                "면허 시험은 12월 3일 10시 30분",
                "여권 사진 3.5 x 4.5 cm, 비용 20,000원",
                "계좌 개설은 10분이면 됩니다.",
                "IP rights under section 12.3.4",
                "카드 3장, 4월 5일 결제",
            ]
        ),
    ),
)


def off(text: str) -> str:
    """The text with another last digit."""
    return text[:-1] + str((int(text[-1]) + 3) % 10)


def luhn_off(draw: random.Random) -> str:
    return "카드 " + off(grouped(luhn_end("4" + digits(draw, 14)), [4, 4, 4, 4], "-"))


def corpus(seed: int = 7, each: int = 40) -> Iterator[Line]:
    """Lines: `each` of every positive, a tenth of them of some kinds disguised, and `each` of every negative."""
    draw = random.Random(seed)
    for kind, make, frames in POSITIVES:
        for _ in range(each):
            text = make(draw)
            if kind in DISGUISED and draw.random() < 0.15:
                text = draw.choice(DISGUISES)(draw, text)
            frame = draw.choice(frames).replace("{name}", draw.choice(NAMES))
            yield Line(frame.replace("{}", text), ((kind, text),), f"+{kind}")
    for family, make_text in NEGATIVES:
        for _ in range(each):
            yield Line(make_text(draw), (), f"-{family}")
