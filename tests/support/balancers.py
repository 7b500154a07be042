"""Load balancers as they are shipped in `deploy`, with other ports and no TLS, before nodes on loopback; and nginx with nothing set."""

import asyncio
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from tests.support.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
SHIPPED = ("10.0.0.11:8181", "10.0.0.12:8181")
START_SECONDS = 30.0
NODE = "X-Node"  # a header that says which node has answered


def program(name: str) -> str | None:
    """Where it is, if it is installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _before(nodes: tuple[int, ...], text: str) -> str:
    for shipped, port in zip(SHIPPED, nodes, strict=True):
        assert shipped in text
        text = text.replace(shipped, f"127.0.0.1:{port}")
    return text


def _nginx(folder: Path, port: int, nodes: tuple[int, ...]) -> list[str]:
    server = re.sub(r" *ssl_.*\n", "", (DEPLOY / "nginx-nodes.conf").read_text())
    assert "443 ssl" in server
    server = _before(nodes, server).replace("443 ssl", f"127.0.0.1:{port}")
    server = server.replace(
        "location / {", f"location / {{ add_header {NODE} $upstream_addr always;"
    )
    return _nginx_with(folder, server)


def _bare_nginx(folder: Path, port: int, nodes: tuple[int, ...]) -> list[str]:
    """As in the first example of any tutorial."""
    location = f"location / {{ proxy_pass http://127.0.0.1:{nodes[0]}; }}"
    return _nginx_with(folder, f"server {{ listen 127.0.0.1:{port}; {location} }}")


def _nginx_with(folder: Path, server: str) -> list[str]:
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    main = f"{user} daemon off; pid {folder}/pid; events {{}} http {{ access_log off; {places} {server} }}"
    (folder / "conf").write_text(main)
    return ["nginx", "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "log")]


def _haproxy(folder: Path, port: int, nodes: tuple[int, ...]) -> list[str]:
    text = _before(nodes, (DEPLOY / "haproxy.cfg").read_text())
    shipped = ":443 ssl crt /etc/haproxy/chat.example.org.pem"
    assert shipped in text
    text = text.replace(shipped, f"127.0.0.1:{port}").replace("inter 1s", "inter 200ms")
    # Else a check may take no longer than it is to the next, which a busy machine does not keep to.
    text = text.replace("timeout connect 5s", "timeout connect 5s\n    timeout check 5s")
    text = text.replace("maxconn 50000", "maxconn 500")  # more files than a test may open
    text = text.replace(
        "backend nodes", f"backend nodes\n    http-response set-header {NODE} %si:%sp"
    )
    (folder / "conf").write_text(text)
    return ["haproxy", "-db", "-f", str(folder / "conf")]


def _caddy(folder: Path, port: int, nodes: tuple[int, ...]) -> list[str]:
    text = _before(nodes, (DEPLOY / "Caddyfile.nodes").read_text())
    assert "chat.example.org {" in text
    text = text.replace("chat.example.org {", f"http://127.0.0.1:{port} {{")
    text = text.replace("health_interval 1s", "health_interval 200ms")
    address = "{http.reverse_proxy.upstream.hostport}"
    text = text.replace(
        "lb_policy least_conn", f"lb_policy least_conn\n\t\theader_down {NODE} {address}"
    )
    (folder / "conf").write_text(f"{{\n\tadmin off\n}}\n{text}")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "conf")]


KINDS: dict[str, Callable[[Path, int, tuple[int, ...]], list[str]]] = {
    "haproxy": _haproxy,
    "nginx": _nginx,
    "caddy": _caddy,
}
BARE_NGINX = "bare nginx"
_WITH_BARE_ONES = KINDS | {BARE_NGINX: _bare_nginx}


@asynccontextmanager
async def balancer(kind: str, folder: Path, nodes: tuple[int, ...]) -> AsyncIterator[int]:
    """One that runs during the block; its port."""
    port = free_port()
    name, *arguments = _WITH_BARE_ONES[kind](folder, port, nodes)
    with (folder / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            program(name) or name,
            *arguments,
            stdout=output,
            stderr=output,
            env=os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        )
    try:
        async with asyncio.timeout(START_SECONDS):
            while True:
                assert process.returncode is None, (folder / "output").read_text()
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)
        yield port
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def until_sent_to(node: int, port: int) -> None:
    """Wait until a balancer sends somebody to the node, which was away."""
    url = f"http://127.0.0.1:{port}/api/v1/rooms"
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.get(url) as answer:
                if answer.headers.get(NODE, "").endswith(f":{node}") and answer.status == 200:
                    return
            await asyncio.sleep(0.02)
