"""Every command and program in the documentation is run, as it is written and in the order of its page.

A block says by its language what it is: indented, it is for a shell. Whatever is not run says why in NOT_RUN, whose
keys are a page and the first line of a block; a block that is neither fails, and so does an entry for a block that is gone.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiohttp import ClientSession, web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import OKPAlgorithm
from playwright.async_api import Page, expect

from tests.support import certificates
from tests.support.checkout import ROOT, tracked
from tests.support.chromium import browser, page
from tests.support.commands import hubbub
from tests.support.docs import SHELL, Block, anchors, blocks, commands, links, pages
from tests.support.nats import nats_running
from tests.support.network import is_possible
from tests.support.postgres import running
from tests.support.reader import Reader, reading
from tests.support.server import Server
from tests.system.test_page_tokens import Tokens

__all__ = ["browser", "page"]

CONTRIBUTORS = "takes minutes, or is this very run; test_targets_of_make_exist looks at it"
ENDLESS = "runs until it is ended; tests/system/test_examples.py runs these programs"
DRAWING = "a drawing"
NOT_RUN = {
    ("README.md", "make test"): CONTRIBUTORS,
    ("ARCHITECTURE.md", "src/hubbub/"): DRAWING,
    (
        "ARCHITECTURE.md",
        "cli -> terminal, doctor -> client -> domain (only to fold) -> protocol -> events",
    ): DRAWING,
    (
        "docs/explanation/performance.md",
        "make bench                                  # everything, about 25 minutes; run nothing else meanwhile",
    ): CONTRIBUTORS,
    (
        "docs/explanation/scale.md",
        "make scale                  # measures (about 5 minutes; run nothing else meanwhile), and writes this page's tables and plots",
    ): CONTRIBUTORS,
    ("CONTRIBUTING.md", "make install          # hubbub in .venv"): CONTRIBUTORS,
    (
        "CONTRIBUTING.md",
        "make check            # everything but the tests, in seconds",
    ): CONTRIBUTORS,
    (
        "CONTRIBUTING.md",
        "make lock                      # keeps the versions that still fit",
    ): CONTRIBUTORS,
    ("examples/live/README.md", "make live RUN=chat.js ARGS=ada"): ENDLESS,
    ("examples/live/README.md", "make live RUN=feed.js"): ENDLESS,
    ("examples/live/README.md", "make live RUN=map.js"): ENDLESS,
}
BLOCKS = [block for name in pages() for block in blocks(name)]
ILLUSTRATIONS = {
    "text",
    "mermaid",
    "ts",
}  # not run here; test_javascript_sdk.py has those in TypeScript

needs_machines = pytest.mark.skipif(
    not is_possible(), reason="a machine for the reader takes root and iproute2"
)


def is_run(block: Block) -> bool:
    return (block.page, block.opening) not in NOT_RUN and block.language not in ILLUSTRATIONS


def is_for_a_browser(block: Block) -> bool:
    """It uses addresses without a server, so it is part of a page."""
    return block.language == "js" and re.search(r"[\"`]/api/", block.text) is not None


def typed() -> list[str]:
    """The pages with something to type or to run outside of a browser."""
    wanted = [block for block in BLOCKS if is_run(block) and not is_for_a_browser(block)]
    return list(dict.fromkeys(block.page for block in wanted if block.language in RUN))


# --- how each kind is run ---


async def type_commands(reader: Reader, block: Block) -> None:
    for command in commands(block):
        await reader.type(command)


async def run_python(reader: Reader, block: Block) -> None:
    """Save it, or run what has no name: it ends by itself, without a warning."""
    (reader.folder / (block.file or "example.py")).write_text(block.text)
    if block.file is None:
        await reader.type(".venv/bin/python -X dev -W error example.py")


async def run_javascript(reader: Reader, block: Block) -> None:
    """Save it where the reader is, or run what has no name."""
    folder = Path((await reader.type("pwd")).strip())
    (folder / (block.file or "example.js")).write_text(block.text)
    if block.file is None:
        await reader.type("node example.js")


async def save_page(reader: Reader, block: Block) -> None:
    """Save it; the tests below open it in a browser."""
    (reader.folder / (block.file or "page.html")).write_text(block.text)


async def compare_nginx(reader: Reader, block: Block) -> None:
    """It is in the file that other tests run."""
    whole = (ROOT / "deploy" / "nginx.conf").read_text()
    for line in block.text.splitlines():
        assert line.strip() in whole, line


async def run_sql(reader: Reader, block: Block) -> None:
    """As an administrator, in the database that a page is about once it is there."""
    connection = await administrator(reader)
    try:
        for statement in filter(str.strip, block.text.split(";\n")):
            await connection.execute(re.sub(r";\s*--.*", "", statement))
    finally:
        await connection.close()


async def read_json(reader: Reader, block: Block) -> None:
    json.loads(block.text)


RUN: dict[str, Callable[[Reader, Block], Awaitable[None]]] = {
    SHELL: type_commands,
    "python": run_python,
    "js": run_javascript,
    "html": save_page,
    "sql": run_sql,
    "nginx": compare_nginx,
    "json": read_json,
}

# --- what has to be there before ---


async def serve(reader: Reader) -> None:
    await reader.type(".venv/bin/hubbub serve")
    await reader.type(".venv/bin/hubbub send lobby 'welcome, everyone' --name grace")


async def serve_with_lines(reader: Reader) -> None:
    await serve(reader)
    (reader.folder / "lines.txt").write_text("one\ntwo\n")


async def have_an_account(reader: Reader) -> None:
    """A session of an account, in HUBBUB_TOKEN."""
    adding = ".venv/bin/hubbub user add ada --name Ada --password-file -"
    await reader.type(f"echo kitchen-lamp-42 | {adding}")
    login = json.dumps({"handle": "ada", "password": "kitchen-lamp-42", "wants": "token"})
    answer = await reader.type(f"curl -s --json '{login}' localhost:8181/api/v1/login")
    reader.set(HUBBUB_TOKEN=json.loads(answer)["token"])


async def have_a_session(reader: Reader) -> None:
    """A server, and a session of an account there."""
    await serve(reader)
    await have_an_account(reader)


async def certify(reader: Reader) -> None:
    """A certificate for the names of examples, which everything on this machine trusts."""
    certificates.certify(reader.folder, names=["chat.example.org", "app.example.org"])
    (reader.folder / "cert.pem").rename(reader.folder / "fullchain.pem")
    (reader.folder / "key.pem").rename(reader.folder / "privkey.pem")
    reader.set(SSL_CERT_FILE=str(reader.folder / "fullchain.pem"))


async def serve_the_internet(reader: Reader) -> None:
    await certify(reader)
    command = (
        ".venv/bin/hubbub serve --host 0.0.0.0 --port 443 --public-url https://chat.example.org"
    )
    await reader.type(f"{command} --tls-cert fullchain.pem --tls-key privkey.pem --guests on")


async def make_keys(reader: Reader) -> None:
    """A key and a secret in files, and keys at app.example.org, for which anything on this machine may speak."""
    await certify(reader)
    await reader.type("openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out key.pem")
    await reader.type("openssl rand -hex 32 > secret.txt")
    public = load_pem_public_key((reader.folder / "key.pem").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    (reader.folder / ".well-known").mkdir()
    keys = {"keys": [json.loads(OKPAlgorithm.to_jwk(public))]}
    (reader.folder / ".well-known" / "jwks.json").write_text(json.dumps(keys))
    (reader.folder / "app.py").write_text(
        "import http.server, ssl\n"
        "server = http.server.HTTPServer(('127.0.0.1', 443), http.server.SimpleHTTPRequestHandler)\n"
        "context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)\n"
        "context.load_cert_chain('fullchain.pem', 'privkey.pem')\n"
        "server.socket = context.wrap_socket(server.socket, server_side=True)\n"
        "print('ready', flush=True)\n"
        "server.serve_forever()\n"
    )
    await reader.keep("python3 app.py", "ready")


async def provide_sign_ins(reader: Reader) -> None:
    """A provider of OpenID Connect at app.example.org."""
    await certify(reader)
    program = ".venv/bin/python -m tests.support.provider fullchain.pem privkey.pem"
    await reader.keep(f"cd {reader.folder}; {program}", "ready")


async def administrator(reader: Reader) -> asyncpg.Connection:
    url = f"postgres://administrator@{reader.place.host}/"
    try:
        return await asyncpg.connect(f"{url}hubbub")
    except asyncpg.InvalidCatalogNameError:
        return await asyncpg.connect(f"{url}postgres")


async def run_databases(reader: Reader) -> None:
    """An empty PostgreSQL at db.example and a NATS at nats.example."""
    postgres = await reader.beside.enter_async_context(running(reader.place, 5432))
    await reader.beside.enter_async_context(nats_running(reader.place, port=4222))
    await postgres.execute("CREATE ROLE administrator SUPERUSER LOGIN")
    connection = await administrator(reader)
    await connection.execute("ALTER ROLE hubbub RENAME TO founder")
    await connection.close()


async def serve_from_sqlite(reader: Reader) -> None:
    """Somebody who has not yet moved to PostgreSQL, where nothing is yet."""
    await reader.stop()
    await reader.type("unset HUBBUB_STORE")
    await serve(reader)
    connection = await asyncpg.connect(f"postgres://administrator@{reader.place.host}/postgres")
    await connection.execute("DROP DATABASE hubbub WITH (FORCE)")
    await connection.execute("CREATE DATABASE hubbub OWNER hubbub")
    await connection.close()


async def have_orders(reader: Reader) -> None:
    """An application with orders, whose user is hubbub's."""
    connection = await administrator(reader)
    await connection.execute("CREATE TABLE orders (id int, paid bool)")
    await connection.execute("INSERT INTO orders VALUES (7, false)")
    await connection.execute("ALTER TABLE orders OWNER TO hubbub")
    await connection.close()


# A page, or a section of one.
BEFORE: dict[str, Callable[[Reader], Awaitable[None]]] = {
    "docs/how-to/accounts-for-your-users.md#By OpenID Connect": provide_sign_ins,
    "docs/how-to/back-up.md": serve,
    "docs/how-to/let-apps-in.md": make_keys,
    "docs/how-to/choose-what-notifies-you.md": have_a_session,
    "docs/how-to/moderate-a-room.md": have_a_session,
    "docs/how-to/operate.md": serve_the_internet,
    "docs/how-to/post-from-a-script.md": serve,
    "docs/how-to/put-it-on-the-internet.md": certify,
    "docs/how-to/scale.md": run_databases,
    "docs/how-to/scale.md#Move your data from SQLite": serve_from_sqlite,
    "docs/how-to/scale.md#Post inside your own transaction": have_orders,
    "docs/how-to/track-a-driver.md": serve,
    "docs/protocol.md": serve,
    "docs/reference/cli.md": serve_with_lines,
    "docs/reference/sdk.md": serve,
    "docs/reference/sdk.md#Your rooms and the people": have_an_account,
    "examples/chat/README.md": serve,
}

# --- the tests ---


def test_every_block_is_run_or_says_why_not() -> None:
    assert {block.page for block in BLOCKS} >= {"README.md", "docs/tutorial/first-client.md"}
    known = {*RUN, *ILLUSTRATIONS}
    strange = [str(block) for block in BLOCKS if block.language not in known]
    assert not strange, f"give these a language, of {sorted(known)}, or teach RUN theirs"
    assert {*NOT_RUN} <= {(block.page, block.opening) for block in BLOCKS}, "these are gone"


@needs_machines
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", typed())
async def test_what_a_page_says_works_as_written(name: str, tmp_path: Path) -> None:
    async with reading(tmp_path) as reader:
        prepared = set[str]()
        for block in blocks(name):
            for place in (name, f"{name}#{block.section}"):
                if place in BEFORE and place not in prepared:
                    prepared.add(place)
                    await BEFORE[place](reader)
            if is_run(block) and not is_for_a_browser(block):
                try:
                    await RUN[block.language](reader, block)
                except AssertionError as error:
                    raise AssertionError(f"{block}: {error}") from None


@pytest.mark.parametrize("block", [block for block in BLOCKS if is_for_a_browser(block)], ids=str)
async def test_a_piece_of_a_page_shows_what_happens(
    server: Server, page: Page, block: Block
) -> None:
    room = re.search(r"/rooms/([\w-]+)", block.text)
    assert room is not None
    await page.route("**/app.html", lambda route: route.fulfill(body="", content_type="text/html"))
    await page.goto(f"{server.url}/app.html")  # a page of the server's origin
    show = "const show = (it) => (window.shown ??= []).push(it), marker = { setLatLng: show };"
    await page.evaluate(f"() => {{ (async () => {{ {show}\n{block.text}\n}})(); }}")
    async with ClientSession(f"{server.url}/api/v1/rooms/{room[1]}/") as http:
        while not await page.evaluate("window.shown?.length"):
            await http.post("messages?name=grace", json={"text": "hello"})
            value = {"key": "driver", "value": {"lat": 52.52, "lon": 13.405}}
            await http.post("signals?name=grace", json=value)
            await asyncio.sleep(0.1)


@asynccontextmanager
async def serving(files: dict[str, tuple[str, str]]) -> AsyncIterator[str]:
    """Serve some files, each with its type, at another port of this machine; yields its address."""

    async def serve(request: web.Request) -> web.Response:
        text, content_type = files[request.path]
        return web.Response(text=text, content_type=content_type)

    application = web.Application()
    application.add_routes([web.get(path, serve) for path in files])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_the_room_that_a_page_embeds_shows_what_is_written_there(
    server: Server, page: Page
) -> None:
    (block,) = [
        block for block in blocks("docs/how-to/embed-a-room.md") if block.language == "html"
    ]
    html = block.text.replace("http://localhost:8181", server.url)
    token = await Tokens(server).create("visitor", "--rooms", "help-desk", "--can", "read,post")
    async with serving({"/": (html, "text/html"), "/token.txt": (token, "text/plain")}) as site:
        await page.goto(site)
        room = page.locator("hubbub-room")
        await room.get_by_role("textbox", name="Message").fill("Is anybody there?")
        await page.keyboard.press("Enter")
        await expect(room.locator(".mine .body")).to_have_text("Is anybody there?")
        await expect(room.get_by_role("heading", name="Ask us")).to_be_visible()


@needs_machines
@pytest.mark.timeout(120)
async def test_the_tutorials_last_client_misses_nothing_when_the_server_restarts(
    tmp_path: Path,
) -> None:
    async with reading(tmp_path) as reader:
        for block in blocks("docs/tutorial/first-client.md")[:2]:
            await type_commands(reader, block)
        for block in blocks("docs/tutorial/first-client.md"):
            if block.file is not None:
                await run_javascript(reader, block)
        async with reader.talking("node resume.js ada") as ada:
            await ada.shows("before")
            await reader.stop()
            ada.type("while it is away")
            await reader.type(f"cd {reader.folder}; make serve")
            await ada.shows("after")
            assert [line for line in ada.shown if "away" in line] == ["ada: while it is away"]


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if (block.page, block.opening) in NOT_RUN], ids=str
)
async def test_targets_of_make_exist(block: Block) -> None:
    for command in commands(block):
        if command.startswith("make"):
            dry = await asyncio.create_subprocess_shell(
                f"{command} --dry-run", cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
            )
            assert await dry.wait() == 0, command


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.page.endswith("cli.md") and b.language == "text"], ids=str
)
async def test_a_synopsis_names_only_options_that_exist(block: Block) -> None:
    for usage in re.split(r"^(?=hubbub )", block.text, flags=re.MULTILINE):
        words = re.findall(r"(?<= )[a-z]+(?= |\n|$)", usage.split("[")[0].split("--")[0])
        ran = await hubbub(*words, "--help")
        assert ran.code == 0, words
        for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", usage):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", ran.out), (option, words)


def test_links_within_the_documentation_lead_somewhere() -> None:
    for name in pages():
        for target, anchor in links(name):
            path = (ROOT / name).parent / target if target else ROOT / name
            assert path.exists(), f"{name}: {target}"
            assert not anchor or anchor in anchors(path), f"{name}: {target}#{anchor}"


def test_tests_that_the_documentation_names_exist() -> None:
    tests = [f"/{name}" for name in tracked("tests/*.py")]
    for name in pages():
        for test in re.findall(r"[\w/]*\btest_\w+\.py", (ROOT / name).read_text()):
            assert any(path.endswith(f"/{test}") for path in tests), f"{name}: {test}"
