"""The upload page in Chromium, as a person uses it."""

import json
import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from page.browsing import Site, page_of
from page.upload_list import NAMES, SECONDS, choose, expect_completed, item
from support.pictures import picture

pytestmark = pytest.mark.browser


def format_of(data: bytes) -> str | None:
    return Image.open(BytesIO(data)).format


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
        kib = files[0].stat().st_size / 1024
        assert f"{kib:.1f} KiB → " in item(page, "one.jpg").inner_text()
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
