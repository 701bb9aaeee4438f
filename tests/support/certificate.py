"""Self-signed certificates for servers of tests, by openssl."""

import shutil
import subprocess
from pathlib import Path

OPENSSL = shutil.which("openssl") or ""


def make_certificate(certificate: Path, key: Path, name: str) -> None:
    """Write a certificate for the `subjectAltName`, such as DNS:a.example, and its key.

    Both may go into one file.
    """
    made_key = key.with_name(f"{key.name}.new")
    command = [OPENSSL, "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=test"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-addext", f"subjectAltName={name}", "-out", str(certificate)]
    subprocess.run([*command, "-keyout", str(made_key)], check=True, capture_output=True)
    with key.open("ab") as file:
        file.write(made_key.read_bytes())
    made_key.unlink()
