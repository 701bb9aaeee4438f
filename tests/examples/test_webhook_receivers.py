"""The code of docs/webhooks.md, in every language, verifies a webhook that was delivered."""

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from examples.blocks import code_blocks
from support.server import Server

CLIENT = Path(__file__).parents[2] / "clients" / "js"
OTHER = f"whsec_{'b3Ro' * 8}"
BASH = str(shutil.which("bash"))
TIMEOUT_SECONDS = 120

# What each program reads: a line a message, its parts separated by tabs and the body in base64.
# What it prints: a line a message, true or false.
PYTHON = """
import base64, contextlib, io, sys
for line in sys.stdin:
    id, timestamp, signature, body, secret = line.rstrip("\\n").split("\\t")
    headers = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    with contextlib.redirect_stdout(io.StringIO()):
        found = receive(headers, base64.b64decode(body), secret)
    print("true" if found else "false")
"""
NODE = """
import { createInterface } from "node:readline";
const print = console.log;
console.log = () => {};
for await (const line of createInterface({ input: process.stdin })) {
  const [id, timestamp, signature, body, secret] = line.split("\\t");
  const headers = {
    "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature,
  };
  print(String(await receive(headers, Buffer.from(body, "base64"), secret)));
}
"""
GO = """
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"receiver/webhook"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\\t")
		header := http.Header{}
		for at, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
			header.Set(name, parts[at])
		}
		body, _ := base64.StdEncoding.DecodeString(parts[3])
		fmt.Println(webhook.Verify(header, body, parts[4]))
	}
}
"""
PHP = """
while (($line = fgets(STDIN)) !== false) {
    [$id, $timestamp, $signatures, $body, $secret] = explode("\\t", rtrim($line, "\\n"));
    $found = verify($id, $timestamp, $signatures, base64_decode($body), $secret);
    echo $found ? "true\\n" : "false\\n";
}
"""
RUBY = """
STDIN.each_line(chomp: true) do |line|
  id, timestamp, signatures, body, secret = line.split("\\t", -1)
  puts verify(id, timestamp, signatures, Base64.decode64(body), secret)
end
"""
JAVA = """
final class Main {
    public static void main(String[] arguments) throws Exception {
        var lines = new java.io.BufferedReader(new java.io.InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\\t", -1);
            byte[] body = Base64.getDecoder().decode(parts[3]);
            System.out.println(Webhooks.verify(parts[0], parts[1], parts[2], body, parts[4]));
        }
    }
}
"""


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    timestamp: str
    signatures: str
    body: bytes
    secret: str

    def as_line(self) -> str:
        body = base64.b64encode(self.body).decode()
        return f"{self.id}\t{self.timestamp}\t{self.signatures}\t{body}\t{self.secret}"

    def signed_at(self, moment: datetime) -> "Message":
        """Return the message as it would have been sent then."""
        signature = Webhook(self.secret).sign(self.id, moment, self.body.decode())
        return replace(self, timestamp=str(int(moment.timestamp())), signatures=signature)


@pytest.fixture(scope="module")
def delivered(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Message:
    with Server.running(addresses, tmp_path_factory.mktemp("server")) as server:
        received = server.receive_webhook()
        secret = server.read_webhook_secret()
    headers = received.headers
    return Message(
        headers["webhook-id"],
        headers["webhook-timestamp"],
        headers["webhook-signature"],
        received.body,
        secret,
    )


@pytest.fixture
def messages(delivered: Message) -> dict[str, tuple[Message, bool]]:
    """Messages by what is special about them, and whether they are genuine."""
    now, signature = datetime.now(UTC), delivered.signatures
    return {
        "as it came": (delivered, True),
        "with the signature of another secret": (
            replace(delivered, signatures=f"v1,{'A' * 43}= {signature}"),
            True,
        ),
        "four minutes old": (delivered.signed_at(now - timedelta(minutes=4)), True),
        "six minutes old": (delivered.signed_at(now - timedelta(minutes=6)), False),
        "from the future": (delivered.signed_at(now + timedelta(minutes=6)), False),
        "with another body": (replace(delivered, body=delivered.body + b" "), False),
        "with another id": (replace(delivered, id="msg_other"), False),
        "with another time": (
            replace(delivered, timestamp=str(int(delivered.timestamp) + 1)),
            False,
        ),
        "with no time": (replace(delivered, timestamp="soon"), False),
        "with a wrong secret": (replace(delivered, secret=OTHER), False),
        "with half a signature": (replace(delivered, signatures=signature[:20]), False),
        "with another version": (
            replace(delivered, signatures=signature.replace("v1,", "v2,")),
            False,
        ),
    }


Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def require_right_answers(
    command: list[str | Path],
    messages: Mapping[str, tuple[Message, bool]],
    folder: Path,
) -> None:
    done = subprocess.run(
        list(map(str, command)),
        input="".join(f"{message.as_line()}\n" for message, _ in messages.values()),
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = dict(zip(messages, done.stdout.split(), strict=True))
    assert answers == {
        name: "true" if is_genuine else "false" for name, (_, is_genuine) in messages.items()
    }


Messages = dict[str, tuple[Message, bool]]


def needs(program: str) -> pytest.MarkDecorator:
    reason = f"there is no {program}: make test-languages installs it where it can"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)


def test_python(messages: Messages, write: Write, tmp_path: Path) -> None:
    for at, block in enumerate(code_blocks("webhooks.md", "Python", "python")):
        program = write(f"receiver{at}.py", block + PYTHON)
        require_right_answers([sys.executable, program], messages, tmp_path)


@pytest.mark.languages
@needs("node")
@pytest.mark.parametrize("heading", ["JavaScript", "Node.js, without the client"])
def test_javascript(heading: str, messages: Messages, write: Write, tmp_path: Path) -> None:
    (block,) = code_blocks("webhooks.md", heading, "js")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "imagemill").symlink_to(CLIENT)
    require_right_answers(["node", write("receiver.mjs", block + NODE)], messages, tmp_path)


@pytest.mark.languages
@needs("go")
def test_go(messages: Messages, write: Write, tmp_path: Path) -> None:
    (block,) = code_blocks("webhooks.md", "Go", "go")
    write("go.mod", "module receiver\n\ngo 1.19\n")
    write("webhook/webhook.go", block)
    write("main.go", GO)
    require_right_answers(["go", "run", "."], messages, tmp_path)


@pytest.mark.languages
@needs("php")
def test_php(messages: Messages, write: Write, tmp_path: Path) -> None:
    block, _ = code_blocks("webhooks.md", "PHP", "php")
    require_right_answers(["php", write("receiver.php", block + PHP)], messages, tmp_path)


@pytest.mark.languages
@needs("ruby")
def test_ruby(messages: Messages, write: Write, tmp_path: Path) -> None:
    (block,) = code_blocks("webhooks.md", "Ruby", "ruby")
    require_right_answers(["ruby", write("receiver.rb", block + RUBY)], messages, tmp_path)


@pytest.mark.languages
@needs("java")
def test_java(messages: Messages, write: Write, tmp_path: Path) -> None:
    (block,) = code_blocks("webhooks.md", "Java", "java")
    # A single file's first class is the one that is run.
    imports, separator, classes = block.partition("final class Webhooks")
    program = write("Main.java", imports + JAVA + separator + classes)
    require_right_answers(["java", program], messages, tmp_path)


@pytest.mark.languages
@needs("openssl")
def test_the_command_line_prints_the_signature(
    delivered: Message, write: Write, tmp_path: Path
) -> None:
    (block,) = code_blocks("webhooks.md", "On a command line", "sh")
    (tmp_path / "body.json").write_bytes(delivered.body)
    printed = subprocess.run(
        [BASH, write("sign.sh", block)],
        env={
            "PATH": os.environ["PATH"],
            "WEBHOOK_SECRET": delivered.secret,
            "WEBHOOK_ID": delivered.id,
            "WEBHOOK_TIMESTAMP": delivered.timestamp,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"v1,{printed.stdout.strip()}" == delivered.signatures
