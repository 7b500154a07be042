from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from hubbub.server.config import (
    BadSettings,
    Settings,
    default_data_directory,
)
from hubbub.server.sources import load
from hubbub.server.variables import SECRETS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hubbub.toml"


def test_without_a_word_the_defaults_hold() -> None:
    assert load({}, {}) == Settings()
    settings = Settings()
    assert (settings.host, settings.port, settings.durability) == ("localhost", 8181, "full")


def test_flags_come_before_the_environment_and_that_before_the_file(file: Path) -> None:
    file.write_text('port = 1\nhost = "127.0.0.1"\nmessage_rate = 5\n')
    environment = {"HUBBUB_PORT": "2", "HUBBUB_HOST": "::1"}
    assert load({"port": 3, "host": None}, environment, file) == Settings(
        port=3, host="::1", message_rate=5.0
    )


def test_all_can_be_set_from_everywhere(file: Path) -> None:
    wanted = Settings(
        host="::1",
        port=9000,
        data=Path("/srv/hubbub"),
        store="postgres://hubbub@db.example/hubbub",
        broker="nats://nats.example",
        workers=3,
        worker_port=9001,
        drain_seconds=2.5,
        durability="normal",
        message_rate=2.5,
        max_message_bytes=1024,
        echo_max_bytes=2048,
        compress=True,
        echo=True,
        max_connections=300,
        max_anonymous=200,
        max_per_address=20,
        max_per_principal=50,
        request_timeout=2.5,
        allow_origin=("https://a.example", "https://b.example"),
        public_url="https://chat.example",
        trusted_proxy=("127.0.0.1", "10.0.0.0/8"),
        tls_cert=Path("/srv/cert.pem"),
        tls_key=Path("/srv/key.pem"),
        insecure_http=True,
        metrics="off",
        log_format="json",
        log_level="debug",
        guests="on",
        jwt_secret_file=Path("/srv/secret"),
        jwt_public_key_file=Path("/srv/key.pem"),
        jwt_jwks_url="https://a.example/keys",
        jwt_issuer="a",
        jwt_audience="hubbub",
        jwt_accounts=True,
        oidc_issuer="https://id.example/realm",
        oidc_client_id="hubbub",
        oidc_client_secret_file=Path("/srv/client-secret"),
        oidc_allow="a.example, b.example",
        oidc_link_by_mail=True,
        outgoing_network=("10.0.0.0/8", "fd00::/8"),
        outgoing_port=("8443", "9443"),
        push_wait=2.5,
        files_dir=Path("/srv/files"),
        files_origin="https://files.example",
        max_file_size=1024,
        files_per_person=4096,
        files_in_all=8192,
        keep_events=10,
        keep_days=1.5,
    )
    given: dict[str, Any] = {f.name: getattr(wanted, f.name) for f in fields(Settings)}
    assert load(given, {}) == wanted
    texts = given | {
        "allow_origin": "https://a.example,https://b.example",
        "trusted_proxy": "127.0.0.1,10.0.0.0/8",
        "outgoing_network": "10.0.0.0/8,fd00::/8",
        "outgoing_port": "8443,9443",
    }
    assert load({}, {f"HUBBUB_{name.upper()}": str(v) for name, v in texts.items()}) == wanted
    file.write_text(
        """
        host = "::1"
        port = 9000
        data = "/srv/hubbub"
        store = "postgres://hubbub@db.example/hubbub"
        broker = "nats://nats.example"
        workers = 3
        worker_port = 9001
        drain_seconds = 2.5
        durability = "normal"
        message_rate = 2.5
        max_message_bytes = 1024
        echo_max_bytes = 2048
        compress = true
        echo = true
        max_connections = 300
        max_anonymous = 200
        max_per_address = 20
        max_per_principal = 50
        request_timeout = 2.5
        allow_origin = ["https://a.example", "https://b.example"]
        public_url = "https://chat.example"
        trusted_proxy = ["127.0.0.1", "10.0.0.0/8"]
        tls_cert = "/srv/cert.pem"
        tls_key = "/srv/key.pem"
        insecure_http = true
        metrics = "off"
        log_format = "json"
        log_level = "debug"
        guests = "on"
        jwt_secret_file = "/srv/secret"
        jwt_public_key_file = "/srv/key.pem"
        jwt_jwks_url = "https://a.example/keys"
        jwt_issuer = "a"
        jwt_audience = "hubbub"
        jwt_accounts = true
        oidc_issuer = "https://id.example/realm"
        oidc_client_id = "hubbub"
        oidc_client_secret_file = "/srv/client-secret"
        oidc_allow = "a.example, b.example"
        oidc_link_by_mail = true
        outgoing_network = ["10.0.0.0/8", "fd00::/8"]
        outgoing_port = ["8443", "9443"]
        push_wait = 2.5
        files_dir = "/srv/files"
        files_origin = "https://files.example"
        max_file_size = 1024
        files_per_person = 4096
        files_in_all = 8192
        keep_events = 10
        keep_days = 1.5
        """
    )
    assert load({}, {}, file) == wanted


def test_blanks_around_origins_do_not_matter() -> None:
    settings = load({"allow_origin": "https://a.example, https://b.example"}, {})
    assert settings.allow_origin == ("https://a.example", "https://b.example")


def test_a_list_may_be_empty() -> None:
    assert load({}, {"HUBBUB_ALLOW_ORIGIN": ""}).allow_origin == ()


def test_the_case_of_an_origin_and_its_default_port_do_not_matter() -> None:
    load({"allow_origin": ["HTTPS://App.Example.org:443/", "capacitor://localhost"]}, {})


def test_an_unknown_key_in_the_file_is_an_error_with_a_suggestion(file: Path) -> None:
    file.write_text("prot = 9000")
    with pytest.raises(BadSettings, match=r"hubbub.toml: .*'prot'; did you mean 'port'\?"):
        load({}, {}, file)
    file.write_text("zzz = 1")
    with pytest.raises(BadSettings, match=r"unknown setting 'zzz'$"):
        load({}, {}, file)


def test_a_secret_may_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "store"
    secret.write_text("postgres://u:p%40ss@h/db\n")
    environment = {"HUBBUB_STORE_FILE": str(secret), "HUBBUB_PORT": "1"}
    assert load({}, environment).store == "postgres://u:p%40ss@h/db"
    with pytest.raises(BadSettings, match="HUBBUB_STORE_FILE and HUBBUB_STORE are both set"):
        load({}, environment | {"HUBBUB_STORE": "sqlite"})
    secret.unlink()
    with pytest.raises(BadSettings, match="HUBBUB_STORE_FILE: can't read"):
        load({}, environment)


def test_no_file_is_read_for_a_setting_that_is_not_an_address(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("-----BEGIN PRIVATE KEY-----")
    with pytest.raises(BadSettings, match=r"HUBBUB_TLS_KEY_FILE; did you mean HUBBUB_TLS_KEY\?"):
        load({}, {"HUBBUB_TLS_KEY_FILE": str(secret)})


@pytest.mark.parametrize(
    "name, address",
    [
        ("store", "mysql://u:hunter2@h/db"),
        ("store", "postgres://u:hunter2#x@h/db"),
        ("broker", "nats://u:hun@ter2@h"),
        ("broker", "nats://a:4222,b:4222"),
        ("broker", "nats://"),
    ],
)
def test_an_invalid_address_is_not_repeated(name: str, address: str) -> None:
    with pytest.raises(BadSettings, match=f"Invalid {name}: use ") as raised:
        load({"store": "postgres://h/db", name: address}, {})
    assert "hunter2" not in str(raised.value) and "ter2" not in str(raised.value)


@pytest.mark.parametrize(
    "variable, meant",
    [
        ("HUBBUB_PROT", "HUBBUB_PORT"),
        ("HUBBUB_STROE", "HUBBUB_STORE"),
        ("HUBBUB_STORE_FIEL", "HUBBUB_STORE_FILE"),
        ("HUBBUB_TOKN", "HUBBUB_TOKEN"),
    ],
)
def test_an_unknown_variable_is_an_error_with_a_suggestion(variable: str, meant: str) -> None:
    with pytest.raises(BadSettings, match=rf"{variable}; did you mean {meant}\?$"):
        load({}, {variable: "1"})
    with pytest.raises(BadSettings, match=r"Unknown environment variable HUBBUB_ZZZ$"):
        load({}, {"HUBBUB_ZZZ": ""})


@pytest.mark.parametrize("name", ["SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT_8181_TCP"])
def test_variables_of_kubernetes_name_their_remedy(name: str) -> None:
    with pytest.raises(BadSettings, match="enableServiceLinks: false"):
        load({}, {"HUBBUB_PORT": "tcp://10.0.0.1:8181", f"HUBBUB_{name}": "10.0.0.1"})


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_a_letter_too_many_in_any_setting_is_noticed(field: Any) -> None:
    variable = f"HUBBUB_{field.name}{field.name[-1]}".upper()
    with pytest.raises(BadSettings, match=f"did you mean HUBBUB_{field.name.upper()}"):
        load({}, {variable: "1"})


def test_a_byte_order_mark_is_no_part_of_a_file(file: Path, tmp_path: Path) -> None:
    file.write_text("port = 9000", encoding="utf-8-sig")
    assert load({}, {}, file).port == 9000
    secret = tmp_path / "store"
    secret.write_text("postgres://h/db\r\n", encoding="utf-8-sig")
    assert load({}, {"HUBBUB_STORE_FILE": str(secret)}).store == "postgres://h/db"


def test_other_variables_of_the_environment_are_not_ours() -> None:
    assert load({}, {"PORT": "1", "HUBBUB": "x", "HUBBUB_TOKEN": "x", "HOME": "/"}) == Settings()
    assert load({}, {"HUBBUB_URL": "http://localhost:1", "HUBBUB_STORE_FILE": ""}) == Settings()


@pytest.mark.parametrize(
    "name, value, why",
    [
        ("port", "http", "--port: invalid value 'http' for port"),
        ("port", True, "--port: invalid value True for port"),
        ("port", -1, "0 to 65535"),
        ("port", 65_536, "0 to 65535"),
        ("port", 8181.5, "--port: invalid value 8181.5 for port"),
        ("port", [1], "invalid value .* for port"),
        ("host", 7, "--host: invalid value 7 for host"),
        ("host", "0.0.0.0", "set tls_cert and tls_key"),
        ("host", "chat.example", "--insecure-http"),
        ("tls_cert", "/srv/cert.pem", "Set both"),
        ("public_url", "chat.example", "such as https://a.example"),
        ("public_url", "https://a.example/chat", "such as https://a.example"),
        ("insecure_http", "maybe", "invalid value 'maybe' for insecure_http"),
        ("trusted_proxy", ["10.0.0.0/99"], "such as 10.0.0.0/8"),
        ("metrics", "maybe", "loopback, on or off"),
        ("guests", "sometimes", "auto, on or off"),
        ("data", 7, "--data: invalid value 7 for data"),
        ("durability", "fast", "full or normal"),
        ("message_rate", -1, "0 .no limit. or more"),
        ("message_rate", "nan", "Invalid message_rate nan: use"),
        ("max_message_bytes", 255, "256 to 1048576"),
        ("max_message_bytes", 2**20 + 1, "256 to 1048576"),
        ("echo_max_bytes", 255, "256 to 67108864"),
        ("keep_events", -1, "0 .keep all. or more"),
        ("keep_days", -0.5, "0 .keep forever. to"),
        ("keep_days", "nan", "Invalid keep_days nan: use"),
        ("keep_days", "inf", "Invalid keep_days inf: use"),
        ("keep_days", 1e9, "Invalid keep_days"),
        ("allow_origin", 7, "--allow-origin: invalid value 7 for allow_origin"),
        ("allow_origin", [7], "invalid value .* for allow_origin"),
        *(
            ("allow_origin", origin, "use an origin without wildcards")
            for origin in (
                *(
                    "*",
                    "null",
                    "app.example.org",
                    "https://*.example.org",
                    "https://a.example/path",
                ),
                *("https://a.example?x", "https://user@a.example", "https://bücher.example"),
            )
        ),
        ("public_url", "https://bücher.example", "Invalid public_url"),
    ],
)
def test_an_invalid_setting_is_refused_and_told_what_is_valid(
    name: str, value: Any, why: str
) -> None:
    with pytest.raises(BadSettings, match=why):
        load({name: value}, {})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_on_loopback_neither_tls_nor_tokens_are_needed(host: str) -> None:
    settings = load({"host": host}, {})
    assert (settings.host, settings.has_guests) == (host, True)
    assert not load({"host": host, "guests": "off"}, {}).has_guests


@pytest.mark.parametrize(
    "flags", [{"public_url": "https://chat.example"}, {"trusted_proxy": ["127.0.0.1"]}]
)
def test_behind_a_proxy_everyone_seems_to_be_here_but_is_no_guest(flags: dict[str, Any]) -> None:
    assert not load(flags, {}).has_guests
    assert load({"guests": "on"} | flags, {}).has_guests


@pytest.mark.parametrize(
    "flags", [{"insecure_http": True}, {"tls_cert": "/srv/cert.pem", "tls_key": "/srv/key.pem"}]
)
def test_elsewhere_there_is_tls_unless_one_insists_and_guests_only_if_said_so(
    flags: dict[str, Any],
) -> None:
    assert not load({"host": "0.0.0.0"} | flags, {}).has_guests
    assert load({"host": "0.0.0.0", "guests": "on"} | flags, {}).has_guests


@pytest.mark.parametrize(
    "flags, has_echo",
    [
        ({}, True),
        ({"host": "127.8.8.8"}, True),
        ({"host": "0.0.0.0", "insecure_http": True}, False),
        ({"public_url": "https://chat.example"}, False),
        ({"trusted_proxy": ["127.0.0.1"]}, False),
        ({"public_url": "https://chat.example", "echo": True}, True),
    ],
)
def test_only_this_machine_has_an_echo_unless_it_is_switched_on(
    flags: dict[str, Any], has_echo: bool
) -> None:
    assert load(flags, {}).has_echo is has_echo


def test_a_file_that_can_not_be_read_says_so(file: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="Can't read"):
        load({}, {}, file)
    with pytest.raises(BadSettings, match="Can't read"):
        load({}, {}, tmp_path)
    file.write_bytes(b"\xff")
    with pytest.raises(BadSettings, match="Can't read"):
        load({}, {}, file)
    file.write_text("port =")
    with pytest.raises(BadSettings, match="is not valid TOML"):
        load({}, {}, file)


def test_data_goes_where_the_desktop_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_data_directory() == Path("/data/hubbub")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_data_directory() == Path("/home/ada/.local/share/hubbub")
    assert load({"data": "~/chat"}, {}).data == Path("/home/ada/chat")


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize("name", sorted(SECRETS))
@pytest.mark.parametrize(
    "value",
    ["gopher://ada:pa55@a.example", "https://ada:pa55/@a.example", ["https://ada:pa55@a.example"]],
)
def test_no_error_shows_a_password_that_is_in_an_address(name: str, value: object) -> None:
    store = {} if name == "store" else {"store": "postgres://a.example/b"}
    with pytest.raises(BadSettings, match=name) as caught:
        load({**store, name: value}, {})
    assert "pa55" not in str(caught.value)


def test_what_no_program_could_keep_is_refused(file: Path) -> None:
    file.write_text('data = "a\\u0000b"')
    with pytest.raises(BadSettings, match=r"invalid value .* for data"):
        load({}, {}, file)
    with pytest.raises(BadSettings, match="HUBBUB_HOST is not valid UTF-8"):
        load({}, {"HUBBUB_HOST": "k\udcfcy"})


def test_accounts_for_jwts_need_to_know_whose_they_are() -> None:
    issuer, key = {"jwt_issuer": "https://a.example"}, {"jwt_secret_file": "/srv/secret"}
    assert load({"jwt_accounts": True} | issuer | key, {}).jwt_accounts
    for given in ({}, issuer, key):
        with pytest.raises(BadSettings, match="set jwt_issuer, and one of"):
            load({"jwt_accounts": True} | given, {})


ISSUER = {"oidc_issuer": "https://id.example", "oidc_client_id": "hubbub"}


@pytest.mark.parametrize(
    "given, why",
    [
        ({"oidc_issuer": "https://id.example"}, "Set both"),
        ({"oidc_client_id": "hubbub"}, "Set both"),
        ({"oidc_client_secret_file": "/srv/secret"}, "needs oidc_issuer"),
        (ISSUER | {"oidc_issuer": "http://id.example"}, "Invalid oidc_issuer"),
        (ISSUER | {"oidc_issuer": "id.example"}, "Invalid oidc_issuer"),
        (ISSUER | {"oidc_issuer": "https://ada:pa55@id.example"}, "Invalid oidc_issuer"),
        (ISSUER | {"oidc_issuer": "https://id.example/?a=b"}, "Invalid oidc_issuer"),
        (ISSUER | {"oidc_issuer": "https://id.example/#a"}, "Invalid oidc_issuer"),
        *(
            (ISSUER | {"oidc_allow": who}, "Invalid oidc_allow")
            for who in ("", "all", "a@b.example", "a.example,")
        ),
    ],
)
def test_a_provider_that_can_not_be_used_is_refused(given: dict[str, str], why: str) -> None:
    with pytest.raises(BadSettings, match=why) as caught:
        load(given, {})
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize(
    "issuer", ["https://id.example/realms/a", "http://localhost:8080", "http://[::1]:80/"]
)
def test_a_provider_may_be_on_this_machine_without_tls(issuer: str) -> None:
    assert load(ISSUER | {"oidc_issuer": issuer}, {}).oidc_issuer == issuer


@pytest.mark.parametrize(
    "origin, public_url, why",
    [
        ("https://files.example/x", "https://chat.example", "an https origin"),
        ("http://files.example", "https://chat.example", "an https origin"),
        ("capacitor://files.example", "https://chat.example", "an https origin"),
        ("https://*.example", "https://chat.example", "an https origin"),
        ("https://files.example", "", "needs public_url"),
        ("https://chat.example", "https://Chat.example", "another host than"),
        ("https://CHAT.example:8443", "https://chat.example", "another host than"),
        ("https://a.example", "https://chat.example", "another host than"),
    ],
)
def test_files_have_an_origin_of_their_own(origin: str, public_url: str, why: str) -> None:
    given = {"public_url": public_url, "allow_origin": ("https://a.example",)}
    with pytest.raises(BadSettings, match=why):
        load(given | {"files_origin": origin}, {})
