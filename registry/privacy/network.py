"""What leads to a machine, or lets one in: IP addresses, URLs, keys and tokens.

>>> text = "접속 IP 203.0.113.7, version 1.2.3.4, 2001:db8::8a2e:370:7334, std::ab, 12:30:45"
>>> [(text[hit.start:hit.end], hit.strength.name) for hit in IP.look(text)]
[('203.0.113.7', 'DOUBTFUL'), ('1.2.3.4', 'DOUBTFUL'), ('2001:db8::8a2e:370:7334', 'SURE')]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry.privacy.recogniser import Hit, Kind, Strength, either, named, spelt

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(rf"(?<![0-9A-Za-z_.-])(?:{_OCTET}\.){{3}}{_OCTET}(?![0-9A-Za-z_-]|\.[0-9])")
_V6 = re.compile(r"(?<![0-9A-Za-z_:.])[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{4,34}(?![0-9A-Za-z_:])")


def _v4(text: str) -> Iterator[Hit]:
    """Addresses that a machine can have; version numbers have the same form, so that a word must say what it is."""
    for match in _V4.finditer(text):
        first = int(match[0].partition(".")[0])
        if first not in (0, 127) and first < 224:
            yield Hit(match.start(), match.end(), Strength.DOUBTFUL)


def _v6(text: str) -> Iterator[Hit]:
    """Unicast addresses (2000::/3, fc00::/7, fe80::/10) of four groups or more (RFC 4291)."""
    import ipaddress

    for match in _V6.finditer(text):
        if match[0].count(":") < 4:
            continue
        try:
            first = ipaddress.IPv6Address(match[0]).packed[0]
        except ValueError:
            continue
        if first >> 5 == 1 or first >> 1 == 0x7E or first == 0xFE:
            yield Hit(match.start(), match.end(), Strength.SURE)


def _address(text: str) -> str:
    """The first group.

    >>> _address("203.0.113.7"), _address("2001:db8::1")
    ('203.*.*.*', '2001:*')
    """
    return f"{text.partition(':')[0]}:*" if ":" in text else f"{text.partition('.')[0]}.*.*.*"


IP = Kind(
    "ip-address",
    ("IP address", "IP 주소"),
    either(_v4, _v6),
    _address,
    (r"[0-9]\.[0-9]{1,3}\.[0-9]", r"[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:"),
    named(
        r"(?<![a-z])ip(?![a-z])",
        "아이피",
        "접속",
        "client",
        "remote",
        "address",
        "주소",
        "log-?in",
        "로그인",
        "visitor",
    ),
)

_URL = re.compile(r"(?i)(?<![a-z0-9])(?:[a-z][a-z0-9+.-]{1,10}://|www\.)(?!\*)[^\s<>\"'`]{3,}")
URL = Kind(
    "url",
    ("web address", "웹 주소"),
    lambda text: (Hit(found.start(), found.end(), Strength.SURE) for found in _URL.finditer(text)),
    lambda text: f"{text.partition('://')[0]}://***" if "://" in text else "www.***",
    (f"://|{spelt('www')}",),
    stated=True,
)

_TOKENS = (
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",  # AWS
    r"gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{22,}|glpat-[0-9A-Za-z_-]{20,}",  # GitHub, GitLab
    r"xox[abeoprs]-[0-9A-Za-z-]{10,}",  # Slack
    r"sk-(?:proj-|ant-|or-)?[0-9A-Za-z_-]{20,}|[sr]k_(?:live|test)_[0-9A-Za-z]{16,}",  # OpenAI, Anthropic, Stripe
    r"AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}",  # Google
    r"hf_[0-9A-Za-z]{30,}|npm_[0-9A-Za-z]{36}|pypi-[0-9A-Za-z_-]{40,}|SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}",
    r"eyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}",  # JSON Web Token (RFC 7519)
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
)
_TOKEN = re.compile(rf"(?<![0-9A-Za-z_-])(?:{'|'.join(_TOKENS)})(?![0-9A-Za-z])")
_USER = re.compile(r"(?i)(?<=://)[^\s/:@<>{}$*]{1,64}:(?!pass(?:word|wd)?@)[^\s/@<>{}*]{3,128}(?=@)")
_GIVEN = re.compile(
    r"(?i)(?:api[_-]?key|secret(?:[_-]?key)?|access[_-]?token|auth[_-]?token|client[_-]?secret|passw(?:or)?d|비밀번호)"
    r"[\"']?\s*[:=]\s*[\"']?([0-9A-Za-z_+/=!@#$%^&-]{8,128})"
    r"(?![0-9A-Za-z_+/=!@#$%^&-]|[.(\[])"  # a name that something is called by is no value
)
DISTINCT = 6  # characters of a key that is not a placeholder such as `sk-xxxxxxxx`


def _tokens(text: str) -> Iterator[Hit]:
    for match in _TOKEN.finditer(text):
        if match[0].startswith("-") or len(set(match[0][-16:])) >= DISTINCT:
            yield Hit(match.start(), match.end(), Strength.SURE)
    for match in _USER.finditer(text):
        yield Hit(match.start(), match.end(), Strength.SURE)
    for match in _GIVEN.finditer(text):
        value = match[1]
        mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
        if mixed and len(set(value)) >= DISTINCT:
            yield Hit(match.start(1), match.end(1), Strength.SURE)


# Words in the ways that they are written: a search for literals is fast.
_PREFIXES = (
    r"AKIA|ASIA|ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|xox|sk-|sk_|rk_|AIza|ya29|hf_|npm_|pypi-|SG\.|eyJ|"
    r"PRIVATE KEY|://[^\s/:@]+:|key|Key|KEY|secret|Secret|SECRET|token|Token|TOKEN|passw|Passw|PASSW|비밀번호"
)
SECRET = Kind(
    "secret",
    ("API key, token, password", "API 키, 토큰, 비밀번호"),
    _tokens,
    lambda text: f"{text[:4]}********",
    (_PREFIXES,),
)
