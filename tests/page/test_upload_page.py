"""The upload page in Chromium, as a person uses it."""

import json
import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect

from page.browsing import Site, page_of
from support.keys import Keyring
from support.pictures import picture
from support.proxy import OPEN, STALLED, Proxy

pytestmark = pytest.mark.browser

NAMES = ("one.jpg", "two.jpg", "three.jpg")
HOSTILE = "<img src=x onerror=alert(1)>.jpg"
SECONDS = 30_000


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name in NAMES:
        (tmp_path / name).write_bytes(picture(640, 480))
    return [tmp_path / name for name in NAMES]


def item(page: Page, name: str) -> Locator:
    return page.locator(".item").filter(has_text=name)


def format_of(data: bytes) -> str | None:
    return Image.open(BytesIO(data)).format


def choose(page: Page, *files: Path) -> None:
    page.set_input_files("#files", [*files])


def expect_completed(page: Page, *names: str) -> None:
    for name in names:
        expect(item(page, name).locator(".badge")).to_have_text("COMPLETED", timeout=SECONDS)


def test_three_pictures_that_are_dropped_are_completed_without_a_reload(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        dropped = page.evaluate_handle(
            """(files) => {
                const transfer = new DataTransfer();
                for (const { name, bytes } of files) {
                    transfer.items.add(new File([new Uint8Array(bytes)], name));
                }
                return transfer;
            }""",
            [{"name": file.name, "bytes": [*file.read_bytes()]} for file in files],
        )
        page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
        expect_completed(page, *NAMES)
        expect(page.locator("#totals")).to_contain_text("3 of 3 done")
        assert "smaller" in item(page, "one.jpg").inner_text()


def test_nothing_moves_while_a_picture_is_processed(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        held: list[Route] = []
        page.route("**/upload", lambda route, _: held.append(route))
        choose(page, files[0])
        expect(page.locator(".badge")).to_have_text("UPLOADING")
        box = page.locator(".item").bounding_box()
        held[0].continue_()
        expect_completed(page, "one.jpg")
        assert page.locator(".item").bounding_box() == box


def test_a_folder_that_is_dropped_brings_the_pictures_in_it(
    browser: Browser, web: Site, tmp_path: Path
) -> None:
    for name in ("holiday/beach.jpg", "holiday/evening/sunset.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(picture())
    with page_of(browser, web) as page:
        box = page.locator("#drop").bounding_box()
        assert box
        # A page cannot make a drop with a folder in it, the debugger can.
        devtools = page.context.new_cdp_session(page)
        data = {"items": [], "files": [str(tmp_path / "holiday")], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            at = {"x": box["x"] + 9, "y": box["y"] + 9}
            devtools.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})
        expect_completed(page, "beach.jpg", "sunset.jpg")


def test_a_result_is_compared_with_its_input(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        choose(page, files[0])
        expect_completed(page, "one.jpg")
        compare = page.get_by_role("button", name="Compare: one.jpg")
        compare.press("Enter")
        slider = page.get_by_role("slider")
        expect(slider).to_have_value("50")
        expect(compare).to_be_focused()
        slider.focus()
        page.keyboard.press("ArrowRight")
        expect(slider).to_have_value("51")
        box = page.locator(".compare").bounding_box()
        assert box
        for share, position in ((0.9, "100"), (0.1, "0"), (0.5, "50")):
            page.mouse.dblclick(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
            expect(slider).to_have_value(position)
        full = page.get_by_role("button", name="Pixels at 100 %")
        full.click()
        expect(full).to_have_attribute("aria-pressed", "true")
        assert (
            page.locator(".compare img").first.bounding_box()
            == page.locator(".compare .after img").bounding_box()
        )


def test_a_cropped_result_is_compared_in_its_own_shape_and_pixels(
    browser: Browser, web: Site, tmp_path: Path
) -> None:
    (tmp_path / "tall.jpg").write_bytes(picture(600, 1000))
    with page_of(browser, web) as page:
        page.select_option("#preset", "avatar")
        page.get_by_label("Width, px").fill("200")
        page.get_by_label("Height, px").fill("100")
        choose(page, tmp_path / "tall.jpg")
        expect_completed(page, "tall.jpg")
        page.get_by_role("button", name="Compare: tall.jpg").click()
        images = page.locator(".compare img")
        expect(images).to_have_count(2)
        for image in images.all():
            box = image.bounding_box()
            assert box
            assert box["width"] == pytest.approx(2 * box["height"], abs=1)
        page.get_by_role("button", name="Pixels at 100 %").click()
        for image in images.all():
            box = image.bounding_box()
            assert box
            assert (box["width"], box["height"]) == (200, 100)


def test_an_answer_that_comes_late_does_not_undo_the_end_of_a_job(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    earlier = {"status": "PENDING", "outputs": [], "updated_at": "2026-01-01T00:00:00Z"}
    held: list[Route] = []
    with page_of(browser, web) as page:
        page.route("**/jobs/*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no builtin
        choose(page, files[0])
        expect_completed(page, "one.jpg")  # by its event
        (route,) = held
        answer = route.fetch()
        with page.expect_response("**/jobs/*") as late:
            route.fulfill(response=answer, json=answer.json() | earlier)
        late.value.finished()
        page.evaluate("new Promise((resolve) => setTimeout(resolve))")
        assert item(page, "one.jpg").locator(".badge").inner_text() == "COMPLETED"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_curl_command_sends_a_text_as_it_is(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        page.get_by_label("Watermark").fill("it's ours; type=@all")
        command = page.locator("#curl").text_content()
    assert command
    command = command.replace("@cat.jpg", f"@{files[0]}") + " --silent"
    answer = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True)
    (output,) = json.loads(answer.stdout)["pipeline"]["outputs"]
    assert output["watermark"]["text"] == "it's ours; type=@all"


def test_results_are_downloaded_alone_and_all_in_a_zip(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        choose(page, *files, files[0])
        expect(page.locator("#totals")).to_contain_text("4 of 4 done", timeout=SECONDS)
        with page.expect_download() as one:
            page.get_by_role("button", name="Download: two.jpg").click()
        assert one.value.suggested_filename == "two.webp"
        assert format_of(one.value.path().read_bytes()) == "WEBP"
        with page.expect_download() as all_:
            page.get_by_role("button", name="Download all as ZIP").click()
        with zipfile.ZipFile(all_.value.path()) as archive:
            assert archive.testzip() is None
            names = sorted(archive.namelist())
            assert names == ["one-2.webp", "one.webp", "three.webp", "two.webp"]
            assert {format_of(archive.read(name)) for name in names} == {"WEBP"}


def test_the_form_says_what_is_sent(browser: Browser, web: Site, files: list[Path]) -> None:
    with page_of(browser, web) as page:
        page.select_option("#preset", "avatar")
        page.get_by_text("The same as JSON").click()
        page.get_by_text("The same with curl").click()
        expect(page.locator("#json")).to_contain_text('"width": 256')
        curl = page.locator("#curl").inner_text()
        assert web.url in curl
        assert '"fit":"cover"' in curl
        choose(page, files[0])
        expect_completed(page, "one.jpg")
        expect(item(page, "one.jpg")).to_contain_text("256 \u00d7 256")
        page.get_by_label("Width, px").fill("0")
        choose(page, files[1])
        assert page.locator(".item").count() == 1  # what is out of bounds is not sent


def test_a_file_that_is_no_picture_shows_the_reason(
    browser: Browser, web: Site, tmp_path: Path
) -> None:
    bad, broken = tmp_path / "bad.jpg", tmp_path / "broken.jpg"
    bad.write_bytes(b"no picture at all")
    broken.write_bytes(picture(640, 480)[:2000])
    with page_of(browser, web) as page:
        choose(page, bad, broken)
        expect(item(page, "bad.jpg").locator(".facts")).to_contain_text(
            "not in a supported format", timeout=SECONDS
        )
        expect(page.get_by_role("button", name="Try again: bad.jpg")).to_be_visible()
        expect(item(page, "broken.jpg").locator(".facts")).to_contain_text(
            "The picture cannot be decoded", timeout=SECONDS
        )
        expect(page.locator("#totals")).to_have_text("0 of 2 done · 2 failed or canceled")
        page.get_by_role("button", name="Retry: broken.jpg").click()
        expect(item(page, "broken.jpg").locator(".badge")).to_have_text("FAILED", timeout=SECONDS)


def test_hostile_names_are_text(browser: Browser, web: Site, tmp_path: Path) -> None:
    file = tmp_path / HOSTILE
    file.write_bytes(picture())
    with page_of(browser, web) as page:
        choose(page, file)
        expect_completed(page, HOSTILE)
        page.get_by_role("link", name="Details").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
        page.goto("/page/jobs")
        expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
        assert page.locator("img[src=x]").count() == 0


def test_a_reload_shows_the_same_jobs(browser: Browser, web: Site, files: list[Path]) -> None:
    with page_of(browser, web) as page:
        choose(page, *files)
        expect_completed(page, *NAMES)
        page.reload()
        expect_completed(page, *NAMES)
        page.get_by_role("button", name="Clear the list").click()
        page.reload()
        page.wait_for_timeout(300)
        assert page.locator(".item").count() == 0


def test_a_server_that_restarts_loses_no_upload(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        choose(page, files[0])
        expect_completed(page, "one.jpg")
        web.stop()
        expect(page.locator("#connection")).to_be_visible(timeout=SECONDS)
        choose(page, files[1])
        expect(item(page, "two.jpg")).to_contain_text("sent again in a moment")
        web.start()
        expect_completed(page, "two.jpg")
        expect(page.locator("#connection")).to_be_hidden(timeout=SECONDS)
        choose(page, files[2])
        expect_completed(page, "three.jpg")


def test_a_connection_that_died_unnoticed_is_told_and_made_again(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with (
        Proxy.to("127.0.0.1", web.port) as proxy,
        page_of(browser, web, f"http://127.0.0.1:{proxy.port}/") as page,
    ):
        page.clock.install()
        page.reload()
        choose(page, files[0])
        expect_completed(page, "one.jpg")
        proxy.become(STALLED)
        page.clock.fast_forward(60_000)
        expect(page.locator("#connection")).to_be_visible()
        proxy.become(OPEN)
        page.clock.fast_forward(60_000)
        expect(page.locator("#connection")).to_be_hidden()


def test_everything_is_done_by_the_keyboard_alone(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    def press_on(name: str) -> None:
        button = page.get_by_role("button", name=name)
        for _ in range(40):
            if button.evaluate("(own) => own === document.activeElement"):
                page.keyboard.press("Enter")
                return
            page.keyboard.press("Tab")
        pytest.fail(f"{name} cannot be reached by Tab")

    with page_of(browser, web) as page:
        with page.expect_file_chooser() as chooser:
            press_on("Choose pictures")
        chooser.value.set_files(files[0])
        expect_completed(page, "one.jpg")
        expect(page.locator("#announcer")).to_have_text("one.jpg is done.")
        press_on("Compare: one.jpg")
        expect(page.get_by_role("slider")).to_be_visible()


def test_a_key_is_asked_for_and_kept_for_the_session_alone(
    browser: Browser, web: Site, keyring: Keyring, files: list[Path]
) -> None:
    key = keyring.add("someone")["Authorization"].removeprefix("Bearer ")
    with page_of(browser, web) as page:
        field = page.get_by_label("The key, from `imagemill keys add`")
        field.fill("wrong")
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("dialog")).to_contain_text("unknown or revoked")
        field.fill(key)
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        choose(page, files[0])
        expect_completed(page, "one.jpg")
        page.get_by_role("button", name="Compare: one.jpg").click()
        expect(page.get_by_role("slider")).to_be_visible()
        assert page.evaluate("localStorage.length") == 0
        assert key not in page.evaluate("document.cookie")


def test_who_gives_the_key_only_for_an_upload_sees_its_end_too(
    browser: Browser, web: Site, keyring: Keyring, files: list[Path]
) -> None:
    key = keyring.add("someone")["Authorization"].removeprefix("Bearer ")
    with page_of(browser, web) as page:
        page.get_by_role("button", name="Not now").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        choose(page, files[0])
        page.get_by_label("The key, from `imagemill keys add`").fill(key)
        page.get_by_role("button", name="Use this key").click()
        expect_completed(page, "one.jpg")
