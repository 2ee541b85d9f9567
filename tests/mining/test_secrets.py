"""
Secrets of known formats never reach a corpus: in code, in documentation, over two lines, in one file of any size.
"""

from __future__ import annotations

import json
import random
import re
import uuid

import pytest
from idiolect.mining.filters.secrets import RULES, find_secrets, long_words, redact_secrets
from idiolect.mining.mine import mine_repositories

from .planted import FORMATS, URL

EACH = 8


def visible_part(secret: str, text: str) -> bool:
    """Claim that more than half of the secret's random part can still be read in *text*."""
    tail = secret[-(len(secret) // 2) :]
    return tail in text


def in_code(secret: str) -> str:
    return f'def connect(client):\n    """Open the door."""\n    return client.open({secret!r}, retries=3)\n'


def in_documentation(secret: str) -> str:
    return (
        f'def connect(client):\n    """\n    Open the door with {secret} and wait.\n    """\n    return client.wait()\n'
    )


def in_a_comment(secret: str) -> str:
    commented = "\n".join(f"# {line}" for line in secret.split("\n"))
    return f"{commented}\nvalue = 1\n" if "\n" not in secret else f'"""\n{secret}\n"""\n'


def beside_another(secret: str) -> str:
    return f"doors = [{secret!r}, {secret[::-1]!r}]\n"


PLACES = [in_code, in_documentation, in_a_comment, beside_another]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_recall_on_the_planted_set(place):
    """At least 98 of 100 planted secrets of 53 formats are gone from the text."""
    chance = random.Random(7)
    secrets = [(name, make(chance)) for name, make in FORMATS.items() for _ in range(EACH)]
    missed = [name for name, secret in secrets if visible_part(secret, redact_secrets(place(secret))[0])]

    assert len(FORMATS) >= 40
    assert len(missed) <= 0.02 * len(secrets), sorted(set(missed))


def test_what_was_redacted_is_no_secret():
    """Else an answer that repeats a placeholder would repeat a secret of training."""
    redacted, found = redact_secrets("broker = 'amqp://root:masterkey@localhost/'\n")

    assert (1, []) == (len(found), find_secrets(redacted))


@pytest.mark.parametrize("joint", ['"\n    "', '" "', '" + "', '" \\\n    "', '"\n    + "'])
def test_a_secret_in_two_strings_is_found(joint):
    """A key that the language joins from two pieces is one key; both pieces go, and the quotes stay."""
    chance = random.Random(9)
    missed = []
    for name, make in FORMATS.items():
        secret = make(chance)
        if "\n" in secret:
            continue
        cut = len(secret) * 2 // 5
        text = f'key = (\n    "{secret[:cut]}{joint}{secret[cut:]}"\n)\n'
        redacted, _ = redact_secrets(text)
        if visible_part(secret[cut:], redacted):
            missed.append(name)
        assert joint in redacted

    assert len(missed) <= 0.02 * len(FORMATS), missed


@pytest.mark.parametrize("joint", ['"\n    "', '" + "', '" \\\n    "'])
def test_of_a_secret_in_two_strings_exactly_the_pieces_go(joint):
    """Not a letter of either stays, and not a letter beside them goes."""
    secret = FORMATS["GitHub personal"](random.Random(9))
    text = f'enter("{{}}{joint}{{}}", "near")\n'

    redacted, _ = redact_secrets(text.format(secret[:15], secret[15:]))

    assert text.format("X" * 15, "X" * (len(secret) - 15)) == redacted


def test_pieces_of_two_secrets_are_found_whatever_quotes_they_have():
    """A file may join strings of both kinds, and far apart."""
    chance = random.Random(23)
    first, second = (FORMATS["GitHub personal"](chance) for _ in range(2))
    far = "step(1)\n" * 200

    redacted, _ = redact_secrets(f"a = \"{first[:15]}\" \"{first[15:]}\"\n{far}b = '{second[:15]}' '{second[15:]}'\n")

    assert f'a = "{"X" * 15}" "{"X" * (len(first) - 15)}"\n{far}b = ' in redacted
    assert not [part for part in (second[:15], second[15:]) if part in redacted]


def test_of_a_secret_inside_another_all_goes():
    """What stands behind the inner one is still the outer one's."""
    key = FORMATS["GitHub personal"](random.Random(29))

    redacted, found = redact_secrets(f"amqp://root:gate-{key}-door@host/")

    assert 1 == len(found)
    assert f"amqp://root:{'X' * (len(key) + 10)}@host/" == redacted


@pytest.mark.parametrize("before", ["x", "9", "_"])
def test_what_goes_on_from_a_word_is_no_secret(before):
    """A format has to begin where a word does."""
    secret = FORMATS["GitHub personal"](random.Random(9))

    assert [] == find_secrets(f"enter('{before}{secret}')")
    assert [(7, 7 + len(secret))] == [(found.start, found.end) for found in find_secrets(f"enter('{secret}')")]


@pytest.mark.parametrize("offset", [-40, -20, -10, -1, 0, 1])
def test_a_secret_at_any_place_of_a_large_file_is_found(offset):
    """No border of a chunk hides one: a file is scanned whole."""
    chance = random.Random(11)
    for size in (4_096, 65_536, 262_144):
        secret = FORMATS["GitHub personal"](chance)
        filler = ("x = 1\n" * (size // 6 + 1))[: size + offset - 5]

        assert secret not in redact_secrets(f"{filler}\ny = '{secret}'\n")[0]


def test_an_assigned_secret_is_found_by_its_name():
    """A random string is a secret where a name says so, whatever its format."""
    chance = random.Random(13)
    value = "".join(chance.choice(URL) for _ in range(40)) + "4a"
    for line in (f"api_key = '{value}'", f'password: str = "{value}"', f"{{'access_token': '{value}'}}",
                 f"client_secret = (\n    '{value}'\n)", f"CREDENTIAL=>'{value}'"):  # fmt: skip
        assert value not in redact_secrets(line)[0], line


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("api_token: {value}\nreplicas: 2\n", id="YAML"),
        pytest.param("doors:\r\n  - auth-token: {value}  # ours\r\n", id="YAML with a comment"),
        pytest.param('apiKey := "{value}"', id="Go"),
        pytest.param('var apiKey string = "{value}"', id="Go with a type"),
        pytest.param('api_key: Final[str] = "{value}"', id="Python"),
        pytest.param("api_key: str | None = '{value}'", id="Python, perhaps"),
        pytest.param('password = """{value}"""', id="three quotes"),
        pytest.param('const apiKey: string = "{value}";', id="TypeScript"),
        pytest.param("const password = `{value}`", id="template"),
        pytest.param('const API_KEY: &\'static str = "{value}";', id="Rust"),
        pytest.param('token = os.environ.get("TOKEN", "{value}")', id="fallback"),
        pytest.param('key = os.getenv("SECRET_KEY") or "{value}"', id="or"),
        pytest.param("const token = process.env.TOKEN || '{value}'", id="bars"),
        pytest.param('os.environ["TOKEN"] = "{value}"', id="item"),
        pytest.param('headers = {{"Authorization": "Bearer {value}"}}', id="header"),
        pytest.param('ACCESS_KEY = "{value}"', id="access"),
        pytest.param('SIGNING_KEY = "{value}"', id="signing"),
        pytest.param('authKey = "{value}"', id="auth"),
        pytest.param('ENCRYPTION_KEY = "{value}"', id="encryption"),
        pytest.param('DB_PWD = "{value}"', id="pwd"),
        pytest.param('url = "redis://:{value}@cache.corp:6379/0"', id="URL without a user"),
        pytest.param("export AWS_SECRET_ACCESS_KEY={value}\n", id="shell"),
        pytest.param("  API_KEY={value} # ours", id="shell with a comment"),
        pytest.param("ENV DOOR_TOKEN={value}\n", id="container"),
        pytest.param('curl -H "Authorization: Bearer {value}" host', id="header of a request"),
        pytest.param('curl -H "AUTHORIZATION: TOKEN {value}" host', id="header in capitals"),
    ],
)
def test_a_secret_is_found_however_it_is_assigned(line):
    """Every language has its own way of giving a string a name."""
    value = "9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d"

    assert value not in redact_secrets(line.format(value=value))[0]


@pytest.mark.parametrize(
    "line",
    [
        'password = "{value}"',
        "PASSWORD: str = '{value}'",
        '{{"db_password": "{value}"}}',
        'dbPasswd := "{value}"',
        "doors:\n  admin-password: {value}\n",
    ],
)
def test_a_password_that_a_person_chose_is_found(line):
    """It is shorter than what a machine makes, and has a sign that keys have not."""
    value = "Tr0ub4dor&3"

    assert value not in redact_secrets(line.format(value=value))[0]


def test_a_secret_behind_a_line_end_in_a_string_is_found():
    """The letter of an escape is not the beginning of a word."""
    secret = FORMATS["GitHub personal"](random.Random(19))

    assert secret not in redact_secrets(f'say("Take this:\\n{secret}")')[0]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"build = '{uuid.UUID(int=2**90 + 7)}'", id="uuid"),
        pytest.param("digest = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'", id="sha1"),
        pytest.param("name = 'test_that_a_long_name_with_2_digits_is_no_secret'", id="a name"),
        pytest.param("token = tokenizer.encode('hello world', add_special_tokens=False)", id="a call"),
        pytest.param("token = 'your-token-goes-here-1234567890'", id="a placeholder"),
        pytest.param("api_key = 'ExampleKey12ab34CD56ef'", id="an example"),
        pytest.param("api_key = 'registerTheOwnersOfDoors'", id="letters alone"),
        pytest.param("password_field = 'registration_form_password_2'", id="words"),
        pytest.param("url = 'https://user:{password}@host/path'", id="a template"),
        pytest.param("see https://example.org/a:b@c", id="a link"),
        pytest.param("qpid://username:password@hostname/ or redis://:mypassword@localhost:6", id="what to put where"),
        pytest.param("azureservicebus://SAS_POLICY_NAME:SAS_KEY@BUS or https://REDACTED:REDACTED@host", id="names"),
        pytest.param("async def read(\n    token: OAuth2PasswordBearer\n):", id="a type"),
        pytest.param("names = ['OAuth2PasswordBearer', 'OAuth2PasswordRequestForm']", id="names in a row"),
        pytest.param('say that "embed_tokens" or "m1.encoder.embed_tokens" is meant', id="a choice of words"),
        pytest.param('token == "aB3dE5gH7jK9xyzQ12"', id="a comparison"),
        pytest.param("fields = {'password': 'required|min:8', 'password2': 'same:password,8+'}", id="rules of a form"),
        pytest.param('password = "#id_password1"', id="a selector"),
        pytest.param("password: str = field(max_length=8)\npassword: $DOOR_1\npassword: {door!1}\n", id="places"),
        pytest.param("token: ${TOKEN_OF_2_DOORS_9}\nsecretName: door-tls-v1-2-of-3\n", id="names in YAML"),
        pytest.param("open(door,\n    token=doors1.of_2_houses_9\n)", id="an argument of its own line"),
        pytest.param("AWS_SECRET_ACCESS_KEY=$OTHER_KEY_1_OF_2\nTOKEN=${OLD_TOKEN_1_OF_2}", id="names in a shell"),
        pytest.param("icon = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'", id="base64 data"),
    ],
)
def test_what_only_looks_like_a_secret_stays(text):
    """Hashes, identifiers, templates and data are no secrets."""
    assert [] == find_secrets(text)


def test_lines_and_length_stay():
    """A redaction changes no line and no place: spans stay right."""
    secret = FORMATS["private key"](random.Random(3))
    text = f'KEY = """\n{secret}\n"""\nafter = 1\n'
    redacted, _ = redact_secrets(text)

    assert len(text) == len(redacted)
    assert text.count("\n") == redacted.count("\n")


def test_no_planted_secret_is_in_any_file_of_a_corpus(tmp_path):
    """Instructions, answers, contexts, sources, profile and index: all are read after redaction."""
    chance = random.Random(17)
    root = tmp_path / "house"
    root.mkdir()
    secrets = []
    for number, make in enumerate(FORMATS.values()):
        secret = make(chance)
        secrets.append(secret)
        if "\n" in secret:
            continue
        (root / f"m{number}.py").write_text(
            f"DOOR_{number} = {secret!r}\n\n\ndef open_{number}(client, place):\n"
            f'    """Open with {secret} at last."""\n'
            f"    client.turn_{number}(place, {number})\n    return client.enter_{number}({secret!r})\n\n\n"
            f'def shut_{number}(client):\n    """Shut the door number {number}."""\n'
            f"    client.pull_{number}(client.handle_{number}())\n    return client.leave_{number}({number})\n",
            "utf-8",
        )
    mine_repositories([root], tmp_path / "corpus", workers=1)
    written = "".join(file.read_text("utf-8") for file in (tmp_path / "corpus").rglob("*") if file.is_file())
    read = written + json.dumps(written)

    assert [] == [secret for secret in secrets if visible_part(secret, read)]
    assert '"reason": "secret"' in written


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.is_word], ids=lambda rule: rule.name)
def test_what_a_rule_of_one_word_matches_is_a_long_word(rule):
    """Its literals are looked for among the long words alone: nothing shorter, and no other letter, may match."""
    shortest, _ = re._parser.parse(rule.pattern).getwidth()
    may_match = re.compile(rule.pattern)
    planted = [make(random.Random(5)) for make in FORMATS.values()]
    found = [match[0] for secret in planted for match in may_match.finditer(secret)]

    assert shortest == len(long_words(f"a = '{'x' * shortest}'"))
    assert found
    assert [] == [secret for secret in found if secret not in long_words(f"a = '{secret}'")]
