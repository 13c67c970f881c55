from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ocrbatch.review.app import POSTS
from ocrbatch.review.security import HEADERS, PAGE_TOKEN, Access, access_to, is_loopback
from tests.review.conftest import Open
from tests.review.jobs import Written, a_job, many_fields

ORIGIN = "http://127.0.0.1:8765"
MARKUP = "<img src=x onerror=alert(1)>.png"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return a_job(tmp_path, [many_fields(3)])


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "", "127.0.0.1:8765.evil"]
)
def test_a_foreign_host_is_refused(out: Path, opened: Open, host: str) -> None:
    page = opened(out)
    for path in ("/", "/static/review.js", "/api/filters"):
        assert page.http.get(path, headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LOCALHOST:8765"])
def test_this_machines_own_names_are_answered(out: Path, opened: Open, host: str) -> None:
    assert opened(out).http.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", POSTS)
def test_a_post_needs_the_pages_token_and_its_origin(out: Path, opened: Open, path: str) -> None:
    page = opened(out)
    own = page.headers
    wrong: list[dict[str, str]] = [
        {},
        {"origin": ORIGIN},
        {PAGE_TOKEN: page.access.page_token},
        {**own, PAGE_TOKEN: "x" * 32},
        {**own, "origin": "http://evil.example"},
        {**own, "origin": "null"},
        {**own, "origin": "https://127.0.0.1:8765"},
        {**own, "sec-fetch-site": "cross-site"},
    ]
    for headers in wrong:
        assert page.http.post(path, json={"client": "aa"}, headers=headers).status_code == 403
    assert page.http.post(path, json={"client": "aa"}, headers=own).status_code in (200, 400)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_no_other_method_changes_anything(out: Path, opened: Open, path: str, method: str) -> None:
    page = opened(out)
    assert page.http.request(method, path, headers=page.headers).status_code == 403


def test_every_route_that_takes_a_post_is_guarded(out: Path, opened: Open) -> None:
    page = opened(out)
    routes = page.http.app._app.routes  # type: ignore[attr-defined]
    assert {route.path for route in _flat(routes) if "POST" in (route.methods or ())} == set(POSTS)


def _flat(routes: list) -> list:  # type: ignore[type-arg]
    found = []
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        found += _flat(inner) if inner else [route] if hasattr(route, "path") else []
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/review.html",
        "/crops/",
        "/ledger.sqlite",
        "/crop/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/docs",
        "/openapi.json",
    ],
)
def test_what_is_no_page_of_ours_is_not_found(out: Path, opened: Open, path: str) -> None:
    answer = opened(out).http.get(path)
    assert answer.status_code == 404


def test_every_answer_has_the_policy_without_inline_script(out: Path, opened: Open) -> None:
    page = opened(out)
    policy = HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for path in ("/", "/digits", "/sample", "/static/review.js", "/none", "/api/filters"):
        assert page.http.get(path).headers["content-security-policy"] == policy
    assert page.http.get("/", headers={"host": "evil"}).headers["content-security-policy"] == policy
    for path in ("/", "/digits", "/sample"):
        text = page.http.get(path).text
        assert "style=" not in text
        assert "onclick" not in text
        assert text.count("<script") == text.count('<script type="module" src="/static/') == 1


def test_a_body_that_is_too_large_is_refused_also_where_its_head_does_not_say_so(out: Path, opened: Open) -> None:
    page = opened(out)
    large = b'{"client": "' + b"a" * 70_000 + b'"}'
    assert page.http.post("/api/undo", content=large, headers=page.headers).status_code == 413
    told = {**page.headers, "content-length": "70000"}
    assert page.http.post("/api/undo", content=b"{}", headers=told).status_code == 413

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 1000):
            yield large[start : start + 1000]

    assert page.http.post("/api/undo", content=pieces(), headers=page.headers).status_code == 413


def test_names_with_markup_are_inert(tmp_path: Path, opened: Open) -> None:
    out = a_job(tmp_path, [[Written("12", name="<b>r</b>")]], names=[MARKUP]).rename(tmp_path / "<b>out")
    page = opened(out)
    for path in ("/", "/digits", "/sample"):
        text = page.http.get(path).text
        assert "<b>out" not in text
        assert "&lt;b&gt;out" in text
    answer = page.post("/api/next")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_scripts_put_texts_in_as_text_only() -> None:
    pages = Path(__file__).parents[2] / "ocrbatch/review/pages"
    for script in pages.glob("*.js"):
        text = script.read_text("utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"):
            assert word not in text.replace("http://www.w3.org/2000/svg", ""), f"{script.name}: {word}"


def test_only_loopback_needs_no_token() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "192.0.2.1", "example.org", "")] == [False] * 5
    assert access_to("127.0.0.1", 1).token == ""
    first, second = access_to("0.0.0.0", 1), access_to("0.0.0.0", 1)
    assert len(first.token) >= 32
    assert first.token != second.token
    assert first.link.endswith(f":1/?token={first.token}")


def test_off_loopback_the_token_is_needed_for_everything_and_becomes_a_strict_cookie(out: Path, opened: Open) -> None:
    access = Access("192.0.2.1", 8765, "secret-of-the-test")
    page = opened(out, access)
    for path in (
        "/",
        "/static/review.js",
        "/api/filters",
        "/?token=wrong",
        "/static/review.js?token=secret-of-the-test",
    ):
        assert page.http.get(path).status_code == 403
    assert page.post("/api/next").status_code == 403
    entered = page.http.get(f"/?token={access.token}")
    assert entered.status_code == 200
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert access.token not in entered.text
    assert page.http.get("/").status_code == 200
    assert page.post("/api/next").status_code == 200
    assert page.http.post("/api/next", json={"client": "aa"}).status_code == 403, "the cookie alone changes nothing"
    assert page.http.get("/", headers={"host": "evil.example:8765"}).status_code == 403


def test_another_address_of_loopback_is_answered_by_its_own_name_alone() -> None:
    access = Access("127.0.0.2", 8765)
    assert [access.allows_host(f"{name}:8765") for name in ("127.0.0.2", "127.0.0.3", "evil.example")] == [
        True,
        False,
        False,
    ]
