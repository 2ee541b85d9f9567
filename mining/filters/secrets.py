"""
Secrets. In: text. Out: where secrets of known formats stand in it, or the text with each replaced by a placeholder.

Every rule stands behind a literal that must occur first, so a file without one costs a substring search a rule. Nothing
is ever looked up over the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One known format.
    """

    name: str
    literals: tuple[str, ...]
    """The rule is tried only on text that holds one of these, in lower case."""
    pattern: str
    """The secret is group 1 where there is one, else the whole match."""


class Secret(NamedTuple):
    """
    One place in a text that holds a secret.
    """

    rule: str
    start: int
    end: int


RULES = (
    Rule(
        "private-key",
        ("-----begin",),
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,8000}?(?:-----END [A-Z0-9 ]*-----|\Z)",
    ),
    Rule("aws-access-key", ("akia", "asia", "abia", "acca"), r"\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b"),
    Rule("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\b(gh[pousr]_[A-Za-z0-9]{36,255})\b"),
    Rule("github-fine-grained", ("github_pat_",), r"\b(github_pat_[A-Za-z0-9_]{60,90})\b"),
    Rule("gitlab-token", ("glpat-", "gldt-", "glrt-", "glptt-"), r"\b(gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_\-]{20,})"),
    Rule("slack-token", ("xox",), r"\b(xox[abeoprs]-[A-Za-z0-9-]{10,})"),
    Rule("slack-webhook", ("hooks.slack.com",), r"(https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9+/]{20,})"),
    Rule("stripe-key", ("_live_", "_test_"), r"\b([sr]k_(?:live|test)_[A-Za-z0-9]{16,})\b"),
    Rule("google-api-key", ("aiza",), r"\b(AIza[A-Za-z0-9_\-]{35})"),
    Rule("google-oauth", ("ya29.",), r"\b(ya29\.[A-Za-z0-9_\-]{20,})"),
    Rule("google-client-secret", ("gocspx-",), r"\b(GOCSPX-[A-Za-z0-9_\-]{28})"),
    Rule("openai-key", ("sk-",), r"\b(sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_\-]{20,}T3BlbkFJ[A-Za-z0-9_\-]{20,})"),
    Rule("anthropic-key", ("sk-ant-",), r"\b(sk-ant-[A-Za-z0-9]{3,6}\d\d-[A-Za-z0-9_\-]{80,})"),
    Rule("huggingface-token", ("hf_",), r"\b(hf_[A-Za-z]{34,})\b"),
    Rule("npm-token", ("npm_",), r"\b(npm_[A-Za-z0-9]{36})\b"),
    Rule("pypi-token", ("pypi-",), r"\b(pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{50,})"),
    Rule("sendgrid-key", ("sg.",), r"\b(SG\.[A-Za-z0-9_\-]{20,24}\.[A-Za-z0-9_\-]{39,50})"),
    Rule("mailgun-key", ("key-",), r"\b(key-[0-9a-f]{32})\b"),
    Rule("mailchimp-key", ("-us",), r"\b([0-9a-f]{32}-us\d{1,2})\b"),
    Rule("twilio-key", ("sk", "ac"), r"\b((?:SK|AC)[0-9a-f]{32})\b"),
    Rule("square-token", ("sq0", "eaaa"), r"\b(sq0[a-z]{3}-[A-Za-z0-9_\-]{22,43}|EAAA[A-Za-z0-9_\-]{60})"),
    Rule("shopify-token", ("shp",), r"\b(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})\b"),
    Rule("digitalocean-token", ("_v1_",), r"\b(do[opr]_v1_[0-9a-f]{64})\b"),
    Rule("databricks-token", ("dapi",), r"\b(dapi[0-9a-f]{32}(?:-\d)?)\b"),
    Rule("doppler-token", ("dp.",), r"\b(dp\.(?:pt|st|ct|sa)\.(?:[a-z0-9_\-]+\.)?[A-Za-z0-9]{40,44})\b"),
    Rule("linear-key", ("lin_api_",), r"\b(lin_api_[A-Za-z0-9]{40})\b"),
    Rule("notion-token", ("secret_", "ntn_"), r"\b(secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{46})\b"),
    Rule("postman-key", ("pmak-",), r"\b(PMAK-[0-9a-f]{24}-[0-9a-f]{34})\b"),
    Rule("newrelic-key", ("nrak-",), r"\b(NRAK-[A-Z0-9]{27})\b"),
    Rule("grafana-token", ("glsa_", "glc_"), r"\b(glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2})"),
    Rule("vault-token", ("hvs.", "hvb."), r"\b(hv[sb]\.[A-Za-z0-9_\-]{24,})"),
    Rule("terraform-token", (".atlasv1.",), r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{60,70})"),
    Rule("dropbox-token", ("sl.",), r"\b(sl\.(?:u\.)?[A-Za-z0-9_\-]{130,})"),
    Rule("discord-webhook", ("discord",), r"(https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_\-]{60,})"),
    Rule("telegram-token", (":aa",), r"\b(\d{8,10}:AA[A-Za-z0-9_\-]{33})"),
    Rule("facebook-token", ("eaacedeose0cba",), r"\b(EAACEdEose0cBA[A-Za-z0-9]+)"),
    Rule("azure-storage-key", ("accountkey=",), r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    Rule("azure-client-secret", ("8q~", "7q~"), r"\b([A-Za-z0-9_~.\-]{3}[78]Q~[A-Za-z0-9_~.\-]{31,34})"),
    Rule("json-web-token", ("eyj",), r"\b(eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,})"),
    Rule("basic-auth-url", ("://",), r"\b[a-z][a-z0-9+.\-]{2,20}://[^\s:/@'\"{}$<>%]{1,64}:([^\s/@'\"{}$<>%*]{6,128})@[\w.\-]+"),
    Rule("age-key", ("age-secret-key-1",), r"\b(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})\b"),
    Rule(
        "assigned-secret",
        ("secret", "passw", "token", "api_key", "apikey", "api-key", "credential", "private_key"),
        r"(?i)[\w\-]{0,40}(?:secret|passw(?:or)?d|token|api[_\-]?key|credential|private_key)[\w\-]{0,20}['\"]?\s*"
        r"(?::\s*str\s*)?(?:=>|[=:])\s*(?:\\\s*)?\(?\s*[rbu]?['\"]([A-Za-z0-9+/_\-.~=]{16,200})['\"]",
    ),
)  # fmt: skip
LEAST_ENTROPY = 3.2
"""Bits per character under which an assigned string is a word, not a secret; measured on identifiers and on keys."""
PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|changeme|dummy|your[_\-]|xxxx|\.\.\.|test|fake|sample|redacted|secret$"
)


def find_secrets(text: str) -> list[Secret]:
    """Return the secrets in *text* in order, overlapping ones merged."""
    lowered = text.lower()
    found: list[Secret] = []
    for rule, pattern in compiled_rules():
        if any(literal in lowered for literal in rule.literals):
            for match in pattern.finditer(text):
                group = 1 if pattern.groups else 0
                if rule.name != "assigned-secret" or looks_random(match[group]):
                    found.append(Secret(rule.name, match.start(group), match.end(group)))
    return merge_overlaps(sorted(found, key=lambda secret: (secret.start, -secret.end)))


def redact_secrets(text: str) -> tuple[str, list[Secret]]:
    """Return *text* with each secret replaced by `REDACTED` in as many characters, and what was found."""
    secrets = find_secrets(text)
    parts: list[str] = []
    last = 0
    for secret in secrets:
        # line ends stay, so that lines and spans keep their places
        hidden = re.sub(r"[^\n]", "X", text[secret.start : secret.end])
        parts.extend((text[last : secret.start], hidden))
        last = secret.end
    return "".join([*parts, text[last:]]), secrets


def looks_random(value: str) -> bool:
    """Claim that an assigned string is a secret: it mixes letters and digits, and no word explains it."""
    if PLACEHOLDER.search(value) or not (re.search(r"\d", value) and re.search(r"[A-Za-z]", value)):
        return False
    return entropy(value) >= LEAST_ENTROPY and not re.fullmatch(r"[a-z]+(?:[_\-.][a-z0-9]+)+", value)


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
