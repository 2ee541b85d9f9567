"""
Secrets. In: text. Out: where secrets of known formats stand in it, or the text with each replaced by a placeholder.

Every rule stands behind a literal that must occur first, and nearly every secret is one long word: the literals are
looked for among the long words of a file, which are a seventh of it. Nothing is ever looked up over the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One known format.
    """

    name: str
    literals: tuple[str, ...]
    """The rule is tried only on text that holds one of these, as they are written."""
    pattern: str
    """The secret is group 1 where there is one, else the whole match."""
    is_word: bool = True
    """Whether all that the pattern matches is one long word, of letters that `BETWEEN_WORDS` leaves."""


class Secret(NamedTuple):
    """
    One place in a text that holds a secret.
    """

    rule: str
    start: int
    end: int


STANDS_FOR_ONE = r"(?i:(?:my)?passw(?:or)?d|redacted)@|[A-Z]+(?:_[A-Z]+)+@"
"""What documentation writes into an address where the password goes."""
RULES = (
    Rule(
        "private-key",
        ("-----BEGIN",),
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,8000}?(?:-----END [A-Z0-9 ]*-----|\Z)",
        is_word=False,
    ),
    Rule("aws-access-key", ("AKIA", "ASIA", "ABIA", "ACCA"), r"((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b"),
    Rule("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"(gh[pousr]_[A-Za-z0-9]{36,255})\b"),
    Rule("github-fine-grained", ("github_pat_",), r"(github_pat_[A-Za-z0-9_]{60,90})\b"),
    Rule("gitlab-token", ("glpat-", "gldt-", "glrt-", "glptt-"), r"(gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_\-]{20,})"),
    Rule("slack-token", ("xox",), r"(xox[abeoprs]-[A-Za-z0-9-]{10,})"),
    Rule("slack-webhook", ("hooks.slack.com",), r"(https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9+/]{20,})"),
    Rule("stripe-key", ("_live_", "_test_"), r"([sr]k_(?:live|test)_[A-Za-z0-9]{16,})\b"),
    Rule("google-api-key", ("AIza",), r"(AIza[A-Za-z0-9_\-]{35})"),
    Rule("google-oauth", ("ya29.",), r"(ya29\.[A-Za-z0-9_\-]{20,})"),
    Rule("google-client-secret", ("GOCSPX-",), r"(GOCSPX-[A-Za-z0-9_\-]{28})"),
    Rule("openai-key", ("sk-",), r"(sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_\-]{20,}T3BlbkFJ[A-Za-z0-9_\-]{20,})"),
    Rule("anthropic-key", ("sk-ant-",), r"(sk-ant-[A-Za-z0-9]{3,6}\d\d-[A-Za-z0-9_\-]{80,})"),
    Rule("openrouter-key", ("sk-or-v1-",), r"(sk-or-v1-[0-9a-f]{64})\b"),
    Rule("groq-key", ("gsk_",), r"(gsk_[A-Za-z0-9]{52})\b"),
    Rule("xai-key", ("xai-",), r"(xai-[A-Za-z0-9]{80})\b"),
    Rule("perplexity-key", ("pplx-",), r"(pplx-[A-Za-z0-9]{48})\b"),
    Rule("replicate-token", ("r8_",), r"(r8_[A-Za-z0-9]{37})\b"),
    Rule("huggingface-token", ("hf_",), r"(hf_[A-Za-z]{34,})\b"),
    Rule("npm-token", ("npm_",), r"(npm_[A-Za-z0-9]{36})\b"),
    Rule("pypi-token", ("pypi-",), r"(pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{50,})"),
    Rule("sendgrid-key", ("SG.",), r"(SG\.[A-Za-z0-9_\-]{20,24}\.[A-Za-z0-9_\-]{39,50})"),
    Rule("mailgun-key", ("key-",), r"(key-[0-9a-f]{32})\b"),
    Rule("mailchimp-key", ("-us",), r"([0-9a-f]{32}-us\d{1,2})\b"),
    Rule("twilio-key", ("SK", "AC"), r"((?:SK|AC)[0-9a-f]{32})\b"),
    Rule("square-token", ("sq0", "EAAA"), r"(sq0[a-z]{3}-[A-Za-z0-9_\-]{22,43}|EAAA[A-Za-z0-9_\-]{60})"),
    Rule("shopify-token", ("shp",), r"(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})\b"),
    Rule("digitalocean-token", ("_v1_",), r"(do[opr]_v1_[0-9a-f]{64})\b"),
    Rule("databricks-token", ("dapi",), r"(dapi[0-9a-f]{32}(?:-\d)?)\b"),
    Rule("doppler-token", ("dp.",), r"(dp\.(?:pt|st|ct|sa)\.(?:[a-z0-9_\-]+\.)?[A-Za-z0-9]{40,44})\b"),
    Rule("linear-key", ("lin_api_",), r"(lin_api_[A-Za-z0-9]{40})\b"),
    Rule("notion-token", ("secret_", "ntn_"), r"(secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{46})\b"),
    Rule("postman-key", ("PMAK-",), r"(PMAK-[0-9a-f]{24}-[0-9a-f]{34})\b"),
    Rule("newrelic-key", ("NRAK-",), r"(NRAK-[A-Z0-9]{27})\b"),
    Rule("grafana-token", ("glsa_", "glc_"), r"(glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2})"),
    Rule("vault-token", ("hvs.", "hvb."), r"(hv[sb]\.[A-Za-z0-9_\-]{24,})"),
    Rule("terraform-token", (".atlasv1.",), r"([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{60,70})"),
    Rule("dropbox-token", ("sl.",), r"(sl\.(?:u\.)?[A-Za-z0-9_\-]{130,})"),
    Rule("discord-webhook", ("discord",), r"(https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_\-]{60,})"),
    Rule("telegram-token", (":AA",), r"(\d{8,10}:AA[A-Za-z0-9_\-]{33})"),
    Rule("facebook-token", ("EAACEdEose0cBA",), r"(EAACEdEose0cBA[A-Za-z0-9]+)"),
    Rule("azure-storage-key", ("AccountKey=",), r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    Rule("azure-client-secret", ("8Q~", "7Q~"), r"([A-Za-z0-9_~.\-]{3}[78]Q~[A-Za-z0-9_~.\-]{31,34})"),
    Rule("json-web-token", ("eyJ",), r"(eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,})"),
    Rule(
        "basic-auth-url", ("://",),
        rf"://[^\s:/@'\"{{}}$<>%]{{0,64}}:(?!{STANDS_FOR_ONE})([^\s/@'\"{{}}$<>%*]{{6,128}})@[\w.\-]+", is_word=False,
    ),
    Rule("age-key", ("AGE-SECRET-KEY-1",), r"(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})\b"),
)  # fmt: skip
SHORTEST_WORD = 15
"""The letters that the shortest secret of one word has, what opens it included."""
IN_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-.=~:")
BETWEEN_WORDS = bytes(byte if byte in IN_WORD or byte >= 128 else 32 for byte in range(256))
"""Makes blanks of all that no secret of one word holds; beyond ASCII there are digits too."""
ESCAPES = frozenset({r"\n", r"\r", r"\t"})
"""Blanks as a string writes them."""
ASSIGNED = "assigned-secret"
IN_KEY = r"[A-Za-z0-9+/_\-.=~]"
# a pattern for each of the quotes: what opens with one letter is searched for at less than half the cost
QUOTED = tuple(re.compile(rf"{quote}(?:Bearer )?({IN_KEY}{{16,200}}){quote}") for quote in "'\"`")
"""A string that may be a key; looked at before its name is, because few strings are like this."""
UNQUOTED = tuple(
    re.compile(rf"{sign}({letters}{{16,200}})[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)
    for sign, letters in ((r":[ \t]+", IN_KEY), ("=", IN_KEY.replace(".", "")))
)
"""The rest of a line that may be a key, as YAML and a shell write one without quotes: behind `=` a dot reaches into a
value, as an argument on a line of its own does."""
HEADER = re.compile(rf"authorization['\"]?:[ \t]*['\"]?(?:basic|bearer|token)[ \t]+({IN_KEY}{{16,200}})", re.IGNORECASE)
"""A key that a request carries."""
NAMES = (
    r"(?:secret|passw(?:or)?d|pwd|token|credential|private_key|authorization"
    r"|(?:api|access|auth|encryption|signing)[_\-]?key)[\w\-]{0,20}"
)
ASSIGNED_TO = re.compile(
    rf"(?:{NAMES}['\"]?\]?\s*(?::[\w.&|'\[\] ]{{1,40}}|\bstring\s*)?(?:=>|:=|[=:])"
    rf"|{NAMES}(?:['\"][\])])?\s*(?:\bor\b|\|\||\?\?)"
    rf"|(?:get|env|fetch)\w*\(\s*['\"]\w{{0,40}}{NAMES}['\"]\s*,)"
    r"\s*(?:\\\s*)?\(?\s*[rbu]?(?:''|\"\")?$",
    re.IGNORECASE,
)
"""What gives a string a name: an assignment, with or without a type, or the name of what it stands in for."""
CHOSEN = r"[A-Za-z0-9][A-Za-z0-9!@#$^&*?~%+=.,;_\-]{7,63}"
NAMED_SO = re.compile(r"passw(?:or)?d", re.IGNORECASE)
PASSWORD = re.compile(
    rf"passw(?:or)?d['\"]?\]?\s*(?::[\w.&|'\[\] ]{{1,40}}|\bstring\s*)?(?:=>|:=|[=:])\s*[rbu]?(?P<quote>['\"`])"
    rf"(?P<chosen>{CHOSEN})(?P=quote)",
    re.IGNORECASE,
)
"""What a person chose for a password, as code assigns it; a shorter word than a machine would make."""
PASSWORD_LINE = re.compile(
    rf"[ \t\-]*[\w.\-]*passw(?:or)?d:[ \t]+(?P<chosen>{CHOSEN})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
"""The same in YAML, by the whole line."""
SIGNS = frozenset("!@#$^&*?~%+")
"""Signs that people put into passwords, and hardly into the names of fields, rules and settings."""
KEY_OF_LINE = re.compile(rf"^[ \t\-]*(?:(?:arg|env|export|set)[ \t]+)?[\w.\-]*{NAMES}\Z", re.IGNORECASE | re.MULTILINE)
LOOK_BACK = 160
"""Characters before a string in which the name that it is given stands."""
JOINTS = tuple(
    re.compile(
        rf"{quote}(?<={IN_KEY}{quote})[ \t]*(?:\\?\r?\n)?[ \t]*[+.]?[ \t]*(?:\\?\r?\n)?[ \t]*[rbu]?{quote}(?={IN_KEY})"
    )
    for quote in "'\""
)
"""What stands between two pieces of a string that the language joins, on one line or over two."""
AROUND_JOINT = 300
LEAST_ENTROPY = 3.2
"""Bits per character under which an assigned string is a word, not a secret; measured on identifiers and on keys."""
DIGITS_APART = re.compile(r"\d\D+\d")
"""What the name of a type, which stands where YAML has a value, hardly holds."""
PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|changeme|dummy|your[_\-]|xxxx|\.\.\.|test|fake|sample|redacted|secret$"
)


def find_secrets(text: str) -> list[Secret]:
    """
    Return the secrets in *text* in order, overlapping ones merged.

    A secret written as several strings that the language joins is found, and returned in its pieces.
    """
    found = find_whole(text)
    for joined, places in joined_strings(text):
        for secret in find_whole(joined):
            found.extend(split_pieces(secret, places))
    # what was taken out before, by `redact_secrets` or by hand, is none
    found = [secret for secret in found if text[secret.start : secret.end].strip("X\r\n")]
    return merge_overlaps(sorted(found, key=lambda secret: (secret.start, -secret.end)))


def find_whole(text: str) -> list[Secret]:
    """Return the secrets that stand in *text* in one piece."""
    found: list[Secret] = []
    words = long_words(text)
    for rule, pattern in compiled_rules():
        for literal in rule.literals:
            if literal in (words if rule.is_word else text):
                found.extend(matches_of(rule, pattern, text))
                break
    return [*found, *named_keys(text), *chosen_passwords(text)]


def named_keys(text: str) -> Iterator[Secret]:
    """Yield the strings, and the rests of lines, that look like keys and have a name that says so."""
    quoted = ((ASSIGNED_TO, match) for pattern in QUOTED for match in pattern.finditer(text))
    rests = (match for pattern in UNQUOTED for match in pattern.finditer(text))
    unquoted = ((KEY_OF_LINE, match) for match in rests if DIGITS_APART.search(match[1]))
    for name, match in chain(quoted, unquoted):
        if looks_random(match[1]) and name.search(text, max(0, match.start() - LOOK_BACK), match.start()):
            yield Secret(ASSIGNED, *match.span(1))
    for match in HEADER.finditer(text) if "uthorization" in text or "UTHORIZATION" in text else ():
        if looks_random(match[1]):
            yield Secret(ASSIGNED, *match.span(1))


def chosen_passwords(text: str) -> Iterator[Secret]:
    """Yield the passwords that people chose: with a letter, a digit and a sign."""
    line = -1
    for named in NAMED_SO.finditer(text) if "assw" in text or "ASSW" in text else ():
        found = [PASSWORD.match(text, named.start())]
        start = text.rfind("\n", 0, named.start()) + 1
        # a line that names it often is looked at once
        found += [PASSWORD_LINE.match(text, start)] if start != line else []
        line = start
        for match in found:
            if match is not None and not SIGNS.isdisjoint(match["chosen"]) and is_mixed(match["chosen"]):
                yield Secret(ASSIGNED, *match.span("chosen"))


def long_words(text: str) -> str:
    """Return the words of *text* that are long enough to be secrets."""
    words = text.encode("utf-8", "surrogatepass").translate(BETWEEN_WORDS).split()
    return b" ".join([word for word in words if len(word) >= SHORTEST_WORD]).decode("utf-8", "surrogatepass")


def matches_of(rule: Rule, pattern: re.Pattern[str], text: str) -> Iterator[Secret]:
    """Yield the matches of one rule that no word character stands before, but for that of an escape."""
    group = 1 if pattern.groups else 0
    for match in pattern.finditer(text):
        before = text[max(0, match.start() - 2) : match.start()]
        is_inside = before[-1:].isalnum() or before.endswith("_")
        if not is_inside or before in ESCAPES or not text[match.start()].isalnum():
            yield Secret(rule.name, match.start(group), match.end(group))


def joined_strings(text: str) -> Iterator[tuple[str, list[int]]]:
    """Yield each stretch of *text* with joined strings, joints left out, and where each of its characters stands."""
    joints = sorted(match.span() for joint in JOINTS for match in joint.finditer(text))
    while joints:
        run = [joints.pop(0)]
        while joints and joints[0][0] - run[-1][1] < AROUND_JOINT:
            run.append(joints.pop(0))
        places = list(range(max(0, run[0][0] - AROUND_JOINT), min(len(text), run[-1][1] + AROUND_JOINT)))
        inside = {place for start, end in run for place in range(start, end)}
        places = [place for place in places if place not in inside]
        yield "".join(text[place] for place in places), places


def split_pieces(secret: Secret, places: list[int]) -> Iterator[Secret]:
    """Yield *secret*, found where joints were left out, as its pieces in the text with them."""
    start = secret.start
    spans: list[tuple[int, int]] = []
    for index in range(secret.start + 1, secret.end + 1):
        if index == secret.end or places[index] != places[index - 1] + 1:
            spans.append((places[start], places[index - 1] + 1))
            start = index
    yield from (Secret(secret.rule, *span) for span in spans)


def redact_secrets(text: str) -> tuple[str, list[Secret]]:
    """Return *text* with each secret replaced by `REDACTED` in as many characters, and what was found."""
    secrets = find_secrets(text)
    parts: list[str] = []
    last = 0
    for secret in secrets:
        # line ends stay, so that lines and spans keep their places
        hidden = re.sub(r"[^\r\n]", "X", text[secret.start : secret.end])
        parts.extend((text[last : secret.start], hidden))
        last = secret.end
    return "".join([*parts, text[last:]]), secrets


def looks_random(value: str) -> bool:
    """Claim that an assigned string is a secret: it mixes letters and digits, and no word explains it."""
    return (
        is_mixed(value) and entropy(value) >= LEAST_ENTROPY and not re.fullmatch(r"[a-z]+(?:[_\-.][a-z0-9]+)+", value)
    )


def is_mixed(value: str) -> bool:
    """Claim that *value* has letters and digits, and no word that says that it stands for something else."""
    return not PLACEHOLDER.search(value) and bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))


def entropy(value: str) -> float:
    """Return the Shannon entropy of *value*'s characters, in bits per character."""
    import math

    counts = [value.count(character) for character in set(value)]
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)


def merge_overlaps(secrets: list[Secret]) -> list[Secret]:
    """Return *secrets*, which are sorted, with overlapping ones joined under the first one's rule."""
    merged: list[Secret] = []
    for secret in secrets:
        if merged and secret.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, secret.end))
        else:
            merged.append(secret)
    return merged


@cache
def compiled_rules() -> tuple[tuple[Rule, re.Pattern[str]], ...]:
    """Return every rule with its compiled pattern."""
    return tuple((rule, re.compile(rule.pattern)) for rule in RULES)
