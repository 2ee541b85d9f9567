"""
Secrets that never were: one maker for each known format. In: a random generator. Out: strings to plant.

Put together from parts at run time, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import random
from collections.abc import Callable

HEX, LOWER = "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz"
UPPER, DIGITS = LOWER.upper(), "0123456789"
ALNUM = LOWER + UPPER + DIGITS
URL = ALNUM + "-_"
BASE64 = ALNUM + "+/"

Maker = Callable[[random.Random], str]


def run(letters: str, length: int) -> Maker:
    return lambda chance: "".join(chance.choice(letters) for _ in range(length))


def made(*parts: str | Maker) -> Maker:
    return lambda chance: "".join(part if isinstance(part, str) else part(chance) for part in parts)


def one_of(*makers: Maker) -> Maker:
    return lambda chance: chance.choice(makers)(chance)


def key_block(chance: random.Random) -> str:
    lines = "\n".join(run(BASE64, 64)(chance) for _ in range(12))
    return f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{lines}\n-----END RSA {'PRIVATE'} KEY-----"


def mixed(letters: str, length: int) -> Maker:
    """Random, and surely with a letter and a digit, as a real key of that length is."""
    return lambda chance: "a7" + run(letters, length - 2)(chance)


FORMATS: dict[str, Maker] = {
    "private key": key_block,
    "AWS access key": made("AKIA", run(UPPER + "234567", 16)),
    "AWS temporary key": made("ASIA", run(UPPER + "234567", 16)),
    "GitHub personal": made("ghp_", run(ALNUM, 36)),
    "GitHub server": made("ghs_", run(ALNUM, 36)),
    "GitHub fine-grained": made("github_pat_", run(ALNUM, 22), "_", run(ALNUM, 59)),
    "GitLab personal": made("glpat-", run(URL, 20)),
    "GitLab deploy": made("gldt-", run(URL, 20)),
    "Slack bot": made("xoxb-", run(DIGITS, 12), "-", run(DIGITS, 12), "-", run(ALNUM, 24)),
    "Slack webhook": made(
        "https://hooks.slack.com/services/T", run(ALNUM, 8), "/B", run(ALNUM, 8), "/", run(ALNUM, 24)
    ),
    "Stripe secret": made("sk_live_", run(ALNUM, 24)),
    "Stripe restricted": made("rk_live_", run(ALNUM, 24)),
    "Google API": made("AIza", run(URL, 35)),
    "Google OAuth": made("ya29.", run(URL, 60)),
    "Google client": made("GOCSPX-", run(URL, 28)),
    "OpenAI": made("sk-", run(ALNUM, 20), "T3Blbk", "FJ", run(ALNUM, 20)),
    "OpenAI project": made("sk-proj-", run(URL, 40), "T3Blbk", "FJ", run(URL, 40)),
    "Anthropic": made("sk-ant-", "api03-", run(URL, 93), "AA"),
    "OpenRouter": made("sk-or-", "v1-", run(HEX, 64)),
    "Groq": made("gsk_", run(ALNUM, 52)),
    "xAI": made("xai-", run(ALNUM, 80)),
    "Perplexity": made("pplx-", run(ALNUM, 48)),
    "Replicate": made("r8_", run(ALNUM, 37)),
    "Hugging Face": made("hf_", run(LOWER + UPPER, 34)),
    "npm": made("npm_", run(ALNUM, 36)),
    "PyPI": made("pypi-", "AgEIcHlwaS5vcmc", run(URL, 70)),
    "SendGrid": made("SG.", run(URL, 22), ".", run(URL, 43)),
    "Mailgun": made("key-", run(HEX, 32)),
    "Mailchimp": made(run(HEX, 32), "-us", run("123456789", 1)),
    "Twilio key": made("SK", run(HEX, 32)),
    "Twilio account": made("AC", run(HEX, 32)),
    "Square": made("sq0", "csp-", run(URL, 43)),
    "Shopify": made("shpat_", run(HEX, 32)),
    "DigitalOcean": made("dop_v1_", run(HEX, 64)),
    "Databricks": made("dapi", run(HEX, 32)),
    "Doppler": made("dp.pt.", run(ALNUM, 43)),
    "Linear": made("lin_api_", run(ALNUM, 40)),
    "Notion": made("ntn_", run(ALNUM, 46)),
    "Postman": made("PMAK-", run(HEX, 24), "-", run(HEX, 34)),
    "New Relic": made("NRAK-", run(UPPER + DIGITS, 27)),
    "Grafana service": made("glsa_", run(ALNUM, 32), "_", run(HEX, 8)),
    "Grafana cloud": made("glc_", run(BASE64, 60), "="),
    "Vault": made("hvs.", run(URL, 90)),
    "Terraform": made(run(ALNUM, 14), ".atlasv1.", run(URL, 67)),
    "Dropbox": made("sl.", run(URL, 140)),
    "Discord webhook": made("https://discord.com/api/webhooks/", run(DIGITS, 18), "/", run(URL, 68)),
    "Telegram bot": made(run("123456789", 9), ":AA", run(URL, 33)),
    "Facebook": made("EAACEd", "Eose0cBA", run(ALNUM, 60)),
    "Azure storage": made("AccountKey=", run(BASE64, 86), "=="),
    "Azure client": made(run(ALNUM, 3), "8Q~", run(ALNUM + "_~.-", 34)),
    "JSON web token": made("eyJ", run(URL, 30), ".eyJ", run(URL, 60), ".", run(URL, 43)),
    "URL with password": made("postgres://service:", mixed(ALNUM, 40), "@db"),
    "age key": made("AGE-SECRET-KEY-1", run("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
}
